//! The daemon's sockets, with a daemon that only takes note of what it is told.

use std::{
    io::{Read as _, Write as _},
    net::Shutdown,
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Output},
    time::Duration,
};

use nix::poll::{PollFlags, PollTimeout, poll};
use tempfile::TempDir;
use zramd::control::{
    Controlled, Decided, Dialect, Server, Status,
    client::{Unasked, ask},
    decided,
    protocol::{Decisions, Paused, Request},
};

use crate::statuses::status;

/// Takes note.
#[derive(Default)]
pub(crate) struct Noted(pub(crate) Vec<String>);

impl Controlled for Noted {
    fn status(&mut self) -> Status {
        self.0.push("status".to_owned());
        status()
    }

    fn pause(&mut self, time: Option<Duration>) {
        self.0.push(format!("pause {time:?}"));
    }

    fn resume(&mut self) {
        self.0.push("resume".to_owned());
    }

    fn run_now(&mut self, dry: bool) -> Result<Vec<Decided>, String> {
        self.0.push(format!("run now, dry: {dry}"));
        if dry { Ok(vec![decision(1)]) } else { Err("there is no device".to_owned()) }
    }

    fn why(&mut self, most: usize) -> Vec<Decided> {
        self.0.push(format!("why {most}"));
        vec![decision(2)]
    }
}

pub(crate) fn decision(at: u64) -> Decided {
    Decided {
        at,
        device: Some("zram0".to_owned()),
        task: "writeback".to_owned(),
        result: decided::Result::Refused,
        says: "no page is older than 3h".to_owned(),
        numbers: [("idle_age_seconds".to_owned(), 10800)].into(),
    }
}

/// A server, its clock, and its folder.
pub(crate) struct Served {
    server: Server,
    noted: Noted,
    now: Duration,
    path: PathBuf,
    _dir: TempDir,
}

impl Served {
    pub(crate) fn control() -> Self {
        Self::new(Dialect::Control)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Serves as long as a program runs.
    pub(crate) fn while_running(&mut self, mut program: Child) -> Output {
        while program.try_wait().unwrap().is_none() {
            self.serve();
            std::thread::sleep(Duration::from_millis(1));
        }
        program.wait_with_output().unwrap()
    }

    fn new(dialect: Dialect) -> Self {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("socket");
        let server = Server::listen(&path, dialect).unwrap();
        Self { server, noted: Noted::default(), now: Duration::ZERO, path, _dir: dir }
    }

    /// Until nothing is ready any more. Returns how many connections there are.
    fn serve(&mut self) -> usize {
        loop {
            let mut descriptors = self.server.descriptors();
            let some = poll(&mut descriptors, PollTimeout::ZERO).unwrap();
            let ready: Vec<PollFlags> = descriptors.iter().map(|one| one.revents().unwrap()).collect();
            self.server.proceed(&ready, self.now, &mut self.noted);
            if some == 0 {
                return self.server.descriptors().len() - 1;
            }
        }
    }

    fn connect(&self) -> UnixStream {
        let stream = UnixStream::connect(&self.path).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream
    }

    /// What one gets who sends this and no more.
    fn answers(&mut self, sent: &[u8]) -> String {
        let mut stream = self.connect();
        stream.write_all(sent).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        self.serve();
        let mut answer = Vec::new();
        // Whoever is hung up on with something unread gets the answer, and then an error.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8(answer).unwrap()
    }

    /// What the client makes of it, beside.
    fn asks<T: serde::de::DeserializeOwned + Send>(&mut self, request: &Request) -> Result<T, Unasked> {
        let path = self.path.clone();
        std::thread::scope(|scope| {
            let asked = scope.spawn(|| ask(&path, request));
            while !asked.is_finished() {
                self.serve();
                std::thread::yield_now();
            }
            asked.join().unwrap()
        })
    }
}

#[test]
fn what_is_asked_for_is_done_and_answered() {
    let mut served = Served::new(Dialect::Control);
    assert_eq!(served.asks::<Status>(&Request::Status {}).unwrap(), status());
    let decisions = served.asks::<Decisions>(&Request::Why { last: None }).unwrap().decisions;
    assert_eq!(decisions, [decision(2)]);
    served.asks::<Decisions>(&Request::Why { last: Some(1_000_000) }).unwrap();
    let paused = served.asks::<Paused>(&Request::Pause { seconds: Some(60) }).unwrap();
    assert_eq!(paused, Paused { paused: true, seconds: Some(60) });
    served.asks::<Paused>(&Request::Pause { seconds: None }).unwrap();
    assert!(!served.asks::<Paused>(&Request::Resume {}).unwrap().paused);
    served.asks::<Decisions>(&Request::RunNow { dry_run: true }).unwrap();
    let refused = served.asks::<Decisions>(&Request::RunNow { dry_run: false }).unwrap_err();
    assert_eq!(refused.to_string(), "there is no device");
    let noted = [
        "status",
        "why 20",
        "why 1000",
        "pause Some(60s)",
        "pause None",
        "resume",
        "run now, dry: true",
        "run now, dry: false",
    ];
    assert_eq!(served.noted.0, noted);
    assert_eq!(served.serve(), 0);
}

#[test]
fn several_lines_at_once_are_answered_in_turn() {
    let mut served = Served::new(Dialect::Control);
    let line = "{\"version\":1,\"ask\":\"resume\"}\n";
    let answer = served.answers(format!("{line}nonsense\n{line}{{\"version\":1").as_bytes());
    insta::assert_snapshot!(answer);
    assert_eq!(served.noted.0, ["resume", "resume"]);
}

#[test]
fn half_a_request_is_waited_for_and_not_for_ever() {
    let mut served = Served::new(Dialect::Control);
    let mut slow = served.connect();
    slow.write_all(b"{\"version\":1,").unwrap();
    assert_eq!(served.serve(), 1);
    assert_eq!(served.server.until(), Some(Duration::from_secs(30)));
    served.now = Duration::from_secs(29);
    slow.write_all(b"\"ask\":\"resume\"}\n").unwrap();
    assert_eq!(served.serve(), 1);
    assert_eq!(served.noted.0, ["resume"]);
    served.now = Duration::from_secs(58);
    assert_eq!(served.serve(), 1);
    served.now = Duration::from_secs(59);
    assert_eq!(served.serve(), 0);
    assert_eq!(served.server.until(), None);
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "{\"version\":1,\"ok\":{\"paused\":false,\"seconds\":null}}\n");
}

#[test]
fn a_line_without_an_end_is_hung_up_on() {
    let mut served = Served::new(Dialect::Control);
    // As long as it may be, and one more.
    let answer = served.answers(&[b'x'; 4096]);
    assert_eq!(answer, "");
    for longer in [4097, 50_000] {
        let answer = served.answers(&vec![b'x'; longer]);
        assert!(answer.contains("one has 4096 bytes at most"), "{answer}");
    }
    assert_eq!(served.serve(), 0);
}

/// He asks and asks, and does not read: nothing more is read from him, until his time is up.
#[test]
fn who_does_not_read_is_not_read_from() {
    let mut served = Served::new(Dialect::Control);
    let mut deaf = served.connect();
    deaf.set_nonblocking(true).unwrap();
    let line = b"{\"version\":1,\"ask\":\"status\"}\n";
    let mut sent = 0_usize;
    while let Ok(bytes) = deaf.write(line) {
        assert_eq!(bytes, line.len(), "the socket takes lines as a whole");
        sent += 1;
        served.serve();
        assert!(sent < 1_000_000, "he is read from without an end");
    }
    let answered = served.noted.0.len();
    assert!(answered < sent, "{answered} of {sent}");
    assert_eq!(served.serve(), 1);
    // When he does read, every answer is there, and whole.
    let mut heard = Vec::new();
    let mut buffer = [0; 65536];
    while served.noted.0.len() < sent || heard.iter().filter(|byte| **byte == b'\n').count() < sent {
        match deaf.read(&mut buffer) {
            Ok(bytes) => heard.extend_from_slice(&buffer[..bytes]),
            Err(_) => assert_eq!(served.serve(), 1),
        }
        assert!(heard.len() < 100_000_000, "more is answered than was asked");
    }
    let answers: Vec<&[u8]> = heard.split_inclusive(|byte| *byte == b'\n').collect();
    assert!(answers.len() == sent && answers.iter().all(|answer| *answer == answers[0]));
    served.now = Duration::from_secs(31);
    assert_eq!(served.serve(), 0);
}

#[test]
fn there_is_room_for_some_and_the_rest_is_told_so() {
    let mut served = Served::new(Dialect::Control);
    let idle: Vec<UnixStream> = (0..16).map(|_| served.connect()).collect();
    assert_eq!(served.serve(), 16);
    assert!(served.answers(b"").contains("\"kind\":\"busy\""));
    assert_eq!(served.serve(), 16);
    drop(idle);
    assert_eq!(served.serve(), 0);
    assert!(served.answers(b"{\"version\":1,\"ask\":\"resume\"}\n").contains("\"ok\""));
}

#[test]
fn who_finds_nobody_is_told_what_to_do() {
    let served = Served::new(Dialect::Control);
    let path = served.path.clone();
    drop(served);
    let error = ask::<Status>(&path, &Request::Status {}).unwrap_err().to_string();
    let error = error.replace(&path.display().to_string(), "PATH");
    assert_eq!(error, "zramd does not run, or not with the socket PATH: `systemctl start zramd`");
}

#[test]
fn metrics_are_read_by_http() {
    let mut served = Served::new(Dialect::Metrics);
    let answer = served.answers(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n");
    let (head, text) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.0 200 OK\r\n"), "{head}");
    assert!(head.contains(&format!("Content-Length: {}", text.len())), "{head}");
    assert_eq!(text, zramd::metrics::render(&status()));
    assert_eq!(served.noted.0, ["status"]);
    assert!(served.answers(&[b'x'; 9000]).starts_with("HTTP/1.0 431"));
    assert!(served.answers(b"HEAD / HTTP/1.0\n\n").ends_with("\r\n\r\n"));
    assert_eq!(served.serve(), 0);
}

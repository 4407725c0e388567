//! The other end of the wire: an agent, started by a command, spoken to through its standard streams.

mod streams;

use std::{
    io::Write as _,
    os::unix::process::CommandExt as _,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use zram_agent::{
    protocol::{Answer, Hello, Observation, Op, VERSION},
    serve::END,
};

use crate::{interrupt, trouble::Trouble};
use streams::{LastWords, read_lines};

/// Most characters of a garbled line that are shown.
const SHOWN: usize = 200;
/// How often a wait looks for signals.
const LOOK: Duration = Duration::from_millis(100);
/// How long an agent has to end after each signal that asks it to.
const FAREWELL: Duration = Duration::from_secs(10);

/// Where to find an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The kernel's name.
    pub name: String,
    /// The shell command that bridges to its agent.
    pub command: String,
}

/// How long to wait.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For the first line: a virtual machine has to boot.
    pub hello: Duration,
    /// For an answer.
    pub answer: Duration,
    /// For the command to end after the conversation: a virtual machine has to power off.
    pub ending: Duration,
    /// For the command to end by itself once its input was closed in the middle of one.
    pub farewell: Duration,
}

impl Patience {
    /// So many seconds for an answer, and the rest as usual.
    #[must_use]
    pub fn for_answers(seconds: u64) -> Self {
        let answer = Duration::from_secs(seconds);
        let usual = Self::default();
        Self { answer, farewell: usual.farewell.min(answer), ..usual }
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            hello: Duration::from_secs(180),
            answer: Duration::from_secs(90),
            ending: Duration::from_secs(60),
            farewell: Duration::from_secs(10),
        }
    }
}

/// A running agent.
#[derive(Debug)]
pub struct Agent {
    target: Target,
    child: Child,
    input: Option<ChildStdin>,
    lines: mpsc::Receiver<std::io::Result<String>>,
    words: LastWords,
    patience: Patience,
    asked: String,
    answered: u64,
    misses: u64,
    hello: Hello,
    spent: Spent,
    ended_well: bool,
}

/// Where the time goes that an agent takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Waiting for its answers.
    pub waiting: Duration,
    /// Reading them.
    pub decoding: Duration,
}

impl Agent {
    /// Starts the command and waits for the agent's first line.
    ///
    /// # Errors
    /// When it cannot be started, does not speak, or speaks another version.
    pub fn start(target: &Target, patience: Patience, verbose: bool) -> Result<Self, Trouble> {
        let failed =
            |source| Trouble::Start { target: target.name.clone(), command: target.command.clone(), source };
        let mut child = Command::new("sh")
            .args(["-c", &target.command])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        let input = child.stdin.take();
        let lines = read_lines(child.stdout.take());
        let words = LastWords::of(child.stderr.take(), verbose);
        let hello = Hello {
            protocol: 0,
            kernel: String::new(),
            bpf_object: None,
            attributes: Vec::new(),
            backing_path: String::new(),
            coverage: None,
            backing: Vec::new(),
            workloads: Vec::new(),
            failures: Vec::new(),
        };
        let mut agent = Self {
            target: target.clone(),
            child,
            input,
            lines,
            words,
            patience,
            asked: "before its first line".to_owned(),
            answered: 0,
            misses: 0,
            hello,
            spent: Spent::default(),
            ended_well: false,
        };
        match agent.line(patience.hello)? {
            Answer::Hello(hello) if hello.protocol == VERSION => agent.hello = *hello,
            Answer::Hello(hello) => {
                return Err(Trouble::Version {
                    target: target.name.clone(),
                    theirs: hello.protocol,
                    ours: VERSION,
                });
            }
            Answer::Trouble(reason) => {
                return Err(Trouble::GaveUp { target: target.name.clone(), reason });
            }
            Answer::Observation(_) | Answer::Ran(_) => {
                return Err(agent.garbled("an answer before the greeting", ""));
            }
        }
        Ok(agent)
    }

    /// What was spent since this was last asked.
    pub fn take_spent(&mut self) -> Spent {
        std::mem::take(&mut self.spent)
    }

    /// What the agent said of itself.
    #[must_use]
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Sends an operation. Answers come in the order of the operations.
    ///
    /// # Errors
    /// When the agent is gone.
    pub fn send(&mut self, op: &Op) -> Result<(), Trouble> {
        let mut text =
            serde_json::to_string(op).map_err(|error| self.garbled(&error.to_string(), op.name()))?;
        self.asked = format!("during {}", cut(&text));
        text.push('\n');
        let sent = match &mut self.input {
            Some(input) => input.write_all(text.as_bytes()).and_then(|()| input.flush()),
            None => Err(std::io::ErrorKind::BrokenPipe.into()),
        };
        sent.map_err(|_| self.last_answer())
    }

    /// Why an operation could not be sent: what the agent said before it went away is worth more
    /// than the broken pipe.
    fn last_answer(&mut self) -> Trouble {
        if let Ok(Ok(line)) = self.lines.try_recv()
            && let Ok(Answer::Trouble(reason)) = serde_json::from_str(&line)
        {
            return Trouble::GaveUp { target: self.target.name.clone(), reason };
        }
        self.died()
    }

    /// Waits for the next answer.
    ///
    /// # Errors
    /// When none comes, one that is none, or the answer to another operation.
    pub fn receive(&mut self) -> Result<Observation, Trouble> {
        match self.line(self.patience.answer)? {
            Answer::Observation(observation) if observation.n == self.answered => {
                self.answered += 1;
                self.misses = observation.health.map_or(0, |health| health.recursion_misses);
                Ok(*observation)
            }
            Answer::Observation(observation) => Err(Trouble::OutOfStep {
                target: self.target.name.clone(),
                theirs: observation.n,
                ours: self.answered,
            }),
            Answer::Trouble(reason) => Err(Trouble::GaveUp { target: self.target.name.clone(), reason }),
            Answer::Hello(_) => Err(self.garbled("a second greeting", "")),
            Answer::Ran(_) => Err(self.garbled("the end of a program that nobody asked for", "")),
        }
    }

    /// Hits that its probes had missed by its last answer, while they were running already.
    #[must_use]
    pub fn misses(&self) -> u64 {
        self.misses
    }

    /// Ends the conversation, and waits for the command to end: what the machine still has to say, and
    /// how its command ends, is part of the run.
    ///
    /// # Errors
    /// When the agent says anything more, or the command does not end in time and with status 0.
    pub fn end(mut self) -> Result<(), Trouble> {
        "after the last operation".clone_into(&mut self.asked);
        if let Some(mut input) = self.input.take() {
            // If nobody reads it any more, the exit status says whether that is well.
            let _ = input.write_all(format!("{END}\n").as_bytes()).and_then(|()| input.flush());
        }
        let deadline = Instant::now() + self.patience.ending;
        let ending = |agent: &Self, how: String| Trouble::Ending {
            target: agent.target.name.clone(),
            how,
            stderr: agent.last_words(),
        };
        let late = format!("did not end within {} s", self.patience.ending.as_secs());
        match self.wait(self.patience.ending)? {
            Ok(Ok(line)) => {
                return Err(match serde_json::from_str(&line) {
                    Ok(Answer::Trouble(reason)) => {
                        Trouble::GaveUp { target: self.target.name.clone(), reason }
                    }
                    _ => self.garbled("nothing was asked any more", &line),
                });
            }
            Ok(Err(_)) | Err(mpsc::RecvTimeoutError::Disconnected) => {}
            Err(mpsc::RecvTimeoutError::Timeout) => return Err(ending(&self, late)),
        }
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) if status.success() => {
                    self.ended_well = true;
                    return Ok(());
                }
                Ok(Some(status)) => {
                    // Its standard error may still be on its way.
                    std::thread::sleep(Duration::from_millis(50));
                    return Err(ending(&self, format!("failed ({status})")));
                }
                Ok(None) if interrupt::is_asked_for() => return Err(Trouble::Interrupted),
                Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
                Ok(None) => return Err(ending(&self, late)),
                Err(error) => return Err(ending(&self, format!("cannot be waited for ({error})"))),
            }
        }
    }

    fn line(&mut self, patience: Duration) -> Result<Answer, Trouble> {
        let asked = Instant::now();
        let came = self.wait(patience)?;
        let started = Instant::now();
        self.spent.waiting += started - asked;
        match came {
            Ok(Ok(line)) => {
                let answer = serde_json::from_str(&line);
                self.spent.decoding += started.elapsed();
                answer.map_err(|error| self.garbled(&error.to_string(), &line))
            }
            Ok(Err(_)) | Err(mpsc::RecvTimeoutError::Disconnected) => Err(self.died()),
            Err(mpsc::RecvTimeoutError::Timeout) => Err(Trouble::Silent {
                target: self.target.name.clone(),
                seconds: patience.as_secs(),
                during: self.asked.clone(),
                stderr: self.last_words(),
            }),
        }
    }

    /// Waits for a line, and looks now and then whether to go on waiting.
    fn wait(
        &self,
        patience: Duration,
    ) -> Result<Result<std::io::Result<String>, mpsc::RecvTimeoutError>, Trouble> {
        let deadline = Instant::now() + patience;
        loop {
            if interrupt::is_asked_for() {
                return Err(Trouble::Interrupted);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left.min(LOOK)) {
                Err(mpsc::RecvTimeoutError::Timeout) if !left.is_zero() => {}
                came => return Ok(came),
            }
        }
    }

    fn died(&mut self) -> Trouble {
        // Its standard error may still be on its way.
        std::thread::sleep(Duration::from_millis(50));
        Trouble::Died {
            target: self.target.name.clone(),
            during: self.asked.clone(),
            stderr: self.last_words(),
        }
    }

    fn garbled(&self, reason: &str, line: &str) -> Trouble {
        Trouble::Garbled { target: self.target.name.clone(), reason: reason.to_owned(), line: cut(line) }
    }

    fn last_words(&self) -> Vec<String> {
        self.words.lines()
    }
}

impl Drop for Agent {
    /// Closes its input, which tells it to end; makes it end if it does not, and at once if the user is waiting for that.
    fn drop(&mut self) {
        self.input = None;
        if self.ended_well {
            return;
        }
        let Ok(group) = i32::try_from(self.child.id()).map(Pid::from_raw) else { return };
        let by_itself = if interrupt::is_asked_for() { Duration::ZERO } else { self.patience.farewell };
        for (signal, time) in
            [(None, by_itself), (Some(Signal::SIGTERM), FAREWELL), (Some(Signal::SIGKILL), FAREWELL)]
        {
            if let Some(signal) = signal {
                // An error says that it is gone already.
                let _ = killpg(group, signal);
            }
            let end = Instant::now() + time;
            while Instant::now() < end {
                // The shell goes at once; what it started may have a machine to take down and files to remove.
                let ended = !matches!(self.child.try_wait(), Ok(None));
                if ended && killpg(group, None).is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

fn cut(line: &str) -> String {
    let mut text: String = line.chars().take(SHOWN).collect();
    if text.len() < line.len() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(command: &str) -> Result<Agent, Trouble> {
        let patience = Patience {
            hello: Duration::from_secs(5),
            answer: Duration::from_millis(300),
            ending: Duration::from_millis(500),
            farewell: Duration::from_millis(500),
        };
        Agent::start(&Target { name: "t".into(), command: command.into() }, patience, false)
    }

    const HELLO: &str = r#"{"hello":{"protocol":1,"kernel":"k","bpf_object":null,"attributes":[],"backing_path":"/b","coverage":null}}"#;

    #[test]
    fn an_agent_that_dies_leaves_its_last_words() {
        let error = start("echo the disk is on fire >&2; exit 3").unwrap_err().to_string();
        assert!(error.contains("went away") && error.contains("the disk is on fire"), "{error}");
    }

    #[test]
    fn an_agent_that_gives_up_is_quoted() {
        let error = start(r#"echo '{"trouble":"no zram here"}'"#).unwrap_err().to_string();
        assert!(error.contains("no zram here"), "{error}");
    }

    #[test]
    fn another_version_is_refused() {
        let hello = HELLO.replace(r#""protocol":1"#, r#""protocol":77"#);
        let error = start(&format!("echo '{hello}'; cat")).unwrap_err().to_string();
        assert!(error.contains("version 77"), "{error}");
    }

    #[test]
    fn silence_is_noticed() {
        let mut agent = start(&format!("echo '{HELLO}'; cat >/dev/null")).unwrap();
        agent.send(&Op::Add {}).unwrap();
        let error = agent.receive().unwrap_err();
        assert!(matches!(error, Trouble::Silent { .. }) && error.to_string().contains("add"), "{error}");
    }

    #[test]
    fn answers_are_counted() {
        let answer = |n| {
            format!(
                r#"{{"observation":{{"n":{n},"outcome":{{"ok":0}},"clock":{{"before":0,"after":0}},"devices":{{}}}}}}"#
            )
        };
        let mut agent = start(&format!("printf '%s\\n' '{HELLO}' '{}' '{}'", answer(0), answer(2))).unwrap();
        assert_eq!(agent.receive().unwrap().n, 0);
        let error = agent.receive().unwrap_err();
        assert!(matches!(error, Trouble::OutOfStep { theirs: 2, ours: 1, .. }), "{error}");
    }

    #[test]
    fn how_the_command_ends_counts() {
        let ended = |then: &str| start(&format!("echo '{HELLO}'; {then}")).unwrap().end();
        ended("cat >/dev/null").unwrap();
        // The line that ends the conversation comes before the end of file.
        ended("read end; test \"$end\" = \"$(printf '\\004')\"").unwrap();
        let error = ended("cat >/dev/null; echo panicked >&2; exit 2").unwrap_err().to_string();
        assert!(error.contains("exit status: 2") && error.contains("panicked"), "{error}");
        let error = ended(r#"cat >/dev/null; echo '{"trouble":"it will not unload"}'"#).unwrap_err();
        assert!(error.to_string().contains("it will not unload"), "{error}");
        let error = ended("sleep 5").unwrap_err().to_string();
        assert!(error.contains("did not end within"), "{error}");
        let error = ended("kill -9 $$").unwrap_err().to_string();
        assert!(error.contains("signal"), "{error}");
    }

    #[test]
    fn what_the_command_started_may_tidy_up() {
        let folder = tempfile::tempdir().unwrap();
        let tidy = folder.path().join("tidy");
        let machine = format!("(trap 'sleep 0.3; touch {}; exit' TERM; sleep 60 & wait) &", tidy.display());
        // A shell that something else was told to end dies of the signal and waits for nobody.
        drop(start(&format!("{machine} echo '{HELLO}'; sleep 60")).unwrap());
        assert!(tidy.exists());
    }

    #[test]
    fn garbage_is_quoted() {
        let error = start("echo hello world").unwrap_err().to_string();
        assert!(error.contains("hello world"), "{error}");
    }
}

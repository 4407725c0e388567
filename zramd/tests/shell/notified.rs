//! What a service manager hears. It is told by an environment variable, so a program of this test's own asks again in another process.

use std::{
    env,
    os::unix::net::UnixDatagram,
    process::{Command, Stdio},
    time::Duration,
};

use nix::errno::Errno;
use zramd::service::{journal, memory, notify::Notifier};

const INSIDE: &str = "ZRAMD_TEST_NOTIFIES";

/// What the process does that is started below; nothing where it runs as a test.
#[test]
fn inside() {
    if env::var_os(INSIDE).is_none() {
        return;
    }
    locked();
    journal::start(log::LevelFilter::Info);
    log::error!("one\ntwo");
    log::debug!("nobody wants to know");
    let mut notifier = Notifier::new();
    notifier.ready("waiting");
    for second in [1, 2, 9, 10, 16] {
        notifier.alive(Duration::from_secs(second));
    }
    assert_eq!(notifier.until(), Some(Duration::from_secs(9 + 15)));
    notifier.reloading();
    notifier.ready("waiting again");
    notifier.status("writing back");
    notifier.stopping();
}

/// Locked is what was touched, and not all that is mapped; or nothing, where the system does not let us.
fn locked() {
    let kilobytes = |name: &str| -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    };
    match memory::lock() {
        // More is mapped than is there, and what is mapped counts as locked.
        Ok(()) => assert!(kilobytes("VmLck:") > kilobytes("VmRSS:")),
        Err(errno) => assert!(matches!(errno, Errno::EPERM | Errno::ENOMEM | Errno::EAGAIN), "{errno}"),
    }
}

fn started() -> Command {
    let mut this = Command::new(env::current_exe().unwrap());
    this.args(["--exact", "notified::inside", "--nocapture", "--test-threads=1"]);
    for variable in
        ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "JOURNAL_STREAM", "NO_COLOR", "CLICOLOR_FORCE"]
    {
        this.env_remove(variable);
    }
    this.env(INSIDE, "1").stdout(Stdio::null());
    this
}

#[test]
fn the_manager_hears_everything_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let output = started().env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "30000000").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    manager.set_nonblocking(true).unwrap();
    let mut heard = String::new();
    let mut buffer = [0; 4096];
    while let Ok(bytes) = manager.recv(&mut buffer) {
        heard += &String::from_utf8_lossy(&buffer[..bytes]).replace('\n', " ");
        heard.push('\n');
    }
    let (before, rest) = heard.split_once("MONOTONIC_USEC=").unwrap();
    let (micros, after) = rest.split_once(' ').unwrap();
    assert!(micros.parse::<u64>().unwrap() > 0);
    // The first sign of life, and those that come 7.5 seconds or more after the last.
    assert_eq!(before, "READY=1 STATUS=waiting \nWATCHDOG=1 \nWATCHDOG=1 \nRELOADING=1 ");
    assert_eq!(after, "\nREADY=1 STATUS=waiting again \nSTATUS=writing back \nSTOPPING=1 \n");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "zramd: one\nzramd: two\n");
}

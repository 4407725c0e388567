//! Instruments for tests of programs in a virtual machine, where there is neither a `socat` nor a stopwatch.
//!
//! They run from the same binary as the agent, since it is there and needs no libraries.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    os::unix::{fs::FileExt as _, net::UnixStream},
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use serde_json::json;

/// Somebody who looks again and again does it so often.
const EVERY: Duration = Duration::from_millis(2);

/// Says this to a socket, `\n` and `\r` being what they are in Rust, and prints all that is answered.
///
/// # Errors
/// When there is nobody, or the answer does not end.
pub fn ask(socket: &str, text: &str) -> Result<()> {
    let mut stream = UnixStream::connect(socket).with_context(|| format!("connecting to {socket}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.write_all(text.replace("\\r", "\r").replace("\\n", "\n").as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).with_context(|| format!("reading the answer of {socket}"))?;
    std::io::stdout().write_all(&answer)?;
    Ok(())
}

/// Reads a file again and again while a command runs, and prints as JSON for how many microseconds a reader had to wait: how many reads there were,
/// and 50, 99 and 100 percent of them.
///
/// A reader that is kept waiting must not hide how long others would have waited that came meanwhile. So there is a read due every two milliseconds; one that
/// comes late because the one before was kept waiting has waited since it was due. Sleeping longer than asked for is not waiting.
///
/// # Errors
/// When the file cannot be read, or the command cannot be started or fails.
pub fn read_while(file: &str, command: &[&str]) -> Result<()> {
    let attribute = File::open(file).with_context(|| format!("opening {file}"))?;
    let (program, arguments) = command.split_first().context("there is no command")?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| format!("starting {program}"))?;
    let mut waits = Vec::new();
    let mut text = [0; 4096];
    let mut due = Instant::now();
    let status = loop {
        if let Some(left) = due.checked_duration_since(Instant::now()) {
            sleep(left);
            due = Instant::now();
        }
        attribute.read_at(&mut text, 0).with_context(|| format!("reading {file}"))?;
        waits.push(due.elapsed());
        due += EVERY;
        if let Some(status) = child.try_wait()? {
            break status;
        }
    };
    anyhow::ensure!(status.success(), "{program} failed: {status}");
    waits.sort_unstable();
    let at = |percent: usize| {
        let wait = waits.get((waits.len() * percent).div_ceil(100).saturating_sub(1));
        wait.map(|wait| u64::try_from(wait.as_micros()).unwrap_or(u64::MAX))
    };
    println!("{}", json!({ "reads": waits.len(), "p50": at(50), "p99": at(99), "max": at(100) }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_asked_or_started_is_an_error() {
        assert!(ask("/nowhere", "x").is_err());
        assert!(read_while("/nowhere", &["true"]).is_err());
        assert!(read_while("/proc/self/stat", &["/nowhere"]).is_err());
        assert!(read_while("/proc/self/stat", &["false"]).is_err());
        assert!(read_while("/proc/self/stat", &["sleep", "0.01"]).is_ok());
    }
}

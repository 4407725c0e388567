//! Child processes that cannot outlive this one.
//!
//! A test VM forgotten in the background eats a core until somebody wonders why the machine is slow. So every child runs in
//! a process group of its own (one kill reaches what it started, too), is killed when its handle is dropped, and asks the kernel
//! to be killed when this program dies in a way that runs no destructors. The latter is tied to the *thread* that
//! started the child, so children are started from the main thread only.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, getppid};

use crate::interrupt;

/// How often a wait looks for signals.
pub(crate) const TICK: Duration = Duration::from_millis(20);

/// Time to clean up between being asked to end and being killed.
const POLITE: Duration = Duration::from_secs(2);

/// Lines of a failed command that go into the error.
const TAIL_LINES: usize = 25;

/// A running child; dropping it kills its whole process group.
pub(crate) struct Guarded {
    child: Child,
    ended: Option<ExitStatus>,
}

impl Guarded {
    /// Starts `command` in a process group of its own.
    pub(crate) fn spawn(command: &mut Command) -> anyhow::Result<Self> {
        let parent = std::process::id();
        command.process_group(0);
        // SAFETY: between fork and exec only prctl and getppid are called, both async-signal-safe; nothing is allocated.
        unsafe {
            command.pre_exec(move || {
                nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
                // The parent may have died before the request was in place.
                if getppid().as_raw().unsigned_abs() == parent {
                    Ok(())
                } else {
                    Err(std::io::Error::other("parent is gone"))
                }
            });
        }
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().to_string_lossy()))?;
        Ok(Self { child, ended: None })
    }

    /// The underlying process, to take its pipes.
    pub(crate) fn process(&mut self) -> &mut Child {
        &mut self.child
    }

    /// The exit status if it has ended.
    pub(crate) fn try_wait(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait()?;
        }
        Ok(self.ended)
    }

    /// Waits for the end; a signal to this program ends the child.
    pub(crate) fn wait(&mut self, mut every_tick: impl FnMut()) -> anyhow::Result<ExitStatus> {
        loop {
            if let Some(status) = self.try_wait()? {
                return Ok(status);
            }
            interrupt::check()?;
            every_tick();
            std::thread::sleep(TICK);
        }
    }

    /// Ends the process group, politely first, and collects the child.
    pub(crate) fn kill(&mut self) {
        if self.ended.is_some() {
            return;
        }
        let group = i32::try_from(self.child.id()).map(Pid::from_raw);
        let signal = |signal| {
            if let Ok(group) = group {
                // Already gone is what is wanted; nothing can be done about any other refusal.
                let _ = killpg(group, signal);
            }
        };
        signal(Signal::SIGTERM);
        let asked = Instant::now();
        while asked.elapsed() < POLITE && self.try_wait().is_ok_and(|ended| ended.is_none()) {
            std::thread::sleep(TICK);
        }
        // Also what the child started and left behind.
        signal(Signal::SIGKILL);
        if self.ended.is_none() {
            self.ended = self.child.wait().ok();
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a finished command printed.
pub(crate) struct Output {
    /// Standard output, lossily decoded.
    pub(crate) stdout: String,
    /// Both outputs, line by line in the order they came.
    pub(crate) all: String,
    /// Whether it ended with status 0.
    pub(crate) success: bool,
    /// The last lines of standard error and, where that was silent, of standard output.
    pub(crate) tail: String,
}

/// Runs a command to its end without a terminal, `on_tick` being called with the last line it printed.
///
/// Not finding the program and being interrupted are errors; a non-zero exit status is not.
pub(crate) fn run(command: &mut Command, mut on_tick: impl FnMut(&str)) -> anyhow::Result<Output> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Guarded::spawn(command)?;
    let out = child.process().stdout.take().map(lines);
    let err = child.process().stderr.take().map(lines);
    let (mut stdout, mut all) = (String::new(), String::new());
    let (mut tail_out, mut tail_err) = (VecDeque::new(), VecDeque::new());
    let mut last = String::new();
    let mut take = |last: &mut String, to_end: bool| {
        drain(out.as_ref(), to_end, |line| {
            stdout.push_str(&line);
            stdout.push('\n');
            all.push_str(&line);
            all.push('\n');
            remember(&mut tail_out, &line);
            *last = line;
        });
        drain(err.as_ref(), to_end, |line| {
            all.push_str(&line);
            all.push('\n');
            remember(&mut tail_err, &line);
            *last = line;
        });
    };
    let status = child.wait(|| {
        take(&mut last, false);
        on_tick(&last);
    })?;
    take(&mut last, true);
    let tail = if tail_err.is_empty() { tail_out } else { tail_err };
    Ok(Output { stdout, all, success: status.success(), tail: Vec::from(tail).join("\n") })
}

/// As [`run`]; a non-zero exit status becomes an error that carries the last lines printed.
pub(crate) fn run_ok(command: &mut Command, on_tick: impl FnMut(&str)) -> anyhow::Result<String> {
    let output = run(command, on_tick)?;
    if !output.success {
        bail!("`{}` failed; its last lines:\n{}", shown(command), indent(&output.tail));
    }
    Ok(output.stdout)
}

/// The command line as one would type it.
pub(crate) fn shown(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

/// Indents quoted output, so that it is told apart from our own words.
pub(crate) fn indent(text: &str) -> String {
    text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

fn remember(tail: &mut VecDeque<String>, line: &str) {
    if tail.len() == TAIL_LINES {
        tail.pop_front();
    }
    tail.push_back(line.to_owned());
}

fn drain(lines: Option<&Receiver<String>>, to_end: bool, mut each: impl FnMut(String)) {
    let Some(lines) = lines else { return };
    loop {
        match lines.try_recv() {
            Ok(line) => each(line),
            Err(TryRecvError::Disconnected) => return,
            // A grandchild may still hold the pipe: what has not come shortly after the end is not waited for.
            Err(TryRecvError::Empty) if to_end => match lines.recv_timeout(Duration::from_millis(500)) {
                Ok(line) => each(line),
                Err(_) => return,
            },
            Err(TryRecvError::Empty) => return,
        }
    }
}

fn lines(source: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(source).split(b'\n') {
            let Ok(line) = line else { return };
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_command_is_quoted() {
        let error =
            run_ok(Command::new("sh").args(["-c", "echo one; echo two >&2; exit 3"]), |_| {}).unwrap_err();
        assert_eq!(
            format!("{error:#}"),
            "`sh -c echo one; echo two >&2; exit 3` failed; its last lines:\n    two"
        );
    }

    #[test]
    fn only_the_last_lines_are_kept_and_all_of_stdout_is_returned() {
        let output = run(Command::new("seq").arg("100"), |_| {}).unwrap();
        assert_eq!(output.stdout.lines().count(), 100);
        assert_eq!(output.tail.lines().next(), Some("76"));
    }

    #[test]
    fn a_dropped_child_takes_what_it_started_with_it() {
        let mut child = Guarded::spawn(
            Command::new("sh").args(["-c", "sleep 600 & echo $!; wait"]).stdout(Stdio::piped()),
        )
        .unwrap();
        let mut line = String::new();
        BufReader::new(child.process().stdout.take().unwrap()).read_line(&mut line).unwrap();
        let grandchild = line.trim().to_owned();
        drop(child);
        let gone = (0..100).any(|_| {
            std::thread::sleep(TICK);
            // A zombie waiting for init to collect it is dead enough.
            std::fs::read_to_string(format!("/proc/{grandchild}/stat"))
                .map_or(true, |stat| stat.contains(") Z"))
        });
        assert!(gone, "process {grandchild} survived");
    }
}

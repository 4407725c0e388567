//! Bytes between standard input and output and the agent's channel.
//!
//! When standard input ends, the agent must learn of it, but the channel has no end that could be passed on: QEMU knows only
//! the whole connection's, and drops what the agent still had to say. So the end is a line of its own, [`END`]. The agent
//! answers what came before it, however long that takes it, and then powers the VM off; how long nothing is heard says
//! nothing about whether it is done, and only tells one that hangs, which is killed.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use crate::child::{Guarded, TICK};
use crate::interrupt;

/// The line that tells the agent that nothing follows: EOT (`zram_agent::serve::END`, which this program does not link: the
/// agent is built for another machine).
const END: &[u8] = b"\x04\n";

/// How long nothing may be heard from the agent once its input has ended. An operation may sleep for a minute, and a kernel
/// may take as long to boot where it is emulated.
pub(super) const SPEAKS_WITHIN: Duration = Duration::from_secs(90);

/// The channel closes with the process; its last bytes get a moment to come through.
const LAST_BYTES: Duration = Duration::from_millis(400);

/// Why the bridge ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The VM's process ended by itself.
    VmEnded,
    /// Nobody reads standard output any more.
    ReaderGone,
    /// Input ended, and nothing more was heard of the agent.
    Overdue,
}

enum Event {
    InputEnded,
    Spoke,
    ChannelEnded,
    ReaderGone,
}

/// Carries bytes until the VM has ended, or must be ended.
pub(super) fn run(process: &mut Guarded, stream: &UnixStream) -> anyhow::Result<Outcome> {
    let (events, received) = channel();
    let (input, output) = (stream.try_clone()?, stream.try_clone()?);
    let input_events = events.clone();
    // Neither thread is joined: a read of standard input cannot be called off. Both end with the program.
    std::thread::spawn(move || {
        if feed(std::io::stdin().lock(), input).is_ok() {
            // The bridge may have ended before the input.
            let _ = input_events.send(Event::InputEnded);
        }
    });
    std::thread::spawn(move || deliver(output, &events));

    let mut input_ended = false;
    let mut last_sign = Instant::now();
    let mut vm_ended: Option<Instant> = None;
    loop {
        interrupt::check()?;
        match received.recv_timeout(TICK) {
            Ok(Event::InputEnded) => (input_ended, last_sign) = (true, Instant::now()),
            Ok(Event::Spoke) => last_sign = Instant::now(),
            Ok(Event::ReaderGone) => return Ok(Outcome::ReaderGone),
            // The process follows; what it sent has been delivered.
            Ok(Event::ChannelEnded) if vm_ended.is_some() => return Ok(Outcome::VmEnded),
            Ok(Event::ChannelEnded) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
        if vm_ended.is_none() && process.try_wait()?.is_some() {
            vm_ended = Some(Instant::now());
        }
        if vm_ended.is_some_and(|at| at.elapsed() > LAST_BYTES) {
            return Ok(Outcome::VmEnded);
        }
        if input_ended && last_sign.elapsed() > SPEAKS_WITHIN {
            return Ok(Outcome::Overdue);
        }
    }
}

/// Passes input on to its end, and that there is no more. An error means that the VM is gone, which the bridge notices by itself.
fn feed(mut from: impl Read, mut to: impl Write) -> std::io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    let mut at_line_start = true;
    loop {
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                to.write_all(&buffer[..read])?;
                at_line_start = buffer[read - 1] == b'\n';
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            // What cannot be read any more has ended.
            Err(_) => break,
        }
    }
    if !at_line_start {
        to.write_all(b"\n")?;
    }
    to.write_all(END)
}

fn deliver(mut from: UnixStream, events: &Sender<Event>) {
    let mut to = std::io::stdout().lock();
    let mut buffer = vec![0; 1 << 16];
    let last = loop {
        match from.read(&mut buffer) {
            Ok(0) => break Event::ChannelEnded,
            Ok(read) => {
                if to.write_all(&buffer[..read]).and_then(|()| to.flush()).is_err() {
                    break Event::ReaderGone;
                }
                if events.send(Event::Spoke).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => break Event::ChannelEnded,
        }
    };
    // As above.
    let _ = events.send(last);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fed(input: &str) -> Vec<u8> {
        let mut sent = Vec::new();
        feed(input.as_bytes(), &mut sent).unwrap();
        sent
    }

    #[test]
    fn the_end_is_a_line_of_its_own() {
        assert_eq!(fed("{\"op\":\"add\"}\n"), b"{\"op\":\"add\"}\n\x04\n");
        assert_eq!(fed("{\"op\":\"add\"}"), b"{\"op\":\"add\"}\n\x04\n", "a last line that is not ended");
        assert_eq!(fed(""), b"\x04\n");
    }

    #[test]
    fn input_longer_than_the_buffer_arrives_whole() {
        let long = "x".repeat((1 << 16) + 1);
        assert_eq!(fed(&long).len(), long.len() + 3);
    }
}

//! Bytes between standard input and output and the agent's channel.
//!
//! When standard input ends, the agent must learn of it, but QEMU knows only one way to tell: it takes the whole connection for
//! closed, and drops what the agent still had to say. So the end of input is passed on only after the agent has been
//! silent for a moment. The agent then powers the VM off; one that does not is killed after a bound.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use super::hang_up;
use crate::child::{Guarded, TICK};
use crate::interrupt;

/// How long the agent may take from the end of its input to power-off.
pub(super) const POWER_OFF_WITHIN: Duration = Duration::from_secs(15);

/// The agent has nothing more to say when nothing came for this long after the input ended. Booting counts as talking.
const SILENCE: Duration = Duration::from_millis(400);

/// An agent that never spoke is still booting, up to here.
const FIRST_WORD_WITHIN: Duration = Duration::from_secs(60);

/// Why the bridge ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The VM's process ended by itself.
    VmEnded,
    /// Nobody reads standard output any more.
    ReaderGone,
    /// Input ended and the VM ran on.
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
    std::thread::spawn(move || feed(input, &input_events));
    std::thread::spawn(move || deliver(output, &events));

    let mut input_ended: Option<Instant> = None;
    let mut last_word: Option<Instant> = None;
    let mut hung_up: Option<Instant> = None;
    let mut vm_ended: Option<Instant> = None;
    loop {
        interrupt::check()?;
        match received.recv_timeout(TICK) {
            Ok(Event::InputEnded) => input_ended = Some(Instant::now()),
            Ok(Event::Spoke) => last_word = Some(Instant::now()),
            Ok(Event::ReaderGone) => return Ok(Outcome::ReaderGone),
            // The process follows; what it sent has been delivered.
            Ok(Event::ChannelEnded) if vm_ended.is_some() => return Ok(Outcome::VmEnded),
            Ok(Event::ChannelEnded) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
        if vm_ended.is_none() && process.try_wait()?.is_some() {
            vm_ended = Some(Instant::now());
        }
        // The channel closes with the process; its last bytes get a moment to come through.
        if vm_ended.is_some_and(|at| at.elapsed() > SILENCE) {
            return Ok(Outcome::VmEnded);
        }
        match (input_ended, hung_up) {
            (Some(ended), None) => {
                let silent = match last_word {
                    Some(word) => word.max(ended).elapsed() > SILENCE,
                    None => ended.elapsed() > FIRST_WORD_WITHIN,
                };
                if silent {
                    hang_up(stream);
                    hung_up = Some(Instant::now());
                }
            }
            (_, Some(at)) if at.elapsed() > POWER_OFF_WITHIN => return Ok(Outcome::Overdue),
            _ => {}
        }
    }
}

fn feed(mut to: UnixStream, events: &Sender<Event>) {
    let mut from = std::io::stdin().lock();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                if to.write_all(&buffer[..read]).is_err() {
                    // The VM is gone, which the bridge notices by itself.
                    return;
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    // The bridge may have ended before the input.
    let _ = events.send(Event::InputEnded);
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

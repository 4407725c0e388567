//! Signals, as a descriptor to wait for with all others.
//!
//! So none of them comes in the middle of anything: the daemon ends, or reads its configuration again, between two passes.

use std::os::fd::{AsFd, BorrowedFd};

use nix::{
    errno::Errno,
    sys::{
        signal::{SigSet, Signal},
        signalfd::{SfdFlags, SignalFd},
    },
};

/// The signals that are heeded.
#[derive(Debug)]
pub struct Signals(SignalFd);

/// What somebody wants by a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// To end: SIGTERM, SIGINT.
    End,
    /// To read the configuration again: SIGHUP.
    Reload,
}

impl Signals {
    /// From now on these signals come here, and do what they usually do no more. To be called before there are threads.
    ///
    /// # Errors
    /// When the system does not let us.
    pub fn new() -> nix::Result<Self> {
        let mut set = SigSet::empty();
        for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
            set.add(signal);
        }
        set.thread_block()?;
        SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC).map(Self)
    }

    /// The next, if there is one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn take(&mut self) -> nix::Result<Option<Wanted>> {
        let info = match self.0.read_signal() {
            Err(Errno::EINTR) => None,
            info => info?,
        };
        Ok(info.map(|info| match i32::try_from(info.ssi_signo) {
            Ok(signal) if signal == Signal::SIGHUP as i32 => Wanted::Reload,
            _ => Wanted::End,
        }))
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::signal::raise;

    /// In a thread of its own: blocked signals are a thread's.
    #[test]
    fn signals_come_one_after_another_and_kill_nobody() {
        let seen = std::thread::spawn(|| {
            let mut signals = Signals::new().unwrap();
            assert_eq!(signals.take(), Ok(None));
            let mut seen = Vec::new();
            for signal in [Signal::SIGHUP, Signal::SIGTERM, Signal::SIGINT] {
                raise(signal).unwrap();
                seen.push(signals.take().unwrap());
            }
            assert_eq!(signals.take(), Ok(None));
            seen
        });
        assert_eq!(seen.join().unwrap(), [Some(Wanted::Reload), Some(Wanted::End), Some(Wanted::End)]);
    }
}

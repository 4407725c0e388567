//! What the service manager is told (`sd_notify(3)`). Where there is none, nothing happens.
//!
//! A service that reloads says so with the time at which it began, so that the manager can tell its answer from an earlier one (`Type=notify-reload`, since systemd
//! 253). The watchdog asks for a sign of life; whoever sleeps until something happens has to wake for that, so the manager's time is also a limit of
//! sleep ([`Notifier::until`]).

use std::{io, time::Duration};

use sd_notify::NotifyState;

/// The service manager, if there is one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Notifier {
    /// A sign of life is wanted at least so often.
    watchdog: Option<Duration>,
    /// The last was given then.
    alive: Duration,
}

impl Notifier {
    /// That which started this process.
    #[must_use]
    pub fn new() -> Self {
        Self { watchdog: sd_notify::watchdog_enabled(), alive: Duration::ZERO }
    }

    /// Everything is set up; also: it was read again.
    pub fn ready(&self, status: &str) {
        tell(&[NotifyState::Ready, NotifyState::Status(status)]);
    }

    /// The configuration is read again. [`Notifier::ready`] must follow, also when it is wrong and the one before stays.
    pub fn reloading(&self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => tell(&[NotifyState::Reloading, now]),
            // Without the time the manager would take it for a failure.
            Err(error) => log::warn!("cannot tell the service manager of a reload: {error}"),
        }
    }

    /// It ends.
    pub fn stopping(&self) {
        tell(&[NotifyState::Stopping]);
    }

    /// What it does, in a line for `systemctl status`.
    pub fn status(&self, status: &str) {
        tell(&[NotifyState::Status(status)]);
    }

    /// It still lives: to be called whenever it is awake, and by [`Notifier::until`] at the latest. `now` by any clock that only goes on.
    pub fn alive(&mut self, now: Duration) {
        let Some(time) = self.watchdog else { return };
        // Not with every wake-up: each is a datagram.
        if self.alive.is_zero() || now.saturating_sub(self.alive) >= time / 4 {
            self.alive = now.max(Duration::from_nanos(1));
            tell(&[NotifyState::Watchdog]);
        }
    }

    /// When it must be awake at the latest: half of the time is left then. `None`: nobody watches.
    #[must_use]
    pub fn until(&self) -> Option<Duration> {
        self.watchdog.map(|time| self.alive + time / 2)
    }
}

/// A manager that does not listen is no reason to stop working.
fn tell(state: &[NotifyState<'_>]) {
    let told: io::Result<()> = sd_notify::notify(state);
    if let Err(error) = told {
        log::debug!("cannot tell the service manager {state:?}: {error}");
    }
}

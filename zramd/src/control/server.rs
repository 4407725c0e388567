//! Serves whoever is connected, without ever waiting for anybody.

use std::{os::fd::AsFd as _, path::Path, time::Duration};

use nix::{
    poll::{PollFd, PollFlags},
    unistd::geteuid,
};

use super::{
    Controlled,
    connection::{Answer, Connection, Fate, Speech},
    protocol::{self, Refusal, RefusalKind},
    socket::{Socket, Taken},
};
use crate::metrics::http;

/// Clients at a time. There are few who ask, and each asks for a moment.
const MOST: usize = 16;

/// What is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// That of the control socket: lines of JSON.
    Control,
    /// That of the socket with metrics: HTTP, one request each connection.
    Metrics,
}

/// A socket with whoever is connected to it.
#[derive(Debug)]
pub struct Server {
    socket: Socket,
    dialect: Dialect,
    connections: Vec<Connection>,
}

impl Server {
    /// Serves at this path.
    ///
    /// # Errors
    /// When there can be no socket.
    pub fn listen(path: &Path, dialect: Dialect) -> Result<Self, Taken> {
        Ok(Self { socket: Socket::listen(path)?, dialect, connections: Vec::new() })
    }

    /// What to wait for: the socket, then those who are connected, as they are now.
    #[must_use]
    pub fn descriptors(&self) -> Vec<PollFd<'_>> {
        let clients = self.connections.iter().map(|one| PollFd::new(one.as_fd(), one.waits_for()));
        std::iter::once(PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)).chain(clients).collect()
    }

    /// When it wants to be called at the latest, by the clock of `now`. `None`: nobody is connected.
    #[must_use]
    pub fn until(&self) -> Option<Duration> {
        self.connections.iter().map(Connection::until).min()
    }

    /// Does what can be done without waiting. `ready` is what became of [`Server::descriptors`], in that order; `now` any clock that only goes on.
    pub fn proceed(&mut self, ready: &[PollFlags], now: Duration, controlled: &mut dyn Controlled) {
        let ready_at = |at: usize| ready.get(at).is_some_and(|flags| !flags.is_empty());
        let before = std::mem::take(&mut self.connections);
        for (at, mut connection) in before.into_iter().enumerate() {
            let fate = match ready_at(at + 1) {
                true => self.dialect.proceed(&mut connection, now, controlled),
                false if connection.until() <= now => Fate::Over,
                false => Fate::Stays,
            };
            if fate == Fate::Stays {
                self.connections.push(connection);
            }
        }
        if ready_at(0) {
            self.welcome(now, controlled);
        }
    }

    /// Those who wait at the door: no more than there is room for at once, so that a crowd does not keep the daemon from its work.
    fn welcome(&mut self, now: Duration, controlled: &mut dyn Controlled) {
        for _ in 0..MOST {
            // Without a descriptor to spare there is nothing to be done but to try again; whoever waits is not lost.
            let Ok(Some(stream)) = self.socket.accept() else { return };
            let mut connection = Connection::new(stream, now);
            if self.connections.len() >= MOST && !self.makes_room_for(&connection) {
                connection.dismiss(&self.dialect.busy());
                continue;
            }
            // Most have sent their request already.
            if self.dialect.proceed(&mut connection, now, controlled) == Fate::Stays {
                self.connections.push(connection);
            }
        }
    }

    /// Whoever fills all places must not keep root out.
    fn makes_room_for(&mut self, newcomer: &Connection) -> bool {
        if !is_root(newcomer.user()) {
            return false;
        }
        let oldest = self.connections.iter().position(|one| !is_root(one.user()));
        oldest.map(|at| self.connections.remove(at).dismiss(&self.dialect.busy())).is_some()
    }
}

impl Dialect {
    fn proceed(self, connection: &mut Connection, now: Duration, controlled: &mut dyn Controlled) -> Fate {
        // Whoever cannot be heard or told anything has gone.
        connection.proceed(now, &mut Spoken { dialect: self, controlled }).unwrap_or(Fate::Over)
    }

    fn busy(self) -> Vec<u8> {
        match self {
            Self::Control => protocol::refused(&Refusal::new(
                RefusalKind::Busy,
                format!("{MOST} others are connected already: try again"),
            )),
            Self::Metrics => http::BUSY.to_vec(),
        }
    }
}

/// A dialect with whoever answers in it.
struct Spoken<'a> {
    dialect: Dialect,
    controlled: &'a mut dyn Controlled,
}

impl Speech for Spoken<'_> {
    fn longest(&self) -> usize {
        match self.dialect {
            Dialect::Control => protocol::LONGEST,
            Dialect::Metrics => http::LONGEST,
        }
    }

    fn end(&self, bytes: &[u8]) -> Option<usize> {
        match self.dialect {
            Dialect::Control => bytes.iter().position(|byte| *byte == b'\n').map(|at| at + 1),
            Dialect::Metrics => http::end(bytes),
        }
    }

    fn answer(&mut self, request: &[u8], user: Option<u32>) -> Answer {
        match self.dialect {
            Dialect::Control => {
                Answer { bytes: protocol::answer(request, is_root(user), self.controlled), then: Fate::Stays }
            }
            Dialect::Metrics => {
                let bytes = http::answer(request, &mut || self.controlled.status());
                Answer { bytes, then: Fate::Over }
            }
        }
    }

    fn too_long(&self) -> Vec<u8> {
        match self.dialect {
            Dialect::Control => protocol::refused(&Refusal::new(
                RefusalKind::Malformed,
                format!("this is no request: one has {} bytes at most", protocol::LONGEST),
            )),
            Dialect::Metrics => http::TOO_LONG.to_vec(),
        }
    }
}

/// Root, or whoever the daemon runs as, who could do the same without it.
fn is_root(user: Option<u32>) -> bool {
    user.is_some_and(|user| user == 0 || user == geteuid().as_raw())
}

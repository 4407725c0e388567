//! Somebody who is connected.
//!
//! He may send half a request and wait, send without reading, or go away in the middle of an answer. Each costs a buffer of bounded size until
//! his time is up: while an answer is on its way nothing more is read from him, and a request that does not end is answered and hung up on.

use std::{
    io::{self, Read as _, Write as _},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixStream,
    },
    time::Duration,
};

use nix::{
    poll::PollFlags,
    sys::socket::{getsockopt, sockopt::PeerCredentials},
};

/// Whoever does nothing for so long is hung up on.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// A connection.
#[derive(Debug)]
pub(super) struct Connection {
    stream: UnixStream,
    /// Who is at the other end; `None`: the kernel does not say.
    user: Option<u32>,
    input: Vec<u8>,
    output: Vec<u8>,
    /// Nothing more is read from him.
    ends: bool,
    /// He did something then.
    heard: Duration,
}

/// What became of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It goes on.
    Stays,
    /// It is over.
    Over,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// What is sent.
    pub(super) bytes: Vec<u8>,
    /// What becomes of the connection when it is.
    pub(super) then: Fate,
}

/// What is spoken over a connection.
pub(super) trait Speech {
    /// Bytes of a request without its end, at most.
    fn longest(&self) -> usize;

    /// Where the first request in these bytes ends.
    fn end(&self, bytes: &[u8]) -> Option<usize>;

    /// The answer to a request of this user's.
    fn answer(&mut self, request: &[u8], user: Option<u32>) -> Answer;

    /// What is said to a request that does not end; then he is hung up on.
    fn too_long(&self) -> Vec<u8>;
}

impl Connection {
    pub(super) fn new(stream: UnixStream, now: Duration) -> Self {
        let user = getsockopt(&stream, PeerCredentials).ok().map(|peer| peer.uid());
        Self { stream, user, input: Vec::new(), output: Vec::new(), ends: false, heard: now }
    }

    pub(super) fn user(&self) -> Option<u32> {
        self.user
    }

    /// What it waits for: to be able to send if something is to be sent, else to hear something.
    pub(super) fn waits_for(&self) -> PollFlags {
        if self.output.is_empty() { PollFlags::POLLIN } else { PollFlags::POLLOUT }
    }

    /// Time is up then.
    pub(super) fn until(&self) -> Duration {
        self.heard + PATIENCE
    }

    /// Takes note of what he sends, and answers.
    pub(super) fn proceed(&mut self, now: Duration, speech: &mut dyn Speech) -> io::Result<Fate> {
        let longest = speech.longest();
        if self.output.is_empty() && self.hear(now, longest)? == Fate::Over {
            return Ok(Fate::Over);
        }
        loop {
            if self.send(now)? == Fate::Over || self.ends && self.output.is_empty() {
                return Ok(Fate::Over);
            }
            if !self.output.is_empty() {
                return Ok(Fate::Stays);
            }
            let answer = match speech.end(&self.input) {
                Some(end) => {
                    let request: Vec<u8> = self.input.drain(..end).collect();
                    speech.answer(&request, self.user)
                }
                None if self.input.len() > longest => Answer { bytes: speech.too_long(), then: Fate::Over },
                None => return Ok(Fate::Stays),
            };
            self.output = answer.bytes;
            self.ends = answer.then == Fate::Over;
        }
    }

    /// Reads what is there, and no more than there is room for.
    fn hear(&mut self, now: Duration, longest: usize) -> io::Result<Fate> {
        let room = (longest + 1).saturating_sub(self.input.len());
        let mut bytes = vec![0; room];
        match self.stream.read(&mut bytes) {
            Ok(0) if room > 0 => Ok(Fate::Over),
            Ok(there) => {
                self.input.extend_from_slice(&bytes[..there]);
                self.heard = now;
                Ok(Fate::Stays)
            }
            Err(error) if is_later(&error) => Ok(Fate::Stays),
            Err(error) => Err(error),
        }
    }

    /// Sends what it takes.
    fn send(&mut self, now: Duration) -> io::Result<Fate> {
        while !self.output.is_empty() {
            match self.stream.write(&self.output) {
                Ok(0) => return Ok(Fate::Over),
                Ok(sent) => {
                    self.output.drain(..sent);
                    self.heard = now;
                }
                Err(error) if is_later(&error) => return Ok(Fate::Stays),
                Err(error) => return Err(error),
            }
        }
        Ok(Fate::Stays)
    }

    /// The last thing that he hears, if he listens.
    pub(super) fn dismiss(mut self, with: &[u8]) {
        let _ = self.stream.write(with);
    }
}

fn is_later(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

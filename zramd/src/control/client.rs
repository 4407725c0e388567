//! Asks the daemon.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

use nix::errno::Errno;
use serde::de::DeserializeOwned;

use super::protocol::{self, NoAnswer, Request};

/// An answer is no longer than this.
const LONGEST: u64 = 64 << 20;

/// A round may be waited for so long: it writes what it may.
const ROUND: Duration = Duration::from_secs(600);

/// Everything else is answered between two passes of a round.
const USUAL: Duration = Duration::from_secs(60);

/// The daemon was not asked, or did not answer.
#[derive(Debug, thiserror::Error)]
pub enum Unasked {
    /// It does not run, or not here.
    #[error("zramd does not run, or not with the socket {}: `systemctl start zramd`", path.display())]
    NotThere {
        /// The socket.
        path: PathBuf,
    },
    /// It takes too long.
    #[error("zramd has not answered for {}: `journalctl -u zramd` may say why", humantime::format_duration(*time))]
    TooLong {
        /// For so long.
        time: Duration,
    },
    /// The connection failed.
    #[error("cannot ask zramd by {}: {why}", path.display())]
    Broken {
        /// The socket.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// It answered with nothing of use.
    #[error(transparent)]
    Answer(#[from] NoAnswer),
}

/// Asks, and waits for the answer.
///
/// # Errors
/// When nobody answers, or the answer is a refusal.
pub fn ask<T: DeserializeOwned>(path: &Path, request: &Request) -> Result<T, Unasked> {
    Ok(protocol::read(&ask_line(path, request)?)?)
}

/// The same, with the answer as it comes.
fn ask_line(path: &Path, request: &Request) -> Result<String, Unasked> {
    let time = if matches!(request, Request::RunNow { dry_run: false }) { ROUND } else { USUAL };
    let broken = |error: &io::Error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            Unasked::NotThere { path: path.to_owned() }
        }
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Unasked::TooLong { time },
        _ => {
            let why = error
                .raw_os_error()
                .map_or_else(|| error.to_string(), |raw| Errno::from_raw(raw).desc().to_owned());
            Unasked::Broken { path: path.to_owned(), why }
        }
    };
    let asked = || -> io::Result<String> {
        let mut stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(time))?;
        stream.set_write_timeout(Some(time))?;
        let line = protocol::line(request) + "\n";
        // Whoever is refused at the door is told so, and hung up on before he has asked.
        let sent = stream.write_all(line.as_bytes());
        let mut answer = String::new();
        BufReader::new(stream.take(LONGEST)).read_line(&mut answer)?;
        if answer.is_empty() {
            sent?;
            return Err(io::Error::other("it hung up"));
        }
        Ok(answer)
    };
    asked().map_err(|error| broken(&error))
}

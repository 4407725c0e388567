//! The virtio port to the runner.
//!
//! A port without anybody at the other end behaves unlike any other file: a read says end of file, and
//! a write waits for somebody to come, forever. Process 1 must not wait forever for a runner that
//! has given up, so the port is used without blocking, and waiting is done where hanging up is noticed.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    os::{fd::AsFd as _, unix::fs::OpenOptionsExt as _},
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow};
use nix::{
    errno::Errno,
    libc,
    poll::{PollFd, PollFlags, PollTimeout, poll},
};

/// Name of the port.
const NAME: &str = "zram-agent";

/// How long the port may take to appear, and the runner to connect to it.
const CONNECTING: Duration = Duration::from_secs(30);

/// How long to wait between two looks.
const PAUSE: Duration = Duration::from_millis(2);

/// The port, open.
pub(crate) struct Channel {
    port: File,
}

impl Channel {
    /// Finds the port and waits until somebody is connected to it.
    pub(crate) fn open() -> Result<Self> {
        let start = Instant::now();
        let path = loop {
            if let Some(path) = find(Path::new("/sys/class/virtio-ports"))? {
                break path;
            }
            if start.elapsed() > CONNECTING {
                return Err(anyhow!(
                    "there is no virtio port named {NAME}: is virtio_console in the kernel or among the modules, and the port on QEMU's command line?"
                ));
            }
            sleep(PAUSE);
        };
        let port = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(&path)
            .with_context(|| format!("opening {}", path.display()))?;
        let channel = Self { port };
        while channel.wait(PollFlags::POLLOUT, PollTimeout::ZERO)?.contains(PollFlags::POLLHUP) {
            if start.elapsed() > CONNECTING {
                return Err(anyhow!("nobody connected to the virtio port {NAME}"));
            }
            sleep(PAUSE);
        }
        Ok(channel)
    }

    fn wait(&self, what: PollFlags, limit: PollTimeout) -> io::Result<PollFlags> {
        let mut fds = [PollFd::new(self.port.as_fd(), what)];
        match poll(&mut fds, limit) {
            Ok(_) => Ok(fds[0].revents().unwrap_or(PollFlags::empty())),
            Err(Errno::EINTR) => Ok(PollFlags::empty()),
            Err(errno) => Err(errno.into()),
        }
    }
}

impl Read for &Channel {
    /// End of file is the runner's hanging up.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match (&self.port).read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.wait(PollFlags::POLLIN, PollTimeout::NONE)?;
                }
                read => return read,
            }
        }
    }
}

impl Write for &Channel {
    /// Fails with `BrokenPipe` when the runner has hung up.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match (&self.port).write(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if self.wait(PollFlags::POLLOUT, PollTimeout::NONE)?.contains(PollFlags::POLLHUP) {
                        return Err(ErrorKind::BrokenPipe.into());
                    }
                }
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The device of the port with our name, if it is there yet.
fn find(class: &Path) -> Result<Option<PathBuf>> {
    let entries = match fs::read_dir(class) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("listing {}", class.display())),
    };
    for entry in entries {
        let entry = entry.with_context(|| format!("listing {}", class.display()))?;
        // A port appears before its name has been told; then it has no such file or an empty one.
        let name = fs::read_to_string(entry.path().join("name")).unwrap_or_default();
        let device = Path::new("/dev").join(entry.file_name());
        if name.trim_end() == NAME && device.exists() {
            return Ok(Some(device));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_class_no_port() {
        assert_eq!(find(Path::new("/nonexistent")).unwrap(), None);
    }
}

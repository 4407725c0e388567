//! Tasks wait for memory: a trigger of the kernel's (`psi_trigger_create`).
//!
//! The kernel measures, and wakes whoever asked when tasks have waited for so long within so much time. Nothing is looked at meanwhile, so that a machine without pressure is
//! not woken for it. A trigger lives as long as its descriptor.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::fs::OpenOptionsExt as _,
    },
    path::Path,
};

use nix::libc::O_NONBLOCK;

use crate::config::Pressure;

/// A trigger that is armed.
#[derive(Debug)]
pub(super) struct Trigger(File);

impl Trigger {
    /// Of `/proc/pressure/memory`, or another file of its kind.
    ///
    /// # Errors
    /// Without `CONFIG_PSI`, or with `psi=0`; if it is not for us to ask; or if the kernel takes no such times.
    pub(super) fn arm(path: &Path, wanted: &Pressure) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).write(true).custom_flags(O_NONBLOCK).open(path)?;
        let text = format!("some {} {}\0", wanted.memory_stall.as_micros(), wanted.memory_window.as_micros());
        file.write_all(text.as_bytes())?;
        Ok(Self(file))
    }
}

impl AsFd for Trigger {
    /// Ready for urgent data (`POLLPRI`) when it fires.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_is_told_in_microseconds() {
        let file = tempfile::NamedTempFile::new().unwrap();
        Trigger::arm(file.path(), &Pressure::default()).unwrap();
        assert_eq!(std::fs::read(file.path()).unwrap(), b"some 150000 2000000\0");
        assert!(Trigger::arm(Path::new("/nowhere"), &Pressure::default()).is_err());
    }
}

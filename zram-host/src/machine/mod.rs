//! The machine around zram: who uses its devices, what the kernel says about memory and can do.
//!
//! [`crate::Port`] is zram itself. A tool wants to know more: whether a device is swap, where it is mounted, how much memory there is.
//! All of that is text in `/proc` and `/sys`, so that the trait is one of texts, and what they mean is here, for both
//! sides.

pub mod capabilities;
mod clocks;
mod holders;
mod memory;
mod mounts;
mod openers;
mod pressure;
mod swaps;
mod zswap;

use std::time::Duration;

use nix::errno::Errno;

pub use capabilities::{Capabilities, capabilities};
pub use clocks::Clocks;
pub use holders::holders;
pub use memory::{Memory, memory, memory_total};
pub use mounts::{Mount, mounts, top};
pub use openers::{Opener, openers};
pub use pressure::{NoPressure, Pressure, Resource, Stall, pressure};
pub use swaps::{Swap, SwapUse, swaps};
pub use zswap::{Zswap, zswap};

use crate::{
    port::Port,
    probed::Probed,
    storage::Storage,
    swap::{HEADER_BYTES, SwapOptions},
};

/// A machine that runs a kernel with zram.
pub trait Machine: Port + Storage {
    /// The whole text of a file by its absolute path: one of the kernel's in `/proc` or `/sys`, or one of what else is installed, such as
    /// a configuration in `/etc`.
    ///
    /// # Errors
    /// The errno of the open or the read.
    fn kernel_file(&mut self, path: &str) -> Result<Vec<u8>, Errno>;

    /// Names in a folder by its absolute path, in no order.
    ///
    /// # Errors
    /// The errno of opening or reading it.
    fn kernel_folder(&mut self, path: &str) -> Result<Vec<String>, Errno>;

    /// Where a symbolic link leads, by its absolute path.
    ///
    /// # Errors
    /// The errno of reading it.
    fn kernel_link(&mut self, path: &str) -> Result<String, Errno>;

    /// Bytes of a page of memory, and so of a slot.
    fn page_size(&mut self) -> u64;

    /// Writes the first page of a device, with the device opened for oneself alone (`O_EXCL`): a file system, another device or swap on it is
    /// `EBUSY`.
    ///
    /// # Errors
    /// The errno of the open or the write.
    fn write_first_page(&mut self, dev: u32, page: &[u8; HEADER_BYTES]) -> Result<(), Errno>;

    /// Takes a device into use as swap (`swapon(2)`): its first page is a header.
    ///
    /// # Errors
    /// The errno of the call.
    fn swap_on(&mut self, dev: u32, options: SwapOptions) -> Result<(), Errno>;

    /// Takes it out of use (`swapoff(2)`), which reads back what is in it.
    ///
    /// # Errors
    /// The errno of the call.
    fn swap_off(&mut self, dev: u32) -> Result<(), Errno>;

    /// What the clocks say, all at one moment as far as reading one after another can.
    fn clocks(&mut self) -> Clocks;

    /// Lets time pass.
    fn pause(&mut self, time: Duration);

    /// Takes the turn to set devices up, which is given back when this program ends. The kernel gives a device to whoever comes, so that two that
    /// look for a free one find the same, and each writes into what the other sets up.
    ///
    /// # Errors
    /// `EWOULDBLOCK` if another process has it; the errno of trying.
    fn take_turn(&mut self) -> Result<(), Errno>;

    /// What can look into zram, where somebody has brought it.
    fn probes(&mut self) -> Option<&mut dyn Probed> {
        None
    }
}

/// A file of the kernel's could not be read or understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MachineError {
    /// It could not be read.
    #[error("cannot read {path}: {}", errno.desc())]
    Unreadable {
        /// Its path.
        path: &'static str,
        /// Why.
        errno: Errno,
    },
    /// It could not be understood.
    #[error("{path} has a line that this program does not understand: {line:?}")]
    Strange {
        /// Its path.
        path: &'static str,
        /// The line.
        line: String,
    },
}

fn read(machine: &mut (impl Machine + ?Sized), path: &'static str) -> Result<String, MachineError> {
    let text = machine.kernel_file(path).map_err(|errno| MachineError::Unreadable { path, errno })?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// A path as the kernel prints it: spaces, tabs, newlines and backslashes are three octal digits behind a backslash
/// (`mangle_path`).
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if let (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', tail @ ..]) = (first, tail) {
            bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
            rest = tail;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octal_escapes_are_characters() {
        assert_eq!(unescaped(r"/mnt/a\040b\134c"), r"/mnt/a b\c");
        assert_eq!(unescaped(r"\303\244"), "ä");
        assert_eq!(unescaped(r"\04"), r"\04");
        assert_eq!(unescaped(r"\777"), r"\777");
    }
}

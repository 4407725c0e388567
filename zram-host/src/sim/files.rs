//! The kernel's other files on a simulated machine: texts, as somebody wrote them down.

use std::{collections::BTreeMap, time::Duration};

use nix::errno::Errno;

use super::{SimHost, Surroundings};
use crate::machine::Machine;

/// Files by path.
#[derive(Clone, Debug)]
pub(super) struct Files(BTreeMap<String, Vec<u8>>);

impl Default for Files {
    /// A machine on which nothing is swapped to, and only a root is mounted.
    fn default() -> Self {
        let file = |(path, text): (&str, &str)| (path.to_owned(), text.as_bytes().to_vec());
        let files = [
            ("/proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"),
            ("/proc/self/mountinfo", "1 0 0:1 / / rw - rootfs none rw\n"),
        ];
        Self(files.into_iter().map(file).collect())
    }
}

impl<E: Surroundings> SimHost<E> {
    /// Puts a file of the kernel's there, in the place of what was there before.
    pub fn set_kernel_file(&mut self, path: &str, text: &str) {
        self.files.0.insert(path.to_owned(), text.as_bytes().to_vec());
    }
}

impl<E: Surroundings> Machine for SimHost<E> {
    fn kernel_file(&mut self, path: &str) -> Result<Vec<u8>, Errno> {
        self.files.0.get(path).cloned().ok_or(Errno::ENOENT)
    }

    fn pause(&mut self, time: Duration) {
        self.surroundings.pass(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }
}

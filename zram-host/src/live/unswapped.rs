//! Memory that stays memory: a key that is written to an area of swap can be read there long after.
//!
//! This is a program about swap, and the machine on which it sets the first area up is often one that is short of memory.

use nix::{
    errno::Errno,
    sys::mman::{MlockAllFlags, mlockall, munlockall},
};

/// As long as it is there, no page of this program is swapped out.
#[derive(Debug)]
pub(super) struct Unswapped(());

impl Unswapped {
    /// Has all pages of this program stay in memory, also those that are still to come.
    ///
    /// # Errors
    /// `ENOMEM` or `EPERM` for who may not lock as much, which root may.
    pub(super) fn new() -> Result<Self, Errno> {
        mlockall(MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE)?;
        Ok(Self(()))
    }
}

impl Drop for Unswapped {
    fn drop(&mut self) {
        // It only ever takes away what was allowed before.
        let _ = munlockall();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmLck:")).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    #[test]
    fn pages_stay_as_long_as_it_is_there() {
        match Unswapped::new() {
            Ok(unswapped) => {
                assert!(locked() > 0);
                drop(unswapped);
            }
            // Not root, and more pages than others may lock.
            Err(errno) => assert!(matches!(errno, Errno::ENOMEM | Errno::EPERM), "{errno}"),
        }
        assert_eq!(locked(), 0);
    }
}

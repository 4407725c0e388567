//! What the agent does to itself so that the same operation takes the same way through the kernel.

use nix::{
    sched::{CpuSet, sched_setaffinity},
    sys::prctl,
    unistd::Pid,
};

use crate::world::Trouble;

/// Prepares this process.
///
/// * It stays on CPU 0: what the kernel does for it happens there, in one order.
/// * Its memory consists of single pages: where pages lie together in a huge one, the block layer makes
///   one segment of them, and how many pages fit into a bio depends on what memory was free.
///
/// # Errors
/// When the kernel refuses one of them.
pub fn make_repeatable() -> Result<(), Trouble> {
    let mut cpus = CpuSet::new();
    cpus.set(0)
        .and_then(|()| sched_setaffinity(Pid::from_raw(0), &cpus))
        .map_err(|errno| Trouble::setup("staying on CPU 0", errno))?;
    prctl::set_thp_disable(true).map_err(|errno| Trouble::setup("doing without huge pages", errno))
}

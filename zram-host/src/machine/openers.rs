//! Programs that have a device open: `/proc/PID/fd`.
//!
//! The kernel refuses to reset a device that somebody has open, and does not say who that is.

use super::Machine;

/// A program that has something open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opener {
    /// Its process.
    pub pid: u32,
    /// Its name, as the kernel cuts it.
    pub name: String,
}

/// Those that have this path open, by process; only the caller's own unless he is root. Processes that end meanwhile are passed over.
pub fn openers(machine: &mut (impl Machine + ?Sized), path: &str) -> Vec<Opener> {
    let entries = machine.kernel_folder("/proc").unwrap_or_default();
    let mut pids: Vec<u32> = entries.iter().filter_map(|name| name.parse().ok()).collect();
    pids.sort_unstable();
    let mut found = Vec::new();
    for pid in pids {
        let folder = format!("/proc/{pid}/fd");
        let descriptors = machine.kernel_folder(&folder).unwrap_or_default();
        let leads_there = |machine: &mut _, descriptor: &str| {
            Machine::kernel_link(machine, &format!("{folder}/{descriptor}"))
                .is_ok_and(|target| target == path)
        };
        if descriptors.iter().any(|descriptor| leads_there(machine, descriptor)) {
            let name = machine.kernel_file(&format!("/proc/{pid}/comm")).unwrap_or_default();
            found.push(Opener { pid, name: String::from_utf8_lossy(&name).trim_end().to_owned() });
        }
    }
    found
}

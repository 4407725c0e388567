//! A device over a disk that takes its time, has bad blocks, or is smaller: the device mapper's targets
//! `delay`, `error`, `flakey` and `linear`.
//!
//! The RAM disk completes within the submission, so that nothing can ever happen to a slot whose page
//! is on its way; and it never fails. Here a write or a read is passed on only after its delay,
//! and blocks from a certain one on answer with an I/O error: to everything, or to writes or reads only. The last is what `flakey` is for,
//! which is up and down by turns; here it is never up.
//!
//! The kernel gives out the device's number; the node is our own, so that its path, which zram shows in `backing_dev`, is the same on every
//! machine.

use std::{
    fs, io,
    thread::sleep,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::{
        stat::{Mode, SFlag, makedev, mknod},
        utsname::uname,
    },
};
use zram_host::live::device_mapper::{Removal, Target, create, remove};

use super::modules::{Source, is_loaded, unload};
use crate::{
    protocol::Bad,
    world::{Backing, Trouble},
};

/// Where zram finds it.
pub(super) const PATH: &str = "/dev/zram-agent-mapped";

const NAME: &str = "zram-agent-mapped";
/// Sectors of a block.
const SECTORS: u64 = 8;

/// What it needs, dependencies first.
pub(super) const MODULES: [&str; 2] = ["dm_mod", "dm_delay"];

/// What blocks that fail one way only need beside.
const FLAKEY: &str = "dm_flakey";

/// The first kernel of which it is known that `flakey` can fail reads and let writes through. (6.1 cannot.)
const FAILS_READS: (u32, u32) = (6, 12);

/// How long somebody (a `blkid` started by udev) may have it open.
const REMOVAL: Duration = Duration::from_secs(5);

/// The device, while it exists.
#[derive(Debug)]
pub(super) struct Mapped {
    /// Modules that were loaded for it.
    loaded: Vec<&'static str>,
}

/// Whether blocks can be made that fail reads only, or writes only.
pub(super) fn fails_one_way(source: &Source) -> bool {
    source.has(FLAKEY) && uname().is_ok_and(|name| recent_enough(&name.release().to_string_lossy()))
}

/// Whether a release's first two numbers are those of a kernel whose `flakey` can do both.
fn recent_enough(release: &str) -> bool {
    let mut numbers = release.split(['.', '-']).map_while(|number| number.parse().ok());
    numbers.next().zip(numbers.next()).is_some_and(|version| version >= FAILS_READS)
}

impl Mapped {
    /// Makes one over the device at `below`.
    pub(super) fn new(source: &Source, below: &str, wanted: Backing) -> Result<Self, Trouble> {
        let mut mapped = Self { loaded: Vec::new() };
        let flakey = (wanted.bad != Bad::Both && wanted.first_bad().is_some()).then_some(FLAKEY);
        for module in MODULES.into_iter().chain(flakey) {
            if !is_loaded(module) {
                source.load(module, "")?;
                mapped.loaded.push(module);
            }
        }
        match make(&table(below, wanted)) {
            Ok(()) => Ok(mapped),
            Err(errno) => {
                // The step that failed is what is told.
                let _ = mapped.remove();
                let doing = format!("making a device over {below} that is slow or has bad blocks");
                Err(Trouble::setup(doing, errno))
            }
        }
    }

    /// Removes it, and the modules that were loaded for it.
    pub(super) fn remove(mut self) -> Result<(), Trouble> {
        let doing = || format!("removing the device {PATH}");
        match fs::remove_file(PATH) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Trouble::setup(doing(), error));
            }
            _ => {}
        }
        let start = Instant::now();
        loop {
            match remove(NAME, Removal::Now) {
                Ok(()) | Err(Errno::ENXIO | Errno::ENODEV) => break,
                Err(Errno::EBUSY) if start.elapsed() < REMOVAL => sleep(Duration::from_millis(5)),
                Err(errno) => return Err(Trouble::setup(doing(), errno)),
            }
        }
        while let Some(module) = self.loaded.pop() {
            unload(module)?;
        }
        Ok(())
    }
}

/// The good blocks, then the bad ones.
fn table(below: &str, wanted: Backing) -> Vec<Target> {
    let good = wanted.first_bad().unwrap_or(wanted.pages);
    let at_once = wanted.delay_ms == 0 && wanted.read_delay_ms == 0;
    let (kind, parameters) = if at_once {
        ("linear", format!("{below} 0"))
    } else {
        // Where reads go and after how many milliseconds, then the same for writes.
        ("delay", format!("{below} 0 {} {below} 0 {}", wanted.read_delay_ms, wanted.delay_ms))
    };
    let delay = Target { first: 0, sectors: good * SECTORS, kind, parameters: parameters.into() };
    let bad = (wanted.pages - good) * SECTORS;
    // From where on, seconds up, seconds down, and one word about being down.
    let flakey = |what| format!("{below} {} 0 1 1 {what}", good * SECTORS);
    let (kind, parameters) = match wanted.bad {
        Bad::Both => ("error", String::new()),
        Bad::Writes => ("flakey", flakey("error_writes")),
        Bad::Reads => ("flakey", flakey("error_reads")),
    };
    let error = Target { first: good * SECTORS, sectors: bad, kind, parameters: parameters.into() };
    [delay, error].into_iter().filter(|stretch| stretch.sectors != 0).collect()
}

fn make(table: &[Target]) -> Result<(), Errno> {
    let (major, minor) = create(NAME, "", table)?;
    mknod(PATH, SFlag::S_IFBLK, Mode::S_IRUSR | Mode::S_IWUSR, makedev(major, minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_blocks_are_slow_and_bad_ones_fail() {
        let wanted = Backing { pages: 128, delay_ms: 80, bad_from: Some(100), ..Backing::default() };
        let table = table("/dev/ram0", wanted);
        let stretches: Vec<_> = table
            .iter()
            .map(|target| (target.first, target.sectors, target.kind, target.parameters.as_str()))
            .collect();
        assert_eq!(stretches, [(0, 800, "delay", "/dev/ram0 0 0 /dev/ram0 0 80"), (800, 224, "error", "")]);
    }

    #[test]
    fn blocks_that_fail_one_way_lie_over_the_disk() {
        let stretches = |bad| {
            let wanted = Backing { pages: 8, bad_from: Some(3), bad, ..Backing::default() };
            let table = table("/dev/ram0", wanted);
            let last =
                table.last().map(|last| (last.first, last.sectors, last.kind, last.parameters.to_string()));
            last.unwrap()
        };
        assert_eq!(stretches(Bad::Both), (24, 40, "error", String::new()));
        assert_eq!(stretches(Bad::Writes), (24, 40, "flakey", "/dev/ram0 24 0 1 1 error_writes".to_owned()));
        assert_eq!(stretches(Bad::Reads), (24, 40, "flakey", "/dev/ram0 24 0 1 1 error_reads".to_owned()));
        assert!(recent_enough("6.12.117+deb13-cloud-amd64") && recent_enough("7.2.13-zram-rs"));
        assert!(!recent_enough("6.1.0-44-cloud-amd64") && !recent_enough("none"));
    }
}

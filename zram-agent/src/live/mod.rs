//! The world of a real machine: [`LiveHost`], a RAM disk as backing device, and probes.
//!
//! Only devices that this world added itself are listed, observed or touched; on an ordinary machine
//! there may be others, with somebody's swap on them.

mod backing;
mod cgroup;
mod filesystem;
mod kernel_log;
mod loop_disk;
mod mapped;
pub mod modules;
mod null_disk;
mod occupant;
mod program;
mod repeatable;
mod swap;
mod virtual_disk;
mod workloads;

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt as _, fs::FileTypeExt as _},
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use nix::errno::Errno;
use zram_events::{DeviceId, RawRecord, raw::RECORD_BYTES};
use zram_host::{
    Buffer, LiveHost, Port,
    meanwhile::{Ended, Errand, Io},
    together::{Act, TaskEnded},
};
use zram_probe::{ClassEntry, Coverage, Health, Probes, SlotEntry, object_sha256};

use crate::{
    protocol::{Fail, Failed, Hello, Ran, SlotRow, VERSION, Work},
    world::{self, Seen, Trouble, Worked, World},
};
pub use repeatable::make_repeatable;

use backing::Backing;
use kernel_log::KernelLog;
use modules::Source;
use workloads::Workloads;

/// The lock bit of a slot's flags word (`ZRAM_ENTRY_LOCK` with 4 KiB pages). Whether it is set in a
/// snapshot says something about the moment, not about the slot.
const ENTRY_LOCK: u32 = 1 << 14;

/// How long to go on asking for the removal of a device that somebody (a `blkid` started by udev)
/// has open for a moment.
const REMOVAL: Duration = Duration::from_secs(5);

/// Where in a second of boot time an operation that compares seconds may start, in nanoseconds. The
/// kernel's coarse clock is one tick (10 ms at 100 Hz) behind the fine one, or more where ticks come late, and an operation
/// that starts late in a second may end in the next one.
const STEADY: std::ops::Range<u64> = 30_000_000..700_000_000;

/// How long nothing must have happened for a workload to be over.
const QUIET: Duration = Duration::from_millis(50);

/// Has the kernel print complaints again that it prints only once: a program is to get the same answers whatever ran
/// before it.
fn complain_again() -> Result<(), Trouble> {
    let path = "/sys/kernel/debug/clear_warn_once";
    fs::write(path, "1")
        .map_err(|error| Trouble::setup(format!("writing to {path} (is debugfs mounted?)"), error))
}

/// The running kernel, a RAM disk, and probes.
pub struct LiveWorld {
    host: LiveHost,
    backing: Backing,
    log: KernelLog,
    probes: Option<Probes>,
    added: BTreeSet<u32>,
    workloads: Workloads,
    /// Records that came while an operation waited for quiet.
    drained: Vec<RawRecord>,
    failing: bool,
    /// Whether the machine is the test's own, so that programs may be run.
    programs: bool,
}

impl LiveWorld {
    /// The machine as it stands; zram is loaded. With `probe`, attaches the probes: before any
    /// device of ours exists, so that the stream of events is whole.
    ///
    /// # Errors
    /// When zram is not there, or probes cannot be attached.
    pub fn new(source: Source, probe: bool) -> Result<Self, Trouble> {
        let log = KernelLog::open()?;
        let host = LiveHost::new();
        fs::metadata(host.tree().control("hot_add")).map_err(|error| {
            Trouble::setup("looking for /sys/class/zram-control/hot_add (is the module zram loaded?)", error)
        })?;
        let probes = if probe { Some(Probes::attach()?) } else { None };
        Ok(Self {
            host,
            backing: Backing::new(source)?,
            log,
            probes,
            added: BTreeSet::new(),
            workloads: Workloads::default(),
            drained: Vec::new(),
            failing: false,
            programs: false,
        })
    }

    /// Lets programs be run: the machine is the test's own.
    #[must_use]
    pub fn with_programs(self) -> Self {
        Self { programs: true, ..self }
    }

    /// The agent's first line. Makes a backing device and a device to look at, and removes both.
    ///
    /// # Errors
    /// When the machine cannot do that; then it is not fit for anything else either.
    pub fn hello(&mut self) -> Result<Hello, Trouble> {
        self.begin(world::Backing { pages: 1, ..world::Backing::default() })?;
        let dev = self.hot_add().map_err(|errno| Trouble::setup("adding a zram device", errno))?;
        // What the backing device has too belongs to every disk; the rest is zram's own.
        let theirs = names(self.backing.attributes())?;
        let mut attributes = names(&self.host.tree().attributes(dev))?;
        attributes.retain(|name| !theirs.contains(name));
        self.begin(world::Backing::default())?;
        Ok(Hello {
            protocol: VERSION,
            kernel: kernel_release()?,
            bpf_object: self.probes.is_some().then(|| object_sha256().to_owned()),
            attributes: attributes.into_iter().collect(),
            backing_path: self.backing_path().to_owned(),
            coverage: self.coverage().cloned(),
            backing: self.backing.kinds(),
            workloads: workloads::kinds(),
            failures: self.probes.as_ref().map(Probes::failures).unwrap_or_default(),
        })
    }

    /// What the probes can see.
    #[must_use]
    pub fn coverage(&self) -> Option<&Coverage> {
        self.probes.as_ref().map(Probes::coverage)
    }

    /// Leaves the machine as it was found: our devices and the backing device are removed.
    ///
    /// # Errors
    /// When something stays behind.
    pub fn end(&mut self) -> Result<(), Trouble> {
        self.remove_all()?;
        self.backing.remove()
    }

    fn remove_all(&mut self) -> Result<(), Trouble> {
        self.workloads.end()?;
        self.host.release_all();
        for dev in self.added.clone() {
            self.remove(dev)?;
            self.added.remove(&dev);
        }
        Ok(())
    }

    fn remove(&mut self, dev: u32) -> Result<(), Trouble> {
        let start = Instant::now();
        loop {
            match self.host.hot_remove(dev.to_string().as_bytes()) {
                Ok(_) | Err(Errno::ENODEV) => return Ok(()),
                Err(Errno::EBUSY) if start.elapsed() < REMOVAL => sleep(Duration::from_millis(5)),
                Err(errno) => return Err(Trouble::setup(format!("removing zram{dev}"), errno)),
            }
        }
    }

    /// Waits until nothing more comes: a swap area's clusters are discarded by a worker.
    fn wait_for_quiet(&mut self) {
        let Some(probes) = &mut self.probes else { return };
        let mut last = Instant::now();
        while last.elapsed() < QUIET {
            if probes.drain(&mut self.drained) > 0 {
                last = Instant::now();
            }
            sleep(QUIET / 10);
        }
    }

    /// Forgets devices that are gone.
    fn forget(&mut self) {
        if let Ok(existing) = self.host.devices() {
            self.added.retain(|dev| existing.contains(dev));
        }
    }
}

impl World for LiveWorld {
    fn begin(&mut self, backing: world::Backing) -> Result<(), Trouble> {
        self.remove_all()?;
        self.backing.renew(backing)?;
        complain_again()?;
        self.take_events().map(drop)
    }

    fn own(&mut self, dev: u32) -> Result<(), Trouble> {
        let exists = self.host.tree().attributes(dev).exists();
        if exists && !self.added.contains(&dev) { Err(Trouble::Foreign { dev }) } else { Ok(()) }
    }

    fn has_attr(&mut self, dev: u32, name: &str) -> bool {
        self.host.tree().attribute(dev, name).is_ok_and(|path| path.symlink_metadata().is_ok())
    }

    fn is_others_disk(&mut self, path: &[u8]) -> bool {
        // What cannot be followed to a disk cannot be written to either: the kernel answers.
        let Ok(path) = fs::canonicalize(OsStr::from_bytes(path)) else { return false };
        let disk = fs::metadata(&path).is_ok_and(|found| found.file_type().is_block_device());
        let zram = |dev: &u32| path == Path::new(&format!("/dev/zram{dev}"));
        disk && !backing::PATHS.iter().any(|own| path == Path::new(own)) && !self.added.iter().any(zram)
    }

    fn backing_path(&self) -> &str {
        self.backing.path()
    }

    fn read_blocks(&mut self, first: u64, count: u32) -> Result<Vec<u8>, Errno> {
        self.backing.read(first, count)
    }

    fn slot_table(&mut self, dev: u32, slots: u32) -> Result<Option<Vec<SlotRow>>, Trouble> {
        let Some(probes) = &mut self.probes else { return Ok(None) };
        let table = probes.slots(DeviceId(dev), 0, slots)?;
        let rows = (0..).zip(table).filter(|(_, entry)| *entry != SlotEntry::default());
        Ok(Some(
            rows.map(|(slot, entry)| SlotRow {
                slot,
                word: entry.handle,
                flags: entry.flags & !ENTRY_LOCK,
                time: entry.ac_time,
                nanoseconds: entry.ac_nanoseconds,
            })
            .collect(),
        ))
    }

    fn classes(&mut self, dev: u32) -> Result<Vec<ClassEntry>, Trouble> {
        let probes = self.probes.as_mut().ok_or(Trouble::NoProbes { what: "classes" })?;
        Ok(probes.classes(DeviceId(dev))?)
    }

    fn take_events(&mut self) -> Result<Seen, Trouble> {
        let Some(probes) = &mut self.probes else { return Ok(Seen::Nothing) };
        let mut records = std::mem::take(&mut self.drained);
        probes.drain(&mut records);
        let mut bytes = Vec::with_capacity(records.len() * RECORD_BYTES);
        for record in &records {
            bytes.extend_from_slice(&record.to_bytes());
        }
        Ok(Seen::Records(bytes))
    }

    fn health(&mut self) -> Result<Option<Health>, Trouble> {
        Ok(self.probes.as_mut().map(Probes::health).transpose()?)
    }

    fn kernel_log(&mut self) -> Vec<String> {
        self.log.lines()
    }

    fn work(&mut self, dev: u32, work: Work<'_>) -> Result<Result<Worked, Errno>, Trouble> {
        let node = self.host.tree().node(dev);
        let worked = self.workloads.work(dev, &node, work)?;
        self.wait_for_quiet();
        Ok(worked)
    }

    fn fail(&mut self, fail: Fail) -> Result<(), Trouble> {
        let probes = self.probes.as_mut().ok_or(Trouble::NoProbes { what: "fail" })?;
        probes.fail(fail.site, fail.nth)?;
        self.failing = true;
        Ok(())
    }

    fn is_failing(&self) -> bool {
        self.failing
    }

    fn relent(&mut self) -> Result<Option<Failed>, Trouble> {
        self.failing = false;
        let failed = self.probes.as_mut().map(Probes::relent).transpose()?;
        Ok(failed.flatten())
    }

    fn run(&mut self, words: &[String]) -> Result<Ran, Trouble> {
        if self.programs { program::run(words) } else { Err(Trouble::Programs) }
    }

    fn sleep(&mut self, millis: u32) {
        sleep(Duration::from_millis(u64::from(millis)));
    }

    fn steady_clock(&mut self) {
        const SECOND: u64 = 1_000_000_000;
        const TICK: u64 = 10_000_000;
        loop {
            let (tick, now) = (self.host.boot_tick(), self.host.boot_time());
            let (second, part) = (now / SECOND, now % SECOND);
            let wait = if part >= STEADY.end {
                SECOND - part + STEADY.start
            } else if part < STEADY.start {
                STEADY.start - part
            } else if tick / SECOND < second {
                TICK
            } else {
                return;
            };
            sleep(Duration::from_nanos(wait));
        }
    }
}

impl Port for LiveWorld {
    fn hot_add(&mut self) -> Result<u32, Errno> {
        let dev = self.host.hot_add()?;
        self.added.insert(dev);
        Ok(dev)
    }

    fn hot_remove(&mut self, text: &[u8]) -> Result<usize, Errno> {
        let taken = self.host.hot_remove(text);
        self.forget();
        taken
    }

    fn devices(&mut self) -> Result<Vec<u32>, Errno> {
        Ok(self.added.iter().copied().collect())
    }

    fn read_attr(&mut self, dev: u32, name: &str) -> Result<Vec<u8>, Errno> {
        self.host.read_attr(dev, name)
    }

    fn write_attr(&mut self, dev: u32, name: &str, text: &[u8]) -> Result<usize, Errno> {
        self.host.write_attr(dev, name, text)
    }

    fn hold(&mut self, dev: u32) -> Result<(), Errno> {
        self.host.hold(dev)
    }

    fn release(&mut self, dev: u32) -> Result<(), Errno> {
        self.host.release(dev)
    }

    fn write(&mut self, dev: u32, at: u64, buffer: Buffer<'_>) -> Result<usize, Errno> {
        self.host.write(dev, at, buffer)
    }

    fn read(&mut self, dev: u32, at: u64, buffer: Buffer<'_>) -> Result<usize, Errno> {
        self.host.read(dev, at, buffer)
    }

    fn discard(&mut self, dev: u32, at: u64, bytes: u64) -> Result<(), Errno> {
        self.host.discard(dev, at, bytes)
    }

    fn zero_out(&mut self, dev: u32, at: u64, bytes: u64) -> Result<(), Errno> {
        self.host.zero_out(dev, at, bytes)
    }

    fn meanwhile(&mut self, dev: u32, errand: Errand<'_>, io: Vec<Io<'_>>) -> Ended {
        self.host.meanwhile(dev, errand, io)
    }

    fn together(&mut self, dev: u32, tasks: Vec<Vec<Act<'_>>>) -> Vec<TaskEnded> {
        self.host.together(dev, tasks)
    }

    fn block_state(&mut self, dev: u32, position: u64, bytes: usize) -> Result<Vec<u8>, Errno> {
        self.host.block_state(dev, position, bytes)
    }

    fn boot_time(&mut self) -> u64 {
        self.host.boot_time()
    }

    fn boot_tick(&mut self) -> u64 {
        self.host.boot_tick()
    }
}

/// Names in a folder.
fn names(folder: &Path) -> Result<BTreeSet<String>, Trouble> {
    fs::read_dir(folder)
        .and_then(|entries| {
            entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
        })
        .map_err(|error| Trouble::setup(format!("listing {}", folder.display()), error))
}

fn kernel_release() -> Result<String, Trouble> {
    let path = "/proc/sys/kernel/osrelease";
    let text = fs::read_to_string(path).map_err(|error| Trouble::setup(format!("reading {path}"), error))?;
    Ok(text.trim_end().to_owned())
}

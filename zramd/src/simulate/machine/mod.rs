//! A simulated computer around the model of the kernel.
//!
//! The model says what zram does with each page, to the byte; which pages come to it, when, and what it costs that they are there is said here, by
//! a small model of memory management. So a driver runs on it as on a machine: it reads `/proc` and `/sys`, writes attributes, sleeps; and what
//! it does has consequences, since memory that it frees is used for something, and a page that it sent to the disk is waited for.
//!
//! * [`spec`] is what the computer consists of; [`content`] what its pages hold.
//! * `programs` are its processes' memory, `lru` their pages in the order of use, `fault` an access, `reclaim` getting memory back, `swap` the way
//!   through zram.
//! * `time` runs a workload's steps; `psi` is who waits; `texts` and `port` are what a driver sees.
//! * `ledger` counts; `around` is what the model of the kernel asks.
//!
//! Every page that is swapped is really written to the model, really read back, and compared.

#[cfg(test)]
mod accounts;
mod around;
pub mod content;
mod fault;
mod ledger;
mod lru;
mod port;
mod programs;
mod psi;
mod reclaim;
pub mod spec;
mod swap;
mod texts;
mod time;

use std::{iter::Peekable, time::Duration};

use nix::errno::Errno;
use zram_host::{
    Disk, Machine as _, Port as _, SimHost,
    sim::BACKING,
    swap::{HEADER_BYTES, SwapOptions, write_header},
};
use zram_model::Profile;

use self::{
    around::Around,
    content::{Lost, PAGE},
    ledger::Ledger,
    lru::Lru,
    programs::Programs,
    psi::{Psi, Trigger},
    reclaim::{Reclaim, Watermarks},
    swap::Slots,
    time::{Stop, Until, Walk},
};
pub use ledger::ReadBacks;
pub use spec::{BadSpec, Pages, Spec};

use super::{
    outcome::{Outcome, Sample, Waits},
    workload::Step,
};
use crate::{
    config::Pressure,
    driver::{Driver, Occasion},
};

/// The computer.
pub struct World {
    spec: Spec,
    host: SimHost<Around>,
    dev: u32,
    steps: Peekable<Box<dyn Iterator<Item = Step>>>,
    /// When it began, and now, by the kernel's `CLOCK_BOOTTIME`, in nanoseconds.
    started: u64,
    now: u64,
    suspended: u64,
    programs: Programs,
    lru: Lru,
    slots: Slots,
    reclaim: Reclaim,
    watermarks: Watermarks,
    inactive_ratio: u32,
    /// Pages of files that stay.
    file_floor: u32,
    resident: u32,
    /// Pages of the device's pool, and whether they may have changed.
    pool: u32,
    pool_stale: bool,
    memory_psi: Psi,
    io_psi: Psi,
    trigger: Trigger,
    pressed: bool,
    walk: Option<Walk>,
    /// What reclaim took, in nanoseconds, since somebody set it to 0.
    spent: u64,
    ledger: Ledger,
    samples: Vec<Sample>,
    next_sample: u64,
    sample_every: u64,
    buffer: Vec<u8>,
    expected: Vec<u8>,
    lost: Option<Lost>,
}

/// A machine that could not be set up, or did not keep what it was given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// It is described wrong.
    #[error(transparent)]
    Spec(#[from] BadSpec),
    /// The model of the kernel refused.
    #[error("the simulated device cannot be set up: writing \"{value}\" to {attribute} failed: {}", errno.desc())]
    Device {
        /// Which attribute.
        attribute: &'static str,
        /// What was written.
        value: String,
        /// The errno.
        errno: Errno,
    },
    /// A page was lost.
    #[error(transparent)]
    Lost(#[from] Lost),
}

impl World {
    /// A computer just booted, its zram device set up and in use as swap, before the first step.
    ///
    /// # Errors
    /// When it cannot be as it is described.
    pub fn new(
        spec: &Spec,
        steps: Box<dyn Iterator<Item = Step>>,
        pressure: &Pressure,
        sample_every: Duration,
    ) -> Result<Self, Broken> {
        spec.check()?;
        let profile =
            if spec.recompression.is_empty() { Profile::debian_7_2() } else { Profile::custom_7_2() };
        let profile = Profile { memory: spec.memory.bytes(), ..profile };
        let mut host = SimHost::new(profile, Around::new());
        host.restart(Disk { pages: spec.backing.0.into(), ..Disk::default() });
        host.keep_no_events();
        let dev = set_up(&mut host, spec)?;
        let now = host.boot_time();
        let gib = spec.unscaled(spec.memory.bytes()) >> 30;
        let every = u64::try_from(sample_every.as_nanos()).unwrap_or(u64::MAX).max(1);
        let mut world = Self {
            host,
            dev,
            steps: steps.peekable(),
            started: now,
            now,
            suspended: 0,
            programs: Programs::default(),
            lru: Lru::default(),
            slots: Slots::new(spec.swap.0),
            reclaim: Reclaim::default(),
            watermarks: Watermarks::of(spec.memory.0),
            // `inactive_is_low`
            inactive_ratio: u32::try_from((10 * gib).isqrt()).unwrap_or(u32::MAX).max(1),
            file_floor: spec.memory.0 / 20,
            resident: 0,
            pool: 0,
            pool_stale: true,
            memory_psi: Psi::default(),
            io_psi: Psi::default(),
            trigger: Trigger::new(pressure.memory_stall, pressure.memory_window, pressure.cool_down),
            pressed: false,
            walk: None,
            spent: 0,
            ledger: Ledger::new(spec.swap.0 as usize, now),
            samples: Vec::new(),
            next_sample: now,
            sample_every: every,
            buffer: vec![0; PAGE],
            expected: vec![0; PAGE],
            lost: None,
            spec: Spec { times: spec.times.of_each(spec.scale), ..spec.clone() },
        };
        world.free();
        Ok(world)
    }

    /// Runs it for so long with this driver.
    ///
    /// # Errors
    /// When a page was lost on the way, which is a mistake of the simulation or the model.
    pub fn drive(&mut self, driver: &mut dyn Driver, time: Duration) -> Result<(), Broken> {
        let end = self.started.saturating_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        let mut occasion = Occasion::Start;
        loop {
            // A driver that says 0 again and again would be all that happens.
            let left = driver.wake(self, occasion).map(|left| left.max(Duration::from_millis(1)));
            let left = left.map_or(u64::MAX, |left| u64::try_from(left.as_nanos()).unwrap_or(u64::MAX));
            let awake = self.awake().saturating_add(left);
            occasion = match self.run_until(Until { boot: end, awake, listens: true }) {
                Stop::End => break,
                Stop::Due => Occasion::Time,
                Stop::Pressure => Occasion::MemoryPressure,
            };
            if let Some(lost) = self.lost {
                return Err(lost.into());
            }
        }
        self.lost.map_or(Ok(()), |lost| Err(lost.into()))
    }

    /// What came of it.
    pub fn outcome(&mut self) -> Outcome {
        self.sample();
        let (mean_saved, mean_pool) = self.ledger.means(self.started, self.now);
        let ledger = &self.ledger;
        let page = PAGE as u64;
        Outcome {
            scale: self.spec.scale,
            seconds: (self.now - self.started) / 1_000_000_000,
            suspended_seconds: self.suspended / 1_000_000_000,
            accesses: ledger.accesses,
            mean_saved,
            final_saved: ledger.saved,
            mean_pool,
            final_pool: u64::from(self.pool) * page,
            written: ledger.written * page,
            most_in_day: ledger.most_bytes_in_day(),
            relieved: ledger.relieved,
            read_backs: ledger.read_backs,
            dropped: ledger.dropped,
            away: ledger.pages_away,
            swap_ins: ledger.swap_ins,
            swap_outs: ledger.swap_outs,
            file_reads: ledger.file_reads,
            kills: ledger.kills,
            waits: Waits {
                memory_some: self.memory_psi.some() / 1000,
                memory_full: self.memory_psi.full() / 1000,
                io_some: self.io_psi.some() / 1000,
            },
            samples: std::mem::take(&mut self.samples),
        }
    }

    /// Free pages; fewer than none where more is used than there is.
    fn free(&mut self) -> i64 {
        if std::mem::take(&mut self.pool_stale) {
            let text = self.host.read_attr(self.dev, "mm_stat").unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            let bytes: u64 = text.split_whitespace().nth(2).and_then(|word| word.parse().ok()).unwrap_or(0);
            self.pool = u32::try_from(bytes / PAGE as u64).unwrap_or(u32::MAX);
            self.ledger.pool(self.now, bytes);
        }
        i64::from(self.spec.memory.0)
            - i64::from(self.spec.pinned.0)
            - i64::from(self.resident)
            - i64::from(self.pool)
    }

    /// The device's pool may have grown or shrunk.
    fn pool_moved(&mut self) {
        self.pool_stale = true;
    }

    fn sample(&mut self) {
        let free = self.free();
        self.samples.push(Sample {
            seconds: (self.now - self.started) / 1_000_000_000,
            pool: u64::from(self.pool) * PAGE as u64,
            saved: self.ledger.saved,
            free: u64::try_from(free).unwrap_or(0) * PAGE as u64,
            written: self.ledger.written * PAGE as u64,
            read_backs: self.ledger.read_backs.all,
            waited: self.memory_psi.some() / 1000,
        });
        self.next_sample = self.now + self.sample_every;
    }
}

/// Writes what a device must be told, in the order that the kernel wants.
fn set_up(host: &mut SimHost<Around>, spec: &Spec) -> Result<u32, Broken> {
    fn failed(attribute: &'static str, value: &str) -> impl Fn(Errno) -> Broken {
        let value = value.to_owned();
        move |errno| Broken::Device { attribute, value: value.clone(), errno }
    }
    let dev = host.hot_add().map_err(failed("hot_add", ""))?;
    let mut set = |attribute: &'static str, value: &str| {
        host.write_attr(dev, attribute, value.as_bytes()).map(drop).map_err(failed(attribute, value))
    };
    set("comp_algorithm", &spec.algorithm)?;
    for (priority, algorithm) in (1..).zip(&spec.recompression) {
        set("recomp_algorithm", &format!("algo={algorithm} priority={priority}"))?;
    }
    if spec.backing.0 > 0 {
        set("backing_dev", BACKING)?;
        if spec.compressed_writeback {
            set("compressed_writeback", "1")?;
        }
    }
    set("disksize", &spec.swap.bytes().to_string())?;
    let mut header = [0; HEADER_BYTES];
    write_header(&mut header, spec.swap.0);
    host.write_first_page(dev, &header).map_err(failed("the swap header", ""))?;
    let options = SwapOptions { priority: Some(100), ..SwapOptions::default() };
    host.swap_on(dev, options).map_err(failed("swapon", ""))?;
    Ok(dev)
}

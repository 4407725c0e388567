//! The probes in place.

use std::{
    fmt,
    os::fd::AsFd as _,
    thread,
    time::{Duration, Instant},
};

use aya::{
    Ebpf,
    maps::{Array, MapData, PerCpuArray, RingBuf},
};
use aya_log::EbpfLogger;
use log::{Log, debug};
use zram_events::{
    DeviceId, RawRecord, Shortage,
    layout::{Layout, counter},
};

use crate::{
    ClassEntry, Coverage, Failed, Health, ProbeError, SlotEntry, coverage,
    facts::BtfFiles,
    failures::Failures,
    flags::FlagOrder,
    load,
    plan::{self, Plan, Wanted},
    snapshot::Snapshots,
    stream::Stream,
    sys,
};

const EVENTS: &str = "EVENTS";
const SEQUENCE: &str = "SEQUENCE";
const COUNTERS: &str = "COUNTERS";

/// How long a record may take from getting its number to lying in the buffer: the programs do both
/// without sleeping, but the CPU they run on may be taken away in a virtual machine.
const IN_FLIGHT: Duration = Duration::from_millis(1);
/// How often that is waited for.
const PATIENCE: usize = 50;

/// Attached probes. Dropping them detaches.
pub struct Probes {
    coverage: Coverage,
    layout: Layout,
    flags: FlagOrder,
    programs: Vec<load::Attached>,
    stream: Stream,
    sequence: Array<MapData, u64>,
    counters: PerCpuArray<MapData, u64>,
    snapshots: Result<Snapshots, String>,
    failures: Failures,
    logger: EbpfLogger<&'static dyn Log>,
}

impl fmt::Debug for Probes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probes").field("coverage", &self.coverage).finish_non_exhaustive()
    }
}

impl Probes {
    /// Attaches on the running kernel; zram (and zsmalloc, where it is a module) must be loaded.
    ///
    /// # Errors
    /// When a required probe cannot be placed: says which, where and why.
    pub fn attach() -> Result<Self, ProbeError> {
        Self::attach_as(None)
    }

    /// Attaches only what is asked for, which is quicker, and can be done where a required probe has no place. Of a stream with some kinds only,
    /// the [`Coverage`] speaks of these alone. No failures can be asked for.
    ///
    /// # Errors
    /// When nothing of it can be had, or the kernel refuses; says which, where and why.
    pub fn attach_only(wanted: Wanted<'_>) -> Result<Self, ProbeError> {
        Self::attach_as(Some(wanted))
    }

    fn attach_as(wanted: Option<Wanted<'_>>) -> Result<Self, ProbeError> {
        let started = Instant::now();
        let files = BtfFiles::read()?;
        files.with(|btf| {
            debug!("BTF read after {:?}", started.elapsed());
            let facts = btf.facts()?;
            let plan = plan::plan(&facts);
            let plan = match wanted {
                Some(wanted) => chosen(plan, wanted)?,
                None => plan,
            };
            debug!("planned after {:?}", started.elapsed());
            if !plan.missing.is_empty() {
                let reasons: Vec<String> =
                    plan.missing.iter().map(|(program, reason)| format!("{program}: {reason}")).collect();
                return Err(ProbeError::Unobservable {
                    kernel: load::release(),
                    reasons: reasons.join("; "),
                });
            }
            let mut ebpf = load::maps(&facts.layout)?;
            debug!("maps made after {:?}", started.elapsed());
            let loader = load::Loader::new(&ebpf, &facts.layout, &plan, btf)?;
            let programs = loader.attach(&plan)?;
            debug!("{} programs attached after {:?}", programs.len(), started.elapsed());
            let failures = match wanted {
                Some(_) => Failures::none(&mut ebpf)?,
                None => Failures::load(&mut ebpf, &loader, &facts, btf)?,
            };
            debug!("failures prepared after {:?}", started.elapsed());
            let snapshots = match plan.no_snapshot {
                None => Ok(Snapshots::take(&mut ebpf)?),
                Some(ref reason) => Err(reason.clone()),
            };
            Ok(Self {
                coverage: covered(&programs, plan.unobservable, facts.interrupts),
                layout: facts.layout,
                flags: btf.flags()?,
                stream: Stream::new(RingBuf::try_from(take(&mut ebpf, EVENTS)?).map_err(map_error(EVENTS))?),
                sequence: take(&mut ebpf, SEQUENCE)?.try_into().map_err(map_error(SEQUENCE))?,
                counters: take(&mut ebpf, COUNTERS)?.try_into().map_err(map_error(COUNTERS))?,
                snapshots,
                failures,
                logger: EbpfLogger::init(&mut ebpf)
                    .map_err(|error| ProbeError::Object { what: error.to_string() })?,
                programs,
            })
        })
    }

    /// Takes what the programs wrote since the last call, in the order of its sequence numbers.
    /// Returns how many records were added to `out`.
    ///
    /// A record is held back until all before it have come, so records of a CPU that is about to
    /// write may come with the next call.
    pub fn drain(&mut self, out: &mut Vec<RawRecord>) -> usize {
        self.logger.flush();
        let added = self.stream.drain(out);
        let first = out.len() - added;
        self.flags.sort(&mut out[first..]);
        added
    }

    /// As [`Probes::drain`], but takes only what was numbered by the time it was called: no more than the buffer holds, however quickly
    /// things go on. If something was lost because the buffer was full, it was lost after all that is taken here.
    ///
    /// # Errors
    /// When the counter of numbers cannot be read.
    pub fn drain_so_far(&mut self, out: &mut Vec<RawRecord>) -> Result<usize, ProbeError> {
        self.logger.flush();
        let numbered = self.sequence.get(&0, 0).map_err(map_error(SEQUENCE))?;
        let added = self.stream.drain_below(numbered, out);
        let first = out.len() - added;
        self.flags.sort(&mut out[first..]);
        Ok(added)
    }

    /// Losses since the probes were attached. To be asked when nothing is going on: records that
    /// are being written while it looks are waited for, and at last counted as lost.
    ///
    /// # Errors
    /// When the counters cannot be read.
    pub fn health(&mut self) -> Result<Health, ProbeError> {
        self.logger.flush();
        let numbered = self.sequence.get(&0, 0).map_err(map_error(SEQUENCE))?;
        for _ in 0..PATIENCE {
            self.stream.fetch_below(numbered);
            if self.stream.missing(numbered) == 0 {
                break;
            }
            thread::sleep(IN_FLIGHT);
        }
        let sum = |which| -> Result<u64, ProbeError> {
            let counts = self.counters.get(&which, 0).map_err(map_error(COUNTERS))?;
            Ok(counts.iter().sum())
        };
        let mut recursion_misses = 0;
        for attached in &self.programs {
            let missed = sys::recursion_misses(attached.program.as_fd());
            recursion_misses += missed.map_err(|source| ProbeError::System {
                what: format!("asking the kernel about program {}", attached.placement.hook.program),
                source,
                way_out: "run as root",
            })?;
        }
        Ok(Health {
            reserve_failures: sum(counter::RESERVE_FAILURES)?,
            recursion_misses,
            missed: self.stream.missing(numbered),
            faults: sum(counter::FAULTS)?,
        })
    }

    /// `count` slots of a device's table, from slot `first`.
    ///
    /// # Errors
    /// When the device has no such slots or the copy fails.
    pub fn slots(&mut self, dev: DeviceId, first: u32, count: u32) -> Result<Vec<SlotEntry>, ProbeError> {
        let layout = self.layout;
        let flags = self.flags.clone();
        self.snapshots(dev)?.slots((&layout, &flags), dev, first, count)
    }

    /// The size classes of a device's pool, by nominal class.
    ///
    /// # Errors
    /// When the device has no pool or the copy fails.
    pub fn classes(&mut self, dev: DeviceId) -> Result<Vec<ClassEntry>, ProbeError> {
        let layout = self.layout;
        self.snapshots(dev)?.classes(&layout, dev)
    }

    fn snapshots(&mut self, device: DeviceId) -> Result<&mut Snapshots, ProbeError> {
        self.snapshots.as_mut().map_err(|reason| ProbeError::Snapshot { device, reason: reason.clone() })
    }

    /// What can be made to fail here for want of memory, once, exactly where it is asked for.
    #[must_use]
    pub fn failures(&self) -> Vec<Shortage> {
        self.failures.possible()
    }

    /// From now on the allocations of this kind that this process makes count, and the `nth` fails.
    ///
    /// # Errors
    /// When this kernel does not let one choose; says why.
    pub fn fail(&mut self, shortage: Shortage, nth: u32) -> Result<(), ProbeError> {
        self.failures.begin(shortage, nth)
    }

    /// No more of that; how many such allocations there were. None: [`Probes::fail`] was not called.
    ///
    /// # Errors
    /// When the count cannot be read.
    pub fn relent(&mut self) -> Result<Option<Failed>, ProbeError> {
        self.failures.end()
    }

    /// What is attached, and what this kernel does not let us see.
    #[must_use]
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }
}

/// The part of a plan that is wanted, if there is anything in it.
fn chosen(plan: Plan, wanted: Wanted<'_>) -> Result<Plan, ProbeError> {
    let plan = plan.only(wanted);
    if !plan.placements.is_empty() {
        return Ok(plan);
    }
    let mut reasons: Vec<String> = plan.no_snapshot.into_iter().filter(|_| wanted.snapshots).collect();
    reasons.extend(plan.unobservable.into_iter().map(|gap| gap.reason));
    reasons.dedup();
    Err(ProbeError::Unobservable { kernel: load::release(), reasons: reasons.join("; ") })
}

pub(crate) fn map_error(map: &'static str) -> impl Fn(aya::maps::MapError) -> ProbeError {
    move |source| ProbeError::Map { map, source }
}

pub(crate) fn take(ebpf: &mut Ebpf, name: &'static str) -> Result<aya::maps::Map, ProbeError> {
    ebpf.take_map(name).ok_or_else(|| ProbeError::Object { what: format!("it has no map {name}") })
}

fn covered(
    programs: &[load::Attached],
    unobservable: Vec<coverage::Unobservable>,
    interrupts: bool,
) -> Coverage {
    let attached = programs.iter().filter_map(|attached| {
        let placement = &attached.placement;
        Some(coverage::Attached {
            kind: placement.kind?,
            symbol: placement.symbol.to_owned(),
            module: placement.module.clone(),
            how: placement.hook.attach.name().to_owned(),
        })
    });
    Coverage {
        kernel: load::release(),
        object_sha256: object_sha256().to_owned(),
        attached: attached.collect(),
        unobservable,
        interrupts,
    }
}

/// SHA-256 of the embedded BPF object, in hexadecimal.
#[must_use]
pub fn object_sha256() -> &'static str {
    // The file is as `sha256sum` writes it: the sum, then the name.
    include_str!("../bpf/zram-probes.o.sha256").split_whitespace().next().unwrap_or("")
}

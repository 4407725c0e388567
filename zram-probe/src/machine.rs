//! The probes of a live kernel, as a program's machine brings them.
//!
//! They are attached when something is asked that takes them, and only as far as it does: one program for the slot table, and those of
//! the kinds that are watched. A kernel that refused once is not asked again: finding out takes as long as attaching.

use std::{
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use nix::time::{ClockId, clock_gettime};
use zram_events::{Decoder, DeviceId, Kind, RawRecord};
use zram_host::probed::{Absent, Happened, Probed, SlotWords};

use crate::{ProbeError, Probes, Wanted, table::EITHER};

/// How long attaching may take before something is said about it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Lives that are remembered. Whoever does not watch how they end would remember every address for ever: after so many, their numbers begin anew.
const LIVES: usize = 1 << 18;

/// Probes on the running kernel.
#[derive(Debug)]
pub struct LiveProbes {
    slow: fn(),
    snapshots: Option<Result<Probes, Absent>>,
    watching: Option<Watching>,
}

/// Probes that take note of what happens.
#[derive(Debug)]
struct Watching {
    probes: Probes,
    decoder: Decoder,
}

impl Probed for LiveProbes {
    fn slot_table(&mut self, dev: u32, first: u64, count: u64) -> Result<Vec<SlotWords>, Absent> {
        let probes = match &mut self.snapshots {
            Some(probes) => probes,
            none => none.insert(attach(Wanted { kinds: &[], snapshots: true }, self.slow)),
        };
        let probes = probes.as_mut().map_err(|absent| absent.clone())?;
        let number =
            |number: u64| u32::try_from(number).map_err(|_| Absent(format!("zram{dev} has too many slots")));
        let table = probes.slots(DeviceId(dev), number(first)?, number(count)?).map_err(absent)?;
        Ok(table.into_iter().map(|entry| SlotWords { handle: entry.handle, flags: entry.flags }).collect())
    }

    fn watch(&mut self, kinds: &[Kind]) -> Result<Vec<Kind>, Absent> {
        let probes = attach(Wanted { kinds, snapshots: false }, self.slow)?;
        let seen: Vec<Kind> = probes.coverage().attached.iter().map(|attached| attached.kind).collect();
        let unseen = unseen(kinds, &seen);
        self.watching = Some(Watching { probes, decoder: Decoder::late() });
        Ok(unseen)
    }

    fn happened(&mut self) -> Result<Vec<Happened>, Absent> {
        let watching = self.watching()?;
        let mut records = Vec::new();
        watching.probes.drain_so_far(&mut records).map_err(absent)?;
        let suspended = suspended();
        let mut happened = |record: &RawRecord| {
            let event = watching.decoder.decode(record).map_err(|error| Absent(error.to_string()))?;
            Ok(Happened { boot_nanos: record.time_ns.saturating_add(suspended), thread: record.tid, event })
        };
        let all = records.iter().map(&mut happened).collect();
        if watching.decoder.remembered() > LIVES {
            watching.decoder = Decoder::late();
        }
        all
    }

    fn lost(&mut self) -> Result<u64, Absent> {
        let health = self.watching()?.probes.health().map_err(absent)?;
        Ok(health.reserve_failures + health.recursion_misses + health.missed + health.faults)
    }
}

impl LiveProbes {
    /// Nothing is attached yet. `slow` is called, in another thread, when attaching takes longer than usual.
    #[must_use]
    pub fn new(slow: fn()) -> Self {
        Self { slow, snapshots: None, watching: None }
    }

    fn watching(&mut self) -> Result<&mut Watching, Absent> {
        self.watching.as_mut().ok_or_else(|| Absent("nothing is watched yet".to_owned()))
    }
}

/// Attaches, and says so if that takes long.
fn attach(wanted: Wanted<'_>, slow: fn()) -> Result<Probes, Absent> {
    let (done, waiting) = channel::<()>();
    let says = thread::spawn(move || {
        if waiting.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            slow();
        }
    });
    let probes = Probes::attach_only(wanted);
    drop(done);
    // It only speaks: how it ended says nothing about the probes.
    drop(says.join());
    probes.map_err(absent)
}

/// What of this is not seen. Where a kernel has another kind in the place of one, that is enough for who asked for both.
fn unseen(kinds: &[Kind], seen: &[Kind]) -> Vec<Kind> {
    let has = |kind: &Kind| kinds.contains(kind) && seen.contains(kind);
    let stood_for = |kind: &Kind| {
        EITHER.iter().any(|(older, newer)| {
            older == kind && newer.iter().any(has) || newer.contains(kind) && has(older)
        })
    };
    kinds.iter().filter(|kind| !seen.contains(kind) && !stood_for(kind)).copied().collect()
}

/// One sentence, in one line: what the kernel's verifier wrote is left out.
fn absent(error: ProbeError) -> Absent {
    Absent(error.to_string().lines().next().unwrap_or_default().to_owned())
}

/// For how long the machine was suspended, in nanoseconds: probes have a clock that stood still meanwhile.
fn suspended() -> u64 {
    let now = |clock| clock_gettime(clock).map_or(Duration::ZERO, Duration::from);
    // The other clock first: else time that passes between the two would count as suspended.
    let running = now(ClockId::CLOCK_MONOTONIC);
    let all = now(ClockId::CLOCK_BOOTTIME);
    let apart = all.saturating_sub(running);
    // Looking at two clocks takes time; a machine that was suspended was so for longer.
    if apart < Duration::from_millis(1) { 0 } else { u64::try_from(apart.as_nanos()).unwrap_or(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_a_kind_must_have_been_asked_for() {
        let seen = [Kind::Bio, Kind::MapObject];
        assert_eq!(unseen(&[Kind::Bio, Kind::ObjWrite], &seen), [Kind::ObjWrite]);
        assert_eq!(unseen(&[Kind::Bio, Kind::ObjWrite, Kind::MapObject], &seen), []);
        assert_eq!(unseen(&[Kind::MapObject], &[Kind::ReadBegin]), [Kind::MapObject]);
        assert_eq!(
            unseen(&[Kind::MapObject, Kind::ReadBegin, Kind::Reset], &[Kind::ReadBegin]),
            [Kind::Reset]
        );
    }
}

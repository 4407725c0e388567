//! How long things take on a live kernel, as its probes tell.
//!
//! Events come through a ring buffer, and are counted here, not in the kernel: which time belongs to which page takes the events of two threads and
//! of an interrupt, and what the model's events are counted by counts the kernel's too ([`Meter`]). A look takes what was there when it began, which
//! is no more than the buffer holds, so it costs no more than that, whatever goes on. More than that is lost until the next look; what is counted is what came first, without a hole, and how much was lost is said.
//!
//! An event of the allocator's or of a worker names no device. It belongs to the device that waits for it: by its thread, or by its slot. If two
//! devices wait for slots of the same number, it is taken for the first one's.

use std::collections::BTreeMap;

use zram_events::{DeviceId, Event, Kind};
use zram_host::{
    Probed,
    probed::{Absent, Happened},
};

use crate::sample::{
    Known, Latency,
    latency::{Meter, Row},
};

/// What is watched.
const KINDS: [Kind; 7] = [
    Kind::ObjWrite,
    Kind::Bio,
    Kind::Decompress,
    Kind::ReadFromPool,
    Kind::WritebackBegin,
    Kind::ReadBackEndio,
    Kind::ReadBackWork,
];

/// What is known of times.
#[derive(Debug, Default)]
pub(super) enum Timing {
    /// Nobody has asked yet.
    #[default]
    Unasked,
    /// It cannot be, for this reason.
    Missing(String),
    /// The probes are in place.
    Watching(Watching),
}

/// What the probes have told.
#[derive(Debug, Default)]
pub(super) struct Watching {
    meters: BTreeMap<u32, Meter>,
    /// What cannot be timed on this kernel.
    unseen: Vec<Row>,
    lost: u64,
}

impl Timing {
    /// Counts what happened since the last time. `wanted`: somebody looks at times, so that probes are worth attaching. `page`: bytes of a slot.
    pub(super) fn look(&mut self, probes: Option<&mut dyn Probed>, wanted: bool, page: u64) {
        if matches!(self, Self::Unasked) && !wanted || matches!(self, Self::Missing(_)) {
            return;
        }
        let Some(probes) = probes else {
            *self = Self::Missing("this machine has no probes".to_owned());
            return;
        };
        if matches!(self, Self::Unasked) {
            *self = match probes.watch(&KINDS) {
                Ok(unseen) => {
                    Self::Watching(Watching { unseen: Row::without(&unseen), ..Watching::default() })
                }
                Err(absent) => Self::Missing(absent.0),
            };
        }
        if let Self::Watching(watching) = self
            && let Err(absent) = watching.count(probes, page)
        {
            *self = Self::Missing(absent.0);
        }
    }

    /// Of a device.
    pub(super) fn of(&self, device: u32) -> Known<Latency> {
        match self {
            Self::Unasked => Known::Missing(
                "how long reads and writes take is told by probes, which are attached when somebody looks at this view, or by \
                 `zramtop --once --latency`: that takes a second or two"
                    .to_owned(),
            ),
            Self::Missing(why) => Known::Missing(format!("how long reads and writes take is told by probes: {why}")),
            Self::Watching(watching) => Known::Here(Latency {
                unseen: watching.unseen.clone(),
                lost: watching.lost,
                ..watching.meters.get(&device).map(|meter| meter.latency.clone()).unwrap_or_default()
            }),
        }
    }
}

impl Watching {
    fn count(&mut self, probes: &mut dyn Probed, page: u64) -> Result<(), Absent> {
        for happened in probes.happened()? {
            self.take(&happened, page);
        }
        let lost = probes.lost()?;
        if lost > self.lost {
            // What is under way may have ended in what was lost.
            self.meters.values_mut().for_each(Meter::forget);
            self.lost = lost;
        }
        Ok(())
    }

    fn take(&mut self, Happened { boot_nanos, thread, event }: &Happened, page: u64) {
        let device = match event {
            Event::Bio { dev: DeviceId(device), .. } => {
                // A thread is in one bio at a time.
                self.meters.values_mut().for_each(|meter| meter.leave(*thread));
                Some(*device)
            }
            Event::ReadFromPool { dev, .. } | Event::WritebackBegin { dev } => Some(dev.0),
            _ => {
                self.meters.iter().find(|(_, meter)| meter.awaits(event, *thread)).map(|(device, _)| *device)
            }
        };
        if let Some(device) = device {
            self.meters.entry(device).or_default().take(event, *boot_nanos, *thread, page);
        }
    }
}

#[cfg(test)]
mod tests {
    use zram_events::{BioOp, Block, Context, HandleLife, SlotIndex};
    use zram_host::probed::SlotWords;

    use super::*;

    /// Says what it was told to say.
    #[derive(Default)]
    struct Says {
        refuses: bool,
        happened: Vec<Happened>,
        lost: u64,
        asked: u32,
    }

    impl Probed for Says {
        fn slot_table(&mut self, _: u32, _: u64, _: u64) -> Result<Vec<SlotWords>, Absent> {
            Err(Absent("not here".to_owned()))
        }

        fn watch(&mut self, _: &[Kind]) -> Result<Vec<Kind>, Absent> {
            self.asked += 1;
            if self.refuses { Err(Absent("no BTF".to_owned())) } else { Ok(vec![Kind::ObjWrite]) }
        }

        fn happened(&mut self) -> Result<Vec<Happened>, Absent> {
            Ok(std::mem::take(&mut self.happened))
        }

        fn lost(&mut self) -> Result<u64, Absent> {
            Ok(self.lost)
        }
    }

    fn bio(device: u32, op: BioOp, slot: u64) -> Event {
        Event::Bio { dev: DeviceId(device), op, sector: slot * 8, bytes: 4096 }
    }

    fn at(boot_nanos: u64, thread: u32, event: Event) -> Happened {
        Happened { boot_nanos, thread, event }
    }

    fn totals(timing: &Timing, device: u32) -> [u64; 5] {
        let Known::Here(latency) = timing.of(device) else { panic!("nothing is timed") };
        [latency.write, latency.read, latency.read_back, latency.wait, latency.run].map(|row| row.total())
    }

    #[test]
    fn events_without_a_device_belong_to_who_waits() {
        let (mut timing, mut probes) = (Timing::default(), Says::default());
        timing.look(Some(&mut probes), false, 4096);
        assert_eq!((probes.asked, matches!(timing.of(0), Known::Missing(_))), (0, true));
        let put = Event::ObjWrite { handle: HandleLife(0), len: 9 };
        let (slot, block) = (SlotIndex(7), Block(1));
        probes.happened = vec![
            at(10, 1, bio(0, BioOp::Write, 3)),
            at(20, 2, bio(1, BioOp::Write, 3)),
            at(30, 2, put),
            // Nobody's.
            at(35, 3, put),
            at(40, 1, bio(1, BioOp::Read, 7)),
            // The thread has left the first device.
            at(45, 1, put),
            at(90, 0, Event::ReadBackEndio { slot, block, status: 0 }),
            at(95, 9, Event::ReadBackWork { slot, block, context: Context::Worker }),
            at(99, 9, Event::Decompress { result: 0, len: 9, context: Context::Worker }),
        ];
        timing.look(Some(&mut probes), true, 4096);
        assert_eq!((totals(&timing, 0), totals(&timing, 1)), ([0; 5], [1, 0, 1, 1, 1]));
        assert_eq!(totals(&timing, 2), [0; 5]);
        let Known::Here(latency) = timing.of(1) else { panic!() };
        assert_eq!(latency.unseen, [Row::Write]);
    }

    #[test]
    fn what_was_under_way_when_something_was_lost_is_not_timed() {
        let (mut timing, mut probes) = (Timing::default(), Says::default());
        let put = Event::ObjWrite { handle: HandleLife(0), len: 9 };
        for (lost, counted) in [(0, 1), (5, 1), (5, 2)] {
            probes.happened.extend([at(10, 1, bio(0, BioOp::Write, 3))]);
            timing.look(Some(&mut probes), true, 4096);
            probes.lost = lost;
            timing.look(Some(&mut probes), false, 4096);
            probes.happened.push(at(20, 1, put));
            timing.look(Some(&mut probes), false, 4096);
            assert_eq!(totals(&timing, 0)[0], counted, "{lost} lost");
        }
        assert!(matches!(timing.of(0), Known::Here(latency) if latency.lost == 5));
    }

    #[test]
    fn a_kernel_that_refuses_is_asked_once() {
        let (mut timing, mut probes) = (Timing::default(), Says { refuses: true, ..Says::default() });
        for _ in 0..3 {
            timing.look(Some(&mut probes), true, 4096);
        }
        assert_eq!(probes.asked, 1);
        assert!(matches!(timing.of(0), Known::Missing(why) if why.ends_with(": no BTF")));
    }
}

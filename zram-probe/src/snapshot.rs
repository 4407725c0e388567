//! Copies of the slot table and of a pool's classes, taken by BPF.
//!
//! A program waits on the device's `initstate` attribute. To take a snapshot is to write a request
//! into a map, read the attribute, and look into the other map. Nothing else changes: the attribute
//! says the same as ever, and reads of it that nobody armed do nothing.

use std::fs;

use aya::{
    Ebpf,
    maps::{Array, MapData, MapError},
};
use serde::{Deserialize, Serialize};
use zram_events::{
    DeviceId,
    layout::{CLASS_FEW_STATS, CLASS_STATS, ClassRecord, Field, Layout, Measure, snapshot},
};

use crate::{error::ProbeError, flags::FlagOrder};

/// Words of a request: see [`zram_events::layout::SnapshotRequest`].
const REQUEST_WORDS: usize = 6;

const REQUEST: &str = "SNAPSHOT_REQUEST";
const BUFFER: &str = "SNAPSHOT_BUFFER";

/// One entry of a device's slot table (`struct zram_table_entry`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotEntry {
    /// A zsmalloc handle (an address), a fill word, or a block of the backing device: the flags say which.
    pub handle: u64,
    /// Size and flags.
    pub flags: u32,
    /// Seconds since boot of the last access; 0 where the kernel does not keep it.
    pub ac_time: u32,
    /// Nanoseconds of that second, on kernels that keep them.
    pub ac_nanoseconds: u32,
}

/// One nominal size class of a pool (`struct size_class`, reached through `zs_pool.size_class[nominal]`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassEntry {
    /// Position in the pool's array.
    pub nominal: u16,
    /// Index of the class that stands there: larger than `nominal` where classes are merged.
    pub index: u16,
    /// Bytes of one object, handle header included.
    pub size: u32,
    /// Objects in a zspage.
    pub objects: u32,
    /// Pages in a zspage.
    pub pages: u32,
    /// `stats.objs`: zspages by fullness group (0–11, or 0–3 where there are four), objects allocated (12), objects in use (13).
    pub stats: [u64; CLASS_STATS],
}

/// The two maps.
pub(crate) struct Snapshots {
    request: Array<MapData, [u32; REQUEST_WORDS]>,
    buffer: Array<MapData, [u8; snapshot::BUFFER_BYTES]>,
}

fn map_error(map: &'static str) -> impl Fn(MapError) -> ProbeError {
    move |source| ProbeError::Map { map, source }
}

impl Snapshots {
    pub(crate) fn take(ebpf: &mut Ebpf) -> Result<Self, ProbeError> {
        let mut map = |name: &'static str| {
            ebpf.take_map(name).ok_or_else(|| ProbeError::Object { what: format!("it has no map {name}") })
        };
        Ok(Self {
            request: map(REQUEST)?.try_into().map_err(map_error(REQUEST))?,
            buffer: map(BUFFER)?.try_into().map_err(map_error(BUFFER))?,
        })
    }

    /// One shot: returns the count from the answered request, and the buffer.
    fn shoot(
        &mut self,
        device: DeviceId,
        what: u32,
        first: u32,
        count: u32,
    ) -> Result<(u32, [u8; snapshot::BUFFER_BYTES]), ProbeError> {
        let failed = |reason: String| ProbeError::Snapshot { device, reason };
        let armed = [snapshot::ARMED, device.0, what, first, count, 0];
        self.request.set(0, armed, 0).map_err(map_error(REQUEST))?;
        let attribute = format!("/sys/block/zram{device}/initstate");
        let looked = fs::read(&attribute).map_err(|error| failed(format!("{attribute}: {error}")));
        let answer = self.request.get(&0, 0).map_err(map_error(REQUEST))?;
        self.request.set(0, [0; REQUEST_WORDS], 0).map_err(map_error(REQUEST))?;
        looked?;
        match answer[0] {
            snapshot::DONE => {
                let buffer = self.buffer.get(&0, 0).map_err(map_error(BUFFER))?;
                Ok((answer[4], buffer))
            }
            snapshot::ARMED => Err(failed(format!("reading {attribute} did not run the program"))),
            snapshot::NO_TABLE => Err(failed("the device is not initialised (disksize is 0)".into())),
            snapshot::RANGE => Err(failed(format!(
                "slots {first} to {} are not all on the device",
                u64::from(first) + u64::from(count) - 1
            ))),
            state => {
                Err(failed(format!("kernel memory could not be read (state {state}, place {})", answer[5])))
            }
        }
    }

    pub(crate) fn slots(
        &mut self,
        (layout, order): (&Layout, &FlagOrder),
        device: DeviceId,
        first: u32,
        count: u32,
    ) -> Result<Vec<SlotEntry>, ProbeError> {
        let entry = layout.measure(Measure::EntryBytes).unwrap_or(0) as usize;
        let per_shot = u32::try_from(snapshot::BUFFER_BYTES.checked_div(entry).unwrap_or(0)).unwrap_or(0);
        if per_shot == 0 {
            return Err(ProbeError::Snapshot {
                device,
                reason: "this kernel has no slot table that we know".into(),
            });
        }
        let mut slots = Vec::with_capacity(count as usize);
        let mut at = first;
        let mut left = count;
        while left > 0 {
            let now = left.min(per_shot);
            let (_, buffer) = self.shoot(device, snapshot::SLOTS, at, now)?;
            slots.extend(
                buffer.chunks_exact(entry).take(now as usize).map(|bytes| slot(layout, order, bytes)),
            );
            left -= now;
            at = at.saturating_add(now);
        }
        Ok(slots)
    }

    pub(crate) fn classes(
        &mut self,
        layout: &Layout,
        device: DeviceId,
    ) -> Result<Vec<ClassEntry>, ProbeError> {
        let few = layout.field(Field::ClassFewStats).is_some();
        let (count, buffer) = self.shoot(device, snapshot::CLASSES, 0, 0)?;
        let records = buffer.chunks_exact(size_of::<ClassRecord>()).take(count as usize);
        Ok((0u16..).zip(records).map(|(nominal, bytes)| class(few, nominal, bytes)).collect())
    }
}

fn word(bytes: &[u8], at: Option<u32>) -> Option<u32> {
    let bytes = bytes.get(at? as usize..)?.first_chunk::<4>()?;
    Some(u32::from_ne_bytes(*bytes))
}

fn double(bytes: &[u8], at: Option<u32>) -> Option<u64> {
    let bytes = bytes.get(at? as usize..)?.first_chunk::<8>()?;
    Some(u64::from_ne_bytes(*bytes))
}

/// Nanoseconds of a second.
const SECOND: u64 = 1_000_000_000;

/// The planner has made sure that handle and flags are there; the time may not be.
fn slot(layout: &Layout, order: &FlagOrder, bytes: &[u8]) -> SlotEntry {
    let nanoseconds = double(bytes, layout.field(Field::EntryNanoseconds));
    let seconds = nanoseconds.map(|nanoseconds| (nanoseconds / SECOND) as u32);
    SlotEntry {
        handle: double(bytes, layout.field(Field::EntryHandle)).unwrap_or_default(),
        flags: order.sorted(word(bytes, layout.field(Field::EntryFlags)).unwrap_or_default()),
        ac_time: seconds.or_else(|| word(bytes, layout.field(Field::EntryTime))).unwrap_or_default(),
        ac_nanoseconds: (nanoseconds.unwrap_or_default() % SECOND) as u32,
    }
}

/// A [`ClassRecord`] from its bytes. Of a kernel with few groups, the two counters of objects go to where the others have them.
fn class(few: bool, nominal: u16, bytes: &[u8]) -> ClassEntry {
    let number = |n: u32| word(bytes, Some(4 * n)).unwrap_or_default();
    let mut stats = [0; CLASS_STATS];
    for (n, stat) in (0u32..).zip(&mut stats) {
        *stat = double(bytes, Some(16 + 8 * n)).unwrap_or_default();
    }
    if few {
        for (from, to) in [(CLASS_FEW_STATS - 2, CLASS_STATS - 2), (CLASS_FEW_STATS - 1, CLASS_STATS - 1)] {
            stats[to] = core::mem::take(&mut stats[from]);
        }
    }
    ClassEntry {
        nominal,
        index: number(0) as u16,
        size: number(1),
        objects: number(2),
        pages: number(3),
        stats,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_read_where_the_layout_says() {
        let mut layout = Layout::ABSENT;
        layout.fields[Field::EntryHandle as usize] = 8;
        layout.fields[Field::EntryFlags as usize] = 4;
        let mut bytes = [0; 16];
        bytes[4..8].copy_from_slice(&7u32.to_ne_bytes());
        bytes[8..].copy_from_slice(&9u64.to_ne_bytes());
        let order = FlagOrder::default();
        assert_eq!(slot(&layout, &order, &bytes), SlotEntry { handle: 9, flags: 7, ..SlotEntry::default() });
    }

    #[test]
    fn a_time_may_have_nanoseconds() {
        let mut layout = Layout::ABSENT;
        layout.fields[Field::EntryNanoseconds as usize] = 0;
        let entry = slot(&layout, &FlagOrder::default(), &5_000_000_007_u64.to_ne_bytes());
        assert_eq!((entry.ac_time, entry.ac_nanoseconds), (5, 7));
    }

    #[test]
    fn a_class_is_read_as_the_program_wrote_it() {
        let words = [254u32, 4096, 1, 1];
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        bytes.extend((0..CLASS_STATS as u64).flat_map(u64::to_ne_bytes));
        assert_eq!(bytes.len(), size_of::<ClassRecord>());
        let entry = class(false, 3, &bytes);
        assert_eq!(
            (entry.nominal, entry.index, entry.size, entry.objects, entry.pages),
            (3, 254, 4096, 1, 1)
        );
        assert_eq!(entry.stats[13], 13);
        let few = class(true, 3, &bytes).stats;
        assert_eq!((few[3], few[4], few[5], few[12], few[13]), (3, 0, 0, 4, 5));
    }
}

//! Looking at slots: their states, and with probes what is in them.
//!
//! States come from `block_state`, a window of some 1600 lines at a time; contents from the slot table, right after each window. A slot may
//! change between the two, and a content of another kind than its state would be told of the wrong page: so such a slot has none, and is
//! counted.

use std::ops::ControlFlow;

use serde::Serialize;
use zram_host::{
    DeviceNumber, Machine,
    device::{SlotState, each_slot, slots_from},
    probed::{Absent, SlotContent, SlotWords},
};

use super::age;
use crate::cli::Slots;

/// Slots that are not asked for, but copied for not taking another snapshot.
const GAP: u64 = 64;

/// A slot as it was found.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Found {
    #[serde(flatten)]
    pub(super) state: SlotState,
    /// Where it was asked for.
    #[serde(flatten)]
    pub(super) content: Option<Content>,
}

/// What is in a slot, as far as it is known.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Content {
    /// Bytes of its object. `None`: not known, or its page was written back as it is.
    pub(super) size: Option<u32>,
    /// The block of the backing device.
    pub(super) block: Option<u64>,
}

impl Found {
    /// Bytes that it takes in memory.
    pub(super) fn in_memory(&self) -> Option<u32> {
        if self.state.written_back { None } else { self.content?.size }
    }
}

/// How looking by probes went.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Looked {
    /// Whether they told anything.
    pub(super) attached: bool,
    /// Why not.
    pub(super) reason: Option<String>,
    /// Slots that were of another kind a moment later.
    pub(super) changed: u64,
}

/// Which slots to look at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Where {
    pub(super) device: DeviceNumber,
    pub(super) first: u64,
    pub(super) end: u64,
    /// Microseconds since boot.
    pub(super) now: u64,
}

/// Hands over slot by slot, until there is enough. `None`: probes were not asked for.
///
/// # Errors
/// When the states cannot be read; when slots are asked for by size, and sizes are not known.
pub(super) fn look(
    options: &Slots,
    at: Where,
    machine: &mut dyn Machine,
    take: &mut impl FnMut(&Found) -> ControlFlow<()>,
) -> anyhow::Result<Option<Looked>> {
    let by_size = options.filter.is_by_size();
    let asked = options.sizes || by_size;
    if !asked {
        let all = options.filter.is_none();
        each_slot(machine, at.device, at.first, at.end, |state| {
            if all || options.filter.takes(&state, at.now) {
                take(&Found { state, content: None })
            } else {
                ControlFlow::Continue(())
            }
        })?;
        return Ok(None);
    }
    let mut looked = Looked { attached: true, reason: None, changed: 0 };
    let mut next = at.first;
    while next < at.end {
        let mut window = slots_from(machine, at.device, next)?;
        let Some(last) = window.last() else { break };
        next = last.slot + 1;
        window.retain(|slot| slot.slot < at.end && options.filter.takes(slot, at.now));
        let mut found: Vec<Found> =
            window.iter().map(|state| Found { state: *state, content: None }).collect();
        look_into(&mut found, at.device, machine, &mut looked);
        if by_size {
            let why = looked.reason.as_deref().unwrap_or("probes do not tell");
            anyhow::ensure!(looked.attached, "the sizes of slots are not known: {why}");
            found.retain(|slot| options.filter.takes_size(slot.content.and_then(|content| content.size)));
        }
        if found.iter().any(|slot| take(slot).is_break()) {
            break;
        }
    }
    Ok(Some(looked))
}

/// Adds what is in the slots of a window.
fn look_into(found: &mut [Found], device: DeviceNumber, machine: &mut dyn Machine, looked: &mut Looked) {
    let page = machine.page_size();
    for near in found.chunk_by_mut(|a, b| b.state.slot - a.state.slot <= GAP) {
        let (Some(first), Some(last)) =
            (near.first().map(|a| a.state.slot), near.last().map(|a| a.state.slot))
        else {
            continue;
        };
        let table = if looked.attached { table(machine, device, first, last) } else { Ok(Vec::new()) };
        let table = table.unwrap_or_else(|Absent(reason)| {
            (looked.attached, looked.reason) = (false, Some(reason));
            Vec::new()
        });
        looked.changed += fill(near, &table, page);
    }
}

/// Puts what a piece of the table says into these slots, of which it begins with the first. How many have changed since their state was looked
/// at.
fn fill(near: &mut [Found], table: &[SlotWords], page: u64) -> u64 {
    let first = near.first().map_or(0, |slot| slot.state.slot);
    let mut changed = 0;
    for slot in near {
        let entry = usize::try_from(slot.state.slot - first).ok().and_then(|at| table.get(at));
        let entry = entry.map(|entry| entry.content(page));
        changed += u64::from(entry.is_some_and(|entry| !is_of(&entry, &slot.state)));
        let entry = entry.filter(|entry| is_of(entry, &slot.state));
        slot.content = Some(entry.map_or_else(Content::default, |entry| Content {
            size: (entry.size != 0).then_some(entry.size),
            block: entry.block,
        }));
    }
    changed
}

fn table(
    machine: &mut dyn Machine,
    device: DeviceNumber,
    first: u64,
    last: u64,
) -> Result<Vec<SlotWords>, Absent> {
    let probes = machine.probes().ok_or_else(|| Absent("this machine has no probes".to_owned()))?;
    probes.slot_table(device.0, first, last - first + 1)
}

/// Whether the content is that of a slot in this state.
fn is_of(content: &SlotContent, state: &SlotState) -> bool {
    (content.same, content.written_back, content.huge) == (state.same, state.written_back, state.huge)
}

impl crate::cli::Filter {
    /// Whether an object of this size is one of those that are asked for. One whose size is not known is none.
    fn takes_size(&self, size: Option<u32>) -> bool {
        size.map(u64::from).is_some_and(|size| {
            self.at_least.is_none_or(|least| size >= least) && self.at_most.is_none_or(|most| size <= most)
        })
    }

    /// Whether a slot is one of these. `now`: microseconds since boot.
    fn takes(&self, slot: &SlotState, now: u64) -> bool {
        (!self.idle || slot.idle)
            && (!self.huge || slot.huge)
            && (!self.same || slot.same)
            && (!self.written_back || slot.written_back)
            && (!self.in_memory || !slot.written_back)
            && (!self.recompressed || slot.recompressed == Some(true))
            && (!self.incompressible || slot.incompressible == Some(true))
            && self.older.is_none_or(|older| {
                age(slot, now).is_some_and(|age| age >= older.saturating_mul(super::SECOND))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HUGE: u32 = 1 << 17;
    const WRITTEN_BACK: u32 = 1 << 15;

    fn found(line: &str) -> Found {
        Found { state: SlotState::parse(line).unwrap(), content: None }
    }

    #[test]
    fn a_slot_that_is_another_by_now_has_no_content() {
        let lines = ["7 1.0 ......", "8 1.0 ..h...", "10 1.0 .w....", "11 1.0 s.....", "13 1.0 ......"];
        let mut near = lines.map(found);
        let entry = |flags| SlotWords { handle: 5, flags };
        // Of slot 9 nothing was asked. Slot 8 was compressed anew, 11 overwritten, and 13 is beyond what was copied.
        let table =
            [entry(100), entry(200), entry(4096 | HUGE), entry(300 | WRITTEN_BACK), entry(400), entry(0)];
        assert_eq!(fill(&mut near, &table, 4096), 2);
        let contents = near.map(|slot| slot.content.map(|content| (content.size, content.block)).unwrap());
        let none = (None, None);
        assert_eq!(contents, [(Some(100), None), none, (Some(300), Some(5)), none, none]);
    }
}

//! What must hold, whatever is done: between any two operations, and in the middle of one.

use crate::world::{Machine, PAGE};
use zram_events::{Block, Event};
use zram_model::{Moment, SlotWord, slot_flags};

/// A block is taken if and only if one slot is in it, one request is on its way there, or the pass holds it.
pub(crate) fn blocks_are_held(moment: &Moment<'_>) {
    let mut held: Vec<u64> = moment
        .slots()
        .filter_map(|slot| match slot.word {
            SlotWord::Block(block) => Some(block.0),
            _ => None,
        })
        .collect();
    held.extend(moment.in_flight.iter().map(|request| request.block.0));
    held.extend(moment.reserved.map(|block| block.0));
    assert!(held.iter().all(|block| moment.is_taken(Block(*block))), "a block in use is free");
    let count = held.len();
    held.sort_unstable();
    held.dedup();
    assert_eq!(held.len(), count, "a block is used twice");
    assert_eq!(moment.blocks_taken(), count as u64, "a block is taken and nobody's");
}

/// Every read-back is accounted for in the stream: each request completes once; each that succeeded has one work item,
/// if blocks may be compressed; and each work item decompresses at most once, before the call is over.
pub(crate) fn parents_complete_once(events: &[Event], submitted: u64, compressed: bool) {
    let count = |test: &dyn Fn(&Event) -> bool| events.iter().filter(|event| test(event)).count() as u64;
    let endio = count(&|event| matches!(event, Event::ReadBackEndio { .. }));
    assert_eq!(endio, submitted, "one completion for each request");
    let good = count(&|event| matches!(event, Event::ReadBackEndio { status: 0, .. }));
    let work = count(&|event| matches!(event, Event::ReadBackWork { .. }));
    assert_eq!(work, if compressed { good } else { 0 }, "one work item for each good completion");
    let worker = zram_events::Context::Worker;
    let decompressed =
        count(&|event| matches!(event, Event::Decompress { context, .. } if *context == worker));
    assert!(decompressed <= work, "decompressed more often than there was work");
}

/// What must hold between any two operations.
pub(crate) fn check(m: &Machine) {
    let slots = m.kernel.slots(m.dev).unwrap();
    let classes = m.kernel.classes(m.dev).unwrap();
    let distinct: Vec<_> = classes.iter().filter(|class| class.nominal == class.index).collect();
    let stat = m.numbers("mm_stat");
    let bd = m.numbers("bd_stat");

    let mut pages = 0;
    for class in &distinct {
        let zspages: u64 = class.stats[..12].iter().sum();
        assert_eq!(class.stats[12], zspages * u64::from(class.objects), "{class:?}");
        assert!(class.stats[13] <= class.stats[12]);
        assert_eq!(class.stats[0], 0, "an empty zspage is freed at once");
        pages += zspages * u64::from(class.pages);
    }
    assert_eq!(stat[2], pages * PAGE as u64, "memory in use");
    let objects: u64 = distinct.iter().map(|class| class.stats[13]).sum();

    let count =
        |test: &dyn Fn(&zram_model::SlotView) -> bool| slots.iter().filter(|s| test(s)).count() as u64;
    let in_memory = |s: &zram_model::SlotView| matches!(s.word, SlotWord::Handle(_));
    assert_eq!(objects, count(&in_memory));
    let size: u64 = slots.iter().filter(|s| in_memory(s)).map(|s| u64::from(s.size)).sum();
    assert_eq!(stat[1], size, "compressed data");
    assert_eq!(stat[0] / PAGE as u64, count(&|s| s.word != SlotWord::Empty), "pages stored");
    assert_eq!(stat[5], count(&|s| s.flags & slot_flags::SAME != 0), "same pages");
    assert_eq!(stat[7], count(&|s| s.flags & slot_flags::HUGE != 0 && in_memory(s)), "huge pages");
    assert_eq!(bd[0], count(&|s| s.flags & slot_flags::WB != 0), "blocks");
    assert_eq!(bd[0], m.kernel.blocks_taken(m.dev), "blocks in the bitmap");
    assert_eq!(count(&|s| s.flags & slot_flags::PP_SLOT != 0), 0, "nothing stays selected");
    assert!(stat[4] >= stat[2], "the peak is no less than what is used");
}

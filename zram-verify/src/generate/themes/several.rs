//! Several devices at once: numbers, pools, lives and counters are not mixed up.
//!
//! They share nothing but the kernel. One of them has the backing device, which another asks for in vain.

use zram_agent::protocol::Op;

use crate::generate::{
    configure::{Wanted, configure},
    draft::Draft,
    passes::{self, Mark},
};

/// Three or four devices of unlike sizes and algorithms, with I/O in turns; one in the middle goes and comes again.
pub(in crate::generate) fn several_devices(draft: &mut Draft<'_>) {
    let count = draft.dice.between(3, 4) as u32;
    let writeback = draft.abilities.writeback();
    let with_backing = draft.dice.below(u64::from(count)) as u32;
    for dev in 0..count {
        if dev > 0 {
            draft.another(dev);
        }
        if writeback && dev > with_backing {
            draft.set("backing_dev", "$BACKING");
        }
        let slots = draft.dice.between(6, 40);
        let backing = writeback && dev == with_backing;
        configure(draft, Wanted { slots: Some(slots), backing, ..Wanted::default() });
    }
    in_turns(draft, count, 10);
    if writeback {
        draft.turn_to(with_backing);
        draft.idle_all();
        passes::by_mark(draft, Mark::Idle);
        draft.blocks();
    }
    in_turns(draft, count, 3);
    let gone = draft.dice.below(u64::from(count)) as u32;
    draft.ops.push(Op::Remove { text: gone.to_string() });
    draft.forget(gone);
    let left: Vec<u32> = (0..count).filter(|dev| *dev != gone).collect();
    for _ in 0..2 {
        let dev = draft.dice.pick(&left);
        draft.turn_to(dev);
        draft.churn(1);
    }
    // The number is given out again, and nothing of the old device comes with it.
    draft.another(gone);
    configure(draft, Wanted { slots: Some(16), ..Wanted::default() });
    in_turns(draft, count, 3);
    let dev = draft.dice.below(u64::from(count)) as u32;
    draft.turn_to(dev);
    draft.set("reset", "1");
    draft.filled.clear();
    draft.slots = 0;
    for dev in 0..count {
        draft.turn_to(dev);
        draft.read_back();
    }
}

/// Ordinary work, now on one device and now on another.
fn in_turns(draft: &mut Draft<'_>, count: u32, turns: u64) {
    for _ in 0..turns {
        let dev = draft.dice.below(u64::from(count)) as u32;
        draft.turn_to(dev);
        draft.churn(1);
        match draft.dice.below(8) {
            0 => draft.idle_all(),
            1 => draft.set("compact", "1"),
            2 => draft.get("mm_stat"),
            _ => {}
        }
    }
}

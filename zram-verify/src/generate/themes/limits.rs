//! Things that run out.

use zram_agent::protocol::{Bad, Begin, Content, Op};

use crate::generate::{
    configure::{Wanted, configure},
    draft::Draft,
    passes::{self, Mark},
};

fn fill(draft: &mut Draft<'_>) {
    let pages: Vec<_> = (0..draft.slots).map(|_| draft.compressible()).collect();
    draft.write_all(0, &pages);
}

/// A backing device with fewer blocks than there are slots to write back.
pub(in crate::generate) fn full_backing(draft: &mut Draft<'_>) {
    let slots = draft.dice.between(draft.backing + 2, draft.backing + 24);
    let batch = draft.dice.pick(&[1, 2, 3, 32]);
    configure(draft, Wanted { slots: Some(slots), backing: true, batch: Some(batch), ..Wanted::default() });
    fill(draft);
    draft.idle_all();
    passes::by_mark(draft, Mark::Idle);
    draft.blocks();
    passes::by_mark(draft, Mark::Idle);
    draft.read_back();
    for _ in 0..4 {
        draft.discard_any();
        draft.write_any();
        draft.idle_all();
        passes::by_mark(draft, Mark::Idle);
    }
    draft.blocks();
    draft.read_back();
}

/// A backing device whose last blocks fail: the pass goes on, gives back the block and what it took of the
/// limit, and ends with the error.
pub(in crate::generate) fn bad_blocks(draft: &mut Draft<'_>) {
    failing(draft, Bad::Both);
}

/// One whose last blocks cannot be written, but read.
pub(in crate::generate) fn bad_writes(draft: &mut Draft<'_>) {
    failing(draft, Bad::Writes);
}

/// One whose last blocks take what is written and do not give it back: the slots are away, and reading them fails.
pub(in crate::generate) fn bad_reads(draft: &mut Draft<'_>) {
    failing(draft, Bad::Reads);
}

fn failing(draft: &mut Draft<'_>, what: Bad) {
    let bad = draft.dice.between(0, draft.backing - 2);
    if let Some(Op::Begin(Begin { backing_bad_from, backing_bad, .. })) = draft.ops.first_mut() {
        *backing_bad_from = Some(bad);
        *backing_bad = what;
    }
    let slots = draft.dice.between(draft.backing, draft.backing + 16);
    let batch = draft.dice.pick(&[1, 2, 3, 32]);
    configure(draft, Wanted { slots: Some(slots), backing: true, batch: Some(batch), ..Wanted::default() });
    fill(draft);
    draft.set("writeback_limit", draft.backing.to_string());
    draft.set("writeback_limit_enable", "1");
    draft.idle_all();
    passes::by_mark(draft, Mark::Idle);
    draft.blocks();
    draft.read_back();
    for _ in 0..3 {
        draft.discard_any();
        draft.write_any();
        draft.idle_all();
        passes::by_mark(draft, Mark::Idle);
    }
    draft.set("writeback_limit_enable", "0");
    passes::by_run(draft, 0, 5);
    draft.blocks();
    draft.read_back();
}

/// `writeback_limit` reached in the middle, exactly at the end, and before the start.
pub(in crate::generate) fn writeback_limit(draft: &mut Draft<'_>) {
    let slots = draft.dice.between(16, 48);
    let batch = draft.dice.pick(&[1, 2, 3, 32]);
    configure(draft, Wanted { slots: Some(slots), backing: true, batch: Some(batch), ..Wanted::default() });
    fill(draft);
    let most = if draft.abilities.arguments() { slots / 2 } else { 6 };
    let some = draft.dice.between(1, most);
    draft.set("writeback_limit", some.to_string());
    draft.set("writeback_limit_enable", "1");
    passes::by_run(draft, 0, some);
    // Exactly used up: the next slot is refused.
    draft.set("writeback", format!("page_index={}", slots - 1));
    draft.set_one_of("writeback_limit", &["1", "3", "2\n"]);
    draft.idle_all();
    passes::by_mark(draft, Mark::Idle);
    let (attr, text) = draft.dice.pick(&[
        ("writeback_limit", "x"),
        ("writeback_limit", "-1"),
        ("writeback_limit", "18446744073709551615"),
        ("writeback_limit", "18446744073709551616"),
        ("writeback_limit_enable", "x"),
        ("writeback_limit_enable", "2"),
        ("writeback_limit_enable", ""),
    ]);
    draft.set(attr, text);
    draft.set("writeback_limit_enable", "0");
    passes::by_mark(draft, Mark::Idle);
    draft.churn(4);
    // The limit outlives a reset.
    draft.set("writeback_limit", "7");
    draft.set("reset", "1");
    draft.filled.clear();
    draft.get("writeback_limit");
    draft.set("backing_dev", "$BACKING");
    draft.size(16);
    fill(draft);
    draft.idle_all();
    passes::by_mark(draft, Mark::Idle);
    draft.read_back();
}

/// `mem_limit` reached, and what a refused write leaves behind.
pub(in crate::generate) fn memory_limit(draft: &mut Draft<'_>) {
    let slots = draft.dice.between(24, 96);
    configure(draft, Wanted { slots: Some(slots), backing: draft.backing > 0, ..Wanted::default() });
    let limit = draft.dice.between(1, 24);
    let text = match draft.dice.below(3) {
        0 => format!("{}K", limit * 4),
        1 => (limit * 4096 - 1).to_string(),
        _ => format!("{:#x}", limit * 4096),
    };
    draft.set("mem_limit", text);
    for n in 0..10 {
        let (slot, count) = draft.run(8);
        let pages: Vec<_> = (0..count)
            .map(|_| match n % 3 {
                0 => Content::Random { seed: draft.dice.word() },
                1 => draft.compressible(),
                _ => draft.content(),
            })
            .collect();
        draft.write_all(slot, &pages);
    }
    draft.set("mem_used_max", "0");
    draft.discard_any();
    draft.set_one_of("mem_used_max", &["0\n", "1", "", "x"]);
    draft.read_back();
    draft.set_one_of("mem_limit", &["0", "1G", "1x", "", "-1"]);
    draft.churn(5);
}

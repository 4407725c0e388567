//! Every attribute read and written in ways that are right, wrong and neither.

use crate::generate::{
    configure::{Wanted, configure, immense},
    draft::Draft,
    passes,
};

const NAMES: &[&str] = &[
    "disksize",
    "initstate",
    "reset",
    "compact",
    "mem_limit",
    "mem_used_max",
    "idle",
    "comp_algorithm",
    "bd_stat",
    "backing_dev",
    "writeback",
    "writeback_limit",
    "writeback_limit_enable",
    "writeback_batch_size",
    "compressed_writeback",
    "io_stat",
    "mm_stat",
    "debug_stat",
    "no_such_attribute",
];

/// Texts that name no effect worth having, so that a device survives any of them.
const TEXTS: &[&str] =
    &["", "\n", " ", "x", "0", "-1", "1x", "0x", "99999999999999999999999", "+0", "0 ", "no"];

/// Reads and writes of anything.
pub(in crate::generate) fn attributes(draft: &mut Draft<'_>) {
    // The kernel complains about the first of these that wraps, and about the first only.
    immense(draft, Wanted::default());
    draft.set("disksize", "18446744073709551615");
    configure(draft, Wanted { backing: draft.backing > 0, ..Wanted::default() });
    draft.churn(5);
    for _ in 0..16 {
        let name = draft.dice.pick(NAMES);
        if draft.dice.chance(35) {
            draft.get(name);
        } else {
            let text = draft.dice.pick(TEXTS);
            draft.set(name, text);
        }
    }
    draft.churn(3);
    draft.idle_all();
    for _ in 0..6 {
        let text = passes::odd(draft);
        draft.set("writeback", text);
    }
    // One write(2) takes a page at most.
    let tail = "a".repeat(4096 - 12);
    draft.set("writeback", format!("page_index=0 {tail}"));
    draft.set("compact", "");
    draft.set("compact", "anything at all");
    draft.read_back();
}

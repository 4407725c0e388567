//! `writeback`: what to write back, in the words of 7.2 and in the older ones.
//!
//! In state `full` slots 0 and 1 are same-filled, 2 to 12 compressed, 13 to 15 huge.

use zram_agent::protocol::Op;

use super::{Step, Table, padded, quiet, row};
use crate::attributes::state::State;

const COMMANDS: &[&str] = &[
    "huge",
    "huge\n",
    "huge\n\n",
    "idle",
    "huge_idle",
    "incompressible",
    "HUGE",
    " huge",
    "huge ",
    "huge\0x",
    "huge idle",
    "hug",
    "all",
    "",
    "\n",
    " ",
    "type=huge",
    "type=huge\n",
    "type=idle",
    "type=huge_idle",
    "type=incompressible",
    "type=",
    "type",
    "type=all",
    "type=huge type=idle",
    "type=idle type=huge",
    "type=huge type=all",
    "type=all type=huge",
    "type=\"huge\"",
    "\"type=huge\"",
    "type=\"huge",
    "\"type\"=huge",
    "page_index=2",
    "page_index=2\n",
    "page_index=02",
    "page_index=010",
    "page_index=0x2",
    "page_index=+2",
    "page_index=-2",
    "page_index=2x",
    "page_index=",
    "page_index",
    "page_index= 2",
    "page_index =2",
    "page_index=0",
    "page_index=1",
    "page_index=13",
    "page_index=100",
    "page_index=255",
    "page_index=256",
    "page_index=257",
    "page_index=4294967298",
    "page_index=18446744073709551615",
    "page_index=18446744073709551616",
    "page_index=2 page_index=3",
    "page_index=3 page_index=2",
    "page_index=2 page_index=2",
    "page_index=2 page_index=x",
    "page_index=x page_index=2",
    "page_index=2 page_index=256",
    "page_index=2\tpage_index=3",
    "page_index=2\npage_index=3",
    "page_index=2,3",
    "page_index=\"2\"",
    "page_index=\"2 page_index=3\"",
    "page_index=2\0 page_index=3",
    "page_index=2 huge",
    "huge page_index=2",
    "page_index=2 type=huge",
    "type=huge page_index=2",
    "page_indexes=2-4",
    "page_indexes=2-4\n",
    "page_indexes=2-2",
    "page_indexes=4-2",
    "page_indexes=0-15",
    "page_indexes=13-255",
    "page_indexes=13-256",
    "page_indexes=13-300",
    "page_indexes=256-257",
    "page_indexes=2",
    "page_indexes=2-",
    "page_indexes=-4",
    "page_indexes=-",
    "page_indexes=",
    "page_indexes",
    "page_indexes=2-4-6",
    "page_indexes=2 - 4",
    "page_indexes=2--4",
    "page_indexes=0x2-0x4",
    "page_indexes=2-4x",
    "page_indexes=2x-4",
    "page_indexes=2-4 page_indexes=6-8",
    "page_indexes=2-4 page_indexes=3-5",
    "page_indexes=2-4 page_index=3",
    "page_indexes=2-4 page_indexes=x",
    "page_indexes=2-4 type=idle",
    "page_indexes=2-4 type=huge",
    "type=huge page_indexes=2-4",
    "type=idle page_indexes=2-4",
    "page_indexes=2-4 type=all",
    "page_indexes=\"2-4\"",
    "colour=blue",
    "colour",
    "colour=blue page_index=2",
    "page_index=2 colour=blue",
    "page_index=2 colour",
    "page_index=2 =",
    "=2",
    "\"page_index=2\" page_index=3",
    "PAGE_INDEX=2",
    "index=2",
];

/// With every slot marked idle.
const OF_THE_IDLE: &[&str] = &[
    "idle",
    "type=idle",
    "huge_idle",
    "type=huge_idle",
    "type=huge page_index=3",
    "page_indexes=2-4 type=idle",
];

pub(super) fn add(table: &mut Table) {
    table.each(State::Full, "writeback", COMMANDS);
    let many = "page_index=2 ".repeat(316);
    table.each(
        State::Full,
        "writeback",
        [
            padded("huge", "\n", 4092),
            padded("page_index=2", " ", 4084) + "page_index=3",
            many[..4096].to_owned(),
            format!("{}page_index=255", padded("page_index=2", " ", 4071)),
        ],
    );
    for text in OF_THE_IDLE {
        table.case(State::Full, [quiet("idle", "all"), row("writeback", text)]);
    }
    for (state, texts) in [
        (State::New, ["huge", "page_index=0", "x", ""]),
        (State::Backed, ["huge", "page_index=0", "x", ""]),
        (State::Filled, ["huge", "page_index=2", "x", ""]),
        (State::Ready, ["huge", "page_index=2", "x", ""]),
    ] {
        table.each(state, "writeback", texts);
    }
    // The same slots again, and more than the device holds: it has 12 blocks.
    table.run(
        State::Full,
        &[("writeback", "page_index=2"), ("writeback", "page_index=2"), ("writeback", "huge")],
    );
    table.run(
        State::Full,
        &[
            ("writeback", "page_indexes=2-15"),
            ("writeback", "page_index=2"),
            ("writeback", "page_indexes=0-15"),
        ],
    );
    // Limits.
    table.run(
        State::Full,
        &[
            ("writeback_limit", "2"),
            ("writeback_limit_enable", "1"),
            ("writeback", "page_indexes=2-5"),
            ("writeback", "page_index=5"),
            ("writeback_limit_enable", "0"),
            ("writeback", "page_index=5"),
            ("writeback_limit", "0"),
            ("writeback", "huge"),
        ],
    );
    table.run(
        State::Full,
        &[
            ("writeback_batch_size", "1"),
            ("writeback", "huge"),
            ("writeback_batch_size", "3"),
            ("writeback", "page_indexes=2-7"),
        ],
    );
    let switched_on = [
        quiet("backing_dev", "$BACKING"),
        row("compressed_writeback", "1"),
        quiet("comp_algorithm", "lz4"),
        quiet("disksize", "64K"),
        Step::Quiet(Op::Write {
            dev: 0,
            slot: 0,
            pages: (1..4).map(|seed| zram_agent::protocol::Content::Text { seed }).collect(),
            layout: zram_agent::protocol::Layout::default(),
        }),
        row("writeback", "page_indexes=0-2"),
        row("reset", "1"),
    ];
    table.case(State::Offered, switched_on);
}

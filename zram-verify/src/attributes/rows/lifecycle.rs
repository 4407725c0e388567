//! `reset` and `compact`, what survives a reset, and attributes that cannot be written.

use zram_agent::protocol::Op;

use super::{Step, Table, padded, row};
use crate::attributes::state::{DEV, State};

const RESETS: &[&str] = &[
    "1", "1\n", "1\n\n", "0", "2", "65535", "65536", "-1", "-0", "+1", "01", "0x1", " 1", "1 ", "1x", "1\0x",
    "", "\n", "x",
];

const READ_ONLY: &[&str] = &["initstate", "bd_stat", "io_stat", "mm_stat", "debug_stat", "no_such_attribute"];

pub(super) fn add(table: &mut Table) {
    table.each(State::Sized, "reset", RESETS);
    table.each(State::Sized, "reset", [padded("1", "\n", 4095), padded("", "0", 4095) + "1"]);
    for state in [State::New, State::Backed, State::Filled, State::Full] {
        table.run(state, &[("reset", "1"), ("reset", "1")]);
    }
    table.case(
        State::Held,
        [row("reset", "1"), row("reset", "0"), Step::Quiet(Op::Release { dev: DEV }), row("reset", "1")],
    );
    // What is kept, and what is not.
    table.run(
        State::Full,
        &[
            ("mem_limit", "2M"),
            ("writeback_limit", "77"),
            ("writeback_limit_enable", "1"),
            ("idle", "all"),
            ("reset", "1"),
            ("disksize", "64K"),
        ],
    );
    table.run(
        State::New,
        &[("writeback_batch_size", "5"), ("compressed_writeback", "1"), ("disksize", "64K"), ("reset", "1")],
    );
    table.run(State::New, &[("comp_algorithm", "zstd"), ("mem_limit", "1M"), ("reset", "1")]);
    table.each(State::New, "compact", ["1", ""]);
    table.each(State::Sized, "compact", ["1", "0", "", "\n", "anything at all", "\0"]);
    table.run(State::Filled, &[("compact", "1"), ("compact", "1")]);
    table.each(State::New, "max_comp_streams", ["1", "0", "-1", "x", "", "4294967296"]);
    table.each(State::Sized, "max_comp_streams", ["4", "x"]);
    for attr in READ_ONLY {
        table.each(State::New, attr, ["1"]);
        table.each(State::Sized, attr, ["0"]);
    }
}

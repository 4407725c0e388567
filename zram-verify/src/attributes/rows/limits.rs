//! Numbers and switches of writeback: `writeback_limit`, `writeback_limit_enable`, `writeback_batch_size`, `compressed_writeback`.

use super::{Table, padded};
use crate::attributes::state::State;

const NUMBERS: &[&str] = &[
    "0",
    "1",
    "1\n",
    "1\n\n",
    "\n1",
    "10",
    "010",
    "0x10",
    "+1",
    "+0",
    "-0",
    "-1",
    "--1",
    " 1",
    "1 ",
    "1x",
    "1K",
    "1\0x",
    "1_000",
    "4294967295",
    "4294967296",
    "18446744073709551615",
    "18446744073709551616",
    "",
    "\n",
    "x",
    "on",
    "\u{661}",
];

/// `kstrtobool` looks at one letter, or at two after an `o`.
const SWITCHES: &[&str] = &[
    "1", "0", "1\n", "0\n", "y", "Y", "n", "N", "yes", "no", "never", "yonder", "t", "true", "f", "false",
    "T", "F", "on", "ON", "oN", "off", "Off", "of", "o", "o\n", "ox", "enable", "Enable", "disable", "d",
    "e", "2", "10", "01", "-1", "+1", " 1", "x", "", "\n", "\x001",
];

pub(super) fn add(table: &mut Table) {
    for attr in ["writeback_limit", "writeback_limit_enable", "writeback_batch_size"] {
        table.each(State::New, attr, NUMBERS);
        table.each(
            State::New,
            attr,
            [padded("", "0", 4095) + "7", padded("", "0", 4096) + "7", padded("7", "\n", 4096)],
        );
        table.run(State::Ready, &[(attr, "3"), (attr, "x"), (attr, "0"), (attr, "2\n")]);
        table.each(State::Held, attr, ["2"]);
    }
    table.each(State::New, "compressed_writeback", SWITCHES);
    table.run(
        State::Backed,
        &[("compressed_writeback", "1"), ("compressed_writeback", "x"), ("compressed_writeback", "0")],
    );
    table.run(
        State::New,
        &[("compressed_writeback", "y"), ("disksize", "64K"), ("compressed_writeback", "n"), ("reset", "1")],
    );
    table.each(State::Sized, "compressed_writeback", ["1", "0", "x", ""]);
    table.each(State::Held, "compressed_writeback", ["1"]);
}

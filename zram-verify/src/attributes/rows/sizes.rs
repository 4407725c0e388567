//! Attributes that `memparse` reads, and `mem_used_max`.
//!
//! A `disksize` is at most that of the largest device that can be looked at, or so close to 2^64 that it wraps to 0
//! (docs/findings/disksize-wraps.md).

use zram_agent::protocol::Op;

use super::{Step, Table, padded, row};
use crate::attributes::state::State;

const DISKSIZES: &[&str] = &[
    "4096",
    "4096\n",
    "4096\n\n",
    "1",
    "4095",
    "4097",
    "64K",
    "64k",
    "1M",
    "1m",
    "1MB",
    "1MiB",
    "1M garbage",
    "1.5M",
    "1K1M",
    "64KK",
    "0x1000",
    "0X1000",
    "0x10K",
    "010000",
    "010K",
    "0x1000z",
    "08",
    "09K",
    "0",
    "0K",
    "00",
    "0x",
    "0xg",
    "-1",
    "-4096",
    "+4096",
    " 4096",
    "4096 ",
    "\t4096",
    "4,096",
    "",
    "\n",
    "K",
    "M1",
    "four",
    "4096\0",
    "4\x0096",
    "\x004096",
    "256M",
    "0.25G",
    "18446744073709547521",
    "18446744073709551615",
    "18446744073709551616",
    "16E",
];

const LIMITS: &[&str] = &[
    "0",
    "1",
    "4096",
    "4097",
    "1M",
    "1m\n",
    "1G",
    "1T",
    "1P",
    "1E",
    "15E",
    "16E",
    "17E",
    "0x100000",
    "0100000",
    "0x",
    "0xz",
    "08",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709547520",
    "18446744073709551615",
    "18446744073709551616",
    "36893488147419103233",
    "99999999999999999999999",
    "-1",
    "+1",
    " 1M",
    "1M ",
    "1Mx",
    "1.9M",
    "M",
    "",
    "\n",
    "x",
    "1\0M",
];

const MAXIMA: &[&str] =
    &["0", "0\n", "0\n\n", "00", "+0", "-0", "0x0", " 0", "0 ", "0\0x", "1", "-1", "", "\n", "x", "max"];

pub(super) fn add(table: &mut Table) {
    table.each(State::New, "disksize", DISKSIZES);
    table.each(
        State::New,
        "disksize",
        [
            padded("4096", " ", 4092),
            padded("4096", " ", 4093),
            padded("", "0", 4096) + "7",
            padded("", "0", 4091) + "10000",
            padded("1", "K", 40),
        ],
    );
    table.run(State::New, &[("disksize", "x"), ("disksize", "0"), ("disksize", "64K"), ("disksize", "64K")]);
    table.each(State::Sized, "disksize", ["2M", "1M", "0", "x", ""]);
    table.each(State::Filled, "disksize", ["1M"]);
    table.each(State::Held, "disksize", ["1M", "0"]);
    table.run(State::Backed, &[("disksize", "0"), ("disksize", "64K")]);
    table.each(State::New, "mem_limit", LIMITS);
    table.each(State::New, "mem_limit", [padded("1", "0", 4095), padded("4096", "x", 4095)]);
    table.run(State::Sized, &[("mem_limit", "1M"), ("mem_limit", "x"), ("mem_limit", "0")]);
    table.each(State::Held, "mem_limit", ["8K"]);
    table.run(State::Filled, &[("mem_limit", "1"), ("mem_limit", "0x10000")]);
    table.each(State::New, "mem_used_max", MAXIMA);
    table.each(State::Sized, "mem_used_max", ["0", "1"]);
    table.each(State::Held, "mem_used_max", ["0"]);
    let drop_some = Op::Discard { dev: 0, slot: 2, count: 12 };
    table.case(
        State::Filled,
        [
            row("mem_used_max", "1"),
            row("mem_used_max", "0"),
            Step::Quiet(drop_some),
            row("mem_used_max", "00"),
            row("mem_used_max", "0"),
        ],
    );
}

//! `recompress`, and parameters of more than one algorithm.
//!
//! In state `multi` slots 0 and 1 are same-filled, 2 to 12 compressed with lz4, 13 to 15 huge; zstd has priority 1 and
//! deflate 2.

use zram_agent::protocol::Op;

use super::{Step, Table, padded, quiet, row};
use crate::{abilities::Deadly, attributes::state::State};

const COMMANDS: &[&str] = &[
    "type=idle",
    "type=huge",
    "type=huge\n",
    "type=huge_idle",
    "type=incompressible",
    "type=",
    "type",
    "type=all",
    "type=HUGE",
    "type=huge type=idle",
    "huge",
    "idle",
    "",
    "\n",
    " ",
    "threshold=0",
    "threshold=1",
    "threshold=300",
    "threshold=1000",
    "threshold=3000",
    "threshold=3624",
    "threshold=3625",
    "threshold=4096",
    "threshold=4294967295",
    "threshold=4294967296",
    "threshold=-1",
    "threshold=0x100",
    "threshold=0100",
    "threshold=1K",
    "threshold=",
    "threshold",
    "threshold=x",
    "threshold=1000 threshold=3000",
    "max_pages=0",
    "max_pages=1",
    "max_pages=5",
    "max_pages=100",
    "max_pages=-1",
    "max_pages=0x5",
    "max_pages=x",
    "max_pages=",
    "max_pages=18446744073709551616",
    "max_pages=2 type=huge",
    "algo=zstd",
    "algo=zstd\n",
    "algo=deflate",
    "algo=lz4",
    "algo=lz4hc",
    "algo=lzo",
    "algo=snappy",
    "algo=",
    "algo",
    "algo=\"zstd\"",
    "priority=0",
    "priority=1",
    "priority=2",
    "priority=3",
    "priority=4",
    "priority=-1",
    "priority=0x1",
    "priority=x",
    "priority=",
    "priority=1 algo=deflate",
    "algo=deflate priority=1",
    "algo=deflate priority=2",
    "algo=zstd algo=deflate",
    "algo=deflate type=huge",
    "type=huge threshold=3000",
    "type=huge threshold=3000 algo=zstd max_pages=2",
    "threshold=1000 algo=deflate",
    "colour=blue",
    "colour",
    "colour=blue type=huge",
    "type=huge colour",
    "\"type=huge\"",
    "type=huge\0 type=all",
    "type=huge,algo=zstd",
];

/// With every slot marked idle.
const OF_THE_IDLE: &[&str] =
    &["type=idle", "type=huge_idle", "type=idle threshold=1000", "type=idle max_pages=4"];

const PARAMS: &[&str] = &[
    "priority=1 level=3",
    "priority=2 level=9",
    "priority=3 level=1",
    "priority=4 level=1",
    "algo=zstd level=5",
    "algo=deflate level=5",
    "algo=zstd priority=1 level=5",
    "algo=zstd priority=2 level=5",
    "algo=lz4hc level=5",
];

pub(super) fn add(table: &mut Table) {
    table.each(State::Recompressible, "recompress", COMMANDS);
    table.each(
        State::Recompressible,
        "recompress",
        [padded("type=huge", " ", 4087), padded("type=huge", " ", 4087) + "type=all"],
    );
    for text in OF_THE_IDLE {
        table.case(State::Recompressible, [quiet("idle", "all"), row("recompress", text)]);
    }
    table.run(
        State::Recompressible,
        &[
            ("recompress", "type=huge"),
            ("recompress", "type=huge"),
            ("recompress", "priority=2"),
            ("recompress", "priority=1"),
            ("compact", "1"),
        ],
    );
    table.run(
        State::Recompressible,
        &[("recompress", "priority=2"), ("idle", "all"), ("recompress", "type=idle")],
    );
    table.run(
        State::Recompressible,
        &[("recompress", "threshold=2000"), ("reset", "1"), ("recompress", "type=huge")],
    );
    table.each(State::New, "recompress", ["type=huge", "algo=zstd", "x", ""]);
    table.each(
        State::Filled,
        "recompress",
        ["type=huge", "algo=zstd", "priority=1", "threshold=9999", "x", ""],
    );
    table.each(State::Held, "recompress", ["type=huge"]);
    for text in PARAMS {
        table.case(
            State::New,
            [
                quiet("recomp_algorithm", "algo=zstd priority=1"),
                quiet("recomp_algorithm", "algo=deflate priority=2"),
                row("algorithm_params", text),
                Step::Row(Op::Set { dev: 0, attr: "disksize".into(), value: "64K".into() }),
            ],
        );
    }
    table.deadly(
        Deadly::DeflateWindow,
        State::New,
        [
            quiet("recomp_algorithm", "algo=deflate priority=2"),
            quiet("algorithm_params", "priority=2 deflate.winbits=-99"),
            row("disksize", "64K"),
            row("disksize", "64K"),
        ],
    );
}

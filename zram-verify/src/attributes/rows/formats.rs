//! Words and paths: `comp_algorithm`, `recomp_algorithm`, `backing_dev`, `idle`.

use zram_agent::protocol::Op;

use super::{Step, Table, padded, quiet, row};
use crate::attributes::state::State;

const ALGORITHMS: &[&str] = &[
    "lz4",
    "lz4\n",
    "lz4hc",
    "zstd",
    "zstd\n",
    "deflate",
    "lzo",
    "lzo-rle",
    "lzo-rle\n",
    "842",
    "lz4\n\n",
    "\nlz4",
    " lz4",
    "lz4 ",
    "LZ4",
    "lz",
    "lz4h",
    "lz4hcc",
    "lz4\0zstd",
    "[lz4]",
    "none",
    "",
    "\n",
    " ",
    "algo=lz4",
    "snappy",
];

const SECONDARY: &[&str] = &[
    "algo=zstd priority=1",
    "algo=zstd priority=1\n",
    "priority=1 algo=zstd",
    "algo=zstd priority=2",
    "algo=zstd priority=3",
    "algo=zstd priority=0",
    "algo=zstd priority=4",
    "algo=zstd priority=-1",
    "algo=zstd priority=x",
    "algo=zstd priority=",
    "algo=zstd priority",
    "algo=zstd priority=0x2",
    "algo=zstd priority=02",
    "algo=zstd priority=99999999999",
    "algo=zstd",
    "algo=lzo-rle priority=1",
    "algo=842 priority=1",
    "algo=lz4 priority=1",
    "algo=snappy priority=1",
    "algo= priority=1",
    "algo priority=1",
    "algo=ZSTD priority=1",
    "algo=\"zstd\" priority=\"1\"",
    "\"algo=zstd\" priority=1",
    "algo=zstd\tpriority=1",
    "algo=zstd,priority=1",
    "algo=zstd priority=1 priority=2",
    "algo=zstd algo=lz4hc priority=1",
    "algo=zstd priority=1 level=3",
    "algo=zstd priority=1 colour",
    "priority=1",
    "zstd",
    "",
    "\n",
    " ",
];

const PATHS: &[&str] = &[
    "$BACKING",
    "$BACKING\n",
    "$BACKING\n\n",
    "$BACKING ",
    " $BACKING",
    "$BACKING\0x",
    "$BACKING/",
    "none",
    "none\n",
    "",
    "\n",
    " ",
    "relative",
    "/nonexistent",
    "/nonexistent/deeper",
    "/",
    "/dev",
    "/dev/null",
    "/dev/null\n",
    "/dev/null/x",
    "/proc/version",
];

/// The uptime is beyond 6 s when the table begins ([`crate::attributes::play`]) and the pages were written a moment ago, so
/// that an age of 5 s marks none. One of 4 000 000 000 s lies before the boot on any machine.
const AGES: &[&str] = &[
    "all",
    "all\n",
    "all\n\n",
    "ALL",
    "All",
    " all",
    "all ",
    "all\0x",
    "al",
    "alle",
    "5",
    "5\n",
    "0x5",
    "05",
    "+5",
    "-5",
    "5s",
    " 5",
    "5 ",
    "5.0",
    "4000000000",
    "4294967295",
    "4294967296",
    "18446744073709551616",
    "",
    "\n",
    "x",
    "08",
    "none",
];

pub(super) fn add(table: &mut Table) {
    table.each(State::New, "comp_algorithm", ALGORITHMS);
    table.each(
        State::New,
        "comp_algorithm",
        [padded("", "z", 127), padded("", "z", 128), padded("zstd", "\n", 4093), padded("", "z", 4097)],
    );
    table.run(
        State::New,
        &[
            ("comp_algorithm", "zstd"),
            ("comp_algorithm", "snappy"),
            ("disksize", "64K"),
            ("comp_algorithm", "lz4"),
            ("comp_algorithm", "snappy"),
            ("reset", "1"),
            ("comp_algorithm", "lz4hc"),
        ],
    );
    // A second newline is part of the name on some kernels.
    table.run(
        State::New,
        &[("comp_algorithm", "lz4\n\n"), ("algorithm_params", "algo=lz4 level=1"), ("disksize", "64K")],
    );
    table.each(State::Backed, "comp_algorithm", ["deflate"]);
    table.each(State::Filled, "comp_algorithm", ["lz4", ""]);
    table.each(State::Held, "comp_algorithm", ["zstd"]);

    table.each(State::New, "recomp_algorithm", SECONDARY);
    table.run(
        State::New,
        &[
            ("recomp_algorithm", "algo=lz4 priority=1"),
            ("recomp_algorithm", "algo=lz4hc priority=2"),
            ("recomp_algorithm", "algo=zstd priority=3"),
            ("recomp_algorithm", "algo=deflate priority=1"),
            ("comp_algorithm", "lzo"),
            ("disksize", "64K"),
            ("recomp_algorithm", "algo=zstd priority=1"),
            ("reset", "1"),
        ],
    );
    table.each(State::Sized, "recomp_algorithm", ["algo=zstd priority=1", "algo=snappy priority=1", ""]);

    table.each(State::Offered, "backing_dev", PATHS);
    table.each(
        State::Offered,
        "backing_dev",
        [
            padded("", "a", 255),
            padded("", "a", 256),
            padded("", "/", 4095),
            padded("", "/a", 2048),
            padded("/dev/null", "\n", 4096),
        ],
    );
    table.run(
        State::Offered,
        &[
            ("backing_dev", "$BACKING"),
            ("backing_dev", "$BACKING"),
            ("backing_dev", "/nonexistent"),
            ("backing_dev", "none"),
            ("reset", "1"),
            ("backing_dev", "$BACKING"),
        ],
    );
    table.each(State::New, "backing_dev", ["$BACKING"]);
    table.each(State::Sized, "backing_dev", ["/dev/null", "", "none"]);
    table.each(State::Full, "backing_dev", ["$BACKING", "/nonexistent"]);

    table.each(State::New, "idle", ["all", "5", "x", ""]);
    table.each(State::Sized, "idle", ["all"]);
    table.each(State::Filled, "idle", AGES);
    table.each(
        State::Filled,
        "idle",
        [padded("all", "\n", 4093), padded("all", "\n", 4094), padded("", "0", 4095) + "5"],
    );
    let while_time_passes = || Step::Quiet(Op::Sleep { millis: 1_100 });
    table.case(State::Filled, [while_time_passes(), row("idle", &padded("", "0", 4097))]);
    table.case(State::Filled, [while_time_passes(), row("idle", "0"), row("idle", "5"), row("idle", "all")]);
    table.case(State::Full, [quiet("writeback", "huge"), row("idle", "all")]);
}

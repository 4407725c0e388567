//! `algorithm_params`: lists of `key=value`, checked in part when they are written and in part when the device gets its size.

use super::{Table, padded, row};
use crate::{abilities::Deadly, attributes::state::State};

const PARAMS: &[&str] = &[
    "level=3",
    "level=3\n",
    "level=0",
    "level=-5",
    "level=+5",
    "level=2147483647",
    "level=2147483648",
    "level=-2147483648",
    "level=-2147483649",
    "level=0x3",
    "level=03",
    "level=3x",
    "level=",
    "level",
    "level=x",
    "level=1 level=2",
    "level= 3",
    "level =3",
    "level=\"3\"",
    "\"level=3\"",
    "level=\"3",
    "level=3\0 level=x",
    "level=3\tpriority=0",
    "level=3\npriority=0",
    "priority=0",
    "priority=0 level=3",
    "priority=1 level=3",
    "priority=3 level=3",
    "priority=4 level=3",
    "priority=-1 level=3",
    "priority=x level=3",
    "priority=",
    "priority",
    "algo=lz4 level=3",
    "algo=lzo-rle",
    "algo=zstd level=3",
    "algo=snappy level=3",
    "algo= level=3",
    "algo=lz4 priority=0 level=3",
    "algo=zstd priority=0 level=3",
    "dict=/nonexistent",
    "dict=/dev",
    "dict=/proc/version",
    "dict=",
    "deflate.winbits=-11",
    "deflate.winbits=15",
    "deflate.winbits=x",
    "deflate.winbits=",
    "winbits=-11",
    "deflate.level=3",
    "colour=blue",
    "colour=",
    "colour",
    "colour=blue level=3",
    "level=3 colour",
    "=",
    "=3",
    "==",
    "level==3",
    "LEVEL=3",
    "",
    "\n",
    " ",
    "  level=3  ",
    "\"\"",
    "\"",
];

/// Algorithm, parameters, and then the size: what is out of an algorithm's range is refused only there.
const CHECKED_LATE: &[(&str, &str)] = &[
    ("lz4", "level=0"),
    ("lz4", "level=-1"),
    ("lz4", "level=2147483647"),
    ("lz4hc", "level=-7"),
    ("lz4hc", "level=12"),
    ("lz4hc", "level=100"),
    ("zstd", "level=-100"),
    ("zstd", "level=22"),
    ("zstd", "level=2000000000"),
    ("zstd", "level=-2147483648"),
    ("deflate", "level=0"),
    ("deflate", "level=9"),
    ("deflate", "level=-1"),
    ("deflate", "deflate.winbits=-8"),
    ("deflate", "deflate.winbits=-15"),
    ("deflate", "deflate.winbits=-16"),
    ("deflate", "deflate.winbits=-7"),
    ("deflate", "deflate.winbits=0"),
    ("deflate", "deflate.winbits=15"),
    ("deflate", "deflate.winbits=31"),
    ("lz4", "deflate.winbits=99"),
];

/// The same, refused by every kernel. Those before 7.2 then have no algorithm at all, and die when somebody reads which they have
/// (docs/findings/algorithm-forgotten.md).
const REFUSED_LATE: &[(&str, &str)] = &[("deflate", "level=10"), ("deflate", "level=-2")];

pub(super) fn add(table: &mut Table) {
    table.each(State::New, "algorithm_params", PARAMS);
    table.each(
        State::New,
        "algorithm_params",
        [padded("level=3", " ", 4089), padded("level=3", " ", 4090) + "x", padded("level=", "0", 4090) + "x"],
    );
    let sized = |algorithm, params| {
        [row("comp_algorithm", algorithm), row("algorithm_params", params), row("disksize", "64K")]
    };
    for (algorithm, params) in CHECKED_LATE {
        match window(algorithm, params) {
            Some(window) if !(9..=15).contains(&window) => {
                table.deadly(Deadly::DeflateWindow, State::New, sized(algorithm, params));
            }
            _ => table.case(State::New, sized(algorithm, params)),
        }
    }
    for (algorithm, params) in REFUSED_LATE {
        table.deadly(Deadly::SizeRefusedByCompressor, State::New, sized(algorithm, params));
    }
    // The last parameters count, and all of those that went before are forgotten.
    table.deadly(
        Deadly::DeflateWindow,
        State::New,
        [
            row("comp_algorithm", "deflate"),
            row("algorithm_params", "deflate.winbits=-99"),
            row("disksize", "64K"),
            row("comp_algorithm", "deflate"),
            row("algorithm_params", "deflate.winbits=-99"),
            row("algorithm_params", "level=6"),
            row("disksize", "64K"),
        ],
    );
    table.run(
        State::New,
        &[
            ("comp_algorithm", "zstd"),
            ("algorithm_params", "algo=zstd level=19"),
            ("algorithm_params", "algo=lz4 level=1"),
            ("comp_algorithm", "lz4"),
            ("algorithm_params", "algo=zstd level=1"),
        ],
    );
    table.each(State::Sized, "algorithm_params", ["level=3", "level=x", "priority=9", "colour", ""]);
    table.each(State::Held, "algorithm_params", ["level=3"]);
    table.each(State::Backed, "algorithm_params", ["algo=lz4"]);
}

/// The window that deflate would get, in bits.
fn window(algorithm: &str, params: &str) -> Option<u32> {
    let number = params.strip_prefix("deflate.winbits=").filter(|_| algorithm == "deflate")?;
    number.parse().ok().map(i32::unsigned_abs)
}

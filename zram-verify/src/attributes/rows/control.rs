//! `/sys/class/zram-control`: devices added and removed.

use zram_agent::protocol::Op;

use super::{Step, Table, padded};
use crate::attributes::state::{DEV, State};

const NOT_THERE: &[&str] = &["0", "0\n", "1", "-1", "", "x"];

const SPELLINGS: &[&str] = &[
    "0",
    "0\n",
    "0\n\n",
    "+0",
    "-0",
    "00",
    "0x0",
    " 0",
    "0 ",
    "0\0x",
    "",
    "\n",
    "x",
    "-",
    "1",
    "-1",
    "2147483647",
    "2147483648",
    "99999999999999999999",
];

fn remove(text: &str) -> Step {
    Step::Row(Op::Remove { text: text.to_owned() })
}

pub(super) fn add(table: &mut Table) {
    for text in NOT_THERE {
        table.case(State::Absent, [remove(text)]);
    }
    let grow = || Step::Row(Op::Add {});
    table.case(State::Absent, [grow(), grow(), remove("0"), grow(), remove("1"), remove("1"), remove("0")]);
    for text in SPELLINGS {
        table.case(State::New, [remove(text)]);
    }
    // A write takes a page at most: what is behind it does not count.
    for text in [padded("", "0", 4095), padded("", "0", 4097), padded("0", "\n", 4096)] {
        table.case(State::New, [remove(&text)]);
    }
    for state in [State::Backed, State::Sized, State::Full] {
        table.case(state, [remove("0"), remove("0")]);
    }
    table.case(State::Held, [remove("0"), Step::Quiet(Op::Release { dev: DEV }), remove("0")]);
    for state in [State::New, State::Sized] {
        let attributes = ["reset", "compact", "mem_limit", "mem_used_max", "idle", "writeback"];
        for attr in attributes {
            table.case(state, [Step::Row(Op::Get { dev: DEV, attr: attr.to_owned() })]);
        }
    }
    for attr in ["algorithm_params", "recompress", "no_such_attribute"] {
        table.case(State::New, [Step::Row(Op::Get { dev: DEV, attr: attr.to_owned() })]);
    }
}

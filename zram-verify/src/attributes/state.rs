//! The states of a device in which attributes are written.

use zram_agent::protocol::{Begin, Content, Layout, Op};

/// Number of the device that the table works on: the first, since every case starts in a clean world.
pub const DEV: u32 = 0;

/// Pages of the backing device, where there is one.
const BACKING_PAGES: u64 = 12;

/// Where a device stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// There is none.
    Absent,
    /// It was just added.
    New,
    /// Just added, and there is a disk that could become its backing device.
    Offered,
    /// It has a backing device, and no size.
    Backed,
    /// It has a size and nothing was written.
    Sized,
    /// It has a size, and somebody has it open.
    Held,
    /// It has a size and pages of every kind.
    Filled,
    /// It has a size and a backing device, and nothing was written.
    Ready,
    /// It has a size, a backing device, and pages of every kind.
    Full,
    /// It has three algorithms, a size, and pages of every kind.
    Recompressible,
}

impl State {
    /// All of them, in the order of a record.
    pub const ALL: [Self; 10] = [
        Self::Absent,
        Self::New,
        Self::Offered,
        Self::Backed,
        Self::Sized,
        Self::Held,
        Self::Filled,
        Self::Ready,
        Self::Full,
        Self::Recompressible,
    ];

    /// Its name in a record.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::New => "new",
            Self::Offered => "offered",
            Self::Backed => "backed",
            Self::Sized => "sized",
            Self::Held => "held",
            Self::Filled => "filled",
            Self::Ready => "ready",
            Self::Full => "full",
            Self::Recompressible => "multi",
        }
    }

    /// What it is, for the head of a record.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Absent => "no device",
            Self::New => "a device just added",
            Self::Offered => "a device just added; $BACKING is there",
            Self::Backed => "backing_dev is set, disksize is not",
            Self::Sized => "disksize is 1M, nothing was written",
            Self::Held => "disksize is 1M, nothing was written, the disk is held open",
            Self::Filled => "disksize is 1M, 16 slots were written",
            Self::Ready => "backing_dev is set, disksize is 1M, nothing was written",
            Self::Full => "backing_dev is set, disksize is 1M, 16 slots were written",
            Self::Recompressible => {
                "algorithms 0 to 2 are lz4, zstd and deflate, disksize is 1M, 16 slots were written"
            }
        }
    }

    /// An attribute that only some kernels have, without which there is no such state.
    #[must_use]
    pub fn needs(self) -> Option<&'static str> {
        (self == Self::Recompressible).then_some("recomp_algorithm")
    }

    /// What leads there from anywhere. Every operation must succeed.
    #[must_use]
    pub fn way(self) -> Vec<Op> {
        let backing = matches!(self, Self::Offered | Self::Backed | Self::Ready | Self::Full);
        let mut way = vec![Op::Begin(Begin {
            backing_pages: if backing { BACKING_PAGES } else { 0 },
            ..Begin::default()
        })];
        if self == Self::Absent {
            return way;
        }
        way.push(Op::Add {});
        if matches!(self, Self::Backed | Self::Ready | Self::Full) {
            way.push(set("backing_dev", "$BACKING"));
        }
        if matches!(self, Self::New | Self::Offered | Self::Backed) {
            return way;
        }
        // Every kernel has it, and what it makes of a page is known exactly.
        way.push(set("comp_algorithm", "lz4"));
        if self == Self::Recompressible {
            way.push(set("recomp_algorithm", "algo=zstd priority=1"));
            way.push(set("recomp_algorithm", "algo=deflate priority=2"));
        }
        way.push(set("disksize", "1M"));
        match self {
            Self::Held => way.push(Op::Hold { dev: DEV }),
            Self::Filled | Self::Full | Self::Recompressible => way.push(fill()),
            _ => {}
        }
        way
    }
}

/// Writes a text to an attribute of the device.
pub(crate) fn set(attr: &str, value: &str) -> Op {
    Op::Set { dev: DEV, attr: attr.to_owned(), value: value.to_owned() }
}

/// Sixteen slots: two same-filled, eleven compressed to many sizes, three huge.
fn fill() -> Op {
    let mut pages = vec![Content::Zero, Content::Same { word: 7 }];
    pages.extend((1..6).map(|seed| Content::Text { seed }));
    pages.extend([300, 700, 1500, 2200, 2900, 3400].map(|noise| Content::Noisy { seed: 9, noise }));
    pages.extend((1..4).map(|seed| Content::Random { seed }));
    Op::Write { dev: DEV, slot: 0, pages, layout: Layout::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_and_each_is_one_state() {
        let names: std::collections::BTreeSet<_> = State::ALL.iter().map(|state| state.name()).collect();
        assert_eq!(names.len(), State::ALL.len());
        assert!(names.iter().all(|name| name.len() <= 7 && !name.contains(' ')));
    }
}

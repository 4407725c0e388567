//! A program in the making, and a rough idea of the device it runs on.

use std::collections::{BTreeMap, BTreeSet};

use zram_agent::protocol::{Begin, Content, Layout, Op};

use super::{contents, dice::Dice, layouts};
use crate::abilities::Abilities;

/// A program being written. It keeps count of what its operations should lead to, well enough to
/// aim at interesting slots; it sees no answers, so that the same seed makes the same operations
/// whatever a kernel makes of them.
pub(super) struct Draft<'a> {
    pub(super) dice: &'a mut Dice,
    /// What the kernel has.
    pub(super) abilities: &'a Abilities,
    pub(super) ops: Vec<Op>,
    /// The device's number. `begin` leaves none, and the kernel gives out the lowest.
    pub(super) dev: u32,
    /// Slots of the device; 0 before `disksize`.
    pub(super) slots: u64,
    /// Blocks of the backing device.
    pub(super) backing: u64,
    /// Slots that were written.
    pub(super) filled: BTreeSet<u64>,
    /// Algorithms for recompression, by priority.
    pub(super) secondaries: Vec<(u64, &'static str)>,
    /// Devices that are not `dev` at the moment.
    others: BTreeMap<u32, Other>,
}

/// A device that the program has turned away from: slots, slots that were written, algorithms for recompression.
type Other = (u64, BTreeSet<u64>, Vec<(u64, &'static str)>);

impl<'a> Draft<'a> {
    /// Begins with a backing device of this many pages and adds a device.
    pub(super) fn new(dice: &'a mut Dice, abilities: &'a Abilities, backing: u64) -> Self {
        let ops = vec![Op::Begin(Begin { backing_pages: backing, ..Begin::default() }), Op::Add {}];
        Self {
            dice,
            abilities,
            ops,
            dev: 0,
            slots: 0,
            backing,
            filled: BTreeSet::new(),
            secondaries: Vec::new(),
            others: BTreeMap::new(),
        }
    }

    /// Adds a device and turns to it; the kernel gives out the lowest number that is free, which is this one.
    pub(super) fn another(&mut self, dev: u32) {
        self.ops.push(Op::Add {});
        self.turn_to(dev);
    }

    /// What follows is about this device.
    pub(super) fn turn_to(&mut self, dev: u32) {
        if dev == self.dev {
            return;
        }
        let (slots, filled, secondaries) = self.others.remove(&dev).unwrap_or_default();
        let old = (
            core::mem::replace(&mut self.slots, slots),
            core::mem::replace(&mut self.filled, filled),
            core::mem::replace(&mut self.secondaries, secondaries),
        );
        self.others.insert(self.dev, old);
        self.dev = dev;
    }

    /// This device is gone, or as if it were new.
    pub(super) fn forget(&mut self, dev: u32) {
        if dev == self.dev {
            (self.slots, self.filled, self.secondaries) = Other::default();
        } else {
            self.others.remove(&dev);
        }
    }

    pub(super) fn set(&mut self, attr: &str, value: impl Into<String>) {
        self.ops.push(Op::Set { dev: self.dev, attr: attr.to_owned(), value: value.into() });
    }

    /// Sets an attribute to one of these texts.
    pub(super) fn set_one_of(&mut self, attr: &str, values: &[&str]) {
        let value = self.dice.pick(values);
        self.set(attr, value);
    }

    pub(super) fn get(&mut self, attr: &str) {
        self.ops.push(Op::Get { dev: self.dev, attr: attr.to_owned() });
    }

    /// Sets the size in pages, in one of the ways to write it.
    pub(super) fn size(&mut self, slots: u64) {
        let text = match self.dice.below(4) {
            0 if slots.is_multiple_of(256) => format!("{}M", slots / 256),
            0 | 1 => format!("{}K", slots * 4),
            // Rounded up to a page.
            2 => format!("{}", slots * 4096 - self.dice.below(4096)),
            _ => format!("{:#x}", slots * 4096),
        };
        self.set("disksize", text);
        self.slots = slots;
    }

    /// Any content.
    pub(super) fn content(&mut self) -> Content {
        contents::any(self.dice, self.abilities.huge_class_size)
    }

    /// Anything that is neither same-filled nor stored raw.
    pub(super) fn compressible(&mut self) -> Content {
        contents::compressible(self.dice, self.abilities.huge_class_size)
    }

    /// A length at the border of a size class.
    pub(super) fn class_border(&mut self) -> Content {
        contents::class_border(self.dice, self.abilities.huge_class_size)
    }

    /// A length within a few bytes of being stored raw.
    pub(super) fn huge_border(&mut self) -> Content {
        contents::huge_border(self.dice, self.abilities.huge_class_size)
    }

    pub(super) fn write(&mut self, slot: u64, pages: Vec<Content>, layout: Layout) {
        self.filled.extend((slot..slot + pages.len() as u64).filter(|slot| *slot < self.slots));
        self.ops.push(Op::Write { dev: self.dev, slot, pages, layout });
    }

    /// Writes these contents to consecutive slots, at most 16 a time.
    pub(super) fn write_all(&mut self, slot: u64, contents: &[Content]) {
        let mut at = slot;
        for pages in contents.chunks(16) {
            self.write(at, pages.to_vec(), Layout::default());
            at += pages.len() as u64;
        }
    }

    pub(super) fn write_any(&mut self) {
        let (slot, count) = self.span(16);
        let pages = (0..count).map(|_| self.content()).collect();
        let layout = layouts::any(self.dice, count);
        self.write(slot, pages, layout);
    }

    pub(super) fn read(&mut self, slot: u64, count: u64, layout: Layout) {
        self.ops.push(Op::Read { dev: self.dev, slot, count: count as u32, layout });
    }

    pub(super) fn read_any(&mut self) {
        let (slot, count) = self.span(16);
        let layout = layouts::any(self.dice, count);
        self.read(slot, count, layout);
    }

    /// Reads the whole device.
    pub(super) fn read_back(&mut self) {
        let mut slot = 0;
        while slot < self.slots {
            let count = self.dice.between(1, 32).min(self.slots - slot);
            self.read(slot, count, Layout::default());
            slot += count;
        }
    }

    pub(super) fn discard(&mut self, slot: u64, count: u64) {
        for slot in slot..slot + count {
            self.filled.remove(&slot);
        }
        self.ops.push(Op::Discard { dev: self.dev, slot, count });
    }

    pub(super) fn discard_any(&mut self) {
        let (slot, count) = self.span(8);
        if self.dice.chance(75) {
            self.discard(slot, count);
        } else {
            for slot in slot..slot + count {
                self.filled.remove(&slot);
            }
            self.ops.push(Op::ZeroOut { dev: self.dev, slot, count });
        }
    }

    pub(super) fn idle_all(&mut self) {
        let text = self.dice.pick(&["all", "all\n"]);
        self.set("idle", text);
    }

    /// Looks at every block of the backing device that may be in use.
    pub(super) fn blocks(&mut self) {
        if self.backing > 0 {
            let count = self.backing.min(64) as u32;
            self.ops.push(Op::Blocks { first: 0, count });
        }
    }

    pub(super) fn classes(&mut self) {
        self.ops.push(Op::Classes { dev: self.dev });
    }

    pub(super) fn sleep(&mut self, millis: u32) {
        self.ops.push(Op::Sleep { millis });
    }

    /// A slot: the first, the last, one that was written, or any.
    pub(super) fn slot(&mut self) -> u64 {
        let slots = self.slots.max(1);
        match self.dice.below(10) {
            0 => 0,
            1 => slots - 1,
            2..7 if !self.filled.is_empty() => {
                let nth = self.dice.below(self.filled.len() as u64) as usize;
                self.filled.iter().nth(nth).copied().unwrap_or(0)
            }
            _ => self.dice.below(slots),
        }
    }

    /// A run of at most `most` slots within the device.
    pub(super) fn span(&mut self, most: u64) -> (u64, u64) {
        let slot = self.slot();
        let room = self.slots.max(1) - slot;
        let most = if self.dice.chance(40) { 1 } else { most };
        (slot, self.dice.between(1, room.min(most)))
    }

    /// A run of slots of this length if the device has it, as long as it can otherwise.
    pub(super) fn run(&mut self, count: u64) -> (u64, u64) {
        let count = count.min(self.slots.max(1));
        (self.dice.below(self.slots.max(1) - count + 1), count)
    }

    /// Ordinary work in between.
    pub(super) fn churn(&mut self, ops: u64) {
        for _ in 0..ops {
            match self.dice.below(10) {
                0..5 => self.write_any(),
                5..8 => self.read_any(),
                _ => self.discard_any(),
            }
        }
    }
}

//! I/O while a pass is under way: the operation `during`.

use nix::errno::Errno;
use zram_host::{
    Port,
    meanwhile::{Ended, Io},
};

pub(crate) use zram_host::meanwhile::Errand;

use crate::{
    memory::Arena,
    protocol::{Bytes, Data, Layout, Touch, Touched},
    world::Trouble,
};

/// Bytes of a slot.
const PAGE: u64 = 4096;

/// Most slots of one I/O: more would make more than one bio.
const MOST_SLOTS: u64 = 256;

/// Most I/O in one operation.
const MOST_BIOS: u64 = 64;

/// One I/O, its memory laid out.
pub(crate) enum Prepared {
    Read { at: u64, arena: Arena },
    Write { at: u64, arena: Arena, before: Vec<u8> },
    Discard { at: u64, bytes: u64 },
}

impl Prepared {
    /// The call.
    pub(crate) fn io(&mut self) -> Io<'_> {
        match self {
            Self::Read { at, arena } => Io::Read { at: *at, buffer: arena.buffer() },
            Self::Write { at, arena, .. } => Io::Write { at: *at, buffer: arena.buffer() },
            Self::Discard { at, bytes } => Io::Discard { at: *at, bytes: *bytes },
        }
    }

    /// Its memory afterwards, where there is something to say about it.
    pub(crate) fn memory(self) -> Option<Vec<u8>> {
        match self {
            Self::Read { arena, .. } => Some(arena.bytes().to_vec()),
            Self::Write { arena, before, .. } => (arena.bytes() != before).then(|| arena.bytes().to_vec()),
            Self::Discard { .. } => None,
        }
    }
}

/// The I/O of one operation.
pub(crate) struct Touches(Vec<Prepared>);

impl Touches {
    /// Lays the memory out, before anything is timed.
    ///
    /// # Errors
    /// When there is too much of something.
    pub(crate) fn prepare(bios: &[Touch]) -> Result<Self, Trouble> {
        at_most("a number of bios", bios.len() as u64, MOST_BIOS)?;
        bios.iter().map(prepare).collect::<Result<_, _>>().map(Self)
    }

    /// Does everything.
    pub(crate) fn run(&mut self, world: &mut impl Port, dev: u32, errand: Errand<'_>) -> Ended {
        let io = self.0.iter_mut().map(Prepared::io).collect();
        world.meanwhile(dev, errand, io)
    }

    /// What is reported of it.
    pub(crate) fn report(self, results: Vec<Result<usize, Errno>>) -> Data {
        let touched = self.0.into_iter().zip(results).map(|(prepared, result)| Touched {
            outcome: result.map(|moved| moved as u64).into(),
            memory: prepared.memory().map(Bytes),
        });
        Data::Bios(touched.collect())
    }
}

pub(crate) fn prepare(touch: &Touch) -> Result<Prepared, Trouble> {
    let (slot, count) = touch.span();
    at_most("a number of slots in one of the bios", count, MOST_SLOTS)?;
    at_most("a position in pages", slot, i64::MAX as u64 / PAGE - MOST_SLOTS)?;
    let at = slot * PAGE;
    Ok(match touch {
        Touch::Read { .. } => Prepared::Read { at, arena: Arena::new(&Layout::default(), count as usize)? },
        Touch::Write { pages, .. } => {
            let mut arena = Arena::new(&Layout::default(), pages.len())?;
            arena.fill(&pages.iter().flat_map(|page| *page.bytes()).collect::<Vec<_>>());
            let before = arena.bytes().to_vec();
            Prepared::Write { at, arena, before }
        }
        Touch::Discard { .. } => Prepared::Discard { at, bytes: count * PAGE },
    })
}

pub(crate) fn at_most(what: &'static str, asked: u64, limit: u64) -> Result<(), Trouble> {
    if asked > limit { Err(Trouble::TooMuch { what, asked, limit }) } else { Ok(()) }
}

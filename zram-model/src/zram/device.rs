//! A device: what survives a reset, what does not, and the slot table in between.

use zram_events::{DeviceId, Event, SlotIndex};

use super::{
    backing::Backing,
    codec::{NOT_SET, PRIORITIES, Params, Priority},
    slot::{
        Slot,
        flag::{HUGE, IDLE, INCOMPRESSIBLE, PP_SLOT, PRIORITY, SAME, WB},
    },
    stats::{Stats, sub},
};
use crate::{
    behaviours::{CompressedWriteback, IdleAge, WrittenBack},
    context::Call,
    control::Claim,
    environment::{ClockUse, Codec, Environment},
    mutation::Mutation,
    profile::Profile,
    site::Site,
    zsmalloc::{Handle, Pool, storage::Storage},
};

/// Nanoseconds of a second.
pub(crate) const NANOSECONDS: u64 = 1_000_000_000;

/// `struct zram`
#[derive(Clone, Debug)]
pub(crate) struct Device {
    pub(crate) id: DeviceId,
    /// How often the block device is open (`disk_openers`).
    pub(crate) openers: u32,
    /// Why it cannot be opened, if it cannot (`claim`).
    pub(crate) claim: Claim,
    /// What its pool keeps of the pages written.
    pub(crate) storage: Storage,
    pub(crate) state: State,
    /// The slot table and the pool: there once disksize is set (`init_done`).
    pub(crate) disk: Option<Disk>,
}

/// What a device has before it has a size.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) algorithms: [Option<&'static str>; PRIORITIES],
    /// Whose names are kept with a newline ([`Behaviours::algorithm_keeps_newline`]).
    ///
    /// [`Behaviours::algorithm_keeps_newline`]: crate::Behaviours::algorithm_keeps_newline
    pub(crate) newlines: [bool; PRIORITIES],
    pub(crate) params: [Params; PRIORITIES],
    /// `mem_limit` in pages; 0 for none.
    pub(crate) limit_pages: u64,
    pub(crate) stats: Stats,
    pub(crate) writeback: WritebackSettings,
    pub(crate) backing: Option<Backing>,
}

/// Settings that a reset leaves alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WritebackSettings {
    pub(crate) limit_enable: bool,
    /// What may still be written back, in units of 4 KiB.
    pub(crate) limit: u64,
    pub(crate) batch_size: u32,
    pub(crate) compressed: bool,
}

/// The slot table and the pool.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    /// Bytes, a multiple of the page size.
    pub(crate) disksize: u64,
    pub(crate) slots: Vec<Slot>,
    /// The nanoseconds of access times, on kernels that keep them ([`IdleAge::Nanoseconds`]); else empty.
    pub(crate) nanoseconds: Vec<u32>,
    pub(crate) pool: Pool,
    pub(crate) huge_class_size: u32,
    /// The compressor's output, kept to be used again (`struct zcomp_strm`).
    pub(crate) buffer: Vec<u8>,
}

/// A device that has a size, borrowed in its parts.
pub(crate) struct Live<'a> {
    pub(crate) dev: DeviceId,
    pub(crate) state: &'a mut State,
    pub(crate) disk: &'a mut Disk,
}

impl Device {
    /// `zram_add`
    pub(crate) fn new(id: DeviceId, storage: Storage, profile: &Profile) -> Self {
        let mut algorithms = [None; PRIORITIES];
        algorithms[0] = Some(profile.default_algorithm);
        let state = State {
            algorithms,
            newlines: [false; PRIORITIES],
            params: [Params::default(); PRIORITIES],
            limit_pages: 0,
            stats: Stats::default(),
            writeback: WritebackSettings {
                limit_enable: false,
                limit: 0,
                batch_size: 32,
                compressed: profile.behaviours.compressed_writeback == CompressedWriteback::Always,
            },
            backing: None,
        };
        Self { id, openers: 0, claim: Claim::None, storage, state, disk: None }
    }

    /// The device at work, if it has a size.
    pub(crate) fn live(&mut self) -> Option<Live<'_>> {
        let disk = self.disk.as_mut()?;
        Some(Live { dev: self.id, state: &mut self.state, disk })
    }
}

impl State {
    /// The name of the algorithm of this priority, if there is one.
    pub(crate) fn algorithm(&self, priority: Priority) -> Option<&'static str> {
        self.algorithms[priority.at()]
    }

    /// The same as it is spelt: a name with a newline behind it is nobody's.
    pub(crate) fn spelt_algorithm(&self, priority: Priority) -> Option<&'static str> {
        self.algorithm(priority).filter(|_| !self.newlines[priority.at()])
    }

    /// The algorithm of this priority with its parameters.
    pub(crate) fn codec(&self, priority: Priority) -> Codec {
        let params = &self.params[priority.at()];
        let set = |number| (number != NOT_SET).then_some(number);
        Codec {
            name: self.algorithm(priority).unwrap_or(""),
            level: set(params.level),
            winbits: set(params.winbits),
            dictionary: params.dictionary != 0,
        }
    }
}

impl Live<'_> {
    /// What compressed a slot's object: what its priority says.
    pub(super) fn codec_of_slot(&self, slot: &Slot) -> Codec {
        self.state.codec(Priority::of_slot(slot.priority()))
    }

    /// As [`Live::codec_of_slot`], of the slot at this place.
    pub(super) fn codec_of(&self, index: SlotIndex) -> Codec {
        self.codec_of_slot(&self.disk.slots[index.0 as usize])
    }

    /// `slot_free`: whatever the slot holds goes.
    pub(crate) fn slot_free(
        &mut self,
        index: SlotIndex,
        site: Site,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        if let Some(handle) = self.vacate(index, site, call) {
            self.disk.pool.free(handle, Site::FreeSlot, call);
        }
    }

    /// What `slot_free` does to the slot and the counters: the object that it frees is left to the caller. (In the kernel
    /// `zs_free` comes before the last counters, which nobody can tell: the slot is locked, and the counters are atomic.)
    pub(super) fn vacate(
        &mut self,
        index: SlotIndex,
        site: Site,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Option<Handle> {
        let mut object = None;
        let stats = &mut self.state.stats;
        let slot = &mut self.disk.slots[index.0 as usize];
        let flags = slot.flags_word(call.profile.page_size);
        call.emit(site, Event::SlotFree { dev: self.dev, slot: index, flags });
        if !call.broken(Mutation::AccessTimeKeptOnFree) {
            slot.access_time = 0;
            if let Some(nanoseconds) = self.disk.nanoseconds.get_mut(index.0 as usize) {
                *nanoseconds = 0;
            }
        }
        slot.clear(IDLE | INCOMPRESSIBLE | PP_SLOT);
        if !call.broken(Mutation::PriorityKept) {
            slot.clear(PRIORITY);
        }
        if slot.has(HUGE) {
            // Writeback has counted it down already and keeps the flag for read-back (b0377ee80429).
            let counted_twice = call.behaviours().written_back != WrittenBack::Kept
                || call.broken(Mutation::HugeCountedDownTwice);
            if !slot.has(WB) || counted_twice {
                sub(&mut stats.huge_pages, 1);
            }
            slot.clear(HUGE);
        }
        if slot.has(WB) {
            slot.clear(WB);
            if let Some(backing) = &mut self.state.backing {
                backing.release(zram_events::Block(slot.word));
            }
            sub(&mut stats.bd_count, 1);
        } else if slot.has(SAME) {
            slot.clear(SAME);
            sub(&mut stats.same_pages, 1);
        } else {
            object = Some(Handle::from_word(slot.word)?);
            sub(&mut stats.compr_data_size, u64::from(slot.size()));
        }
        if site != Site::SlotFreeDiscard || !call.broken(Mutation::PagesStoredKeptOnDiscard) {
            sub(&mut stats.pages_stored, 1);
        }
        slot.word = 0;
        slot.set_size(0);
        object
    }

    /// `mark_slot_accessed`
    pub(crate) fn mark_accessed(
        &mut self,
        index: SlotIndex,
        kept_idle: Mutation,
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) {
        let slot = &mut self.disk.slots[index.0 as usize];
        if !call.broken(kept_idle) {
            slot.clear(IDLE);
        }
        if !call.broken(Mutation::SelectionSurvivesAccess) {
            slot.clear(PP_SLOT);
        }
        if !call.profile.entry_access_time || call.broken(Mutation::AccessTimeNotSet) {
            return;
        }
        let asked = ClockUse::Access { dev: self.dev, slot: index };
        if call.behaviours().idle_age == IdleAge::Nanoseconds {
            let now = call.env.boot_nanoseconds(asked);
            slot.access_time = (now / NANOSECONDS) as u32;
            if let Some(nanoseconds) = self.disk.nanoseconds.get_mut(index.0 as usize) {
                *nanoseconds = (now % NANOSECONDS) as u32;
            }
        } else {
            slot.access_time = call.env.boot_seconds(asked);
        }
    }
}

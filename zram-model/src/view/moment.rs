//! The state in the middle of something.
//!
//! Between calls every block is somebody's: a slot's. In the middle of a pass that is not so, and
//! what holds then is what a check of the asynchronous paths wants to know.

use zram_events::{Block, DeviceId};

use super::SlotView;
use crate::{
    environment::BackingRequest,
    page::PageSize,
    zram::{backing::Backing, device::Disk},
};

/// A device at a moment where no slot is locked: see [`crate::Environment::moment`].
#[derive(Clone)]
pub struct Moment<'a> {
    /// The device.
    pub dev: DeviceId,
    /// The block that the pass holds for its next slot.
    pub reserved: Option<Block>,
    /// Writebacks submitted and not yet processed, whether they have completed or not.
    pub in_flight: Vec<BackingRequest>,
    pub(crate) disk: &'a Disk,
    pub(crate) backing: Option<&'a Backing>,
    pub(crate) page_size: PageSize,
}

impl Moment<'_> {
    /// The slot table.
    pub fn slots(&self) -> impl Iterator<Item = SlotView> {
        let slots = self.disk.slots.iter().enumerate();
        slots.map(|(index, slot)| SlotView::of(self.disk, index, slot, self.page_size))
    }

    /// Whether the block is marked as taken.
    #[must_use]
    pub fn is_taken(&self, block: Block) -> bool {
        self.backing.is_some_and(|backing| backing.taken(block.0))
    }

    /// How many blocks are marked as taken.
    #[must_use]
    pub fn blocks_taken(&self) -> u64 {
        self.backing.map_or(0, Backing::taken_blocks)
    }
}

//! What a backing device can be made of.

use serde::{Deserialize, Serialize};

/// A kind of backing device that a machine can, or cannot, make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackingKind {
    /// A RAM disk (`brd`): completes within the submission, in order.
    Ram,
    /// The device mapper's target `delay` over it: completes later, from a worker.
    Delay,
    /// The device mapper's target `error` beside it: blocks that always fail.
    Error,
    /// A null block device with memory (`null_blk`, `irqmode=2`): completes in the interrupt of a timer.
    Interrupts,
    /// A loop device over a file in memory: completes from a worker, as soon as it can.
    Loop,
    /// The virtual machine's own disk (`virtio_blk`): completes in its interrupt, as soon as it can.
    Virtio,
    /// The device mapper's target `flakey` beside it: blocks that fail writes only, or reads only.
    Flakey,
}

/// The disk below, where it is not the RAM disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Below {
    /// [`BackingKind::Loop`].
    Loop,
    /// [`BackingKind::Virtio`].
    Virtio,
}

/// What bad blocks fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bad {
    /// Reads and writes ([`BackingKind::Error`]).
    #[default]
    Both,
    /// Writes alone ([`BackingKind::Flakey`]).
    Writes,
    /// Reads alone, so that what was written back cannot be had again ([`BackingKind::Flakey`]).
    Reads,
}

impl Bad {
    pub(super) fn is_both(&self) -> bool {
        *self == Self::Both
    }
}

impl BackingKind {
    /// All of them.
    pub const ALL: &[Self] =
        &[Self::Ram, Self::Delay, Self::Error, Self::Interrupts, Self::Loop, Self::Virtio, Self::Flakey];

    /// What agents could make that did not say what they can.
    pub(super) fn untold() -> Vec<Self> {
        vec![Self::Ram, Self::Delay, Self::Error]
    }
}

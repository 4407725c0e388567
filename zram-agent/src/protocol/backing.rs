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
}

impl BackingKind {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Ram, Self::Delay, Self::Error, Self::Interrupts];

    /// What agents could make that did not say what they can.
    pub(super) fn untold() -> Vec<Self> {
        vec![Self::Ram, Self::Delay, Self::Error]
    }
}

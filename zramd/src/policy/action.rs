//! What is to be done.

use std::time::Duration;

use serde::Serialize;
use zram_host::DeviceNumber;

use super::{choice::Choice, refusal::Refused, refusal::Task};
use crate::{config, units::Units};

/// What is done, and what is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// In this order.
    pub steps: Vec<Step>,
    /// Why the rest is not done.
    pub refused: Vec<Refused>,
    /// If nothing happens, it is decided again after this.
    pub again: Duration,
}

/// Something that is done to a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which.
    pub device: DeviceNumber,
    /// What.
    pub action: Action,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Set `mem_limit` to so many bytes.
    SetLimit(u64),
    /// Mark pages as idle that nobody has used for so long. `None`: all of them.
    MarkIdle {
        /// For so long; by the kernel's clock, which runs on while the machine is suspended.
        older: Option<Duration>,
    },
    /// Recompress, in one pass.
    Recompress {
        /// Which tier, from 0.
        tier: usize,
        /// The algorithm.
        algorithm: String,
        /// Which pages.
        pages: config::Pages,
        /// Objects smaller than so many bytes are not tried.
        threshold: Option<u32>,
        /// No more than so many are tried.
        max_pages: u32,
    },
    /// Write pages back, in passes.
    WriteBack {
        /// Which.
        way: Way,
        /// No more than so much.
        units: Units,
    },
    /// Compact the pool.
    Compact,
}

impl Action {
    /// What it belongs to.
    #[must_use]
    pub fn task(&self) -> Task {
        match self {
            Self::SetLimit(_) => Task::Limit,
            Self::Recompress { tier, .. } => Task::Recompress(*tier),
            Self::MarkIdle { .. } => Task::Mark,
            Self::WriteBack { .. } => Task::WriteBack,
            Self::Compact => Task::Compact,
        }
    }
}

impl Action {
    /// Whether it takes pages that are marked.
    #[must_use]
    pub fn needs_marks(&self) -> bool {
        match self {
            Self::Recompress { pages, .. } => *pages != config::Pages::Huge,
            Self::WriteBack { way, .. } => matches!(way, Way::Types(_)),
            Self::SetLimit(_) | Self::MarkIdle { .. } | Self::Compact => false,
        }
    }
}

/// Which pages are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// Those that were chosen, by ranges.
    Chosen(Choice),
    /// All of these types, one after another: kernels that take no ranges, or do not show the slots.
    Types(Vec<Type>),
}

/// A type of page, as `writeback` takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    /// Idle, and stored uncompressed.
    HugeIdle,
    /// Idle.
    Idle,
}

impl Type {
    /// What the kernel calls it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::HugeIdle => "huge_idle",
            Self::Idle => "idle",
        }
    }
}

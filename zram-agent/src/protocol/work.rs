//! Workloads: operations of which only the kernel knows what bios they become.
//!
//! Which pages go out under memory pressure, and in what order, and where a file system puts its
//! blocks, is decided by parts of the kernel of which there is no model here. So these operations say
//! what is *done*, the probes see which bios and slot-free notifications came of it, and the model
//! takes those as its inputs. What a program reads back is still known beforehand.

use serde::{Deserialize, Serialize};

use super::content::Content;

/// A kind of workload that a machine can, or cannot, carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkKind {
    /// Swap, and a memory cgroup (v2) to bring it about.
    Swap,
    /// The kernel's ext4.
    Filesystem,
}

impl WorkKind {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Swap, Self::Filesystem];
}

/// What of a swap device the kernel discards (`SWAP_FLAG_DISCARD` and its kin).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwapDiscard {
    /// Nothing.
    #[default]
    None,
    /// All of it, when it is taken into use.
    Once,
    /// Each cluster of slots that has become free.
    Pages,
    /// Both.
    Both,
}

impl SwapDiscard {
    /// Whether nothing is discarded.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }
}

/// What a workload does, borrowed from its operation; see there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the operations of the same names")]
pub enum Work<'a> {
    /// [`super::Op::SwapOn`]
    SwapOn { priority: Option<u16>, discard: SwapDiscard },
    /// [`super::Op::SwapOff`]
    SwapOff,
    /// [`super::Op::Pressure`]
    Pressure { limit: u32, pages: &'a [Content] },
    /// [`super::Op::Revisit`]
    Revisit { first: u32, count: u32, pages: &'a [Content] },
    /// [`super::Op::Relieve`]
    Relieve,
    /// [`super::Op::Mount`]
    Mount { discard: bool },
    /// [`super::Op::Unmount`]
    Unmount,
    /// [`super::Op::WriteFile`]
    WriteFile { name: &'a str, at: u32, pages: &'a [Content] },
    /// [`super::Op::ReadFile`]
    ReadFile { name: &'a str },
    /// [`super::Op::RemoveFile`]
    RemoveFile { name: &'a str },
    /// [`super::Op::Trim`]
    Trim,
}

impl Work<'_> {
    /// The operation's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SwapOn { .. } => "swap_on",
            Self::SwapOff => "swap_off",
            Self::Pressure { .. } => "pressure",
            Self::Revisit { .. } => "revisit",
            Self::Relieve => "relieve",
            Self::Mount { .. } => "mount",
            Self::Unmount => "unmount",
            Self::WriteFile { .. } => "write_file",
            Self::ReadFile { .. } => "read_file",
            Self::RemoveFile { .. } => "remove_file",
            Self::Trim => "trim",
        }
    }
}

/// What a workload says of itself afterwards.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// SHA-256 over the SHA-256 of each page that was read, in hexadecimal; `None` where nothing was to be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Pages that were read and did not hold what was last written to them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wrong: Vec<u32>,
    /// Where pages of the workload lie: by the occupant's page table, or by the file system's map of its files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub placed: Vec<Placement>,
}

/// A page of a workload and the slot that it lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// The slot.
    pub slot: u32,
    /// The page.
    pub content: Content,
}

//! Observations: what a machine, or the model, says it did and what state it is in afterwards.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use nix::errno::Errno;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use zram_events::{Event, Shortage};
use zram_probe::{ClassEntry, Coverage, Health};

use super::{
    backing::BackingKind,
    fail::Failed,
    work::{Report, WorkKind},
};

/// Bytes, as base64 in JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        STANDARD.decode(text.as_bytes()).map(Self).map_err(D::Error::custom)
    }
}

/// The agent's first line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// [`super::VERSION`].
    pub protocol: u32,
    /// `uname -r`.
    pub kernel: String,
    /// SHA-256 of the BPF object, hexadecimal. `None`: no probes.
    pub bpf_object: Option<String>,
    /// Names of the attributes in `/sys/block/zramN` that are zram's own, sorted.
    pub attributes: Vec<String>,
    /// Path that `$BACKING` stands for.
    pub backing_path: String,
    /// What the probes can see on this kernel, and what not and why. `None`: no probes.
    pub coverage: Option<Coverage>,
    /// Backing devices that `begin` can make on this machine.
    #[serde(default = "BackingKind::untold")]
    pub backing: Vec<BackingKind>,
    /// Workloads that this machine can carry. Agents that did not say knew none.
    #[serde(default)]
    pub workloads: Vec<WorkKind>,
    /// What `fail` can make fail on this kernel. Agents that did not say knew nothing.
    #[serde(default)]
    pub failures: Vec<Shortage>,
}

/// How a system call ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It succeeded with this value (bytes moved, or a device number; 0 where there is none).
    Ok(u64),
    /// It failed with this errno, by name.
    Errno(String),
}

/// Text of a file, or why it could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Text {
    /// What was read. (zram's attributes are ASCII; paths that are not are shown with replacement characters.)
    Read(String),
    /// The errno of the attempt.
    Failed {
        /// Its name.
        errno: String,
    },
}

/// What an operation brought back beside its outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Data {
    /// `get`, `state`: text read.
    Text(String),
    /// `read`: all pages of the buffer's arena after the call, guard bytes included. `write`: the same, only where
    /// they are not as they were before the call.
    Memory(Bytes),
    /// `blocks`: content of the blocks.
    Blocks(Bytes),
    /// `classes`.
    Classes(Vec<ClassEntry>),
    /// `during`: what came of each I/O, in order.
    Bios(Vec<Touched>),
    /// `together`: what came of each worker's calls.
    Together(Vec<WorkerDone>),
    /// A workload: what it says of itself.
    Work(Report),
}

/// What came of an I/O within `during`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    /// How it ended.
    pub outcome: Outcome,
    /// As [`Data::Memory`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Bytes>,
}

/// What came of a worker of `together`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerDone {
    /// Its thread, as records name it. On the model its number, from 1.
    pub thread: u32,
    /// What came of each call, in order.
    pub deeds: Vec<Done>,
}

/// What came of one call of a worker, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// How it ended.
    pub outcome: Outcome,
    /// The clock's readings around the call.
    pub clock: Boundary,
    /// As [`Data::Memory`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Bytes>,
}

impl From<Result<u64, Errno>> for Outcome {
    fn from(result: Result<u64, Errno>) -> Self {
        match result {
            Ok(value) => Self::Ok(value),
            Err(errno) => Self::Errno(format!("{errno:?}")),
        }
    }
}

/// One slot of the slot table: `struct zram_table_entry`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotRow {
    /// The slot.
    pub slot: u32,
    /// The handle word: a handle, a fill word or a block. On the live side an address when it is a handle.
    pub word: u64,
    /// The flags word, lock bit masked out.
    pub flags: u32,
    /// Access time, seconds of boot time.
    pub time: u32,
    /// Nanoseconds of that second, on kernels that keep them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub nanoseconds: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A device after an operation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceView {
    /// Every readable attribute ([`super::READABLE`]).
    pub attrs: BTreeMap<String, Text>,
    /// All of `block_state`.
    pub block_state: Option<Text>,
    /// The slot table: rows that are not all zero. `None`: no snapshot (no probes, or not initialised).
    pub slots: Option<Vec<SlotRow>>,
}

/// `CLOCK_BOOTTIME` around an operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boundary {
    /// Nanoseconds before its system call.
    pub before: u64,
    /// Nanoseconds after it.
    pub after: u64,
    /// The tick before it, in nanoseconds: what the kernel's coarse clock showed then, or a little less. `None`: nobody
    /// looked, as at a call of one of several workers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tick: Option<u64>,
}

/// The answer to one operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// Which operation since the connection began, from 0.
    pub n: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// What it brought back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
    /// After a `fail`: how many allocations of its kind the operation made, and whether one failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<Failed>,
    /// When.
    pub clock: Boundary,
    /// Every device that exists afterwards, by number.
    pub devices: BTreeMap<u32, DeviceView>,
    /// What the probes saw since the previous answer: raw records one after another
    /// ([`zram_events::raw::RawRecord::to_bytes`]). The agent's form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<Bytes>,
    /// The same as events. The model's form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<Event>>,
    /// The probes' counters since they were attached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
    /// Lines the kernel logged since the previous answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kernel_log: Vec<String>,
}

/// One line from the agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The first line.
    Hello(Box<Hello>),
    /// An answer.
    Observation(Box<Observation>),
    /// How a program went that was asked for in the place of an operation.
    Ran(super::Ran),
    /// The agent cannot go on: the machine is not fit, or the operation is not well-formed. The runner treats it as trouble of the test bench, never as a verdict.
    Trouble(String),
}

//! What this kernel can do for zram, each answer with its reason.
//!
//! Kernels differ by release and by how they were built, and distributions build differently. Most programs find out by failing: an attribute is
//! missing, and nobody says why. Here each ability is asked for before it is needed, of what is nearest to the truth: an attribute of a
//! device that is there, else the options the kernel was built with, where they can be read. Where neither says anything the answer is that it is not
//! known, which is not the same as no. Nothing is changed to find out: no module is loaded, no device added.

mod attributes;
mod options;
mod probes;
mod release;

use nix::errno::Errno;
use serde::Serialize;

use super::Machine;
use crate::device::{Algorithms, DeviceNumber};

pub use options::Options;
pub use release::Release;

/// What a kernel with zram can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Capabilities {
    /// Its release, as `uname -r` says it.
    pub release: Option<Release>,
    /// The device whose attributes were looked at. `None`: there is none.
    pub device: Option<DeviceNumber>,
    /// Attributes that it has, of those that any kernel has.
    pub attributes: Vec<&'static str>,
    /// Algorithms that it offers.
    pub algorithms: Vec<String>,
    /// What the kernel was built with. `None`: it cannot be read.
    pub options: Option<Options>,
    /// What it can do.
    pub abilities: Vec<Ability>,
}

/// Something that a kernel may be able to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// zram is loaded, or built in.
    Zram,
    /// Parameters of algorithms, such as levels.
    AlgorithmParameters,
    /// Several algorithms: recompression.
    Recompression,
    /// Times of the last accesses, and so idle by age.
    AccessTimes,
    /// States of the slots.
    BlockState,
    /// Writing back to a backing device.
    Writeback,
    /// ... ranges of slots.
    WritebackRanges,
    /// ... several requests at a time.
    WritebackBatch,
    /// ... compressed.
    CompressedWriteback,
    /// The allocator's own counters.
    PoolClasses,
    /// How long tasks waited for memory and I/O.
    Pressure,
    /// This program runs as root.
    Root,
    /// The kernel's types, for eBPF.
    KernelTypes,
    /// zram's and zsmalloc's functions are among those that probes attach to.
    ProbedFunctions,
    /// The kernel lets root read its memory.
    NotLockedDown,
}

impl Feature {
    /// What it is called.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Zram => "zram",
            Self::AlgorithmParameters => "algorithm parameters",
            Self::Recompression => "recompression",
            Self::AccessTimes => "access times (idle by age)",
            Self::BlockState => "states of slots",
            Self::Writeback => "writeback",
            Self::WritebackRanges => "writeback of ranges",
            Self::WritebackBatch => "batched writeback",
            Self::CompressedWriteback => "compressed writeback",
            Self::PoolClasses => "allocator's counters",
            Self::Pressure => "pressure (PSI)",
            Self::Root => "root",
            Self::KernelTypes => "types (BTF)",
            Self::ProbedFunctions => "functions to probe",
            Self::NotLockedDown => "not locked down",
        }
    }

    /// Whether it is about attaching probes, not about zram.
    #[must_use]
    pub fn is_for_probes(self) -> bool {
        matches!(self, Self::Root | Self::KernelTypes | Self::ProbedFunctions | Self::NotLockedDown)
    }
}

/// Whether a kernel is able to do something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ability {
    /// What.
    pub feature: Feature,
    /// Whether it is. `None`: it cannot be told.
    pub able: Option<bool>,
    /// How that is known, or what it lacks.
    pub why: String,
}

impl Ability {
    fn yes(feature: Feature, why: impl Into<String>) -> Self {
        Self { feature, able: Some(true), why: why.into() }
    }

    fn no(feature: Feature, why: impl Into<String>) -> Self {
        Self { feature, able: Some(false), why: why.into() }
    }

    fn unknown(feature: Feature, why: impl Into<String>) -> Self {
        Self { feature, able: None, why: why.into() }
    }
}

impl Capabilities {
    /// The answer about one feature.
    #[must_use]
    pub fn ability(&self, feature: Feature) -> Option<&Ability> {
        self.abilities.iter().find(|ability| ability.feature == feature)
    }

    /// Whether it is able for certain.
    #[must_use]
    pub fn is_able(&self, feature: Feature) -> bool {
        self.ability(feature).is_some_and(|ability| ability.able == Some(true))
    }
}

/// There is no such device to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no {0}")]
pub struct NoDevice(pub DeviceNumber);

/// What this machine's kernel can do, told from this device, or from the first that there is.
///
/// # Errors
/// When there is no such device.
pub fn capabilities(
    machine: &mut dyn Machine,
    device: Option<DeviceNumber>,
) -> Result<Capabilities, NoDevice> {
    let there = machine.devices().unwrap_or_default();
    let device = match device {
        Some(device) if there.contains(&device.0) => Some(device),
        Some(device) => return Err(NoDevice(device)),
        None => there.first().copied().map(DeviceNumber),
    };
    let release = release::release(machine);
    let options = options::options(machine, release.as_ref());
    let attributes = device.map(|device| attributes::present(machine, device)).unwrap_or_default();
    let algorithms = device.map(|device| offered(machine, device)).unwrap_or_default();
    let mut report = Capabilities { release, device, attributes, algorithms, options, abilities: Vec::new() };
    report.abilities = attributes::abilities(machine, &report);
    report.abilities.extend(probes::abilities(machine));
    Ok(report)
}

fn offered(machine: &mut dyn Machine, device: DeviceNumber) -> Vec<String> {
    let text = machine.read_attr(device.0, "comp_algorithm").unwrap_or_default();
    Algorithms::parse(&String::from_utf8_lossy(&text)).offered
}

/// A file's text, or why there is none.
fn text(machine: &mut dyn Machine, path: &str) -> Result<String, Errno> {
    machine.kernel_file(path).map(|text| String::from_utf8_lossy(&text).into_owned())
}

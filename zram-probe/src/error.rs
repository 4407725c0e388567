//! What can go wrong, for the person who has to act on it.

use std::io;

use thiserror::Error;
use zram_events::DeviceId;

use crate::btf::BtfError;

/// Why probes could not be attached, read, or asked for a snapshot.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// The kernel, or the privileges of this process, do not allow what is needed.
    #[error("{what}: {source}; {way_out}")]
    System {
        /// What was attempted.
        what: String,
        /// The error of the system call.
        source: io::Error,
        /// What to do about it.
        way_out: &'static str,
    },
    /// There is nothing to probe.
    #[error("zram is not in the running kernel: load it first (modprobe zram num_devices=0)")]
    NotLoaded,
    /// The kernel's description of its types cannot be used.
    #[error("the BTF of {name} cannot be used: {source}")]
    Btf {
        /// `vmlinux` or the module.
        name: &'static str,
        /// What is wrong with it.
        source: BtfError,
    },
    /// Probes without which the stream is of no use have no place on this kernel.
    #[error("kernel {kernel} cannot be observed: {reasons}")]
    Unobservable {
        /// Its release.
        kernel: String,
        /// Which probes, and why.
        reasons: String,
    },
    /// The maps could not be made.
    #[error(
        "the maps of the BPF programs could not be made: {source}; root (CAP_BPF, CAP_PERFMON) and a kernel with CONFIG_BPF_SYSCALL are needed"
    )]
    Maps {
        /// What aya says.
        source: Box<aya::EbpfError>,
    },
    /// The embedded object is not what this library expects.
    #[error("the embedded BPF object is broken: {what}; rebuild it with `cargo xtask bpf`")]
    Object {
        /// What is wrong.
        what: String,
    },
    /// The kernel refused a program.
    #[error("kernel {kernel} refused program {program} as {hook} of {symbol}: {source}\n{log}")]
    Load {
        /// The program.
        program: &'static str,
        /// How it was to be attached.
        hook: &'static str,
        /// The function.
        symbol: &'static str,
        /// The kernel's release.
        kernel: String,
        /// The error.
        source: io::Error,
        /// What the verifier wrote.
        log: String,
    },
    /// A map could not be read or written.
    #[error("map {map} of the BPF programs: {source}")]
    Map {
        /// Its name.
        map: &'static str,
        /// What aya says.
        source: aya::maps::MapError,
    },
    /// An allocation cannot be made to fail.
    #[error("no allocation of the kind {shortage} can be made to fail here: {reason}")]
    NoFailure {
        /// The kind.
        shortage: &'static str,
        /// Why.
        reason: String,
    },
    /// A snapshot was not taken.
    #[error("no snapshot of zram{device}: {reason}")]
    Snapshot {
        /// The device.
        device: DeviceId,
        /// Why.
        reason: String,
    },
}

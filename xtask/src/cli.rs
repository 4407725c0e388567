//! What can be asked for on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::qemu::Accel;
use crate::vm::Choice;

/// Everything around zram-rs that is not `cargo build`.
///
/// The command to begin with is `cargo xtask verify`: it boots a real kernel in a virtual machine, drives its zram, runs the same
/// operations through the model, and says whether they agree. Whatever a command needs (QEMU, a kernel, a BPF
/// toolchain) it fetches by itself into a cache folder; nothing is installed on the machine and no root is needed.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, max_term_width = 110)]
#[command(after_help = "\
Environment:
  ZRAM_RS_CACHE   where downloads and built tools are kept (default: zram-rs in the user's cache folder)
  TMPDIR          where a running VM keeps its files (default: /tmp)

Exit status: 0 all well; 1 a check failed; 2 it could not be carried out; 130 interrupted.")]
pub(crate) struct Cli {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Boot a VM and connect standard input and output to the agent in it
    ///
    /// Plumbing: the verifier starts this once per VM. Lines of the protocol go in and out; everything else goes to standard
    /// error. When standard input ends the agent powers the VM off. Status 2 if the VM died.
    Vm(Vm),
}

#[derive(Debug, Args)]
pub(crate) struct Vm {
    #[command(flatten)]
    pub(crate) kernel: OneKernel,

    /// Write the kernel's console to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) console: Option<PathBuf>,

    /// Use this static program as /init instead of building zram-agent
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) agent_binary: Option<PathBuf>,

    /// How guest instructions are executed
    #[arg(long, value_enum, default_value_t)]
    pub(crate) accel: Accel,
}

#[derive(Debug, Args)]
pub(crate) struct OneKernel {
    /// A kernel of the table (see `cargo xtask kernels`); the table's first if none is named
    #[arg(long, value_name = "NAME", conflicts_with = "kernel_image")]
    pub(crate) kernel: Option<String>,

    #[command(flatten)]
    pub(crate) own: OwnKernel,
}

#[derive(Debug, Args)]
pub(crate) struct OwnKernel {
    /// A kernel of your own: a bzImage, or a vmlinux with a PVH entry
    #[arg(long, value_name = "PATH")]
    pub(crate) kernel_image: Option<PathBuf>,

    /// Its modules: /lib/modules/RELEASE, a build folder, or an unpacked package; not needed if zram is built in
    #[arg(long, value_name = "DIR", requires = "kernel_image")]
    pub(crate) modules: Option<PathBuf>,
}

impl OwnKernel {
    /// The user's own kernel, if one was given.
    pub(crate) fn choice(&self) -> Option<Choice> {
        self.kernel_image.clone().map(|image| Choice::Own { image, modules: self.modules.clone() })
    }
}

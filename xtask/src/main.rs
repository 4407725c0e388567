//! Starts everything that is not `cargo build`: toolchain, kernels, virtual machines, the verifier.
//!
//! Thin on purpose. What a VM is for is decided in `zram-verify`; this program only makes sure that there is one.

mod agent;
mod apt;
mod bpf;
mod cache;
mod child;
mod cli;
mod context;
mod elf;
mod initramfs;
mod interrupt;
mod kernels;
mod modules;
mod programs;
mod progress;
mod qemu;
mod setup;
mod test;
mod toolchain;
mod verify;
mod vm;
mod vmlinux;

use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Command};
use context::Cx;
use interrupt::{EXIT_INTERRUPTED, Interrupted};

/// Exit status of a command that could not be carried out.
const EXIT_TROUBLE: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match interrupt::install().and_then(|()| run(cli)) {
        Ok(code) => code,
        Err(error) if error.chain().any(|cause| cause.is::<Interrupted>()) => {
            eprintln!("{Interrupted}");
            ExitCode::from(EXIT_INTERRUPTED)
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(EXIT_TROUBLE)
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let cx = Cx::from_environment()?;
    match cli.command {
        Command::Verify(options) => verify::verify(&cx, &options),
        Command::Attributes(options) => verify::attributes(&cx, &options),
        Command::Diff(options) => verify::diff(&cx, &options),
        Command::Mutants(options) => verify::mutants(&cx, &options),
        Command::Simulate { file, profile } => verify::simulate(&cx, &file, profile.as_deref()),
        Command::Programs(options) => programs::command(&cx, &options),
        Command::Test => test::run(&cx),
        Command::Bpf { check } => bpf::build(&cx, check).map(|()| ExitCode::SUCCESS),
        Command::Setup => setup::setup(&cx),
        Command::Kernels { json } => kernels::list(&cx, json),
        Command::Vm(options) => vm::command(&cx, &options),
    }
}

//! What building the BPF programs takes, beyond what building everything else takes.
//!
//! Only `cargo xtask bpf` and the object check of `cargo xtask test` need this: the object itself is part of the repository, so
//! building and running everything else works without.

mod linker;
mod llvm;
mod rustc;
mod sources;

use std::path::PathBuf;

use crate::context::Cx;
use rustc::Rustc;

/// Where the parts of the BPF toolchain are.
#[derive(Clone, Debug)]
pub(crate) struct BpfToolchain {
    /// The `library` folder of the sources of this rustc.
    pub(crate) library: PathBuf,
    /// The folder that holds `bpf-linker`, for the path.
    pub(crate) bin: PathBuf,
}

/// The BPF toolchain, fetched and built first if need be.
pub(crate) fn ensure(cx: &Cx) -> anyhow::Result<BpfToolchain> {
    let rustc = Rustc::of(cx)?;
    let library = sources::ensure(cx, &rustc)?;
    let llvm = llvm::ensure(cx, &rustc)?;
    Ok(BpfToolchain { library, bin: linker::ensure(cx, &rustc, &llvm)? })
}

/// A program of this name in the path.
pub(crate) fn in_path(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

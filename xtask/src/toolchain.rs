//! What building the BPF programs takes, beyond what building everything else takes.

use std::path::PathBuf;

use crate::context::Cx;

/// Where the parts of the BPF toolchain are.
#[derive(Clone, Debug)]
pub struct BpfToolchain {
    /// The `library` folder of the sources of this rustc.
    pub library: PathBuf,
    /// The folder that holds `bpf-linker`, for the path.
    pub bin: PathBuf,
    /// The program that strips debug sections (`llvm-objcopy` in its options).
    pub objcopy: PathBuf,
}

/// The BPF toolchain, fetched and built first if need be.
pub fn ensure(cx: &Cx) -> anyhow::Result<BpfToolchain> {
    let _ = cx;
    anyhow::bail!("not yet")
}

/// A program of this name in the path.
pub(crate) fn in_path(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

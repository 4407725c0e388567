//! The compiler's own LLVM, made usable by others.
//!
//! bpf-linker must be of the LLVM the compiler is, since it reads its bitcode. The toolchain has the library, but under an unusual
//! name. A folder of two links puts that right; it is an entry of the cache of its own, since bpf-linker finds its library
//! through it (rpath) ever after.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::rustc::Rustc;
use crate::cache::Facts;
use crate::context::Cx;

/// A prefix as LLVM's own installation would have it.
pub(super) struct Llvm {
    /// The folder, with `lib/libLLVM.so`.
    pub(super) prefix: PathBuf,
    /// LLVM's major version.
    pub(super) major: u32,
}

/// The LLVM of this compiler.
pub(super) fn ensure(cx: &Cx, rustc: &Rustc) -> anyhow::Result<Llvm> {
    let (library, major) = rustc.llvm()?;
    let entry =
        cx.cache.ensure(cx, &format!("llvm/{}", rustc.key()), |stage| links(rustc, &library, stage))?;
    Ok(Llvm { prefix: entry.path().to_owned(), major })
}

fn links(rustc: &Rustc, library: &str, stage: &Path) -> anyhow::Result<Facts> {
    let lib = stage.join("lib");
    std::fs::create_dir(&lib)?;
    symlink(rustc.sysroot.join("lib").join(library), lib.join(library))?;
    symlink(library, lib.join("libLLVM.so"))?;
    Ok(Facts::from([("library".to_owned(), library.to_owned())]))
}

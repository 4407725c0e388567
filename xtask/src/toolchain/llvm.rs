//! The compiler's own LLVM, made usable by others.
//!
//! Both bpf-linker and objcopy must be of the LLVM the compiler is: the former reads its bitcode, the latter has a part in
//! the bytes of the committed object. The toolchain has the library (under an unusual name) and an objcopy (which does not find the
//! library by itself). A folder of two links and a three-line script puts that right; it is an entry of the cache of its own,
//! since programs linked through it find their library through it (rpath) ever after.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use super::in_path;
use super::rustc::Rustc;
use crate::cache::Facts;
use crate::child;
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

/// The compiler's objcopy if it has one, else one in the path.
pub(super) fn objcopy(llvm: &Llvm) -> anyhow::Result<PathBuf> {
    let own = llvm.prefix.join("bin/llvm-objcopy");
    if own.is_file() {
        return Ok(own);
    }
    match in_path("llvm-objcopy") {
        Some(path) => Ok(path),
        None => bail!(
            "there is no llvm-objcopy, neither in the Rust toolchain nor in the path: install the package `llvm`"
        ),
    }
}

fn links(rustc: &Rustc, library: &str, stage: &Path) -> anyhow::Result<Facts> {
    let lib = stage.join("lib");
    std::fs::create_dir(&lib)?;
    symlink(rustc.sysroot.join("lib").join(library), lib.join(library))?;
    symlink(library, lib.join("libLLVM.so"))?;
    let objcopy = rustc.objcopy();
    if objcopy.is_file() {
        let bin = stage.join("bin");
        std::fs::create_dir(&bin)?;
        let script = bin.join("llvm-objcopy");
        std::fs::write(&script, wrapper(&rustc.sysroot.join("lib"), &objcopy))?;
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755))?;
        let output = child::run(Command::new(&script).arg("--version"), |_| {})?;
        if !output.success {
            // An older toolchain's may lack its library altogether; the path is looked into instead.
            std::fs::remove_file(&script).context("cannot remove the script that does not work")?;
        }
    }
    Ok(Facts::from([("library".to_owned(), library.to_owned())]))
}

fn wrapper(lib: &Path, objcopy: &Path) -> String {
    let quote = |path: &Path| format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"));
    format!("#!/bin/sh\nLD_LIBRARY_PATH={} exec {} \"$@\"\n", quote(lib), quote(objcopy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wrapper_survives_odd_folders() {
        assert_eq!(
            wrapper(Path::new("/it's here/lib"), Path::new("/o")),
            "#!/bin/sh\nLD_LIBRARY_PATH='/it'\\''s here/lib' exec '/o' \"$@\"\n"
        );
    }
}

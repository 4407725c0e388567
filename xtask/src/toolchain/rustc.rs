//! The Rust compiler in use, and what lies beside it.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};

use crate::child;
use crate::context::Cx;

/// A compiler and where it is.
#[derive(Clone, Debug)]
pub(super) struct Rustc {
    /// Its release, such as `1.95.0`.
    pub(super) release: String,
    /// The folder of the toolchain.
    pub(super) sysroot: PathBuf,
}

impl Rustc {
    /// The compiler that cargo uses in this workspace.
    pub(super) fn of(cx: &Cx) -> anyhow::Result<Self> {
        let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        rustc.current_dir(&cx.workspace);
        let version = child::run_ok(rustc.arg("-vV"), |_| {})?;
        let field = |name: &str| {
            version
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
                .map(str::to_owned)
                .with_context(|| format!("rustc -vV does not say its {name}"))
        };
        let mut rustc = Command::new(rustc.get_program());
        rustc.current_dir(&cx.workspace);
        let sysroot = child::run_ok(rustc.args(["--print", "sysroot"]), |_| {})?;
        Ok(Self { release: field("release")?, sysroot: PathBuf::from(sysroot.trim()) })
    }

    /// Tells apart two toolchains of one release in different places.
    pub(super) fn key(&self) -> String {
        let place = Sha256::digest(self.sysroot.as_os_str().as_encoded_bytes());
        let place: String = place.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        format!("rust-{}-{place}", self.release)
    }

    /// File name and major version of the shared LLVM library of this compiler.
    pub(super) fn llvm(&self) -> anyhow::Result<(String, u32)> {
        let folder = self.sysroot.join("lib");
        let mut names = std::fs::read_dir(&folder)
            .with_context(|| format!("cannot read {}", folder.display()))?
            .filter_map(Result::ok)
            .filter_map(|item| item.file_name().into_string().ok());
        names.find_map(|name| llvm_major(&name).map(|major| (name, major))).with_context(|| {
            format!(
                "the Rust toolchain in {} has no LLVM library of its own, which bpf-linker is built against; use a toolchain \
                 installed by rustup",
                self.sysroot.display()
            )
        })
    }
}

/// `libLLVM.so.22.1-rust-1.95.0-stable` is LLVM 22.
fn llvm_major(library: &str) -> Option<u32> {
    library.strip_prefix("libLLVM.so.")?.split(['.', '-']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_of_llvm_names_its_version() {
        assert_eq!(llvm_major("libLLVM.so.22.1-rust-1.95.0-stable"), Some(22));
        assert_eq!(llvm_major("libLLVM-22-rust-1.95.0-stable.so"), None);
        assert_eq!(llvm_major("librustc_driver-1.so"), None);
    }
}

//! bpf-linker, built once per compiler and against its LLVM.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::llvm::Llvm;
use super::rustc::Rustc;
use crate::cache::{BUILD_SPACE, Facts, require_space};
use crate::child;
use crate::context::Cx;

/// The release of bpf-linker that the BPF programs are built with; another one may give other bytes.
const VERSION: &str = "0.13.0";

/// The folder that holds `bpf-linker`.
pub(super) fn ensure(cx: &Cx, rustc: &Rustc, llvm: &Llvm) -> anyhow::Result<PathBuf> {
    let entry = cx
        .cache
        .ensure(cx, &format!("bpf-linker/{VERSION}-{}", rustc.key()), |stage| build(cx, llvm, stage))
        .with_context(|| format!("cannot build bpf-linker {VERSION}"))?;
    Ok(entry.path().join("bin"))
}

fn build(cx: &Cx, llvm: &Llvm, stage: &Path) -> anyhow::Result<Facts> {
    require_space(cx.cache.root(), BUILD_SPACE, "building bpf-linker")?;
    let mut task = cx.progress.spinner(&format!("building bpf-linker {VERSION} (about a minute)"));
    let work = stage.join("work");
    let mut cargo = cx.cargo();
    cargo
        .args([
            "install",
            "bpf-linker",
            "--version",
            VERSION,
            "--locked",
            "--no-default-features",
            "--no-track",
        ])
        .args(["--features", &format!("llvm-{}", llvm.major)])
        .arg("--root")
        .arg(stage)
        .arg("--target-dir")
        .arg(&work)
        .env("LLVM_PREFIX", &llvm.prefix)
        .env("CARGO_PROFILE_RELEASE_STRIP", "symbols")
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    child::run_ok(&mut cargo, |line| task.tick(line))?;
    std::fs::remove_dir_all(&work)?;
    task.done("done");
    Ok(Facts::from([("version".to_owned(), VERSION.to_owned())]))
}

//! Builds what runs in the VM: static programs, since nothing else is there.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::child;
use crate::context::Cx;

/// The glibc target, linked statically: a target everybody has, unlike musl's.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Builds `zram-agent` and gives its path.
pub(crate) fn build(cx: &Cx) -> anyhow::Result<PathBuf> {
    program(cx, "zram-agent")
}

/// Builds the program of this package and gives its path.
///
/// It has a target folder of its own: other flags mean other artifacts, and sharing one folder would make every `cargo
/// build` and every run of the VM throw away each other's work.
pub(crate) fn program(cx: &Cx, package: &str) -> anyhow::Result<PathBuf> {
    let target = cx.target().join("agent");
    let mut task = cx.progress.spinner(&format!("building {package}"));
    let mut cargo = cx.cargo();
    cargo
        .args(["build", "--package", package, "--bin", package, "--profile", "agent", "--target", TARGET])
        .arg("--target-dir")
        .arg(&target)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("RUSTFLAGS", "-C target-feature=+crt-static");
    child::run_ok(&mut cargo, |line| task.tick(line))
        .with_context(|| format!("building {package} for the VM failed"))?;
    task.done_quietly();
    Ok(target.join(TARGET).join("agent").join(package))
}

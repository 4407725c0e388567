//! `cargo xtask setup`: the cache, filled.

use std::process::ExitCode;

use crate::context::Cx;
use crate::kernels::{self, Table};
use crate::{qemu, toolchain};

/// Brings everything into the cache that any command may want.
pub(crate) fn setup(cx: &Cx) -> anyhow::Result<ExitCode> {
    let table = Table::built_in()?;
    let name = table.default_name()?;
    let total = 3;
    let step = |number: u32, what: &str| cx.progress.say(&format!("[{number}/{total}] {what}"));

    step(1, "QEMU");
    let qemu = qemu::ensure(cx)?;
    cx.progress.say(&format!("      {}", qemu.program.display()));
    step(2, &format!("kernel {name}"));
    let kernel = kernels::ensure(cx, table.find(name)?)?;
    cx.progress.say(&format!("      {}", kernel.version()));
    step(3, "BPF toolchain: Rust sources, bpf-linker");
    let toolchain = toolchain::ensure(cx)?;
    for path in [&toolchain.library, &toolchain.bin] {
        cx.progress.say(&format!("      {}", path.display()));
    }
    cx.progress.say(&format!("ready; the cache is {}", cx.cache.root().display()));
    Ok(ExitCode::SUCCESS)
}

//! `cargo xtask setup` and `cargo xtask kernels`: the cache, filled and listed.

use std::process::ExitCode;

use crate::context::Cx;
use crate::kernels::{self, Table};
use crate::progress::{self, human};
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

/// Lists the table.
pub(crate) fn list_kernels(cx: &Cx) -> anyhow::Result<ExitCode> {
    let table = Table::built_in()?;
    let width = table.kernels.iter().map(|kernel| kernel.name.len()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for kernel in &table.kernels {
        let state = match (kernels::cached(cx, kernel)?, kernels::damage(cx, kernel)?) {
            (Some(installed), _) => {
                format!("{}, {} in the cache", installed.version(), human(installed.size()))
            }
            (None, Some(why)) => format!("damaged in the cache ({why}); fetched again when next used"),
            (None, None) => format!("not in the cache; {}", kernel.origin.description()),
        };
        lines.push(format!("{:width$}  {state}", kernel.name));
    }
    progress::result(&lines.join("\n"))?;
    Ok(ExitCode::SUCCESS)
}

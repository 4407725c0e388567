//! `cargo xtask programs`: the finished programs on live kernels.
//!
//! The tests are ordinary ones (`tests/tests/programs.rs`), which are left out unless they are asked for, since they take a virtual machine. What
//! they need is made here and named in the environment: the command that boots a kernel with the programs in it, and what stands
//! there.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, bail};

use crate::context::Cx;
use crate::kernels::Table;
use crate::qemu::Accel;
use crate::test::CONCURRENT;
use crate::toolchain::in_path;
use crate::vm::{self, Choice};
use crate::{agent, child, cli, qemu};

/// Our programs.
const OURS: [&str; 3] = ["zramctl-rs", "zramd", "zramtop"];

/// Programs of others that are held beside ours, that ours start, or that prepare and look.
const THEIRS: [&str; 22] = [
    "zramctl",
    "losetup",
    "mkswap",
    "swapon",
    "swapoff",
    "mount",
    "umount",
    "mkfs.ext4",
    "cat",
    "chmod",
    "dd",
    "false",
    "ls",
    "mkdir",
    "script",
    "setpriv",
    "sh",
    "sha256sum",
    "sleep",
    "stty",
    "timeout",
    "wc",
];

/// Modules for backing devices that are encrypted files, and for one that breaks.
const MODULES: [&str; 4] = ["loop", "dm_crypt", "xts", "null_blk"];

/// Where a program may be that is not in the path of everybody.
const ROOTS_PLACES: [&str; 2] = ["/usr/sbin", "/sbin"];

/// `cargo xtask programs`.
pub(crate) fn command(cx: &Cx, options: &cli::Programs) -> anyhow::Result<ExitCode> {
    let mut command = tests(cx, &options.kernel, options.accel)?;
    command.args(&options.filter);
    let status = command.status().with_context(|| format!("cannot start {}", child::shown(&command)))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The command that runs the tests on these kernels, or on those that are marked in the table; what it needs is there.
pub(crate) fn tests(cx: &Cx, kernels: &[String], accel: Accel) -> anyhow::Result<Command> {
    let table = Table::built_in()?;
    let kernels = if kernels.is_empty() {
        table.defaults().map(|kernel| kernel.name.clone()).collect()
    } else {
        kernels.to_vec()
    };
    for kernel in &kernels {
        vm::prepare(cx, &table, &Choice::Named(kernel.clone()))?;
    }
    qemu::ensure(cx)?;
    let mut vm = vec![
        cx.program.display().to_string(),
        "vm".to_owned(),
        "--no-probes".to_owned(),
        "--accel".to_owned(),
        accel.name().to_owned(),
        "--agent-binary".to_owned(),
        agent::build(cx)?.display().to_string(),
    ];
    for name in OURS {
        let ours = agent::program(cx, name)?;
        vm.extend(["--with".to_owned(), format!("{}=/bin/{name}", ours.display())]);
    }
    for file in theirs()? {
        vm.extend(["--with".to_owned(), file.display().to_string()]);
    }
    for module in MODULES {
        vm.extend(["--load".to_owned(), module.to_owned()]);
    }
    let mut command = cx.cargo();
    command
        // With the features of all tests, so that nothing is built again after those.
        .args(["test", "--workspace", "--features", CONCURRENT, "--test", "programs"])
        .args(["--", "--include-ignored"])
        .args(["--test-threads", "2"])
        .env("ZRAM_RS_VM", shlex::try_join(vm.iter().map(String::as_str))?)
        .env("ZRAM_RS_KERNELS", kernels.join(" "));
    Ok(command)
}

/// Programs of others with the libraries that they take, under their own paths.
fn theirs() -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for name in THEIRS {
        let roots = ROOTS_PLACES.iter().map(|place| Path::new(place).join(name)).find(|path| path.is_file());
        let Some(path) = roots.or_else(|| in_path(name)) else {
            bail!("there is no {name} here: install the packages util-linux, mount, e2fsprogs and coreutils");
        };
        files.extend(libraries(&path)?);
        files.push(path);
    }
    files.sort();
    files.dedup();
    Ok(files)
}

/// What the dynamic linker would load, the linker itself included.
fn libraries(program: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut ldd = Command::new("ldd");
    let text = child::run_ok(ldd.arg(program), |_| {})?;
    let path = |line: &str| line.split_whitespace().find(|word| word.starts_with('/')).map(PathBuf::from);
    Ok(text.lines().filter_map(path).collect())
}

//! The BPF object: built here, kept in the repository, compared on demand.
//!
//! The object is committed because building it takes a toolchain that few machines have, and everybody who runs `cargo build`
//! would otherwise need it. What is committed must be what the sources say, so `--check` builds it again and compares byte for
//! byte. For that, nothing of the machine may get in: folders are mapped to fixed names, and flags from the environment are
//! dropped. No debugging information is made, and so none is stripped either: two versions of objcopy lay out the same
//! sections differently. That costs the programs their own BTF, which nothing reads (maps are declared without), and
//! gains that an edited comment does not make the object stale.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use sha2::{Digest as _, Sha256};

use crate::{
    child,
    context::Cx,
    toolchain::{self, BpfToolchain},
};

/// The package of the programs, and its binary.
const PACKAGE: &str = "zram-ebpf";
const BINARY: &str = "zram-probes";

/// The target. Big-endian machines would need an object of their own; zram's slot flags alone make that more than a build matter.
const TARGET: &str = "bpfel-unknown-none";

/// The committed object, from the workspace's folder; the sum lies beside it.
const OBJECT: &str = "zram-probe/bpf/zram-probes.o";

/// Environment that changes what cargo builds or where from.
const MEDDLING: &[&str] = &[
    "RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_INCREMENTAL",
    "CARGO_PROFILE_RELEASE_DEBUG",
    "CARGO_PROFILE_RELEASE_LTO",
    "CARGO_PROFILE_RELEASE_OPT_LEVEL",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "LLVM_PREFIX",
];

/// Builds the object. With `check` it is compared with the committed one, which stays as it is; without, it takes its place.
pub(crate) fn build(cx: &Cx, check: bool) -> anyhow::Result<()> {
    let toolchain = toolchain::ensure(cx)?;
    let mut task = cx.progress.spinner("building the BPF programs");
    let built = compile(cx, &toolchain, |line| task.tick(line))?;
    let object = fs::read(&built).with_context(|| format!("cannot read {}", built.display()))?;
    let committed = cx.workspace.join(OBJECT);
    if check {
        compare(&object, &committed)?;
        task.done("the committed object is what the sources say");
    } else {
        replace(&object, &committed)?;
        task.done(&format!("{OBJECT}: {} bytes, sha256 {}", object.len(), sum(&object)));
    }
    Ok(())
}

/// Compiles; returns the object's path.
fn compile(cx: &Cx, toolchain: &BpfToolchain, on_tick: impl FnMut(&str)) -> anyhow::Result<PathBuf> {
    // Its own folder: other flags than the workspace's would make cargo build everything anew in turns.
    let target = cx.target().join("bpf");
    let mut cargo = cx.cargo();
    for name in MEDDLING {
        cargo.env_remove(name);
    }
    let mut path = vec![toolchain.bin.clone()];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    cargo
        .args(["build", "--locked", "--release", "-Z", "build-std=core", "--target", TARGET])
        .args(["--package", PACKAGE, "--bin", BINARY, "--target-dir"])
        .arg(&target)
        .env("PATH", std::env::join_paths(path).context("the path has a folder that it cannot name")?)
        // core has to be built from source, and the sources are not where rustup would have put them. Cargo has
        // no other way of being told; its own tests use this one.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("__CARGO_TESTS_ONLY_SRC_ROOT", &toolchain.library)
        .env("CARGO_ENCODED_RUSTFLAGS", flags(cx, toolchain)?);
    child::run_ok(&mut cargo, on_tick).context("the BPF programs do not build")?;
    Ok(target.join(TARGET).join("release").join(BINARY))
}

/// Compiler flags, as cargo wants them.
fn flags(cx: &Cx, toolchain: &BpfToolchain) -> anyhow::Result<String> {
    let mut flags: Vec<String> = vec![
        // aya's context types ask for the architecture whose registers they read; fentry reads none.
        "--cfg=bpf_target_arch=\"x86_64\"".into(),
        "-Cdebuginfo=0".into(),
        // With several units their order, and so the order of symbols, follows from hashes of where the library's sources lie.
        "-Ccodegen-units=1".into(),
        // Version 3 of the instruction set has the atomic addition that numbers the records.
        "-Ctarget-cpu=v3".into(),
    ];
    let mut remap = |from: &Path, to: &str| -> anyhow::Result<()> {
        let from = from.to_str().with_context(|| format!("{} is not UTF-8", from.display()))?;
        flags.push(format!("--remap-path-prefix={from}={to}"));
        Ok(())
    };
    remap(&cx.workspace, "/zram-rs")?;
    for registry in registries() {
        remap(&registry, "/registry")?;
    }
    remap(toolchain.library.parent().unwrap_or(&toolchain.library), "/rust")?;
    Ok(flags.join("\u{1f}"))
}

/// Folders that cargo unpacks crates into, one per registry.
fn registries() -> Vec<PathBuf> {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(dirs::home_dir()?.join(".cargo")))
        .unwrap_or_default();
    let Ok(entries) = fs::read_dir(home.join("registry/src")) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path()).collect()
}

fn sum(object: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(object).iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// As `sha256sum` writes it, so that `sha256sum -c` can be used as well.
fn sum_file(object: &[u8], path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!("{}  {name}\n", sum(object))
}

fn sum_path(object: &Path) -> PathBuf {
    let mut path = object.as_os_str().to_owned();
    path.push(".sha256");
    path.into()
}

fn compare(object: &[u8], committed: &Path) -> anyhow::Result<()> {
    let stale = |what: &str| {
        format!(
            "{what}: the committed object {} is not what the sources in {PACKAGE} and zram-events make (with the \
             compiler that Cargo.toml names as rust-version); refresh it with `cargo xtask bpf` and commit it with its .sha256",
            committed.display()
        )
    };
    let kept = fs::read(committed).with_context(|| format!("cannot read {}", committed.display()))?;
    if kept != object {
        let at = kept.iter().zip(object).take_while(|(a, b)| a == b).count();
        bail!(stale(&format!(
            "{} bytes committed, {} built, first difference at byte {at}",
            kept.len(),
            object.len()
        )));
    }
    let path = sum_path(committed);
    let kept = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    if kept != sum_file(object, committed) {
        bail!(stale("the sum beside it is another object's"));
    }
    Ok(())
}

/// Each of the two files is replaced whole or not at all.
fn replace(object: &[u8], committed: &Path) -> anyhow::Result<()> {
    let sum = sum_file(object, committed);
    for (path, bytes) in [(committed.to_owned(), object), (sum_path(committed), sum.as_bytes())] {
        let mut temporary = path.clone().into_os_string();
        temporary.push(".new");
        let temporary = PathBuf::from(temporary);
        fs::write(&temporary, bytes)
            .and_then(|()| fs::rename(&temporary, &path))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_object_is_told_from_a_fresh_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("zram-probes.o");
        replace(b"abc", &path).unwrap();
        compare(b"abc", &path).unwrap();
        let error = compare(b"abd", &path).unwrap_err().to_string();
        assert!(error.contains("first difference at byte 2"), "{error}");
        assert!(error.contains("`cargo xtask bpf`"), "{error}");
    }

    #[test]
    fn a_stale_sum_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("zram-probes.o");
        replace(b"abc", &path).unwrap();
        fs::write(sum_path(&path), "0  zram-probes.o\n").unwrap();
        assert!(compare(b"abc", &path).unwrap_err().to_string().contains("another object's"));
    }

    #[test]
    fn the_sum_file_is_as_sha256sum_writes_it() {
        assert_eq!(
            sum_file(b"abc", Path::new("/x/zram-probes.o")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  zram-probes.o\n"
        );
    }
}

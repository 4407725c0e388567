//! A kernel built from a package of sources.
//!
//! Sources and objects lie in a folder of their own in the cache until the kernel is done, so that a build that was
//! interrupted goes on where it stopped: `make` knows what is done. The folder's name says which sources with which
//! configuration. Only image and modules are kept.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, anyhow, bail};
use sha2::{Digest as _, Sha256};

use super::Source;
use super::tools::Tools;
use crate::apt::{Archive, Package, compare_versions, unpack};
use crate::cache::{Facts, require_space};
use crate::child;
use crate::context::Cx;
use crate::vmlinux;

/// Sources and objects.
const SPACE: u64 = 5 << 30;

/// Builds the kernel and leaves `kernel`, `modules` and `config` in the staging folder.
pub(super) fn build(
    cx: &Cx,
    name: &str,
    origin: &Source,
    tools: &Tools,
    stage: &Path,
) -> anyhow::Result<Facts> {
    let config = &origin.config()?;
    let archive = Archive::of_suites(cx, &origin.suites)?;
    let offered = archive.versions(std::slice::from_ref(&origin.package))?;
    let package = newest(&origin.package, &offered).cloned().ok_or_else(|| {
        archive.explain(anyhow!("{} is not on offer in {}", origin.package, origin.suites.join(", ")))
    })?;
    let work = Work::new(cx, name, &package.version, config);
    std::fs::create_dir_all(&work.folder)?;
    if !work.sources().is_dir() {
        require_space(cx.cache.root(), SPACE, &format!("building kernel {name}"))?;
        sources(cx, &archive, &package, &work)?;
    }
    // Others may fetch packages of the same suites while this is compiled.
    drop(archive);
    configure(config, tools, &work)?;
    make(cx, name, tools, &work)?;
    let release = std::fs::read_to_string(work.objects().join("include/config/kernel.release"))?;
    let release = release.trim().to_owned();
    collect(&work.objects(), tools, stage)?;
    std::fs::remove_dir_all(&work.folder)?;
    cx.progress.say(&format!("kernel {name}: built {release} from {} {}", package.name, package.version));
    Ok(Facts::from([("release".to_owned(), release), ("version".to_owned(), package.version.clone())]))
}

/// The newest version of the package on offer.
fn newest<'a>(name: &str, offered: &'a [Package]) -> Option<&'a Package> {
    let versions = offered.iter().filter(|package| package.name == name);
    versions.max_by(|left, right| compare_versions(&left.version, &right.version))
}

/// Where a kernel is built.
struct Work {
    folder: PathBuf,
}

impl Work {
    fn new(cx: &Cx, name: &str, version: &str, config: &str) -> Self {
        let hash = Sha256::digest(config);
        let hash: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let version = version.replace(['/', ':'], "_");
        Self { folder: cx.cache.root().join("build").join(format!("{name}-{version}-{hash}")) }
    }

    fn sources(&self) -> PathBuf {
        self.folder.join("sources")
    }

    fn objects(&self) -> PathBuf {
        self.folder.join("objects")
    }

    /// `make` for this kernel.
    fn make(&self, tools: &Tools) -> anyhow::Result<Command> {
        let mut command = tools.command("make")?;
        command.arg("-C").arg(self.sources()).arg(format!("O={}", self.objects().display()));
        // A kernel may not depend on how the shell that builds it is set up.
        for name in [
            "MAKEFLAGS",
            "MAKELEVEL",
            "MFLAGS",
            "ARCH",
            "CROSS_COMPILE",
            "KBUILD_OUTPUT",
            "CFLAGS",
            "LDFLAGS",
        ] {
            command.env_remove(name);
        }
        Ok(command)
    }
}

/// Fetches the package and unpacks the archive that is in it.
fn sources(cx: &Cx, archive: &Archive<'_>, package: &Package, work: &Work) -> anyhow::Result<()> {
    let unpacked = work.folder.join("package");
    let part = work.folder.join("sources.part");
    for left_over in [&unpacked, &part] {
        if left_over.exists() {
            std::fs::remove_dir_all(left_over)?;
        }
        std::fs::create_dir(left_over)?;
    }
    unpack(
        archive,
        std::slice::from_ref(package),
        &format!("{} {}", package.name, package.version),
        &unpacked,
    )?;
    let tar = unpacked.join("usr/src").join(format!("{}.tar.xz", package.name));
    let mut task = cx.progress.spinner("unpacking the sources");
    let mut command = Command::new("tar");
    command
        .arg("--extract")
        .arg("--file")
        .arg(&tar)
        .arg("--directory")
        .arg(&part)
        .arg("--strip-components=1");
    child::run_ok(&mut command, |line| task.tick(line))
        .with_context(|| format!("cannot unpack {}", tar.display()))?;
    std::fs::remove_dir_all(&unpacked)?;
    std::fs::rename(&part, work.sources())?;
    task.done("done");
    Ok(())
}

/// Turns the configuration into a complete one, and refuses one that did not come true: a switch that depends on another goes out
/// without a word.
fn configure(config: &str, tools: &Tools, work: &Work) -> anyhow::Result<()> {
    std::fs::create_dir_all(work.objects())?;
    let wanted = work.folder.join("wanted.config");
    std::fs::write(&wanted, config)?;
    let mut command = work.make(tools)?;
    command.arg("allnoconfig").env("KCONFIG_ALLCONFIG", &wanted);
    child::run_ok(&mut command, |_| {}).context("configuring the kernel failed")?;
    let complete = std::fs::read_to_string(work.objects().join(".config"))?;
    let untrue = untrue(config, &complete);
    if !untrue.is_empty() {
        bail!(
            "these lines of the configuration do not hold in this version of the sources: {}",
            untrue.join(", ")
        );
    }
    Ok(())
}

/// Lines of the wanted configuration that do not hold in the complete one. A switch that is to be out may as well be unknown there.
fn untrue<'a>(wanted: &'a str, complete: &str) -> Vec<&'a str> {
    let there: std::collections::BTreeSet<&str> = complete.lines().collect();
    let holds = |line: &str| match line.strip_prefix("# ").and_then(|line| line.strip_suffix(" is not set")) {
        Some(out) => {
            !there.iter().any(|line| line.strip_prefix(out).is_some_and(|rest| rest.starts_with('=')))
        }
        None => there.contains(line),
    };
    wanted.lines().filter(|line| line.contains("CONFIG_") && !holds(line)).collect()
}

fn make(cx: &Cx, name: &str, tools: &Tools, work: &Work) -> anyhow::Result<()> {
    let jobs = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut task = cx.progress.spinner(&format!("building kernel {name} (six minutes on two idle cores)"));
    let mut command = work.make(tools)?;
    command.args([format!("-j{jobs}"), "bzImage".to_owned(), "modules".to_owned()]);
    // `  CC      drivers/block/zram/zcomp.o`
    child::run_ok(&mut command, |line| task.tick(line.trim())).with_context(|| {
        format!("building the kernel failed; the next run goes on in {}", work.folder.display())
    })?;
    task.done("done");
    Ok(())
}

/// Image, modules and configuration of a finished build. Modules lose what debuggers read and keep their BTF.
fn collect(objects: &Path, tools: &Tools, stage: &Path) -> anyhow::Result<()> {
    let raw = std::fs::read(objects.join("arch/x86/boot/bzImage"))?;
    std::fs::write(stage.join("kernel"), vmlinux::bootable(&raw).context("the bzImage just built")?)?;
    std::fs::copy(objects.join(".config"), stage.join("config"))?;
    let modules = stage.join("modules");
    let order = std::fs::read_to_string(objects.join("modules.order"))?;
    for line in order.lines() {
        // Written as `.o`, of which a `.ko` was made.
        let path = Path::new(line).with_extension("ko");
        let to = modules.join("kernel").join(&path);
        std::fs::create_dir_all(to.parent().unwrap_or(&modules))?;
        let mut strip = tools.command("strip")?;
        strip.arg("--strip-debug").arg("-o").arg(&to).arg(objects.join(&path));
        child::run_ok(&mut strip, |_| {})?;
    }
    std::fs::copy(objects.join("modules.builtin"), modules.join("modules.builtin"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, version: &str) -> Package {
        Package {
            name: name.into(),
            version: version.into(),
            size: 1,
            installed_size: 1,
            sha256: String::new(),
        }
    }

    #[test]
    fn the_newest_sources_are_taken() {
        let offered = [
            package("linux-source-7.2", "7.2.9-1~bpo13+1"),
            package("linux-source-7.2", "7.2.13-1"),
            package("linux-source-7.2", "7.2.12-1"),
            package("linux-source-7.20", "7.20.1-1"),
        ];
        assert_eq!(newest("linux-source-7.2", &offered).map(|package| &*package.version), Some("7.2.13-1"));
        assert_eq!(newest("linux-source-7.3", &offered), None);
    }

    #[test]
    fn a_switch_that_went_out_is_named() {
        let wanted = "# why\nCONFIG_A=y\nCONFIG_B=m\nCONFIG_C=\"x\"\n";
        assert_eq!(untrue(wanted, "CONFIG_A=y\nCONFIG_B=m\nCONFIG_C=\"x\"\nCONFIG_D=y\n"), [""; 0]);
        assert_eq!(
            untrue(wanted, "CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=\"y\"\n"),
            ["CONFIG_B=m", "CONFIG_C=\"x\""]
        );
        let out = "# CONFIG_A is not set\n";
        assert_eq!(untrue(out, "CONFIG_A=y\n"), ["# CONFIG_A is not set"]);
        assert_eq!(untrue(out, "CONFIG_AB=y\n"), [""; 0]);
        assert_eq!(untrue(out, "# CONFIG_A is not set\n"), [""; 0]);
    }

    #[test]
    fn the_folder_says_which_sources_and_which_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let cx = Cx::for_test(crate::cache::Cache::at(folder.path()));
        let name = |version: &str, config: &str| Work::new(&cx, "k", version, config).folder;
        assert_ne!(name("7.2.13-1", "a"), name("7.2.12-1", "a"));
        assert_ne!(name("7.2.13-1", "a"), name("7.2.13-1", "b"));
        assert_eq!(name("1:7.2/x", "a").parent(), Some(folder.path().join("build").as_path()));
    }
}

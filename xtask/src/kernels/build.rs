//! From a kernel's sources and our configuration to something that boots.
//!
//! Objects lie apart from the sources (`O=`), so that a tree of somebody's own stays as it is. They are kept until whoever asked for
//! the build removes them: `make` knows what is done, and a build that was interrupted goes on where it stopped.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use super::tools::Tools;
use crate::child;
use crate::context::Cx;
use crate::vmlinux;

/// Variables that decide how a kernel is built. It may not depend on how the shell that builds it is set up.
const FOREIGN: [&str; 8] =
    ["MAKEFLAGS", "MAKELEVEL", "MFLAGS", "ARCH", "CROSS_COMPILE", "KBUILD_OUTPUT", "CFLAGS", "LDFLAGS"];

/// A kernel being built.
pub(super) struct Build<'a> {
    /// What it is called where progress is shown.
    pub(super) what: &'a str,
    /// The sources, not written to.
    pub(super) sources: &'a Path,
    /// Everything else goes here.
    pub(super) folder: &'a Path,
    /// Lines of the configuration that must hold.
    pub(super) config: &'a str,
    /// What is needed for it.
    pub(super) tools: &'a Tools,
}

impl Build<'_> {
    /// Configures and makes it; the result is what `uname -r` will say.
    pub(super) fn run(&self, cx: &Cx) -> anyhow::Result<String> {
        self.configure()?;
        self.make(cx)?;
        let release = std::fs::read_to_string(self.objects().join("include/config/kernel.release"))?;
        Ok(release.trim().to_owned())
    }

    fn objects(&self) -> PathBuf {
        self.folder.join("objects")
    }

    /// `make` for this kernel.
    fn command(&self) -> anyhow::Result<Command> {
        let mut command = self.tools.command("make")?;
        command.arg("-C").arg(self.sources).arg(format!("O={}", self.objects().display()));
        for name in FOREIGN {
            command.env_remove(name);
        }
        Ok(command)
    }

    /// Turns the configuration into a complete one, and refuses one that did not come true: a switch that depends on another goes
    /// out without a word.
    fn configure(&self) -> anyhow::Result<()> {
        std::fs::create_dir_all(self.objects())?;
        let wanted = self.folder.join("wanted.config");
        std::fs::write(&wanted, self.config)?;
        let mut command = self.command()?;
        command.arg("allnoconfig").env("KCONFIG_ALLCONFIG", &wanted);
        child::run_ok(&mut command, |_| {}).with_context(|| format!("configuring {} failed", self.what))?;
        let complete = std::fs::read_to_string(self.objects().join(".config"))?;
        let untrue = untrue(self.config, &complete);
        if !untrue.is_empty() {
            bail!(
                "these lines of the configuration do not hold in the sources of {}: {}. The switch was renamed or depends on another \
                 that is out; what is wanted is in {}",
                self.what,
                untrue.join(", "),
                wanted.display()
            );
        }
        Ok(())
    }

    fn make(&self, cx: &Cx) -> anyhow::Result<()> {
        let jobs = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let mut task = cx
            .progress
            .spinner(&format!("building {} (from scratch: six minutes on two idle cores)", self.what));
        let mut command = self.command()?;
        command.args([format!("-j{jobs}"), "bzImage".to_owned(), "modules".to_owned()]);
        // `  CC      drivers/block/zram/zcomp.o`
        child::run_ok(&mut command, |line| task.tick(line.trim())).with_context(|| {
            format!("building {} failed; the next run goes on in {}", self.what, self.folder.display())
        })?;
        task.done("done");
        Ok(())
    }

    /// Leaves `kernel`, `modules` and `config` of a finished build in a folder. Modules lose what debuggers read and keep their BTF.
    pub(super) fn collect(&self, into: &Path) -> anyhow::Result<()> {
        let objects = self.objects();
        let raw = std::fs::read(objects.join("arch/x86/boot/bzImage"))?;
        std::fs::write(into.join("kernel"), vmlinux::bootable(&raw).context("the bzImage just built")?)?;
        std::fs::copy(objects.join(".config"), into.join("config"))?;
        let modules = into.join("modules");
        let order = std::fs::read_to_string(objects.join("modules.order"))?;
        for line in order.lines() {
            // Written as `.o`, of which a `.ko` was made.
            let path = Path::new(line).with_extension("ko");
            let to = modules.join("kernel").join(&path);
            std::fs::create_dir_all(to.parent().unwrap_or(&modules))?;
            let mut strip = self.tools.command("strip")?;
            strip.arg("--strip-debug").arg("-o").arg(&to).arg(objects.join(&path));
            child::run_ok(&mut strip, |_| {})?;
        }
        std::fs::copy(objects.join("modules.builtin"), modules.join("modules.builtin"))?;
        Ok(())
    }
}

/// Lines of the wanted configuration that do not hold in the complete one. A switch that is to be out may as well be unknown there.
fn untrue<'a>(wanted: &'a str, complete: &str) -> Vec<&'a str> {
    let there: BTreeSet<&str> = complete.lines().collect();
    let holds = |line: &str| match line.strip_prefix("# ").and_then(|line| line.strip_suffix(" is not set")) {
        Some(out) => {
            !there.iter().any(|line| line.strip_prefix(out).is_some_and(|rest| rest.starts_with('=')))
        }
        None => there.contains(line),
    };
    wanted.lines().filter(|line| line.contains("CONFIG_") && !holds(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
}

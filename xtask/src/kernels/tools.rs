//! What building a kernel takes.
//!
//! A compiler is wherever Rust programs can be linked; the rest often is not. It is not installed but unpacked into the
//! cache, from the machine's own apt sources, with those of its libraries that the machine lacks.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::apt::{Archive, unpack};
use crate::cache::Facts;
use crate::child;
use crate::context::{Cx, distribution};
use crate::toolchain::in_path;

/// What the kernel's own documentation asks for, as Debian and Ubuntu call it: programs, and two libraries with headers.
const PACKAGES: [&str; 7] = ["make", "flex", "bison", "bc", "pahole", "libelf-dev", "zlib1g-dev"];

/// The programs among them, and the compiler.
const PROGRAMS: [&str; 5] = ["make", "flex", "bison", "bc", "pahole"];

/// Where libraries are below `usr` and below the root.
const MULTIARCH: &str = "lib/x86_64-linux-gnu";

/// Programs and libraries for building a kernel.
#[derive(Clone, Debug)]
pub(super) struct Tools {
    /// Where what the machine lacks was unpacked.
    unpacked: Option<PathBuf>,
}

/// The tools, those that are missing being fetched first.
pub(super) fn ensure(cx: &Cx) -> anyhow::Result<Tools> {
    if in_path("gcc").is_none() {
        bail!("building a kernel takes gcc, which is not in the path: apt-get install gcc");
    }
    if complete(&mut Command::new("gcc"), |program| in_path(program).is_some()) {
        return Ok(Tools { unpacked: None });
    }
    let key = format!("kernel-tools/{}", distribution());
    let entry = cx.cache.ensure(cx, &key, |stage| fetch(cx, stage)).with_context(|| {
        format!(
            "what building a kernel takes is not here and could not be fetched; install it: apt-get install gcc {}",
            PACKAGES.join(" ")
        )
    })?;
    Ok(Tools { unpacked: Some(entry.path().to_owned()) })
}

impl Tools {
    /// A command that finds the tools.
    pub(super) fn command(&self, program: &str) -> anyhow::Result<Command> {
        let mut command = Command::new(program);
        let Some(folder) = &self.unpacked else { return Ok(command) };
        let libraries = ["usr", ""].map(|below| folder.join(below).join(MULTIARCH));
        let libraries = std::env::join_paths(libraries)?;
        let mut path = vec![folder.join("usr/bin")];
        path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        command
            .env("PATH", std::env::join_paths(path)?)
            .env("LD_LIBRARY_PATH", &libraries)
            .env("LIBRARY_PATH", &libraries)
            .env("C_INCLUDE_PATH", include_path(folder)?)
            // bison and flex would look for these where they were to be installed.
            .env("BISON_PKGDATADIR", folder.join("usr/share/bison"));
        let m4 = folder.join("usr/bin/m4");
        if m4.is_file() {
            command.env("M4", m4);
        }
        Ok(command)
    }
}

/// Headers are in the common folder and in that of the architecture.
fn include_path(folder: &Path) -> anyhow::Result<std::ffi::OsString> {
    Ok(std::env::join_paths(["usr/include", "usr/include/x86_64-linux-gnu"].map(|below| folder.join(below)))?)
}

/// Whether every program is there and the compiler finds the libraries' headers.
fn complete(gcc: &mut Command, there: impl Fn(&str) -> bool) -> bool {
    let headers = gcc.args(["-E", "-x", "c", "-include", "gelf.h", "-include", "zlib.h", "/dev/null"]);
    PROGRAMS.iter().all(|program| there(program))
        && child::run(headers, |_| {}).is_ok_and(|output| output.success)
}

fn fetch(cx: &Cx, stage: &Path) -> anyhow::Result<Facts> {
    let archive = Archive::of_machine(cx)?;
    let packages = archive.missing_for(&PACKAGES).map_err(|error| archive.explain(error))?;
    if packages.is_empty() {
        bail!("apt says that all of it is installed: are {} in the path?", PROGRAMS.join(", "));
    }
    unpack(&archive, &packages, "tools for building kernels", stage)?;
    let _ = std::fs::remove_dir_all(stage.join("usr/share/doc"));
    mend_links(&stage.join("usr").join(MULTIARCH))?;
    let tools = Tools { unpacked: Some(stage.to_owned()) };
    let there = |program: &str| in_path(program).is_some() || stage.join("usr/bin").join(program).is_file();
    if !complete(&mut tools.command("gcc")?, there) {
        bail!("the unpacked tools are not all that building a kernel takes");
    }
    let names: Vec<_> = packages.iter().map(|package| package.name.as_str()).collect();
    Ok(Facts::from([("packages".to_owned(), names.join(" "))]))
}

/// A package of headers brings a link to the library beside it. Where the machine has the library, that link leads nowhere in the
/// folder it was unpacked in, and is made to lead to the machine's.
fn mend_links(folder: &Path) -> anyhow::Result<()> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let link = entry?.path();
        if let Ok(target) = std::fs::read_link(&link)
            && !link.exists()
        {
            let machines = ["/usr", "/"].map(|root| Path::new(root).join(MULTIARCH).join(&target));
            if let Some(library) = machines.iter().find(|library| library.is_file()) {
                std::fs::remove_file(&link)?;
                std::os::unix::fs::symlink(library, &link)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_a_library_of_the_machine_is_mended_and_others_are_left() {
        let folder = tempfile::tempdir().unwrap();
        let link = |name: &str, target: &str| {
            std::os::unix::fs::symlink(target, folder.path().join(name)).unwrap();
        };
        link("libc.so", "libc.so.6");
        link("libnone.so", "libnone.so.9");
        link("libbeside.so", "libbeside.so.1");
        std::fs::write(folder.path().join("libbeside.so.1"), "").unwrap();
        mend_links(folder.path()).unwrap();
        let target = |name: &str| std::fs::read_link(folder.path().join(name)).unwrap();
        assert!(target("libc.so").is_absolute(), "{}", target("libc.so").display());
        assert_eq!(target("libnone.so"), Path::new("libnone.so.9"));
        assert_eq!(target("libbeside.so"), Path::new("libbeside.so.1"));
    }

    #[test]
    fn a_command_finds_the_unpacked_before_the_machines() {
        let tools = Tools { unpacked: Some("/t".into()) };
        let command = tools.command("make").unwrap();
        let value = |name: &str| {
            let found = command.get_envs().find(|(key, _)| *key == name);
            found.and_then(|(_, value)| value).map(|value| value.to_string_lossy().into_owned())
        };
        assert!(value("PATH").unwrap().starts_with("/t/usr/bin:"));
        assert_eq!(value("C_INCLUDE_PATH").unwrap(), "/t/usr/include:/t/usr/include/x86_64-linux-gnu");
        assert_eq!(Tools { unpacked: None }.command("make").unwrap().get_envs().count(), 0);
    }

    #[test]
    fn a_missing_program_is_missed() {
        assert!(!complete(&mut Command::new("true"), |program| program != "pahole"));
        assert!(complete(&mut Command::new("true"), |_| true));
        assert!(!complete(&mut Command::new("false"), |_| true));
    }
}

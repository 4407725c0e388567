//! The sources of the Rust library, exactly those of the compiler in use: `core` is compiled for the BPF target from them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, anyhow};

use super::in_path;
use super::rustc::Rustc;
use crate::apt::{Archive, Package, compare_versions, unpack};
use crate::cache::Facts;
use crate::child;
use crate::context::Cx;

/// Suites that carry several releases of Rust at a time.
const SUITES: [&str; 3] = ["sid", "forky", "trixie-backports"];

const PACKAGE: &str = "rust-src";

/// The `library` folder: the toolchain's own if it has one, else from the cache, else fetched through rustup, else from Debian.
pub(super) fn ensure(cx: &Cx, rustc: &Rustc) -> anyhow::Result<PathBuf> {
    if let Some(library) = of_toolchain(rustc) {
        return Ok(library);
    }
    let key = format!("rust-src/{}", rustc.release);
    if let Some(entry) = cx.cache.get(&key)? {
        return Ok(entry.path().join("library"));
    }
    if in_path("rustup").is_some() {
        let mut task = cx.progress.spinner("fetching the Rust sources through rustup");
        let mut rustup = Command::new("rustup");
        rustup.current_dir(&cx.workspace).args(["component", "add", "rust-src"]);
        let output = child::run(&mut rustup, |line| task.tick(line))?;
        if let (true, Some(library)) = (output.success, of_toolchain(rustc)) {
            task.done("done");
            return Ok(library);
        }
        task.done("rustup could not get them, trying Debian's package");
    }
    let entry = cx.cache.ensure(cx, &key, |stage| fetch(cx, rustc, stage)).with_context(|| {
        format!(
            "cannot get the sources of Rust {}, which building the BPF programs needs. Where rustup can download, this is enough: \
             rustup component add rust-src",
            rustc.release
        )
    })?;
    Ok(entry.path().join("library"))
}

fn of_toolchain(rustc: &Rustc) -> Option<PathBuf> {
    let library = rustc.sysroot.join("lib/rustlib/src/rust/library");
    library.join("core/src/lib.rs").is_file().then_some(library)
}

fn fetch(cx: &Cx, rustc: &Rustc, stage: &Path) -> anyhow::Result<Facts> {
    let archive = Archive::of_suites(cx, &SUITES.map(str::to_owned))?;
    let offered = archive.packages(&[PACKAGE.to_owned()])?;
    let package = matching(&offered, &rustc.release).ok_or_else(|| {
        archive.explain(anyhow!(
            "no package {PACKAGE} of version {} is on offer in {}",
            rustc.release,
            SUITES.join(", ")
        ))
    })?;
    let unpacked = stage.join("unpacked");
    std::fs::create_dir(&unpacked)?;
    unpack(
        &archive,
        std::slice::from_ref(package),
        &format!("sources of Rust {}", rustc.release),
        &unpacked,
    )?;
    // The package also has the compiler's sources, six times as large.
    let library = unpacked.join(format!("usr/src/rustc-{}/library", rustc.release));
    std::fs::rename(&library, stage.join("library"))
        .with_context(|| format!("{PACKAGE} {} has no {}", package.version, library.display()))?;
    std::fs::remove_dir_all(&unpacked)?;
    Ok(Facts::from([("version".to_owned(), package.version.clone())]))
}

/// The newest packaging of exactly this release.
fn matching<'a>(offered: &'a [Package], release: &str) -> Option<&'a Package> {
    offered
        .iter()
        .filter(|package| package.name == PACKAGE)
        .filter(|package| {
            package.version.strip_prefix(release).is_some_and(|rest| rest.starts_with(['+', '-', '~']))
        })
        .max_by(|left, right| compare_versions(&left.version, &right.version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_release_will_do() {
        let offered: Vec<Package> = [
            ("rust-src", "1.97.1+dfsg1-1"),
            ("rust-src", "1.95.0+dfsg1-1~bpo13+1"),
            ("rust-src", "1.95.0+dfsg1-2~bpo13+1"),
            ("rust-src", "1.95.01+dfsg1-1"),
            ("rust-src-other", "1.95.0+dfsg1-9"),
        ]
        .map(|(name, version)| Package {
            name: name.into(),
            version: version.into(),
            size: 1,
            installed_size: 1,
            sha256: String::new(),
        })
        .into();
        assert_eq!(matching(&offered, "1.95.0").unwrap().version, "1.95.0+dfsg1-2~bpo13+1");
        assert_eq!(matching(&offered, "1.94.0"), None);
    }
}

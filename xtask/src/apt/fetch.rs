//! From packages on a mirror to files in a folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use super::archive::Archive;
use super::index::Package;
use crate::cache::{require_space, sha256};
use crate::child;

/// Downloads the packages and unpacks them into `into`.
///
/// Downloads that were cut off are taken up where they stopped. apt checks each against the signed index; the sum is checked
/// once more here, since what is unpacked is the file on this disk, not the one apt saw.
pub(crate) fn unpack(
    archive: &Archive<'_>,
    packages: &[Package],
    what: &str,
    into: &Path,
) -> anyhow::Result<()> {
    let cx = archive.cx();
    let total: u64 = packages.iter().map(|package| package.size).sum();
    let unpacked: u64 = packages.iter().map(|package| package.installed_size).sum();
    require_space(cx.cache.root(), total + unpacked + unpacked / 4, what)?;

    let downloads = archive.downloads();
    let mut task = cx.progress.bytes(&format!("downloading {what}"), total);
    let mut command = archive.apt_get();
    command.current_dir(&downloads).args(["-o", "Acquire::AllowInsecureRepositories=false", "download"]);
    command.args(packages.iter().map(|package| format!("{}={}", package.name, package.version)));
    child::run_ok(&mut command, |_| {
        let done = packages.iter().filter_map(|package| file_of(&downloads, package));
        task.set(done.filter_map(|path| path.metadata().ok()).map(|metadata| metadata.len()).sum());
    })
    .with_context(|| {
        format!(
            "downloading {what} failed. Check the network and any proxy and run again: what has arrived is kept, and the next run \
             goes on from there"
        )
    })?;
    task.done(&format!("{} in {} packages", crate::progress::human(total), packages.len()));

    let mut task = cx.progress.spinner(&format!("unpacking {what}"));
    for package in packages {
        let Some(path) = file_of(&downloads, package) else {
            bail!("apt-get said it had downloaded {} {} but left no file", package.name, package.version);
        };
        if sha256(&path)? != package.sha256 {
            std::fs::remove_file(&path)?;
            bail!(
                "{} is not the file the archive's index describes; it has been removed: run again",
                path.display()
            );
        }
        let mut command = Command::new("dpkg-deb");
        command.arg("--extract").arg(&path).arg(into);
        child::run_ok(&mut command, |line| task.tick(line))?;
        std::fs::remove_file(&path)?;
    }
    task.done("done");
    Ok(())
}

/// `name_version_arch.deb`, the epoch's colon escaped.
fn file_of(folder: &Path, package: &Package) -> Option<PathBuf> {
    let stem = format!("{}_{}_", package.name, package.version.replace(':', "%3a"));
    ["amd64", "all", std::env::consts::ARCH]
        .iter()
        .map(|arch| folder.join(format!("{stem}{arch}.deb")))
        .find(|path| path.is_file())
}

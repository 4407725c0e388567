//! Packages of sources: what the archive keeps of a kernel when its binaries are gone.
//!
//! A Debian source package is the upstream archive, an archive with Debian's folder, in which are patches, and a description of
//! the two. Of a version that was replaced, mirrors drop the small ones first, while the upstream archive stays as long as any
//! version of the package was made of it. So it is all that is taken, and Debian's patches are not applied.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};

use super::archive::Archive;
use crate::cache::sha256;
use crate::child;

/// One version of one source package that a mirror offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SourcePackage {
    /// Its name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    files: Vec<File>,
}

/// One of its files, as the signed index describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct File {
    name: String,
    size: u64,
    sha256: String,
}

impl SourcePackage {
    /// The upstream archive.
    fn upstream(&self) -> anyhow::Result<&File> {
        let found = self.files.iter().find(|file| file.name.contains(".orig.tar."));
        found.with_context(|| format!("source package {} {} has no *.orig.tar.*", self.name, self.version))
    }

    /// Downloads the upstream archive and unpacks it into `into`. False: the mirror lists it and has it no more.
    ///
    /// apt checks it against the signed index, and so does this, since what is unpacked is the file on this disk.
    pub(crate) fn unpack_upstream(&self, archive: &Archive<'_>, into: &Path) -> anyhow::Result<bool> {
        let file = self.upstream()?;
        let what = format!("upstream sources of {} {}", self.name, self.version);
        let downloads = archive.downloads();
        if !self.download(archive, file, &what, &downloads)? {
            return Ok(false);
        }
        let path = downloads.join(&file.name);
        if sha256(&path).with_context(|| format!("cannot read {}", path.display()))? != file.sha256 {
            std::fs::remove_file(&path)?;
            bail!(
                "{} is not the file the archive's index describes; it has been removed: run again",
                path.display()
            );
        }
        let mut task = archive.cx().progress.spinner(&format!("unpacking the {what}"));
        extract(&path, into, 1, |line| task.tick(line))?;
        task.done("done");
        std::fs::remove_file(&path)?;
        Ok(true)
    }

    fn download(
        &self,
        archive: &Archive<'_>,
        file: &File,
        what: &str,
        downloads: &Path,
    ) -> anyhow::Result<bool> {
        let mut task = archive.cx().progress.bytes(&format!("downloading the {what}"), file.size);
        let mut command = archive.apt_get();
        command.current_dir(downloads).args(["source", "--download-only", "--tar-only", "--only-source"]);
        command.arg(format!("{}={}", self.name, self.version));
        let output = child::run(&mut command, |_| {
            task.set(downloads.join(&file.name).metadata().map_or(0, |metadata| metadata.len()));
        })?;
        if !output.success && is_gone(&output.all) {
            task.done("the mirror lists them and has them no more");
            return Ok(false);
        }
        if !output.success {
            bail!(
                "downloading the {what} failed. Check the network and any proxy and run again: what has arrived is kept, and the next \
                 run goes on from there. apt's last lines:\n{}",
                child::indent(&output.tail)
            );
        }
        task.done(&crate::progress::human(file.size));
        Ok(true)
    }
}

/// Whether everything that apt could not fetch is not there: an index outlives the files of the versions that a newer one replaced.
fn is_gone(words: &str) -> bool {
    let mut failed = words.lines().filter(|line| line.contains("Failed to fetch http")).peekable();
    failed.peek().is_some() && failed.all(|line| line.contains("404  Not Found"))
}

/// Unpacks an archive without its first `strip` levels of folders.
pub(crate) fn extract(tar: &Path, into: &Path, strip: u32, on_tick: impl FnMut(&str)) -> anyhow::Result<()> {
    let mut command = Command::new("tar");
    command.arg("--extract").arg("--file").arg(tar).arg("--directory").arg(into);
    command.arg(format!("--strip-components={strip}"));
    child::run_ok(&mut command, on_tick).with_context(|| format!("cannot unpack {}", tar.display()))?;
    Ok(())
}

/// The source packages in what `apt-cache showsrc` prints.
pub(super) fn parse(text: &str) -> Vec<SourcePackage> {
    text.split("\n\n").filter_map(stanza).collect()
}

fn stanza(text: &str) -> Option<SourcePackage> {
    let field = |name: &str| {
        text.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            (key == name).then(|| value.trim().to_owned())
        })
    };
    let sums = text.lines().skip_while(|line| *line != "Checksums-Sha256:" && *line != "Checksums-Sha256: ");
    let files = sums.skip(1).take_while(|line| line.starts_with(' ')).filter_map(|line| {
        let mut words = line.split_whitespace();
        let (sha256, size, name) = (words.next()?, words.next()?, words.next()?);
        Some(File { name: name.to_owned(), size: size.parse().ok()?, sha256: sha256.to_owned() })
    });
    Some(SourcePackage { name: field("Package")?, version: field("Version")?, files: files.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_package_is_read_with_its_files() {
        let text = "\
Package: linux
Binary: linux-doc, linux-source
Version: 7.1.13-1~bpo13+1
Files:
 0123 9 linux_7.1.13-1~bpo13+1.dsc
Checksums-Sha256:
 310049 149404 linux_7.1.13-1~bpo13+1.dsc
 25f657 161695252 linux_7.1.13.orig.tar.xz
 400da3 1541632 linux_7.1.13-1~bpo13+1.debian.tar.xz
Homepage: none

";
        let packages = parse(text);
        assert_eq!(packages.len(), 1);
        assert_eq!((&*packages[0].name, &*packages[0].version), ("linux", "7.1.13-1~bpo13+1"));
        let upstream = packages[0].upstream().unwrap();
        assert_eq!((upstream.size, &*upstream.sha256), (161_695_252, "25f657"));
        let other = parse("Package: x\nVersion: 1\nChecksums-Sha256:\n 01 2 x_1.tar.xz\n");
        assert!(other[0].upstream().is_err());
    }

    #[test]
    fn what_is_gone_is_told_from_what_could_not_be_reached() {
        let gone = "E: Failed to fetch http://m.example/x.dsc  404  Not Found [IP: 192.0.2.1 80]\n";
        let lost = "E: Failed to fetch http://m.example/x.tar  Connection timed out\n";
        assert!(is_gone(&format!("{gone}E: Failed to fetch some archives.\n")));
        assert!(!is_gone(&format!("{gone}{lost}")) && !is_gone("E: You must put some 'deb-src' URIs\n"));
    }
}

//! A kernel's sources, from Debian's archive to a folder.
//!
//! They come in two forms. `linux-source-7.2` is a package like any other, for people who build kernels, and has the sources with
//! Debian's patches applied, in an archive. It goes when the binaries of its kernel go. The *source package* `linux`, which those
//! binaries were made of, stays longer, and longest of it the upstream archive, without Debian's patches.

use std::path::Path;

use anyhow::{Context as _, anyhow};

use super::Source;
use crate::apt::{Archive, Package, SourcePackage, compare_versions, extract, unpack};
use crate::context::Cx;

/// Sources that are on offer.
pub(super) struct Offer {
    form: Form,
}

enum Form {
    /// `linux-source-*`.
    Packed(Package),
    /// `linux`, of which the upstream archive is taken.
    Plain(SourcePackage),
}

/// The archive, and what it offers of a kernel, the newest first.
pub(super) fn offers<'a>(cx: &'a Cx, origin: &Source) -> anyhow::Result<(Archive<'a>, Vec<Offer>)> {
    let name = std::slice::from_ref(&origin.package);
    let (archive, mut forms) = match &origin.series {
        Some(series) => {
            let archive = Archive::of_sources(cx, &origin.suites)?;
            let offered = archive.sources(&origin.package)?.into_iter();
            let of_series = offered.filter(|package| is_series(&package.version, series)).map(Form::Plain);
            let forms: Vec<Form> = of_series.collect();
            (archive, forms)
        }
        None => {
            let archive = Archive::of_suites(cx, &origin.suites)?;
            let forms = archive.versions(name)?.into_iter().map(Form::Packed).collect();
            (archive, forms)
        }
    };
    forms.retain(|form| form.name() == origin.package);
    if forms.is_empty() {
        let suites = origin.suites.join(", ");
        return Err(archive.explain(anyhow!("{} is not on offer in {suites}", origin.wanted())));
    }
    forms.sort_by(|left, right| compare_versions(right.version(), left.version()));
    Ok((archive, forms.into_iter().map(|form| Offer { form }).collect()))
}

impl Form {
    fn name(&self) -> &str {
        match self {
            Self::Packed(package) => &package.name,
            Self::Plain(package) => &package.name,
        }
    }

    fn version(&self) -> &str {
        match self {
            Self::Packed(package) => &package.version,
            Self::Plain(package) => &package.version,
        }
    }
}

impl Offer {
    /// Its version.
    pub(super) fn version(&self) -> &str {
        self.form.version()
    }

    /// Its name and version, for people.
    pub(super) fn description(&self) -> String {
        match &self.form {
            Form::Packed(package) => format!("{} {}", package.name, package.version),
            Form::Plain(package) => {
                format!("the upstream archive of source package {} {}", package.name, package.version)
            }
        }
    }

    /// Brings the sources to `into`, which appears when they are complete; `work` is a folder beside it. False: they are listed and
    /// gone.
    pub(super) fn fetch(
        &self,
        cx: &Cx,
        archive: &Archive<'_>,
        work: &Path,
        into: &Path,
    ) -> anyhow::Result<bool> {
        let part = emptied(&work.join("sources.part"))?;
        match &self.form {
            Form::Plain(package) => {
                if !package.unpack_upstream(archive, &part)? {
                    return Ok(false);
                }
            }
            Form::Packed(package) => {
                let unpacked = emptied(&work.join("package"))?;
                unpack(archive, std::slice::from_ref(package), &self.description(), &unpacked)?;
                let tar = unpacked.join("usr/src").join(format!("{}.tar.xz", package.name));
                let mut task = cx.progress.spinner("unpacking the sources");
                extract(&tar, &part, 1, |line| task.tick(line))?;
                std::fs::remove_dir_all(&unpacked)?;
                task.done("done");
            }
        }
        std::fs::rename(&part, into)
            .with_context(|| format!("cannot move the sources to {}", into.display()))?;
        Ok(true)
    }
}

fn emptied(folder: &Path) -> anyhow::Result<std::path::PathBuf> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir(folder)?;
    Ok(folder.to_owned())
}

/// Whether a package's version is of an upstream series: 7.1.13-1 of 7.1, and 7.10-1 not.
fn is_series(version: &str, series: &str) -> bool {
    version.strip_prefix(series).is_some_and(|rest| rest.starts_with(['.', '-', '+', '~']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_of_one_series() {
        for (version, series) in [("7.1.8-2", "7.1"), ("7.1.13-1~bpo13+1", "7.1"), ("7.1~rc3-1~exp1", "7.1")]
        {
            assert!(is_series(version, series), "{version}");
        }
        for (version, series) in [("7.10.1-1", "7.1"), ("7.2.13-1", "7.1"), ("6.19.14-1", "6.1")] {
            assert!(!is_series(version, series), "{version}");
        }
    }
}

//! From a line of the table to a bootable kernel in the cache.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use sha2::{Digest as _, Sha256};

use super::choose::{newest, prefixes};
use super::{Kernel, Origin, Packages, source, tools};
use crate::apt::{Archive, unpack};
use crate::cache::{Entry, Facts};
use crate::context::Cx;
use crate::vmlinux;

/// A kernel in the cache.
pub(crate) struct Installed(Entry);

impl Installed {
    /// The bootable image.
    pub(crate) fn image(&self) -> PathBuf {
        self.0.path().join("kernel")
    }

    /// The folder of its modules.
    pub(crate) fn modules(&self) -> PathBuf {
        self.0.path().join("modules")
    }

    /// `uname -r`.
    pub(crate) fn release(&self) -> &str {
        self.0.fact("release").unwrap_or("?")
    }

    /// The version of the package that it came in, or was built from.
    pub(crate) fn package_version(&self) -> &str {
        self.0.fact("version").unwrap_or("?")
    }

    /// Both.
    pub(crate) fn version(&self) -> String {
        format!("{}, package {}", self.release(), self.package_version())
    }

    /// Bytes in the cache.
    pub(crate) fn size(&self) -> u64 {
        self.0.size()
    }
}

/// The kernel as it stands in the cache, without fetching it.
pub(crate) fn cached(cx: &Cx, kernel: &Kernel) -> anyhow::Result<Option<Installed>> {
    Ok(cx.cache.get(&key(kernel)?)?.map(Installed))
}

/// What is wrong with the kernel in the cache, if it is there and something is.
pub(crate) fn damage(cx: &Cx, kernel: &Kernel) -> anyhow::Result<Option<String>> {
    cx.cache.damage(&key(kernel)?)
}

/// The kernel, fetched first if need be.
pub(crate) fn ensure(cx: &Cx, kernel: &Kernel) -> anyhow::Result<Installed> {
    let key = key(kernel)?;
    if let Some(entry) = cx.cache.get(&key)? {
        return Ok(Installed(entry));
    }
    let entry = match &kernel.origin {
        Origin::Packages(origin) => cx.cache.ensure(cx, &key, |stage| fetch(cx, &kernel.name, origin, stage)),
        // The tools are an entry of the cache, too.
        Origin::Source(origin) => tools::ensure(cx).and_then(|tools| {
            cx.cache.ensure(cx, &key, |stage| source::build(cx, &kernel.name, origin, &tools, stage))
        }),
    };
    Ok(Installed(entry.with_context(|| format!("cannot get kernel {}", kernel.name))?))
}

/// Everything that decides what is taken is in the key, so that an edited table leads to a new entry.
fn key(kernel: &Kernel) -> anyhow::Result<String> {
    let row = match &kernel.origin {
        Origin::Packages(origin) => {
            format!("{:?}", (&origin.series, &origin.flavour, &origin.suites, &origin.packages))
        }
        Origin::Source(origin) => format!("{:?}", (origin.wanted(), &origin.suites, origin.config()?)),
    };
    let hash: String = Sha256::digest(row).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("kernels/{}-{hash}", kernel.name))
}

fn fetch(cx: &Cx, name: &str, kernel: &Packages, stage: &Path) -> anyhow::Result<Facts> {
    let archive = Archive::of_suites(cx, &kernel.suites)?;
    let offered = archive.packages(&prefixes(kernel))?;
    let release = newest(kernel, &offered).ok_or_else(|| {
        archive.explain(anyhow!(
            "no release {}.* of flavour {} has all its packages ({}) on offer in {}",
            kernel.series,
            kernel.flavour,
            kernel.packages.join(", "),
            kernel.suites.join(", ")
        ))
    })?;
    let what = format!("kernel {name} ({})", release.name);
    let unpacked = stage.join("unpacked");
    std::fs::create_dir(&unpacked)?;
    unpack(&archive, &release.packages, &what, &unpacked)?;
    arrange(&unpacked, stage, &release.name).with_context(|| format!("the packages of {what}"))?;
    std::fs::remove_dir_all(&unpacked)?;
    cx.progress.say(&format!("kernel {name}: using {}, package version {}", release.name, release.version));
    Ok(Facts::from([("release".to_owned(), release.name), ("version".to_owned(), release.version)]))
}

/// Brings the two layouts Debian has used into one: `kernel`, bootable, and `modules`.
fn arrange(unpacked: &Path, stage: &Path, release: &str) -> anyhow::Result<()> {
    let modules = ["usr/lib/modules", "lib/modules"].map(|folder| unpacked.join(folder).join(release));
    let images = [
        modules[0].join("vmlinuz"),
        modules[1].join("vmlinuz"),
        unpacked.join("boot").join(format!("vmlinuz-{release}")),
    ];
    let Some(image) = images.iter().find(|path| path.is_file()) else {
        bail!("contain no kernel image (vmlinuz)");
    };
    let raw = std::fs::read(image)?;
    std::fs::write(stage.join("kernel"), vmlinux::bootable(&raw).context("its vmlinuz")?)?;
    std::fs::remove_file(image)?;
    // Newer packages split image and modules over folders that unpack into one; older ones have just the one.
    let Some(folder) = modules.iter().find(|folder| folder.join("kernel").is_dir()) else {
        bail!("contain no modules (lib/modules/{release})");
    };
    std::fs::rename(folder, stage.join("modules"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf::synthetic;

    fn unpacked(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = folder.path().join("unpacked").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        folder
    }

    #[test]
    fn both_layouts_end_up_the_same() {
        let image = synthetic::kernel(18);
        for files in [
            [
                ("usr/lib/modules/7.2.1/vmlinuz", image.as_slice()),
                ("usr/lib/modules/7.2.1/kernel/zram.ko", b""),
            ],
            [("boot/vmlinuz-7.2.1", image.as_slice()), ("lib/modules/7.2.1/kernel/zram.ko", b"")],
        ] {
            let folder = unpacked(&files);
            arrange(&folder.path().join("unpacked"), folder.path(), "7.2.1").unwrap();
            assert_eq!(std::fs::read(folder.path().join("kernel")).unwrap(), image);
            assert!(folder.path().join("modules/kernel/zram.ko").is_file());
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        let image = synthetic::kernel(18);
        let without_modules = unpacked(&[("boot/vmlinuz-7.2.1", &image)]);
        let error =
            arrange(&without_modules.path().join("unpacked"), without_modules.path(), "7.2.1").unwrap_err();
        assert!(error.to_string().contains("no modules"), "{error}");
        let without_image = unpacked(&[("lib/modules/7.2.1/kernel/zram.ko", b"")]);
        let error =
            arrange(&without_image.path().join("unpacked"), without_image.path(), "7.2.1").unwrap_err();
        assert!(error.to_string().contains("no kernel image"), "{error}");
    }
}

//! Where QEMU comes from on a machine that has none.
//!
//! Not installed but unpacked into the cache, with those of its libraries that the machine lacks, from the machine's own apt sources (so
//! that they fit its C library). Installing would need root, and on machines with parts of another QEMU installed, apt would remove
//! those parts to make room.

use std::path::Path;

use anyhow::{Context as _, bail};

use super::{Home, PROGRAM, Qemu};
use crate::apt::{Archive, unpack};
use crate::cache::{Entry, Facts};
use crate::child;
use crate::context::{Cx, distribution};

/// Debian's and Ubuntu's package that has the program.
const PACKAGE: &str = "qemu-system-x86";

/// The QEMU in the path, else the one in the cache, fetched first if need be.
pub(crate) fn ensure(cx: &Cx) -> anyhow::Result<Qemu> {
    if let Some(qemu) = Qemu::in_path() {
        return Ok(qemu);
    }
    let entry = cx
        .cache
        .ensure(cx, &format!("qemu/{}", distribution()), |stage| fetch(cx, stage))
        .with_context(|| format!("{PROGRAM} is neither in the path nor could it be fetched"))?;
    Ok(from(&entry))
}

fn from(entry: &Entry) -> Qemu {
    unpacked(entry.path())
}

fn unpacked(folder: &Path) -> Qemu {
    let multiarch = "lib/x86_64-linux-gnu";
    Qemu {
        program: folder.join("usr/bin").join(PROGRAM),
        home: Some(Home {
            libraries: ["usr", ""].map(|below| folder.join(below).join(multiarch)).into(),
            modules: folder.join("usr").join(multiarch).join("qemu"),
            firmware: ["qemu", "seabios"].map(|below| folder.join("usr/share").join(below)).into(),
        }),
    }
}

fn fetch(cx: &Cx, stage: &Path) -> anyhow::Result<Facts> {
    let archive = Archive::of_machine(cx)?;
    let packages = archive.missing_for(&[PACKAGE]).map_err(|error| archive.explain(error))?;
    if packages.is_empty() {
        bail!(
            "apt says that the package {PACKAGE} is installed, but its program is not in the path: add its folder (/usr/bin), or mend \
             the package with `apt-get install --reinstall {PACKAGE}`"
        );
    }
    unpack(&archive, &packages, "QEMU", stage)?;
    // Documentation and firmware of other machines.
    let _ = std::fs::remove_dir_all(stage.join("usr/share/doc"));
    let qemu = unpacked(stage);
    let version = child::run(qemu.bare().arg("--version"), |_| {})?;
    if !version.success {
        bail!("the unpacked {PROGRAM} does not run here:\n{}", child::indent(&version.tail));
    }
    let version = version.stdout.lines().next().unwrap_or_default().to_owned();
    cx.progress.say(&format!("QEMU: {version}, unpacked into the cache"));
    Ok(Facts::from([("version".to_owned(), version)]))
}

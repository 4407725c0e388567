//! Which kernel to boot, and everything that can be said about it before booting.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::{Bootable, Image};
use crate::context::Cx;
use crate::elf::Elf;
use crate::initramfs::{Contents, Wanted};
use crate::kernels::{self, Table};
use crate::modules::ModuleTree;
use crate::vmlinux;

/// The kernel as the user names it.
#[derive(Clone, Debug)]
pub(crate) enum Choice {
    /// One of the table.
    Named(String),
    /// One of the user's own.
    Own {
        /// A bzImage or a vmlinux with a PVH entry.
        image: PathBuf,
        /// Its modules, unless zram is built in.
        modules: Option<PathBuf>,
    },
}

impl Choice {
    /// The same kernel for a program that runs in another folder.
    pub(crate) fn absolute(self) -> anyhow::Result<Self> {
        Ok(match self {
            Self::Named(name) => Self::Named(name),
            Self::Own { image, modules } => Self::Own {
                image: std::path::absolute(image)?,
                modules: modules.map(std::path::absolute).transpose()?,
            },
        })
    }
}

/// Finds or fetches the kernel and checks that it can do the job.
pub(crate) fn prepare(cx: &Cx, table: &Table, choice: &Choice) -> anyhow::Result<Bootable> {
    match choice {
        Choice::Named(name) => {
            let kernel = table.find(name)?;
            let installed = kernels::ensure(cx, kernel)?;
            let tree = ModuleTree::open(&installed.modules())?;
            let boot: Vec<Wanted> = kernel.modules.iter().chain(&table.boot).cloned().collect();
            let contents = Contents::choose(Some(&tree), &boot, &table.available)
                .with_context(|| format!("kernel {name} ({}) cannot be used", installed.version()))?;
            Ok(Bootable { image: Image::File(installed.image()), contents })
        }
        Choice::Own { image, modules } => own(table, image, modules.as_deref()),
    }
}

fn own(table: &Table, path: &Path, modules: Option<&Path>) -> anyhow::Result<Bootable> {
    let raw =
        std::fs::read(path).with_context(|| format!("cannot read the kernel image {}", path.display()))?;
    let bytes = vmlinux::bootable(&raw).with_context(|| format!("kernel image {}", path.display()))?;
    let tree = modules.map(ModuleTree::open).transpose()?;
    if tree.as_ref().is_none_or(|tree| !tree.has("zram")) {
        without_module(path, &bytes, tree.as_ref(), modules)?;
        return Ok(Bootable {
            image: image_of(path, bytes),
            contents: contents_without_zram(table, tree.as_ref())?,
        });
    }
    let contents = Contents::choose(tree.as_ref(), &table.boot, &table.available)?;
    if let (Some(image), Some(modules)) =
        (vmlinux::release(&raw), contents.module("zram").and_then(crate::modules::Module::release))
        && image != modules
    {
        bail!(
            "kernel image {} is release {image}, but the modules given are for {modules}: it would refuse to load them. \
             Give the modules of the same build with --modules.",
            path.display()
        );
    }
    Ok(Bootable { image: image_of(path, bytes), contents })
}

/// No zram module: the kernel must have it inside, which shows only in an uncompressed one.
fn without_module(
    path: &Path,
    bytes: &[u8],
    tree: Option<&ModuleTree>,
    modules: Option<&Path>,
) -> anyhow::Result<()> {
    if Elf::parse(bytes).is_none() || vmlinux::has_zram_built_in(bytes) {
        return Ok(());
    }
    let where_to = match (tree, modules) {
        (Some(_), Some(folder)) => format!("and there is no zram.ko below {}", folder.display()),
        _ => "and no modules were given".to_owned(),
    };
    bail!(
        "kernel image {} has no zram built in {where_to}. Build it with CONFIG_ZRAM=y, or with CONFIG_ZRAM=m and name the folder \
         of its modules (/lib/modules/RELEASE or the build folder) with --modules.",
        path.display()
    );
}

fn contents_without_zram(table: &Table, tree: Option<&ModuleTree>) -> anyhow::Result<Contents> {
    let rest: Vec<Wanted> = table.boot.iter().filter(|wanted| wanted.optional).cloned().collect();
    Contents::choose(tree, &rest, &table.available)
}

fn image_of(path: &Path, bytes: Cow<'_, [u8]>) -> Image {
    match bytes {
        Cow::Borrowed(_) => Image::File(path.to_owned()),
        Cow::Owned(bytes) => Image::Bytes(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf::synthetic::kernel;

    fn refused(image: &[u8], modules: Option<&Path>) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image");
        std::fs::write(&path, image).unwrap();
        match own(&Table::built_in().unwrap(), &path, modules) {
            Ok(_) => "accepted".to_owned(),
            Err(error) => format!("{error:#}"),
        }
    }

    #[test]
    fn a_kernel_without_zram_is_refused_before_booting() {
        assert!(refused(&kernel(18), None).contains("no zram built in and no modules were given"));
        let empty = tempfile::tempdir().unwrap();
        assert!(refused(&kernel(18), Some(empty.path())).contains("there is no zram.ko below"));
    }

    #[test]
    fn zram_built_in_or_as_a_module_is_accepted() {
        let mut built_in = kernel(18);
        built_in.extend(b"zram.num_devices\0");
        assert_eq!(refused(&built_in, None), "accepted");
        let folder = tempfile::tempdir().unwrap();
        crate::modules::tests::write(folder.path(), "zram.ko", "");
        assert_eq!(refused(&kernel(18), Some(folder.path())), "accepted");
    }

    #[test]
    fn a_module_that_needs_a_missing_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        crate::modules::tests::write(folder.path(), "zram.ko", "lz4hc_compress");
        assert!(
            refused(&kernel(18), Some(folder.path())).contains("lz4hc_compress, needed by zram, is missing")
        );
    }

    #[test]
    fn something_else_is_not_booted() {
        assert!(refused(b"hello", None).contains("not an x86 Linux kernel image"));
    }
}

//! A kernel's loadable modules: where they are, what they need, in which order they go in.
//!
//! Dependencies are read from the modules themselves (`depends=` in `.modinfo`, written when the kernel is built) rather than
//! from `modules.dep`: that file is made by `depmod` when a package is installed, so neither an unpacked package nor
//! a build folder has it. What `modules.builtin` lists needs no loading.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::elf::Elf;

/// All modules below one folder.
#[derive(Debug)]
pub(crate) struct ModuleTree {
    folder: PathBuf,
    files: BTreeMap<String, PathBuf>,
    built_in: BTreeSet<String>,
}

/// One module, uncompressed.
#[derive(Debug)]
pub(crate) struct Module {
    /// Its name with underscores.
    pub(crate) name: String,
    /// The ELF file.
    pub(crate) bytes: Vec<u8>,
}

impl ModuleTree {
    /// Reads the folder `/lib/modules/RELEASE`, a kernel's build folder, or a folder with exactly one such below
    /// `lib/modules` or `usr/lib/modules`.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        let folder = descend(folder)?;
        let mut files = BTreeMap::new();
        collect(&folder, &mut files)
            .with_context(|| format!("cannot read the module folder {}", folder.display()))?;
        let listed = std::fs::read_to_string(folder.join("modules.builtin")).unwrap_or_default();
        let built_in = listed.lines().filter_map(|line| module_name(Path::new(line))).collect();
        Ok(Self { folder, files, built_in })
    }

    /// Whether a module of this name can be had, loaded or built in.
    pub(crate) fn has(&self, name: &str) -> bool {
        let name = canonical(name);
        self.files.contains_key(&name) || self.built_in.contains(&name)
    }

    /// The module and everything it depends on, each after what it needs; empty if it is built in.
    pub(crate) fn closure(&self, name: &str) -> anyhow::Result<Vec<Module>> {
        let mut order = Vec::new();
        self.visit(&canonical(name), &mut order, &mut Vec::new())?;
        Ok(order)
    }

    fn visit(&self, name: &str, order: &mut Vec<Module>, above: &mut Vec<String>) -> anyhow::Result<()> {
        if self.built_in.contains(name) || order.iter().any(|module| module.name == name) {
            return Ok(());
        }
        if above.iter().any(|other| other == name) {
            bail!("modules depend on each other in a circle: {} -> {name}", above.join(" -> "));
        }
        let Some(path) = self.files.get(name) else {
            let needed_by = above.last().map(|other| format!(", needed by {other},")).unwrap_or_default();
            bail!(
                "module {name}{needed_by} is missing: neither {name}.ko below {} nor in its modules.builtin",
                self.folder.display()
            );
        };
        let bytes = read(path).with_context(|| format!("cannot read module {}", path.display()))?;
        let dependencies = modinfo(&bytes, "depends")
            .with_context(|| format!("{} is not a kernel module: it has no .modinfo", path.display()))?;
        above.push(name.to_owned());
        for dependency in dependencies.split(',').filter(|dependency| !dependency.is_empty()) {
            self.visit(&canonical(dependency), order, above)?;
        }
        above.pop();
        order.push(Module { name: name.to_owned(), bytes });
        Ok(())
    }
}

impl Module {
    /// The kernel release it was built for.
    pub(crate) fn release(&self) -> Option<String> {
        modinfo(&self.bytes, "vermagic")?.split(' ').next().map(str::to_owned)
    }
}

/// An absent key is an empty value; no `.modinfo` at all is `None`.
fn modinfo(module: &[u8], key: &str) -> Option<String> {
    let section = Elf::parse(module)?.section(".modinfo")?;
    let value = section
        .split(|&byte| byte == 0)
        .find_map(|text| text.strip_prefix(key.as_bytes())?.strip_prefix(b"="));
    Some(String::from_utf8_lossy(value.unwrap_or_default()).into_owned())
}

fn descend(folder: &Path) -> anyhow::Result<PathBuf> {
    if !folder.is_dir() {
        bail!("module folder {} does not exist", folder.display());
    }
    for below in ["lib/modules", "usr/lib/modules"] {
        let Ok(releases) = std::fs::read_dir(folder.join(below)) else { continue };
        let releases: Vec<_> = releases.filter_map(Result::ok).map(|release| release.path()).collect();
        match releases.as_slice() {
            [] => {}
            [one] => return Ok(one.clone()),
            several => bail!(
                "{} holds the modules of {} kernels: name the folder of one of them",
                folder.join(below).display(),
                several.len()
            ),
        }
    }
    Ok(folder.to_owned())
}

fn collect(folder: &Path, files: &mut BTreeMap<String, PathBuf>) -> std::io::Result<()> {
    for item in std::fs::read_dir(folder)? {
        let item = item?;
        // Links are not followed: `build` and `source` lead out of the tree.
        if item.file_type()?.is_dir() {
            collect(&item.path(), files)?;
        } else if let Some(name) = module_name(&item.path()) {
            files.insert(name, item.path());
        }
    }
    Ok(())
}

/// `drivers/md/dm-mod.ko.xz` is module `dm_mod`; other files are none.
fn module_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let (stem, suffix) = name.split_once(".ko")?;
    matches!(suffix, "" | ".xz" | ".zst" | ".gz").then(|| canonical(stem))
}

fn canonical(name: &str) -> String {
    name.replace('-', "_")
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let raw = std::fs::read(path)?;
    let mut bytes = Vec::new();
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("xz") => liblzma::read::XzDecoder::new_multi_decoder(raw.as_slice()).read_to_end(&mut bytes)?,
        Some("zst") => zstd::Decoder::with_buffer(raw.as_slice())?.read_to_end(&mut bytes)?,
        Some("gz") => flate2::read::MultiGzDecoder::new(raw.as_slice()).read_to_end(&mut bytes)?,
        _ => return Ok(raw),
    };
    Ok(bytes)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::elf::synthetic::module;

    /// Writes `name.ko` with the given dependencies.
    pub(crate) fn write(folder: &Path, path: &str, depends: &str) {
        let info = [format!("depends={depends}"), "vermagic=7.2.13-test SMP preempt mod_unload ".to_owned()];
        let bytes = module(&[&info[0], &info[1]]);
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let bytes = match path.extension().unwrap().to_str().unwrap() {
            "xz" => {
                let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
                xz.write_all(&bytes).unwrap();
                xz.finish().unwrap()
            }
            "zst" => zstd::encode_all(bytes.as_slice(), 1).unwrap(),
            "gz" => {
                let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                gzip.write_all(&bytes).unwrap();
                gzip.finish().unwrap()
            }
            _ => bytes,
        };
        std::fs::write(path, bytes).unwrap();
    }

    fn names(modules: &[Module]) -> Vec<&str> {
        modules.iter().map(|module| module.name.as_str()).collect()
    }

    #[test]
    fn each_module_comes_after_what_it_needs_and_only_once() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "kernel/drivers/block/zram/zram.ko.xz", "zsmalloc,lz4hc-compress,lz4_compress");
        write(folder.path(), "kernel/lib/lz4hc_compress.ko.zst", "lz4_compress");
        write(folder.path(), "kernel/lib/lz4_compress.ko.gz", "");
        write(folder.path(), "kernel/mm/zsmalloc.ko", "");
        write(folder.path(), "kernel/drivers/md/dm-mod.ko", "");
        let tree = ModuleTree::open(folder.path()).unwrap();
        let order = tree.closure("zram").unwrap();
        assert_eq!(names(&order), ["zsmalloc", "lz4_compress", "lz4hc_compress", "zram"]);
        assert_eq!(order[3].release().as_deref(), Some("7.2.13-test"));
        assert!(tree.has("dm-mod") && tree.has("dm_mod") && !tree.has("brd"));
    }

    #[test]
    fn what_is_built_in_is_not_loaded() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "kernel/zram.ko", "zsmalloc");
        std::fs::write(
            folder.path().join("modules.builtin"),
            "kernel/mm/zsmalloc.ko\nkernel/drivers/block/brd.ko\n",
        )
        .unwrap();
        let tree = ModuleTree::open(folder.path()).unwrap();
        assert_eq!(names(&tree.closure("zram").unwrap()), ["zram"]);
        assert!(tree.has("brd"));
        assert!(tree.closure("brd").unwrap().is_empty());
    }

    #[test]
    fn a_missing_dependency_is_named_with_who_needs_it() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "zram.ko", "lz4hc_compress");
        let error = ModuleTree::open(folder.path()).unwrap().closure("zram").unwrap_err().to_string();
        assert!(error.starts_with("module lz4hc_compress, needed by zram, is missing"), "{error}");
    }

    #[test]
    fn circles_and_junk_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "a.ko", "b");
        write(folder.path(), "b.ko", "a");
        std::fs::write(folder.path().join("c.ko"), "junk").unwrap();
        std::fs::write(folder.path().join("d.ko.xz"), "junk").unwrap();
        let tree = ModuleTree::open(folder.path()).unwrap();
        assert!(tree.closure("a").unwrap_err().to_string().contains("circle: a -> b -> a"));
        assert!(tree.closure("c").unwrap_err().to_string().contains("not a kernel module"));
        assert!(format!("{:#}", tree.closure("d").unwrap_err()).contains("d.ko.xz"));
    }

    #[test]
    fn an_unpacked_package_is_found_through_its_folders() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "usr/lib/modules/7.2.13/kernel/zram.ko", "");
        assert!(ModuleTree::open(folder.path()).unwrap().has("zram"));
        write(folder.path(), "usr/lib/modules/7.2.14/kernel/zram.ko", "");
        assert!(ModuleTree::open(folder.path()).unwrap_err().to_string().contains("2 kernels"));
        assert!(
            ModuleTree::open(&folder.path().join("nowhere"))
                .unwrap_err()
                .to_string()
                .contains("does not exist")
        );
    }
}

//! A kernel from a tree of sources of somebody's own: `cargo xtask verify --tree PATH`.
//!
//! It is configured as our own kernels are, since what Debian leaves out is what somebody who changes zram may have changed, and
//! objects lie in a folder of the cache that belongs to the path. So the tree stays as it is, and the next run compiles
//! what was edited since.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use sha2::{Digest as _, Sha256};

use super::build::Build;
use super::source::SPACE;
use super::table::complete_config;
use super::{Origin, Table, tools};
use crate::cache::require_space;
use crate::context::Cx;
use crate::vm::Choice;

/// Files that every kernel tree with zram has.
const LANDMARKS: [&str; 4] = ["Makefile", "Kconfig", "mm/zsmalloc.c", "drivers/block/zram/zram_drv.c"];

/// What a build within the tree leaves there; `make` refuses to build elsewhere beside it.
const IN_TREE: [&str; 2] = [".config", "include/config/auto.conf"];

/// Builds the tree, or what was edited since the last time, and gives what to boot.
pub(crate) fn build(cx: &Cx, table: &Table, path: &Path) -> anyhow::Result<Choice> {
    let tree = look_at(path)?;
    let folder = folder(cx, &tree.path);
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let _lock =
        cx.cache.exclusive(cx, &format!("trees/{name}"), &format!("building {}", tree.path.display()))?;
    if !folder.join("objects").is_dir() {
        require_space(cx.cache.root(), SPACE, &format!("building {}", tree.path.display()))?;
    }
    std::fs::create_dir_all(&folder)?;
    // Says whose objects these are.
    std::fs::write(folder.join("tree"), format!("{}\n", tree.path.display()))?;
    let config = config(table, &tree.series)?;
    let tools = tools::ensure(cx)?;
    let what = format!("Linux {} in {}", tree.series, tree.path.display());
    let build = Build { what: &what, sources: &tree.path, folder: &folder, config: &config, tools: &tools };
    let release = build.run(cx)?;
    let built = folder.join("built");
    if built.exists() {
        std::fs::remove_dir_all(&built)?;
    }
    std::fs::create_dir(&built)?;
    build.collect(&built)?;
    cx.progress.say(&format!(
        "built {release} from {}; objects are in {}",
        tree.path.display(),
        folder.display()
    ));
    Ok(Choice::Own { image: built.join("kernel"), modules: Some(built.join("modules")) })
}

/// A tree that can be built.
struct Tree {
    /// Without symbolic links: the same tree by another name has the same objects.
    path: PathBuf,
    /// The first two numbers of its version.
    series: String,
}

fn look_at(path: &Path) -> anyhow::Result<Tree> {
    let path = path.canonicalize().with_context(|| format!("there is no kernel tree {}", path.display()))?;
    if let Some(missing) = LANDMARKS.iter().find(|name| !path.join(name).is_file()) {
        bail!(
            "{} is not the top folder of a Linux source tree with zram: it has no {missing}. For a kernel that is built already use \
             --kernel-image PATH --modules DIR",
            path.display()
        );
    }
    let makefile = std::fs::read_to_string(path.join("Makefile"))?;
    let Some(series) = series(&makefile) else {
        bail!("{}/Makefile does not say which version of Linux it is", path.display());
    };
    if let Some(left) = IN_TREE.iter().find(|name| path.join(name).exists()) {
        bail!(
            "{} has been built in itself (it has {left}), and then make builds nowhere else. Clean it (`make mrproper`), or verify what \
             was built there: --kernel-image {}/arch/x86/boot/bzImage --modules {}",
            path.display(),
            path.display(),
            path.display()
        );
    }
    Ok(Tree { path, series })
}

/// `VERSION = 7` and `PATCHLEVEL = 2` of the top Makefile.
fn series(makefile: &str) -> Option<String> {
    let number = |name: &str| {
        makefile.lines().find_map(|line| {
            let (key, value) = line.split_once('=')?;
            let value = value.trim();
            (key.trim() == name && !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| value.to_owned())
        })
    };
    Some(format!("{}.{}", number("VERSION")?, number("PATCHLEVEL")?))
}

/// The configuration of the kernel of that series that we build ourselves, if there is one, else all of it.
fn config(table: &Table, series: &str) -> anyhow::Result<String> {
    let ours = table.kernels.iter().find_map(|kernel| match &kernel.origin {
        Origin::Source(source) if source.builds(series) => Some(source),
        _ => None,
    });
    ours.map_or_else(|| Ok(complete_config()), super::Source::config)
}

/// Where the tree's objects are.
fn folder(cx: &Cx, path: &Path) -> PathBuf {
    let hash = Sha256::digest(path.as_os_str().as_encoded_bytes());
    let hash: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    cx.cache.root().join("trees").join(format!("{name}-{hash}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(makefile: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in LANDMARKS {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        std::fs::write(folder.path().join("Makefile"), makefile).unwrap();
        folder
    }

    const MAKEFILE: &str = "# SPDX\nVERSION = 7\nPATCHLEVEL = 2\nSUBLEVEL = 13\nEXTRAVERSION =\n";

    fn refused(path: &Path) -> String {
        look_at(path).err().map_or_else(|| "accepted".to_owned(), |error| format!("{error:#}"))
    }

    #[test]
    fn a_tree_says_its_series() {
        let tree = tree(MAKEFILE);
        assert_eq!(look_at(tree.path()).unwrap().series, "7.2");
        assert_eq!(series("VERSION = 10\nPATCHLEVEL = 0\nSUBLEVEL = 0\n").as_deref(), Some("10.0"));
        assert_eq!(series("VERSION = x\nPATCHLEVEL = 0\n"), None);
    }

    #[test]
    fn what_is_no_tree_is_refused() {
        assert!(refused(Path::new("/nonexistent")).contains("there is no kernel tree /nonexistent"));
        let empty = tempfile::tempdir().unwrap();
        assert!(refused(empty.path()).contains("it has no Makefile"));
        let other = tree("all:\n\tcc\n");
        assert!(refused(other.path()).contains("does not say which version"));
    }

    #[test]
    fn a_tree_that_was_built_in_itself_is_refused_with_the_way_out() {
        let tree = tree(MAKEFILE);
        std::fs::write(tree.path().join(".config"), "").unwrap();
        let text = refused(tree.path());
        assert!(text.contains("make mrproper") && text.contains("--kernel-image"), "{text}");
    }

    #[test]
    fn each_path_has_a_folder_of_its_own() {
        let cx = Cx::for_test(crate::cache::Cache::at(Path::new("/c")));
        assert_ne!(folder(&cx, Path::new("/a/linux")), folder(&cx, Path::new("/b/linux")));
        assert!(folder(&cx, Path::new("/a/linux")).starts_with("/c/trees"));
    }

    #[test]
    fn a_series_without_a_kernel_of_ours_must_have_everything() {
        let table = Table::built_in().unwrap();
        assert_eq!(config(&table, "9.9").unwrap(), complete_config());
        assert!(config(&table, "7.2").unwrap().contains("CONFIG_ZRAM=m"));
    }
}

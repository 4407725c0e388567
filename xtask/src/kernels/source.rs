//! A kernel built from Debian's sources.
//!
//! Sources and objects lie in a folder of their own in the cache until the kernel is done, so that a build that was
//! interrupted goes on where it stopped. The folder's name says which sources with which configuration. Only image and modules are
//! kept.

use std::path::{Path, PathBuf};

use anyhow::bail;
use sha2::{Digest as _, Sha256};

use super::build::Build;
use super::tools::Tools;
use super::{Source, sources};
use crate::cache::{Facts, require_space};
use crate::context::Cx;

/// Sources and objects.
pub(super) const SPACE: u64 = 5 << 30;

/// Builds the kernel and leaves `kernel`, `modules` and `config` in the staging folder.
pub(super) fn build(
    cx: &Cx,
    name: &str,
    origin: &Source,
    tools: &Tools,
    stage: &Path,
) -> anyhow::Result<Facts> {
    let config = origin.config()?;
    let Fetched { folder, version, description } = fetch(cx, name, origin, &config)?;
    let sources = folder.join("sources");
    let what = format!("kernel {name}");
    let build = Build { what: &what, sources: &sources, folder: &folder, config: &config, tools };
    let release = build.run(cx)?;
    build.collect(stage)?;
    std::fs::remove_dir_all(&folder)?;
    cx.progress.say(&format!("kernel {name}: built {release} from {description}"));
    Ok(Facts::from([("release".to_owned(), release), ("version".to_owned(), version)]))
}

/// Sources that are here.
struct Fetched {
    /// Where the kernel is built; the sources are in it.
    folder: PathBuf,
    version: String,
    description: String,
}

/// The newest sources that can be had. What is listed need not be there any more, and then the next older will do.
fn fetch(cx: &Cx, name: &str, origin: &Source, config: &str) -> anyhow::Result<Fetched> {
    let (archive, offers) = sources::offers(cx, origin)?;
    for offer in offers {
        let folder = work_folder(cx, name, offer.version(), config);
        let sources = folder.join("sources");
        if !sources.is_dir() {
            require_space(cx.cache.root(), SPACE, &format!("building kernel {name}"))?;
            std::fs::create_dir_all(&folder)?;
            if !offer.fetch(cx, &archive, &folder, &sources)? {
                std::fs::remove_dir_all(&folder)?;
                continue;
            }
        }
        // The archive goes with this function: others may fetch packages of the same suites while the kernel is compiled.
        return Ok(Fetched { folder, version: offer.version().to_owned(), description: offer.description() });
    }
    bail!("everything that is listed of {} in {} is gone", origin.wanted(), origin.suites.join(", "))
}

/// Where a kernel is built.
fn work_folder(cx: &Cx, name: &str, version: &str, config: &str) -> PathBuf {
    let hash = Sha256::digest(config);
    let hash: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let version = version.replace(['/', ':'], "_");
    cx.cache.root().join("build").join(format!("{name}-{version}-{hash}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_says_which_sources_and_which_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let cx = Cx::for_test(crate::cache::Cache::at(folder.path()));
        let name = |version: &str, config: &str| work_folder(&cx, "k", version, config);
        assert_ne!(name("7.2.13-1", "a"), name("7.2.12-1", "a"));
        assert_ne!(name("7.2.13-1", "a"), name("7.2.13-1", "b"));
        assert_eq!(name("1:7.2/x", "a").parent(), Some(folder.path().join("build").as_path()));
    }
}

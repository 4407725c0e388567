//! What a kernel in the cache can do, read from its own files.
//!
//! A table of ours would be a second opinion, and wrong with the next package. A kernel built here has its configuration beside it;
//! of a distribution's, the module of zram names its attributes and compressors, since their names are part of it.

use serde::Serialize;

use super::Installed;
use crate::modules::ModuleTree;

/// Every compressor that zram has had.
const ALGORITHMS: [&str; 7] = ["lzo", "lzo-rle", "lz4", "lz4hc", "zstd", "deflate", "842"];

/// What there is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Capabilities {
    /// Compressors of zram.
    pub(crate) algorithms: Vec<&'static str>,
    /// `CONFIG_ZRAM_MULTI_COMP`.
    pub(crate) multi_comp: bool,
    /// `CONFIG_ZRAM_WRITEBACK`.
    pub(crate) writeback: bool,
    /// Several slots at a time are written back.
    pub(crate) batched_writeback: bool,
    /// Slots can be written back as they are compressed.
    pub(crate) compressed_writeback: bool,
    /// Allocations can be made to fail.
    pub(crate) fault_injection: bool,
    /// The lock validator is on.
    pub(crate) lockdep: bool,
}

impl Capabilities {
    /// Those of a kernel in the cache.
    pub(crate) fn of(kernel: &Installed) -> anyhow::Result<Self> {
        let image = std::fs::read(kernel.image())?;
        let config = std::fs::read_to_string(kernel.image().with_file_name("config")).ok();
        let modules = ModuleTree::open(&kernel.modules())?;
        let module = match modules.has("zram") {
            true => modules.closure("zram")?.into_iter().find(|module| module.name == "zram"),
            false => None,
        };
        Ok(Self::read(&image, module.map(|module| module.bytes).as_deref(), config.as_deref()))
    }

    fn read(image: &[u8], module: Option<&[u8]>, config: Option<&str>) -> Self {
        let zram = module.unwrap_or(image);
        let says =
            |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        let algorithms = ALGORITHMS.into_iter().filter(|name| match config {
            Some(config) => configured(config, name),
            // A string of its own; in a whole kernel, others have the same one.
            None => module.is_some_and(|module| says(module, &format!("\0{name}\0"))),
        });
        Self {
            algorithms: algorithms.collect(),
            multi_comp: says(zram, "recomp_algorithm"),
            writeback: says(zram, "backing_dev"),
            batched_writeback: says(zram, "writeback_batch_size"),
            // Its name in 7.0 and since.
            compressed_writeback: says(zram, "writeback_compressed") || says(zram, "compressed_writeback"),
            fault_injection: says(image, "fail_page_alloc="),
            lockdep: says(image, "possible circular locking dependency detected"),
        }
    }

    /// In words, for a list: the compressors, and what else there is.
    pub(crate) fn words(&self) -> [String; 2] {
        let mut words = Vec::new();
        for (there, word) in [
            (self.multi_comp, "multi-comp"),
            (self.writeback, "writeback"),
            (self.batched_writeback, "batched"),
            (self.compressed_writeback, "compressed"),
            (self.fault_injection, "faults"),
            (self.lockdep, "lockdep"),
        ] {
            if there {
                words.push(word);
            }
        }
        [self.algorithms.join(" "), words.join(", ")]
    }
}

/// Whether a configuration has a compressor; one switch stands for both kinds of lzo.
fn configured(config: &str, name: &str) -> bool {
    let switch = name.split('-').next().unwrap_or(name).to_ascii_uppercase();
    config.lines().any(|line| line == format!("CONFIG_ZRAM_BACKEND_{switch}=y"))
}

/// The version of a release without what a distribution adds to it.
pub(crate) fn version(release: &str) -> &str {
    release.split(['+', '-']).next().unwrap_or(release)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_names_what_it_has() {
        let module = b"\0lz4\0lz4hc\0zstd\0backing_dev\0writeback_batch_size\0compressed_writeback\0";
        let found = Capabilities::read(b"fail_page_alloc=", Some(module), None);
        assert_eq!(found.words(), ["lz4 lz4hc zstd", "writeback, batched, compressed, faults"]);
        // Part of a longer name is no name.
        assert_eq!(Capabilities::read(b"", Some(b"\0xlz4\0"), None).words(), ["", ""]);
    }

    #[test]
    fn a_configuration_is_believed_before_strings() {
        let config =
            "CONFIG_ZRAM_BACKEND_LZO=y\n# CONFIG_ZRAM_BACKEND_LZ4 is not set\nCONFIG_ZRAM_BACKEND_842=y\n";
        let image = b"\0lz4\0recomp_algorithm\0possible circular locking dependency detected";
        let found = Capabilities::read(image, None, Some(config));
        assert_eq!(found.words(), ["lzo lzo-rle 842", "multi-comp, lockdep"]);
    }

    #[test]
    fn a_version_is_what_people_call_it() {
        assert_eq!(version("7.2.13+deb14-cloud-amd64"), "7.2.13");
        assert_eq!(version("6.1.0-37-cloud-amd64"), "6.1.0");
    }
}

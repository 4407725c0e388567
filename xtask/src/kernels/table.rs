//! `xtask/kernels.toml`, read. The table is compiled in: it belongs to the program, not to the folder it is run in.

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::initramfs::Wanted;

/// The whole table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    /// Known kernels.
    #[serde(rename = "kernel")]
    pub(crate) kernels: Vec<Kernel>,
    /// Modules every VM loads at boot.
    pub(crate) boot: Vec<Wanted>,
    /// Modules every VM has at hand.
    pub(crate) available: Vec<Wanted>,
}

/// A kernel of Debian's archive.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kernel {
    /// What it is called on the command line.
    pub(crate) name: String,
    /// The upstream version up to the patch level.
    pub(crate) series: String,
    /// What the package names end in.
    pub(crate) flavour: String,
    /// Where to look.
    pub(crate) suites: Vec<String>,
    /// What to unpack; `{release}` stands for the release.
    pub(crate) packages: Vec<String>,
    /// Modules to load before the table's.
    #[serde(default)]
    pub(crate) modules: Vec<Wanted>,
}

impl Table {
    /// The table of this version of the program.
    pub(crate) fn built_in() -> anyhow::Result<Self> {
        toml::from_str(include_str!("../../kernels.toml")).context("xtask/kernels.toml")
    }

    /// The kernel of this name.
    pub(crate) fn find(&self, name: &str) -> anyhow::Result<&Kernel> {
        match self.kernels.iter().find(|kernel| kernel.name == name) {
            Some(kernel) => Ok(kernel),
            None => bail!(
                "there is no kernel called {name}; known are: {}. For a kernel of your own use --kernel-image PATH --modules DIR",
                self.kernels.iter().map(|kernel| kernel.name.as_str()).collect::<Vec<_>>().join(", ")
            ),
        }
    }

    /// The kernel used when none is named.
    pub(crate) fn default_name(&self) -> anyhow::Result<&str> {
        self.kernels.first().map(|kernel| kernel.name.as_str()).context("xtask/kernels.toml names no kernel")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        let table = Table::built_in().unwrap();
        assert_eq!(table.default_name().unwrap(), "debian-7.2");
        for kernel in &table.kernels {
            assert!(kernel.packages.iter().all(|package| package.contains("{release}")), "{}", kernel.name);
            assert!(!kernel.suites.is_empty(), "{}", kernel.name);
        }
        assert!(table.boot.iter().any(|module| module.name == "zram" && !module.optional));
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let error = Table::built_in().unwrap().find("debian-9.9").unwrap_err().to_string();
        assert!(
            error.contains("debian-9.9") && error.contains("debian-7.2") && error.contains("--kernel-image"),
            "{error}"
        );
    }
}

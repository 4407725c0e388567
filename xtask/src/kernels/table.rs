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

/// A kernel that has a name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kernel {
    /// What it is called on the command line.
    pub(crate) name: String,
    /// Where it comes from.
    pub(crate) origin: Origin,
    /// Modules to load before the table's.
    #[serde(default)]
    pub(crate) modules: Vec<Wanted>,
}

/// Where a kernel comes from.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Origin {
    /// Debian built it.
    Packages(Packages),
    /// It is built here.
    Source(Source),
}

/// A kernel of Debian's archive.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Packages {
    /// The upstream version up to the patch level.
    pub(crate) series: String,
    /// What the package names end in.
    pub(crate) flavour: String,
    /// Where to look.
    pub(crate) suites: Vec<String>,
    /// What to unpack; `{release}` stands for the release.
    pub(crate) packages: Vec<String>,
}

/// A kernel built from Debian's sources with a configuration of ours.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    /// The package of sources.
    pub(crate) package: String,
    /// Where to look.
    pub(crate) suites: Vec<String>,
    /// The name of the configuration.
    config: String,
}

/// The configurations, compiled in as the table is.
const CONFIGS: &[(&str, &str)] = &[("custom-7.2.config", include_str!("../../custom-7.2.config"))];

impl Source {
    /// The text of the configuration.
    pub(crate) fn config(&self) -> anyhow::Result<&'static str> {
        let found = CONFIGS.iter().find(|(name, _)| *name == self.config);
        found
            .map(|(_, text)| *text)
            .with_context(|| format!("there is no configuration xtask/{}", self.config))
    }
}

impl Origin {
    /// What would be fetched, for people.
    pub(crate) fn description(&self) -> String {
        match self {
            Self::Packages(Packages { series, flavour, suites, .. }) => {
                format!("newest {series}.* ({flavour}) of {}", suites.join(", "))
            }
            Self::Source(Source { package, suites, .. }) => {
                format!("built from the newest {package} of {}", suites.join(", "))
            }
        }
    }
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
            let suites = match &kernel.origin {
                Origin::Packages(origin) => {
                    let packages = &origin.packages;
                    assert!(packages.iter().all(|package| package.contains("{release}")), "{}", kernel.name);
                    &origin.suites
                }
                Origin::Source(origin) => {
                    assert!(origin.config().unwrap().contains("CONFIG_ZRAM="), "{}", kernel.name);
                    &origin.suites
                }
            };
            assert!(!suites.is_empty(), "{}", kernel.name);
        }
        assert!(table.boot.iter().any(|module| module.name == "zram" && !module.optional));
    }

    #[test]
    fn a_word_that_nobody_knows_is_an_error() {
        let row = "name = \"x\"\n[origin]\nkind = \"source\"\npackage = \"p\"\nsuites = []\nconfig = \"c\"\n";
        toml::from_str::<Kernel>(row).unwrap();
        assert!(toml::from_str::<Kernel>(&format!("{row}flavour = \"f\"\n")).is_err());
        assert!(toml::from_str::<Kernel>(&row.replace("source", "sauce")).is_err());
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

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
    /// Whether it is verified when none is named.
    #[serde(default)]
    pub(crate) default: bool,
    /// The model's profile for it, if there is one of its own.
    pub(crate) profile: Option<String>,
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
    /// Which upstream version, where `package` is a source package, of which there are many under one name.
    pub(crate) series: Option<String>,
    /// Where to look.
    pub(crate) suites: Vec<String>,
    /// Lines of the configuration that this kernel is built without, since its sources do not have them.
    #[serde(default)]
    without: Vec<String>,
}

/// The configuration, compiled in as the table is.
const CONFIG: &str = include_str!("../../custom.config");

impl Source {
    /// The package and which of it, for people and for the key in the cache.
    pub(crate) fn wanted(&self) -> String {
        match &self.series {
            Some(series) => format!("{} {series}", self.package),
            None => self.package.clone(),
        }
    }

    /// Whether the kernel is of this upstream version.
    pub(crate) fn builds(&self, series: &str) -> bool {
        match &self.series {
            Some(own) => own == series,
            None => self.package.strip_prefix("linux-source-") == Some(series),
        }
    }

    /// What of the configuration must hold, line by line. Comments are left out: a better one is no reason to build again.
    pub(crate) fn config(&self) -> anyhow::Result<String> {
        if let Some(unknown) = self.without.iter().find(|line| !lines().any(|known| known == **line)) {
            bail!("xtask/custom.config has no line {unknown} to be without");
        }
        Ok(joined(lines().filter(|line| !self.without.iter().any(|without| without == line))))
    }
}

/// The configuration of a kernel that is built without nothing.
pub(crate) fn complete_config() -> String {
    joined(lines())
}

/// Lines that say something: `CONFIG_X=...` and `# CONFIG_X is not set`.
fn lines() -> impl Iterator<Item = &'static str> {
    CONFIG.lines().filter(|line| line.starts_with("CONFIG_") || line.starts_with("# CONFIG_"))
}

fn joined(lines: impl Iterator<Item = &'static str>) -> String {
    lines.fold(String::new(), |text, line| text + line + "\n")
}

impl Origin {
    /// What would be fetched, for people.
    pub(crate) fn description(&self) -> String {
        match self {
            Self::Packages(Packages { series, flavour, suites, .. }) => {
                format!("newest {series}.* ({flavour}) of {}", suites.join(", "))
            }
            Self::Source(source) => {
                format!("built from the newest {} of {}", source.wanted(), source.suites.join(", "))
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

    /// The kernels verified when none is named.
    pub(crate) fn defaults(&self) -> impl Iterator<Item = &Kernel> {
        self.kernels.iter().filter(|kernel| kernel.default)
    }

    /// The kernel used where there can be only one, and none is named.
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
        assert!(table.defaults().any(|kernel| kernel.name == "debian-7.2"));
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
        let row = "name = \"x\"\n[origin]\nkind = \"source\"\npackage = \"p\"\nsuites = []\n";
        toml::from_str::<Kernel>(row).unwrap();
        assert!(toml::from_str::<Kernel>(&format!("{row}flavour = \"f\"\n")).is_err());
        assert!(toml::from_str::<Kernel>(&row.replace("source", "sauce")).is_err());
    }

    #[test]
    fn a_kernel_can_do_without_a_line_that_there_is() {
        let source = |without: &[&str]| Source {
            package: "p".into(),
            series: None,
            suites: Vec::new(),
            without: without.iter().map(|&line| line.to_owned()).collect(),
        };
        let complete = source(&[]).config().unwrap();
        let less = source(&["CONFIG_ZSMALLOC_STAT=y"]).config().unwrap();
        assert_eq!(complete.lines().count(), less.lines().count() + 1);
        assert!(complete.contains("\n# CONFIG_FAULT_INJECTION_STACKTRACE_FILTER is not set\n"));
        assert!(!less.contains("ZSMALLOC_STAT"));
        assert!(source(&["CONFIG_ZSMALLOC_STAT=m"]).config().is_err());
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

//! The second apt configuration and questions to it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail};

use super::index::{self, Package};
use super::source_package::{self, SourcePackage};
use super::sources::{Source, debian_mirror};
use crate::cache::Lock;
use crate::child;
use crate::context::Cx;

/// Lists younger than this are not fetched again: several steps of one setup ask for the same.
const FRESH: Duration = Duration::from_secs(15 * 60);

/// Where Debian puts the key of its archive, for sources that name none.
const USUAL_KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// What is wanted of a suite. Each has lists of its own: who wants the one need not wait for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    Binaries,
    Sources,
}

impl Content {
    /// As it stands in a list of sources.
    fn word(self) -> &'static str {
        match self {
            Self::Binaries => "deb",
            Self::Sources => "deb-src",
        }
    }

    /// The folder of these suites' lists.
    fn folder(self, suites: &[String]) -> String {
        match self {
            Self::Binaries => suites.join("+"),
            Self::Sources => format!("{}+sources", suites.join("+")),
        }
    }
}

/// An apt configuration whose lists are up to date, and which is in no other run's hands.
pub(crate) struct Archive<'a> {
    cx: &'a Cx,
    config: PathBuf,
    folder: PathBuf,
    /// What `apt-get update` complained about, if it did.
    complaint: Option<String>,
    /// Lists and downloads are this run's alone meanwhile.
    _lock: Lock,
}

impl<'a> Archive<'a> {
    /// Suites of the machine's Debian mirror, whatever the machine itself runs.
    pub(crate) fn of_suites(cx: &'a Cx, suites: &[String]) -> anyhow::Result<Self> {
        Self::of_mirror(cx, suites, Content::Binaries)
    }

    /// The same suites' source packages.
    pub(crate) fn of_sources(cx: &'a Cx, suites: &[String]) -> anyhow::Result<Self> {
        Self::of_mirror(cx, suites, Content::Sources)
    }

    fn of_mirror(cx: &'a Cx, suites: &[String], content: Content) -> anyhow::Result<Self> {
        require_apt()?;
        let mirror = debian_mirror(Path::new("/etc/apt"))?.with_context(|| {
            format!("the apt sources of this machine name no Debian mirror, {}", without_apt())
        })?;
        let folder = cx.cache.root().join("apt").join(content.folder(suites));
        std::fs::create_dir_all(&folder)?;
        let key = key_of(&mirror, &folder)?;
        let list = sources_list(&mirror, suites, content, key.as_deref());
        let config = config(&folder, true);
        Self::open(cx, folder, &config, Some(&list))
    }

    /// The machine's own sources, for programs that must fit its libraries.
    pub(crate) fn of_machine(cx: &'a Cx) -> anyhow::Result<Self> {
        require_apt()?;
        let folder = cx.cache.root().join("apt/machine");
        std::fs::create_dir_all(&folder)?;
        let config = config(&folder, false);
        Self::open(cx, folder, &config, None)
    }

    fn open(cx: &'a Cx, folder: PathBuf, config: &str, list: Option<&str>) -> anyhow::Result<Self> {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let lock = cx.cache.exclusive(cx, &format!("apt/{name}"), "fetching packages of the same suites")?;
        for below in ["lists/partial", "cache/archives/partial", "none", "downloads"] {
            std::fs::create_dir_all(folder.join(below))?;
        }
        let path = folder.join("apt.conf");
        std::fs::write(&path, config)?;
        let sources = folder.join("sources.list");
        let unchanged =
            list.is_none_or(|list| std::fs::read_to_string(&sources).is_ok_and(|old| old == list));
        if let Some(list) = list {
            std::fs::write(&sources, list)?;
        }
        let mut archive = Self { cx, config: path, folder, complaint: None, _lock: lock };
        if !(unchanged && archive.is_fresh()) {
            archive.update()?;
        }
        Ok(archive)
    }

    fn stamp(&self) -> PathBuf {
        self.folder.join("updated")
    }

    fn is_fresh(&self) -> bool {
        std::fs::metadata(self.stamp())
            .and_then(|metadata| metadata.modified())
            .ok()
            .and_then(|at| SystemTime::now().duration_since(at).ok())
            .is_some_and(|age| age < FRESH)
    }

    fn update(&mut self) -> anyhow::Result<()> {
        let mut task = self.cx.progress.spinner("fetching package lists");
        // A mirror without one of the suites is an error to apt, but not yet to us: another suite may do. A mirror that does not
        // answer is no error to apt, but a warning.
        let output = child::run(self.apt_get().arg("update"), |line| task.tick(line))?;
        if output.success && !output.all.contains("Failed to fetch") {
            std::fs::write(self.stamp(), "")?;
            task.done("up to date");
        } else {
            self.complaint = Some(output.tail);
            task.done("not all could be had");
        }
        Ok(())
    }

    /// `apt-get` with this configuration.
    pub(super) fn apt_get(&self) -> Command {
        self.program("apt-get")
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        // Given as an option, it is read after the machine's own configuration and wins.
        command.env_remove("APT_CONFIG").env("LC_ALL", "C").arg("-c").arg(&self.config);
        command
    }

    /// Who to tell.
    pub(super) fn cx(&self) -> &'a Cx {
        self.cx
    }

    /// Where downloads are kept until they are unpacked, so that an interrupted one can go on.
    pub(super) fn downloads(&self) -> PathBuf {
        self.folder.join("downloads")
    }

    /// Every offered version of every package whose name begins with one of the prefixes.
    pub(crate) fn packages(&self, prefixes: &[String]) -> anyhow::Result<Vec<Package>> {
        let listed = child::run_ok(self.program("apt-cache").arg("pkgnames"), |_| {})?;
        let wanted = |name: &&str| prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()));
        let names: Vec<String> = listed.lines().filter(wanted).map(str::to_owned).collect();
        self.versions(&names)
    }

    /// Every offered version of the named packages.
    pub(crate) fn versions(&self, names: &[String]) -> anyhow::Result<Vec<Package>> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        // A name without an offered version makes apt-cache fail after printing the others.
        let shown = child::run(self.program("apt-cache").arg("show").args(names), |_| {})?;
        Ok(index::parse(&shown.stdout))
    }

    /// Every offered version of the named source package.
    pub(crate) fn sources(&self, name: &str) -> anyhow::Result<Vec<SourcePackage>> {
        let shown = child::run(self.program("apt-cache").args(["showsrc", "--only-source", name]), |_| {})?;
        Ok(source_package::parse(&shown.stdout))
    }

    /// What apt would install for some packages on this machine.
    pub(crate) fn missing_for(&self, packages: &[&str]) -> anyhow::Result<Vec<Package>> {
        let mut command = self.apt_get();
        command.args(["--simulate", "--no-install-recommends", "install"]).args(packages);
        let plan = child::run_ok(&mut command, |_| {}).with_context(|| {
            format!("apt cannot install {} from the sources of this machine", packages.join(", "))
        })?;
        let planned: Vec<(String, String)> = plan.lines().filter_map(planned).collect();
        let names: Vec<String> = planned.iter().map(|(name, _)| name.clone()).collect();
        let offered = self.versions(&names)?;
        let find = |(name, version): &(String, String)| {
            let found = offered.iter().find(|package| package.name == *name && package.version == *version);
            found
                .cloned()
                .with_context(|| format!("apt would install {name} {version} but does not offer it"))
        };
        planned.iter().map(find).collect()
    }

    /// Adds what apt complained about, if it did, to an error about something not found.
    pub(crate) fn explain(&self, error: anyhow::Error) -> anyhow::Error {
        match &self.complaint {
            Some(complaint) => error.context(format!(
                "apt could not fetch all package lists; its last lines:\n{}\nIf a signature could not be checked, update the package \
                 debian-archive-keyring; if the mirror could not be reached, check the network and any proxy",
                child::indent(complaint)
            )),
            None => error,
        }
    }
}

/// `Inst NAME [OLD] (VERSION ...)` names a package to install.
fn planned(line: &str) -> Option<(String, String)> {
    let rest = line.strip_prefix("Inst ")?;
    let (name, rest) = rest.split_once(' ')?;
    let version = rest.split_once('(')?.1.split([' ', ')']).next()?;
    Some((name.to_owned(), version.to_owned()))
}

/// What to do on a machine that cannot fetch packages this way.
fn without_apt() -> &'static str {
    "so this machine cannot fetch packages from a Debian archive. Install what is needed by hand (qemu-system-x86_64; for building the \
     BPF programs also `rustup component add rust-src`), and use a kernel of your own with --kernel-image PATH --modules DIR: an x86 \
     kernel with zram and BTF, and the folder /lib/modules/RELEASE that belongs to it"
}

fn require_apt() -> anyhow::Result<()> {
    for program in ["apt-get", "apt-cache", "dpkg-deb"] {
        if crate::toolchain::in_path(program).is_none() {
            bail!("there is no {program} here, {}", without_apt());
        }
    }
    Ok(())
}

/// The value for `signed-by`: the machine's own, a key block being written to a file first.
fn key_of(mirror: &Source, folder: &Path) -> anyhow::Result<Option<String>> {
    Ok(match &mirror.signed_by {
        Some(key) if key.contains("BEGIN PGP") => {
            let path = folder.join("mirror-key.asc");
            // In deb822 a continuation line begins with a space, and an empty line is a dot.
            let block: String = key
                .lines()
                .map(|line| line.trim())
                .map(|line| if line == "." { "\n".to_owned() } else { format!("{line}\n") })
                .collect();
            std::fs::write(&path, block.trim_start())?;
            Some(path.to_string_lossy().into_owned())
        }
        Some(key) => Some(key.clone()),
        None if Path::new(USUAL_KEYRING).exists() => Some(USUAL_KEYRING.to_owned()),
        None => None,
    })
}

fn sources_list(mirror: &Source, suites: &[String], content: Content, key: Option<&str>) -> String {
    let mut options = vec!["arch=amd64".to_owned()];
    options.extend(key.map(|key| format!("signed-by={key}")));
    options.extend(mirror.trusted.then(|| "trusted=yes".to_owned()));
    suites.iter().fold(String::new(), |mut list, suite| {
        // Writing to a string does not fail.
        let _ = writeln!(list, "{} [{}] {} {suite} main", content.word(), options.join(" "), mirror.uri);
        list
    })
}

fn config(folder: &Path, own_sources: bool) -> String {
    let folder = folder.display();
    let mut config = format!(
        "Dir::State::Lists \"{folder}/lists\";\n\
         Dir::Cache \"{folder}/cache\";\n\
         // Asked too seldom to be worth the disk.\n\
         Dir::Cache::pkgcache \"\";\n\
         Dir::Cache::srcpkgcache \"\";\n\
         Acquire::Languages \"none\";\n\
         Acquire::Retries \"3\";\n\
         Acquire::IndexTargets::deb::DEP-11::DefaultEnabled \"false\";\n\
         Acquire::IndexTargets::deb::DEP-11-icons-small::DefaultEnabled \"false\";\n\
         Acquire::IndexTargets::deb::DEP-11-icons::DefaultEnabled \"false\";\n\
         // The cache lies in a home folder, which apt's own user may not enter.\n\
         APT::Sandbox::User \"root\";\n\
         // Other programs hook in here to look at the machine's lists, which these are not.\n\
         #clear APT::Update::Pre-Invoke;\n\
         #clear APT::Update::Post-Invoke;\n\
         #clear APT::Update::Post-Invoke-Success;\n"
    );
    if own_sources {
        config.push_str(&format!(
            "Dir::Etc::SourceList \"{folder}/sources.list\";\n\
             Dir::Etc::SourceParts \"{folder}/none\";\n\
             Dir::Etc::Preferences \"{folder}/none/preferences\";\n\
             Dir::Etc::PreferencesParts \"{folder}/none\";\n\
             APT::Architecture \"amd64\";\n\
             #clear APT::Architectures;\n\
             APT::Architectures \"amd64\";\n"
        ));
    }
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_names_mirror_key_and_suites() {
        let mirror = Source { uri: "http://m.example/debian".into(), trusted: true, ..Source::default() };
        assert_eq!(
            sources_list(&mirror, &["sid".into(), "forky".into()], Content::Binaries, Some("/k.gpg")),
            "deb [arch=amd64 signed-by=/k.gpg trusted=yes] http://m.example/debian sid main\n\
             deb [arch=amd64 signed-by=/k.gpg trusted=yes] http://m.example/debian forky main\n"
        );
        assert!(sources_list(&mirror, &["sid".into()], Content::Sources, None).starts_with("deb-src ["));
    }

    #[test]
    fn an_inline_key_becomes_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let key = "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n -----END PGP PUBLIC KEY BLOCK-----";
        let mirror = Source { signed_by: Some(key.into()), ..Source::default() };
        let path = key_of(&mirror, folder.path()).unwrap().unwrap();
        assert_eq!(
            std::fs::read_to_string(path).unwrap(),
            "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc\n-----END PGP PUBLIC KEY BLOCK-----\n"
        );
    }

    #[test]
    fn the_plan_of_an_installation_is_read() {
        assert_eq!(
            planned("Inst qemu-system-x86 (1:7.2+dfsg-7 Debian:12/oldstable [amd64])"),
            Some(("qemu-system-x86".into(), "1:7.2+dfsg-7".into()))
        );
        assert_eq!(
            planned("Inst seabios [1.15-1] (1.16.2-1 Debian:12/oldstable [all])"),
            Some(("seabios".into(), "1.16.2-1".into()))
        );
        assert_eq!(planned("Remv qemu-utils [1:10.0]"), None);
        assert_eq!(planned("Conf seabios (1.16.2-1 Debian:12/oldstable [all])"), None);
    }
}

//! The root file system of the VM: the agent as `/init`, the modules, two lists saying what to do with them, and a
//! compression dictionary.
//!
//! `/modules/load` has one line per module to load at boot, in order: `name path [parameters]`, the name of an optional one
//! preceded by `?`. `/modules/available` has one line `name path` per module the agent may load later, dependencies
//! first. The archive is not compressed: it never leaves this machine, and unpacking it would cost emulated time.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{BufWriter, Write};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, bail};
use cpio::newc::{Builder, ModeFileType, trailer};
use serde::Deserialize;

use crate::modules::{Module, ModuleTree};

/// A compression dictionary at `/dictionary`, for `algorithm_params`. The verifier has the same bytes.
const DICTIONARY: &[u8] = include_bytes!("../../zram-verify/src/dictionary.bin");

/// A module the VM wants, as the kernel table names it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// The module's name.
    pub(crate) name: String,
    /// Parameters to load it with.
    #[serde(default)]
    pub(crate) parameters: String,
    /// Whether a kernel without it will do.
    #[serde(default)]
    pub(crate) optional: bool,
}

impl Wanted {
    /// A module that must be there, without parameters.
    pub(crate) fn needed(name: &str) -> Self {
        Self { name: name.to_owned(), parameters: String::new(), optional: false }
    }
}

/// What the VM's memory is filled with.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    modules: Vec<Module>,
    load: String,
    available: String,
    files: Vec<Extra>,
}

/// A file for programs that are run in the VM.
#[derive(Clone, Debug)]
pub(crate) struct Extra {
    /// Where it stands there, from the root.
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Extra {
    /// From `FILE=PATH`, or `FILE` alone, which stands under its own path.
    pub(crate) fn read(argument: &str) -> anyhow::Result<Self> {
        let (file, path) = argument.split_once('=').unwrap_or((argument, argument));
        let path = Path::new(path)
            .strip_prefix("/")
            .with_context(|| format!("\"{path}\" is no place in the VM: give FILE=/PATH"))?
            .to_owned();
        if path.components().any(|part| !matches!(part, Component::Normal(_))) {
            bail!("\"{}\" is no place in the VM: it has . or .. in it", path.display());
        }
        let bytes = std::fs::read(file).with_context(|| format!("cannot read {file}"))?;
        Ok(Self { path, bytes })
    }
}

impl Contents {
    /// Picks the modules out of a tree. Without a tree, everything must be built in.
    pub(crate) fn choose(
        tree: Option<&ModuleTree>,
        boot: &[Wanted],
        available: &[Wanted],
    ) -> anyhow::Result<Self> {
        let mut contents = Self::default();
        let Some(tree) = tree else { return Ok(contents) };
        for wanted in boot {
            let listed = contents.add(tree, wanted)?;
            for (name, path) in listed {
                let parameters = if name == wanted.name { &wanted.parameters } else { "" };
                let mark = if wanted.optional { "?" } else { "" };
                writeln!(contents.load, "{}", format!("{mark}{name} {path} {parameters}").trim_end())?;
            }
        }
        for wanted in available {
            for (name, path) in contents.add(tree, wanted)? {
                writeln!(contents.available, "{name} {path}")?;
            }
        }
        Ok(contents)
    }

    /// Also these.
    pub(crate) fn with(mut self, files: Vec<Extra>) -> Self {
        self.files = files;
        self
    }

    /// The module of this name, if it is among the files.
    pub(crate) fn module(&self, name: &str) -> Option<&Module> {
        self.modules.iter().find(|module| module.name == name)
    }

    /// Adds a module and what it needs; gives name and path of those not listed before.
    fn add(&mut self, tree: &ModuleTree, wanted: &Wanted) -> anyhow::Result<Vec<(String, String)>> {
        let closure = match tree.closure(&wanted.name) {
            Ok(closure) => closure,
            Err(_) if wanted.optional => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut listed = Vec::new();
        for module in closure {
            if self.module(&module.name).is_none() {
                listed.push((module.name.clone(), format!("/modules/{}.ko", module.name)));
                self.modules.push(module);
            }
        }
        Ok(listed)
    }

    /// Writes the archive, with `agent` as `/init`.
    pub(crate) fn write(&self, agent: &Path, to: &Path) -> anyhow::Result<()> {
        let init =
            std::fs::read(agent).with_context(|| format!("cannot read the agent {}", agent.display()))?;
        require_static(&init).with_context(|| format!("{} cannot be the VM's /init", agent.display()))?;
        let out = BufWriter::new(std::fs::File::create(to)?);
        self.archive(&init, out).with_context(|| format!("cannot write {}", to.display()))
    }

    fn archive(&self, init: &[u8], mut out: impl Write) -> anyhow::Result<()> {
        let mut inode = 1;
        let mut add =
            |name: &str, kind: ModeFileType, permissions: u32, bytes: &[u8]| -> anyhow::Result<()> {
                inode += 1;
                let mut entry = Builder::new(name)
                    .ino(inode)
                    .mode(permissions)
                    .set_mode_file_type(kind)
                    .write(&mut out, u32::try_from(bytes.len())?);
                entry.write_all(bytes)?;
                entry.finish()?;
                Ok(())
            };
        // The kernel makes no folder that is not in the archive before what is in it.
        let ours = ["dev", "proc", "sys", "tmp", "modules"].map(PathBuf::from);
        let theirs = self.files.iter().flat_map(|file| file.path.ancestors().skip(1)).map(Path::to_owned);
        for folder in ours.into_iter().chain(theirs).collect::<BTreeSet<PathBuf>>() {
            if folder != Path::new("") {
                add(&folder.to_string_lossy(), ModeFileType::Directory, 0o755, &[])?;
            }
        }
        for Extra { path, bytes } in &self.files {
            add(&path.to_string_lossy(), ModeFileType::Regular, 0o755, bytes)?;
        }
        add("init", ModeFileType::Regular, 0o755, init)?;
        for module in &self.modules {
            add(&format!("modules/{}.ko", module.name), ModeFileType::Regular, 0o644, &module.bytes)?;
        }
        add("dictionary", ModeFileType::Regular, 0o644, DICTIONARY)?;
        add("modules/load", ModeFileType::Regular, 0o644, self.load.as_bytes())?;
        add("modules/available", ModeFileType::Regular, 0o644, self.available.as_bytes())?;
        trailer(out)?.flush()?;
        Ok(())
    }
}

/// The VM has no dynamic linker, and the kernel's message for that ("not found" for a file that is there) misleads.
fn require_static(program: &[u8]) -> anyhow::Result<()> {
    let Some(elf) = crate::elf::Elf::parse(program) else {
        bail!("it is not a 64-bit ELF program");
    };
    if elf.has_interpreter() {
        bail!("it is dynamically linked; build it with RUSTFLAGS=-Ctarget-feature=+crt-static");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Read as _;

    use super::*;
    use crate::modules::tests::write;

    fn wanted(name: &str, parameters: &str, optional: bool) -> Wanted {
        Wanted { name: name.to_owned(), parameters: parameters.to_owned(), optional }
    }

    fn unpack(mut archive: &[u8]) -> BTreeMap<String, (u32, Vec<u8>)> {
        let mut files = BTreeMap::new();
        loop {
            let mut reader = cpio::newc::Reader::new(archive).unwrap();
            if reader.entry().is_trailer() {
                return files;
            }
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).unwrap();
            files.insert(reader.entry().name().to_owned(), (reader.entry().mode(), bytes));
            archive = reader.finish().unwrap();
        }
    }

    #[test]
    fn the_archive_holds_agent_modules_and_lists() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "zram.ko.xz", "lz4hc_compress");
        write(folder.path(), "lz4hc_compress.ko.xz", "");
        write(folder.path(), "virtio_blk.ko", "");
        write(folder.path(), "brd.ko", "");
        let tree = ModuleTree::open(folder.path()).unwrap();
        let contents = Contents::choose(
            Some(&tree),
            &[
                wanted("zram", "num_devices=0", false),
                wanted("virtio_blk", "", true),
                wanted("dm_mod", "", true),
            ],
            &[wanted("brd", "", true), wanted("loop", "", true)],
        )
        .unwrap();
        let mut archive = Vec::new();
        contents.archive(b"the agent", &mut archive).unwrap();
        let files = unpack(&archive);
        assert_eq!(files["init"], (0o100_755, b"the agent".to_vec()));
        assert_eq!(files["modules"].0, 0o040_755);
        assert_eq!(
            String::from_utf8_lossy(&files["modules/load"].1),
            "lz4hc_compress /modules/lz4hc_compress.ko\n\
             zram /modules/zram.ko num_devices=0\n\
             ?virtio_blk /modules/virtio_blk.ko\n"
        );
        assert_eq!(String::from_utf8_lossy(&files["modules/available"].1), "brd /modules/brd.ko\n");
        assert_eq!(files["modules/zram.ko"].1, tree.closure("zram").unwrap()[1].bytes);
        for listed in ["modules/lz4hc_compress.ko", "modules/virtio_blk.ko", "modules/brd.ko"] {
            assert!(files.contains_key(listed), "{listed}");
        }
        assert_eq!(contents.module("zram").unwrap().release().as_deref(), Some("7.2.13-test"));
    }

    #[test]
    fn a_required_module_must_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let tree = ModuleTree::open(folder.path()).unwrap();
        let error = Contents::choose(Some(&tree), &[wanted("zram", "", false)], &[]).unwrap_err();
        assert!(error.to_string().contains("module zram is missing"), "{error}");
    }

    #[test]
    fn a_dependency_already_loaded_at_boot_is_not_offered_again() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "dm-mod.ko", "");
        write(folder.path(), "dm-delay.ko", "dm-mod");
        let tree = ModuleTree::open(folder.path()).unwrap();
        let contents =
            Contents::choose(Some(&tree), &[wanted("dm_mod", "", true)], &[wanted("dm_delay", "", true)])
                .unwrap();
        assert_eq!(contents.available, "dm_delay /modules/dm_delay.ko\n");
    }

    #[test]
    fn a_program_that_cannot_run_in_the_vm_is_refused() {
        assert!(require_static(b"#!/bin/sh").is_err());
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let error = require_static(&own).unwrap_err().to_string();
        assert!(error.contains("dynamically linked"), "{error}");
    }
}

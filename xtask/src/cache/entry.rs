//! One entry of the cache and the manifest that says what it must contain.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::interrupt;

const MANIFEST: &str = "MANIFEST.json";

/// What is worth knowing about an entry without opening its files: versions, mostly.
pub(crate) type Facts = BTreeMap<String, String>;

/// A published entry whose content matches its manifest.
#[derive(Debug)]
pub(crate) struct Entry {
    path: PathBuf,
    manifest: Manifest,
}

/// What stands where an entry should be.
pub(super) enum Found {
    Absent,
    Damaged(String),
    Sound(Entry),
}

#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    facts: Facts,
    files: BTreeMap<PathBuf, Content>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Content {
    File { size: u64, sha256: String },
    Link { target: PathBuf },
}

impl Entry {
    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A fact recorded when it was built.
    pub(crate) fn fact(&self, name: &str) -> Option<&str> {
        self.manifest.facts.get(name).map(String::as_str)
    }

    /// Bytes of all its files.
    pub(crate) fn size(&self) -> u64 {
        self.manifest
            .files
            .values()
            .map(|content| match content {
                Content::File { size, .. } => *size,
                Content::Link { .. } => 0,
            })
            .sum()
    }

    /// Looks at a place and compares what is there with its manifest, content included.
    pub(super) fn find(path: &Path) -> anyhow::Result<Found> {
        let text = match fs::read(path.join(MANIFEST)) {
            Ok(text) => text,
            Err(_) if !path.exists() => return Ok(Found::Absent),
            Err(error) => return Ok(Found::Damaged(format!("its manifest cannot be read: {error}"))),
        };
        let manifest: Manifest = match serde_json::from_slice(&text) {
            Ok(manifest) => manifest,
            Err(error) => return Ok(Found::Damaged(format!("its manifest is not readable: {error}"))),
        };
        for (name, expected) in &manifest.files {
            interrupt::check()?;
            match Content::of(&path.join(name), expected.size_to_trust()) {
                Ok(Some(found)) if found == *expected => {}
                Ok(_) => return Ok(Found::Damaged(format!("{} is not as it was written", name.display()))),
                Err(error) => return Ok(Found::Damaged(format!("{}: {error}", name.display()))),
            }
        }
        Ok(Found::Sound(Self { path: path.to_owned(), manifest }))
    }

    /// Writes the manifest of a finished staging folder.
    ///
    /// Nothing is synced: should power fail before the disk has it all, the sums will not match, and it is made again.
    pub(super) fn seal(stage: &Path, facts: Facts) -> anyhow::Result<()> {
        let mut files = BTreeMap::new();
        collect(stage, Path::new(""), &mut files)?;
        let manifest = Manifest { facts, files };
        fs::write(stage.join(MANIFEST), serde_json::to_vec_pretty(&manifest)?)?;
        Ok(())
    }
}

impl Content {
    fn size_to_trust(&self) -> Option<u64> {
        match self {
            Self::File { size, .. } => Some(*size),
            Self::Link { .. } => None,
        }
    }

    /// What stands at `path`. A file of another size than expected is not read: it is wrong already.
    fn of(path: &Path, expected_size: Option<u64>) -> std::io::Result<Option<Self>> {
        let metadata = fs::symlink_metadata(path)?;
        if metadata.is_symlink() {
            return Ok(Some(Self::Link { target: fs::read_link(path)? }));
        }
        if !metadata.is_file() || expected_size.is_some_and(|size| size != metadata.len()) {
            return Ok(None);
        }
        Ok(Some(Self::File { size: metadata.len(), sha256: sha256(path)? }))
    }
}

fn collect(root: &Path, below: &Path, files: &mut BTreeMap<PathBuf, Content>) -> anyhow::Result<()> {
    for item in fs::read_dir(root.join(below))? {
        interrupt::check()?;
        let item = item?;
        let name = below.join(item.file_name());
        if item.file_type()?.is_dir() {
            collect(root, &name, files)?;
        } else {
            let content = Content::of(&item.path(), None)
                .with_context(|| format!("cannot read {}", item.path().display()))?
                .with_context(|| format!("{} is neither a file nor a link", item.path().display()))?;
            files.insert(name, content);
        }
    }
    Ok(())
}

/// SHA-256 of a file, in hexadecimal.
pub(crate) fn sha256(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 17];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => hash.update(&buffer[..read]),
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

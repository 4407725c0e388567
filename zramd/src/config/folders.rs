//! Which files are read, and which comes before which.
//!
//! It is systemd's order, since that is what people know (systemd-system.conf(5), systemd.unit(5)): of the main file only the one in the strongest folder
//! counts; drop-ins come after it, sorted by their names whatever folder they are in; and a drop-in hides those of its name in weaker folders,
//! which is how a link to `/dev/null` takes one away.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    io::{self, Read as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use nix::libc::{O_CLOEXEC, O_NONBLOCK};

use super::Wrong;

/// Folders of configuration, the strongest first.
pub const FOLDERS: [&str; 4] = ["/etc/zramd", "/run/zramd", "/usr/local/lib/zramd", "/usr/lib/zramd"];

/// The main file in a folder.
pub const MAIN: &str = "zramd.toml";

/// The folder of drop-ins in a folder.
pub const DROP_INS: &str = "zramd.toml.d";

/// More than anybody writes by hand.
const MOST: u64 = 1 << 20;

/// A file with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct File {
    /// Its path.
    pub(super) path: PathBuf,
    /// Its text.
    pub(super) text: String,
}

/// The files that count on the machine below this root, the weakest first; and what could not be read.
pub(super) fn files(root: &Path) -> (Vec<File>, Vec<Wrong>) {
    let mut wrong = Vec::new();
    let mut files = Vec::new();
    let main = FOLDERS.iter().map(|folder| below(root, folder).join(MAIN)).find(|path| is_there(path));
    let drop_ins = drop_ins(root, &mut wrong);
    for path in main.into_iter().chain(drop_ins) {
        match text(&path) {
            Ok(text) => files.push(File { path, text }),
            Err(why) => wrong.push(Wrong::of_file(path, why)),
        }
    }
    (files, wrong)
}

/// A path on the machine, below a root.
pub(super) fn below(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}

/// Also a link that leads nowhere, which is an error and not a file that does not count.
fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Drop-ins by name; of each name the one in the strongest folder.
fn drop_ins(root: &Path, wrong: &mut Vec<Wrong>) -> Vec<PathBuf> {
    let mut found: BTreeMap<OsString, PathBuf> = BTreeMap::new();
    for folder in FOLDERS {
        let folder = below(root, folder).join(DROP_INS);
        let entries = match fs::read_dir(&folder).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                wrong.push(Wrong::of_file(folder, format!("cannot list this folder: {}", why(&error))));
                continue;
            }
        };
        for entry in entries {
            let name = entry.file_name();
            if is_configuration(&name) {
                found.entry(name).or_insert_with(|| entry.path());
            }
        }
    }
    found.into_values().collect()
}

/// Not what editors and package managers leave behind.
fn is_configuration(name: &OsString) -> bool {
    let name = name.as_encoded_bytes();
    name.ends_with(b".toml") && !name.starts_with(b".")
}

/// The text of a file; none of what is a link to `/dev/null`.
fn text(path: &Path) -> Result<String, String> {
    // Not through the link: below another root it leads elsewhere.
    if fs::read_link(path).is_ok_and(|target| target == Path::new("/dev/null")) {
        return Ok(String::new());
    }
    // A pipe would wait for somebody to write.
    let file = fs::OpenOptions::new().read(true).custom_flags(O_NONBLOCK | O_CLOEXEC).open(path);
    let cannot = |error: &io::Error| match error.kind() {
        io::ErrorKind::NotFound => {
            "this link leads nowhere: remove it, or make it lead to /dev/null if it is to hide a file"
                .to_owned()
        }
        _ => format!("cannot be read: {}", why(error)),
    };
    let file = file.map_err(|error| cannot(&error))?;
    let about = file.metadata().map_err(|error| cannot(&error))?;
    if !about.is_file() {
        return Err("this is no file: remove it, or put a file into its place".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(|error| cannot(&error))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MOST {
        return Err("this is larger than a configuration can be (1M)".to_owned());
    }
    String::from_utf8(bytes).map_err(|error| {
        format!("byte {} is not UTF-8: save it as such", error.utf8_error().valid_up_to() + 1)
    })
}

/// Without the number that the standard library appends.
fn why(error: &io::Error) -> String {
    error
        .raw_os_error()
        .map_or_else(|| error.to_string(), |raw| nix::errno::Errno::from_raw(raw).desc().to_owned())
}

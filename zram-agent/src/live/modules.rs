//! Loading kernel modules: from a list that travels with the test image, or through `modprobe`.
//!
//! A line of a list is `name path [parameters]`; a `?` before the name says that the test can do
//! without it. `#` begins a comment.

use std::{
    ffi::CString,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    kmod::{DeleteModuleFlags, ModuleInitFlags, delete_module, finit_module},
};

use crate::world::Trouble;

/// How long a module may still be in use by something that is ending.
const UNLOADING: Duration = Duration::from_secs(5);

/// One module of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// Its name.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// Its parameters.
    pub parameters: String,
    /// Whether the test can do without it.
    pub optional: bool,
}

/// Reads a list.
///
/// # Errors
/// When a line has no path; says which line.
pub fn parse(list: &str) -> Result<Vec<Module>, Trouble> {
    let lines = list.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lines
        .enumerate()
        .filter(|(_, line)| !line.is_empty())
        .map(|(n, line)| {
            let (optional, rest) = match line.strip_prefix('?') {
                Some(rest) => (true, rest.trim_start()),
                None => (false, line),
            };
            let mut words = rest.splitn(3, char::is_whitespace);
            match (words.next(), words.next()) {
                (Some(name), Some(path)) => Ok(Module {
                    name: name.to_owned(),
                    path: path.into(),
                    parameters: words.next().unwrap_or_default().trim().to_owned(),
                    optional,
                }),
                _ => Err(Trouble::Unreadable {
                    what: format!("line {} of the module list", n + 1),
                    text: line.to_owned(),
                    expected: "`name path [parameters]`",
                }),
            }
        })
        .collect()
}

/// Loads the modules of a list, in its order; answers with those it did without.
///
/// # Errors
/// When one that is needed cannot be loaded.
pub fn load_all(modules: &[Module]) -> Result<Vec<String>, Trouble> {
    let mut missing = Vec::new();
    for module in modules {
        match load(&module.path, &module.parameters) {
            Ok(()) => {}
            Err(error) if module.optional => missing.push(format!("{}: {error}", module.name)),
            Err(error) => {
                let doing = format!(
                    "loading the module {} from {} (the kernel log says more)",
                    module.name,
                    module.path.display()
                );
                return Err(Trouble::setup(doing, error));
            }
        }
    }
    Ok(missing)
}

/// Loads one file; a module that is there already is what was wanted.
fn load(path: &Path, parameters: &str) -> io::Result<()> {
    let file = File::open(path)?;
    let parameters = CString::new(parameters)?;
    match finit_module(&file, &parameters, ModuleInitFlags::empty()) {
        Ok(()) | Err(Errno::EEXIST) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// Unloads a module, waiting for what still uses it to end.
pub(super) fn unload(name: &str) -> Result<(), Trouble> {
    let doing = || format!("unloading the module {name}");
    let c_name = CString::new(name).map_err(|error| Trouble::setup(doing(), io::Error::from(error)))?;
    let start = Instant::now();
    loop {
        match delete_module(&c_name, DeleteModuleFlags::O_NONBLOCK) {
            Ok(()) | Err(Errno::ENOENT) => return Ok(()),
            Err(Errno::EAGAIN | Errno::EBUSY) if start.elapsed() < UNLOADING => {
                sleep(Duration::from_millis(5));
            }
            Err(errno) => return Err(Trouble::setup(doing(), errno)),
        }
    }
}

/// Whether a module is loaded.
pub(super) fn is_loaded(name: &str) -> bool {
    fs::exists(format!("/sys/module/{name}")).unwrap_or(false)
}

/// Whether what is loaded under this name is part of the kernel image: then nobody counts its users.
pub(super) fn is_built_in(name: &str) -> bool {
    is_loaded(name) && !fs::exists(format!("/sys/module/{name}/refcnt")).unwrap_or(true)
}

/// Where a module comes from that is loaded while the agent runs.
#[derive(Clone, Debug)]
pub enum Source {
    /// Files of a test image.
    Files(Vec<Module>),
    /// The machine's own, through `modprobe`.
    Modprobe,
}

impl Source {
    /// Whether a module is in the list that travels with the image, and so is to be loaded by its own name.
    pub(super) fn lists(&self, name: &str) -> bool {
        matches!(self, Self::Files(modules) if modules.iter().any(|module| module.name == name))
    }

    /// Whether a module is loaded, built in, or can be had.
    pub(super) fn has(&self, name: &str) -> bool {
        is_loaded(name)
            || match self {
                Self::Files(modules) => {
                    modules.iter().any(|module| module.name == name && module.path.exists())
                }
                Self::Modprobe => Command::new("modprobe")
                    .args(["--dry-run", "--quiet", name])
                    .output()
                    .is_ok_and(|output| output.status.success()),
            }
    }

    /// Loads a module with these parameters.
    pub(super) fn load(&self, name: &str, parameters: &str) -> Result<(), Trouble> {
        match self {
            Self::Files(modules) => {
                let doing = || format!("loading the module {name} with {parameters:?}");
                let missing = || io::Error::new(io::ErrorKind::NotFound, "the test image has no such module");
                let module = modules
                    .iter()
                    .find(|module| module.name == name)
                    .ok_or_else(|| Trouble::setup(doing(), missing()))?;
                load(&module.path, parameters).map_err(|error| Trouble::setup(doing(), error))
            }
            Self::Modprobe => {
                let doing = || format!("modprobe {name} {parameters}");
                let output = Command::new("modprobe")
                    .arg(name)
                    .args(parameters.split_whitespace())
                    .output()
                    .map_err(|error| Trouble::setup(doing(), error))?;
                if output.status.success() {
                    return Ok(());
                }
                let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                Err(Trouble::setup(doing(), io::Error::other(said)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_list() {
        let list = "# comes first\nlz4_compress /m/lz4_compress.ko\n\n? nosuch /m/x.ko\n?zram /m/zram.ko num_devices=0 x=1 # all by hand\n";
        let module = |name: &str, path: &str, parameters: &str, optional| Module {
            name: name.into(),
            path: path.into(),
            parameters: parameters.into(),
            optional,
        };
        assert_eq!(
            parse(list).unwrap(),
            [
                module("lz4_compress", "/m/lz4_compress.ko", "", false),
                module("nosuch", "/m/x.ko", "", true),
                module("zram", "/m/zram.ko", "num_devices=0 x=1", true),
            ]
        );
    }

    #[test]
    fn a_line_without_a_path_is_named() {
        let error = parse("a /a.ko\nzram\n").unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("zram"), "{error}");
    }

    #[test]
    fn a_missing_file_is_an_error_only_where_the_module_is_needed() {
        let absent = |optional| Module {
            name: "absent".into(),
            path: "/nonexistent/absent.ko".into(),
            parameters: String::new(),
            optional,
        };
        assert_eq!(load_all(&[absent(true)]).unwrap().len(), 1);
        let error = load_all(&[absent(false)]).unwrap_err().to_string();
        assert!(error.contains("/nonexistent/absent.ko"), "{error}");
    }
}

//! A memory cgroup (v2) of our own, with a limit.
//!
//! Memory is charged to whoever touches it first. A process that reaches the limit has to write out pages of its
//! own group, itself, before it gets another one: so it is this task that submits the bios, one after the other.

use std::{fs, io, path::PathBuf};

use nix::mount::{MsFlags, mount};

use crate::world::Trouble;

const ROOT: &str = "/sys/fs/cgroup";
const NAME: &str = "zram-agent-occupant";

/// Bytes of a page.
const PAGE: u64 = 4096;

/// The group, while it exists.
#[derive(Debug)]
pub(super) struct Cgroup {
    folder: PathBuf,
}

impl Cgroup {
    /// Makes it, without a limit. A test VM has nobody else to mount the hierarchy.
    pub(super) fn new() -> Result<Self, Trouble> {
        let root = PathBuf::from(ROOT);
        if !root.join("cgroup.controllers").exists() {
            mount(Some("cgroup2"), ROOT, Some("cgroup2"), MsFlags::empty(), None::<&str>).map_err(
                |errno| {
                    Trouble::setup(
                        format!("mounting cgroup2 on {ROOT} (does the kernel have CONFIG_CGROUPS?)"),
                        errno,
                    )
                },
            )?;
        }
        write(&root.join("cgroup.subtree_control"), "+memory")?;
        let folder = root.join(NAME);
        match fs::create_dir(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(Trouble::setup(format!("making {}", folder.display()), error))
            }
            _ => Ok(Self { folder }),
        }
    }

    /// Takes a process in.
    pub(super) fn take_in(&self, process: u32) -> Result<(), Trouble> {
        write(&self.folder.join("cgroup.procs"), &process.to_string())
    }

    /// What is charged now and so many pages more is all there may be.
    pub(super) fn leave_room_for(&self, pages: u32) -> Result<(), Trouble> {
        let path = self.folder.join("memory.current");
        let text = fs::read_to_string(&path)
            .map_err(|error| Trouble::setup(format!("reading {}", path.display()), error))?;
        let Ok(current) = text.trim_end().parse::<u64>() else {
            let what = path.display().to_string();
            return Err(Trouble::Unreadable { what, text, expected: "a number of bytes" });
        };
        write(&self.folder.join("memory.max"), &(current + u64::from(pages) * PAGE).to_string())
    }

    /// Removes it; nobody is in it any more.
    pub(super) fn remove(self) -> Result<(), Trouble> {
        fs::remove_dir(&self.folder)
            .map_err(|error| Trouble::setup(format!("removing {}", self.folder.display()), error))
    }
}

fn write(path: &std::path::Path, text: &str) -> Result<(), Trouble> {
    fs::write(path, text)
        .map_err(|error| Trouble::setup(format!("writing {text} to {}", path.display()), error))
}

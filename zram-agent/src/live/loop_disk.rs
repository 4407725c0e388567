//! A disk that completes from a worker: a loop device over a file in memory.
//!
//! What is written to it is copied into the file by a work queue of the driver's, and completes when that is done, which is soon: while the
//! pass goes on. So completions come at any moment, and in another task.

use std::{fs::File, os::fd::OwnedFd, path::Path};

use nix::sys::memfd::{MFdFlags, memfd_create};
use zram_host::live::LoopDevice;

use super::modules::{Source, is_loaded, unload};
use crate::world::Trouble;

const MODULE: &str = "loop";

/// Bytes of a block.
const PAGE: u32 = 4096;

/// The disk.
#[derive(Debug)]
pub(super) struct LoopDisk {
    device: LoopDevice,
    /// Whether the driver was loaded for it.
    loaded: bool,
}

impl LoopDisk {
    /// Whether it can be made.
    pub(super) fn can_be_had(source: &Source) -> bool {
        source.has(MODULE)
    }

    /// Makes one of so many zeroed pages.
    pub(super) fn new(source: &Source, pages: u64) -> Result<Self, Trouble> {
        let loaded = !is_loaded(MODULE);
        if loaded {
            source.load(MODULE, "max_loop=0")?;
        }
        match attach(pages) {
            Ok(device) => Ok(Self { device, loaded }),
            Err(trouble) => {
                if loaded {
                    // The step that failed is what is told.
                    let _ = unload(MODULE);
                }
                Err(trouble)
            }
        }
    }

    /// Its node.
    pub(super) fn path(&self) -> &Path {
        self.device.path()
    }

    /// Removes it, and the driver if it was loaded for it.
    pub(super) fn remove(self) -> Result<(), Trouble> {
        let Self { device, loaded } = self;
        let path = device.path().to_owned();
        let detached = device.detach();
        detached.map_err(|errno| Trouble::setup(format!("detaching {}", path.display()), errno))?;
        if loaded { unload(MODULE) } else { Ok(()) }
    }
}

fn attach(pages: u64) -> Result<LoopDevice, Trouble> {
    let failed = |errno| Trouble::setup("attaching a file in memory to a loop device", errno);
    let memory: OwnedFd = memfd_create("zram-agent-backing", MFdFlags::MFD_CLOEXEC).map_err(failed)?;
    let file = File::from(memory);
    file.set_len(pages * u64::from(PAGE))
        .map_err(|error| Trouble::setup("giving a file in memory its size", error))?;
    LoopDevice::attach(&file, PAGE).map_err(failed)
}

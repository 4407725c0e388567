//! A disk that completes in interrupts: `null_blk`, with memory behind it and a timer in the place of a drive.
//!
//! A RAM disk completes within the submission, in the context of whoever submits. Drives do not: they raise an
//! interrupt a while later, and what a completion may do there is less. The timer's interrupt is one that every machine
//! has. Its time is long, so that a pass has submitted what it can before the first completion comes.
//!
//! The driver's smallest disk is much larger than a test wants; the device mapper's target `linear` cuts it to size. What it held
//! before is overwritten with zeros.

use std::path::Path;

use zram_host::live::zero_out;

use super::modules::{Source, is_loaded, unload};
use crate::world::Trouble;

/// Its node.
pub(super) const PATH: &str = "/dev/nullb0";

/// What it needs, dependencies first.
const DEPENDENCY: &str = "configfs";
const MODULE: &str = "null_blk";

/// One disk of 1 GiB, of which only what is written takes memory; 60 ms from submission to completion.
const PARAMETERS: &str = "nr_devices=1 gb=1 bs=4096 queue_mode=2 submit_queues=1 irqmode=2 \
                          completion_nsec=60000000 memory_backed=1";

/// Bytes of a block.
const PAGE: u64 = 4096;

/// The disk, while its module is loaded.
#[derive(Debug)]
pub(super) struct NullDisk {
    /// Modules that were loaded for it.
    loaded: Vec<&'static str>,
}

impl NullDisk {
    /// Whether it can be made: the driver is nobody else's.
    pub(super) fn can_be_had(source: &Source) -> bool {
        !is_loaded(MODULE) && source.has(MODULE)
    }

    /// Makes it.
    pub(super) fn new(source: &Source) -> Result<Self, Trouble> {
        let mut disk = Self { loaded: Vec::new() };
        if !is_loaded(DEPENDENCY) && source.lists(DEPENDENCY) {
            source.load(DEPENDENCY, "")?;
            disk.loaded.push(DEPENDENCY);
        }
        match source.load(MODULE, PARAMETERS) {
            Ok(()) => {
                disk.loaded.push(MODULE);
                Ok(disk)
            }
            Err(trouble) => {
                // The step that failed is what is told.
                let _ = disk.remove();
                Err(trouble)
            }
        }
    }

    /// Overwrites its first so many blocks.
    pub(super) fn clear(pages: u64) -> Result<(), Trouble> {
        zero_out(Path::new(PATH), 0, pages * PAGE)
            .map_err(|errno| Trouble::setup(format!("overwriting {PATH}"), errno))
    }

    /// Removes it.
    pub(super) fn remove(mut self) -> Result<(), Trouble> {
        while let Some(module) = self.loaded.pop() {
            unload(module)?;
        }
        Ok(())
    }
}

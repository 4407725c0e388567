//! What the model of the kernel asks of the machine, and what the machine learns by being asked.
//!
//! A backing device that is written to and read from is the one thing that a simulation must know slot by slot and at once: what came
//! back, and how long after it was written. The model asks before each such request.

use zram_events::{Event, SlotIndex};
use zram_host::{Compressor, Disk, Simulated, sim::Surroundings};
use zram_model::{BackingOp, BackingRequest, ClockUse, Codec, Completion, Environment, Errno, PageBytes};

use super::content::Cheap;

/// Simulated surroundings that take note of the disk.
#[derive(Clone, Debug)]
pub(super) struct Around {
    inner: Simulated<Cheap>,
    /// Slots that were written to the backing device, not yet looked at.
    pub(super) written: Vec<SlotIndex>,
    /// Pages that were compressed.
    pub(super) compressed: u64,
}

impl Around {
    pub(super) fn new() -> Self {
        Self { inner: Simulated::new(Cheap), written: Vec::new(), compressed: 0 }
    }
}

impl Environment for Around {
    fn emit(&mut self, _event: Event) {}

    fn compress(&mut self, codec: Codec, page: &PageBytes) -> Result<u32, Errno> {
        self.compressed += 1;
        self.inner.compress(codec, page)
    }

    fn boot_seconds(&mut self, asked: ClockUse) -> u32 {
        self.inner.boot_seconds(asked)
    }

    fn boot_nanoseconds(&mut self, asked: ClockUse) -> u64 {
        self.inner.boot_nanoseconds(asked)
    }

    fn open_backing(&mut self, path: &str) -> Result<u64, Errno> {
        self.inner.open_backing(path)
    }

    fn submit_backing(&mut self, request: BackingRequest) -> Completion {
        if request.op == BackingOp::Write {
            self.written.push(request.slot);
        }
        self.inner.submit_backing(request)
    }

    fn complete_backing(&mut self, request: BackingRequest) -> u8 {
        self.inner.complete_backing(request)
    }
}

impl Surroundings for Around {
    fn boot_time(&mut self) -> u64 {
        self.inner.boot_time()
    }

    fn pass(&mut self, nanoseconds: u64) {
        self.inner.pass(nanoseconds);
    }

    fn disk(&mut self, disk: Disk) {
        self.inner.disk(disk);
    }

    fn object(&mut self, codec: Codec, page: &PageBytes) -> Option<Vec<u8>> {
        Cheap.compress(codec, page).ok()
    }
}

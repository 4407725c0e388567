//! What the model needs around it, and no more.
//!
//! This is the whole interface between the model and the rest of the world, implemented for a simulation: a
//! compressor, a clock, a disk. The other questions of `Environment` have answers that fit a quiet machine.

use zram_codecs::Codecs;
use zram_events::{Context, Event};
use zram_model::{BackingRequest, ClockUse, Codec, Completion, Environment, Errno, PageBytes};

/// The path of the disk.
pub const DISK: &str = "/dev/disk";

/// Real compressors, a clock that is set by hand, a disk that is fast, and a count of what happened.
#[derive(Debug, Default)]
pub struct World {
    codecs: Codecs,
    disk_pages: u64,
    /// Seconds since boot.
    pub now: u32,
    /// What happened.
    pub counts: Counts,
}

/// What the probes of a live kernel would have counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Pages compressed (`zcomp_compress`).
    pub compressions: u64,
    /// Pages decompressed by a task that reads or writes back (`zcomp_decompress`).
    pub decompressions: u64,
    /// Pages decompressed by a worker, after a read-back (`zram_deferred_decompress`).
    pub deferred_decompressions: u64,
    /// Bytes of all objects decompressed, as long as they were then.
    pub decompressed_from: u64,
}

impl World {
    /// A second after boot, with a disk of so many pages.
    #[must_use]
    pub fn new(disk_pages: u64) -> Self {
        Self { disk_pages, now: 1, ..Self::default() }
    }
}

impl Environment for World {
    fn emit(&mut self, event: Event) {
        match event {
            Event::Compress { result: 0, .. } => self.counts.compressions += 1,
            Event::Decompress { result: 0, len, context } => {
                let counter = match context {
                    Context::Worker | Context::Interrupt => &mut self.counts.deferred_decompressions,
                    Context::Task => &mut self.counts.decompressions,
                };
                *counter += 1;
                self.counts.decompressed_from += u64::from(len);
            }
            _ => {}
        }
    }

    fn compress(&mut self, codec: Codec, page: &PageBytes) -> Result<u32, Errno> {
        let object = self.codecs.compress(codec, page).map_err(|error| error.errno())?;
        Ok(object.len() as u32)
    }

    fn compress_into(&mut self, codec: Codec, page: &PageBytes, out: &mut Vec<u8>) -> Result<u32, Errno> {
        let object = self.codecs.compress(codec, page).map_err(|error| error.errno())?;
        out.extend_from_slice(object);
        Ok(object.len() as u32)
    }

    fn decompress(&mut self, codec: Codec, object: &[u8], page: &mut PageBytes) -> Result<(), Errno> {
        self.codecs.decompress(codec, object, page).map_err(|error| error.errno())
    }

    fn boot_seconds(&mut self, _asked: ClockUse) -> u32 {
        self.now
    }

    fn open_backing(&mut self, path: &str) -> Result<u64, Errno> {
        if path == DISK { Ok(self.disk_pages) } else { Err(Errno::ENOENT) }
    }

    fn submit_backing(&mut self, _request: BackingRequest) -> Completion {
        Completion::Now(0)
    }
}

//! Surroundings without a machine: a compressor, a clock that moves only when told to, and a RAM
//! disk that completes at once, or one that completes when somebody waits for it.

use zram_events::Event;
use zram_model::{BackingOp, BackingRequest, ClockUse, Codec, Completion, Environment, Errno, PageBytes};

use super::{
    Disk, Surroundings,
    paths::{Found, find},
};

/// Where the clock starts. Not at 0, so that an age can lie on either side of the time since boot.
const START: u64 = 100 * SECOND;

const SECOND: u64 = 1_000_000_000;

/// A compressor: from algorithm, parameters and page to the compressed bytes.
///
/// Any function of that form is one.
pub trait Compressor {
    /// What the algorithm, with these parameters, makes of the page.
    ///
    /// # Errors
    /// The errno with which the kernel's compressor would give up.
    fn compress(&mut self, codec: Codec, page: &PageBytes) -> Result<Vec<u8>, Errno>;

    /// A dictionary at this path, with which codecs that have one compress from now on: its bytes; `None` where there
    /// is none, as by default.
    fn read_dictionary(&mut self, path: &str) -> Option<u64> {
        let _ = path;
        None
    }
}

impl<F: FnMut(Codec, &PageBytes) -> Result<Vec<u8>, Errno>> Compressor for F {
    fn compress(&mut self, codec: Codec, page: &PageBytes) -> Result<Vec<u8>, Errno> {
        self(codec, page)
    }
}

/// Real ones: lengths are the kernel's where [`zram_codecs::exactness`] says so, and near it elsewhere.
#[cfg(feature = "codecs")]
impl Compressor for zram_codecs::Codecs {
    fn compress(&mut self, codec: Codec, page: &PageBytes) -> Result<Vec<u8>, Errno> {
        Self::compress(self, codec, page).map(<[u8]>::to_vec).map_err(|error| error.errno())
    }
}

/// Surroundings made up.
///
#[cfg_attr(feature = "codecs", doc = "```")]
#[cfg_attr(not(feature = "codecs"), doc = "```ignore")]
/// use zram_codecs::Codecs;
/// use zram_host::{Buffer, Iovec, Port, SimHost, Simulated};
/// use zram_model::Profile;
///
/// # fn main() -> Result<(), nix::errno::Errno> {
/// let mut host = SimHost::new(Profile::debian_7_2(), Simulated::new(Codecs::new()));
/// let dev = host.hot_add()?;
/// host.write_attr(dev, "comp_algorithm", b"zstd")?;
/// host.write_attr(dev, "disksize", b"1M")?;
/// let mut page: Vec<u8> = (0..4096_u32).map(|at| (at / 50) as u8).collect();
/// let pieces = [Iovec { start: 0, len: 4096 }];
/// host.write(dev, 0, Buffer { arena: &mut page, pieces: &pieces })?;
/// let mm_stat = String::from_utf8_lossy(&host.read_attr(dev, "mm_stat")?).into_owned();
/// assert!(mm_stat.starts_with("    4096      132 "), "{mm_stat}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Simulated<C> {
    compressor: C,
    now: u64,
    disk: Disk,
}

impl<C: Compressor> Simulated<C> {
    /// `blk_status_t` of a request: bad blocks fail.
    fn status(&self, request: BackingRequest) -> u8 {
        self.disk.status(request)
    }

    /// With this compressor.
    pub fn new(compressor: C) -> Self {
        Self { compressor, now: START, disk: Disk::default() }
    }
}

impl<C: Compressor> Environment for Simulated<C> {
    fn emit(&mut self, _event: Event) {}

    fn compress(&mut self, codec: Codec, page: &PageBytes) -> Result<u32, Errno> {
        let object = self.compressor.compress(codec, page)?;
        u32::try_from(object.len()).map_err(|_| Errno::EINVAL)
    }

    fn read_dictionary(&mut self, path: &str) -> Result<u64, Errno> {
        if let Some(bytes) = self.compressor.read_dictionary(path) {
            return Ok(bytes);
        }
        // Of what every machine has, nothing is a dictionary.
        find(path, &self.backing_path(path), &[]).map_or_else(Err, |_| Err(Errno::EINVAL))
    }

    fn boot_seconds(&mut self, _asked: ClockUse) -> u32 {
        // The kernel keeps 32 bits of it too.
        (self.now / SECOND) as u32
    }

    fn boot_nanoseconds(&mut self, _asked: ClockUse) -> u64 {
        self.now
    }

    fn open_backing(&mut self, path: &str) -> Result<u64, Errno> {
        let clean = self.backing_path(path);
        Err(match find(path, &clean, &[])? {
            Found::Folder => Errno::EISDIR,
            Found::File | Found::Disk(_) => Errno::ENOTBLK,
        })
    }

    /// A slow device completes when the pass waits for it, in the order of the submissions.
    fn submit_backing(&mut self, request: BackingRequest) -> Completion {
        if self.disk.slow && request.op == BackingOp::Write {
            return Completion::Later;
        }
        Completion::Now(self.status(request))
    }

    fn complete_backing(&mut self, request: BackingRequest) -> u8 {
        self.status(request)
    }
}

impl<C: Compressor> Surroundings for Simulated<C> {
    fn boot_time(&mut self) -> u64 {
        self.now
    }

    fn disk(&mut self, disk: Disk) {
        self.disk = disk;
    }

    fn pass(&mut self, nanoseconds: u64) {
        self.now = self.now.saturating_add(nanoseconds);
    }

    fn object(&mut self, codec: Codec, page: &PageBytes) -> Option<Vec<u8>> {
        self.compressor.compress(codec, page).ok()
    }
}

//! What a device that keeps bytes costs beside its codec: pages of a real file, written and read.
//!
//! `cargo bench -p zram-codecs --bench stored_pages`. Codec alone and device take turns, and the fastest turn of each
//! counts, so that a busy machine disturbs both alike. Fails if a device takes 15 % more than its codec.

use std::time::{Duration, Instant};

use zram_codecs::Codecs;
use zram_events::{BioOp, DeviceId, Event};
use zram_model::{
    BackingRequest, Bio, ClockUse, Codec, Completion, Environment, Errno, Kernel, Memory, PageBytes,
    PageSize, Profile, Segment, Storage,
};

const PAGE: usize = PageSize::KIB_4.as_usize();

/// Pages written and read in one turn, and pages per bio.
const PAGES: usize = 128;
const BIO: usize = 32;

const TURNS: u32 = 200;

/// How much longer than its codec a device may take.
const BUDGET: f64 = 1.15;

type Failure = Box<dyn std::error::Error>;

/// A world with compressors, which listens to nothing.
struct World(Codecs);

impl Environment for World {
    fn emit(&mut self, _: Event) {}

    fn compress(&mut self, codec: Codec, page: &PageBytes) -> Result<u32, Errno> {
        self.compress_into(codec, page, &mut Vec::new())
    }

    fn compress_into(&mut self, codec: Codec, page: &PageBytes, out: &mut Vec<u8>) -> Result<u32, Errno> {
        let object = self.0.compress(codec, page).map_err(|_| Errno::EINVAL)?;
        out.extend_from_slice(object);
        u32::try_from(object.len()).map_err(|_| Errno::EINVAL)
    }

    fn decompress(&mut self, codec: Codec, bytes: &[u8], page: &mut PageBytes) -> Result<(), Errno> {
        self.0.decompress(codec, bytes, page).map_err(|_| Errno::EINVAL)
    }

    fn boot_seconds(&mut self, _: ClockUse) -> u32 {
        1
    }

    fn open_backing(&mut self, _: &str) -> Result<u64, Errno> {
        Err(Errno::ENOENT)
    }

    fn submit_backing(&mut self, _: BackingRequest) -> Completion {
        Completion::Now(0)
    }
}

/// Pages of this program's own file that neither are of one word nor fail to compress.
fn pages(codec: Codec, codecs: &mut Codecs) -> Result<Vec<Vec<u8>>, Failure> {
    let file = std::fs::read(std::env::current_exe()?)?;
    let huge = Kernel::new(Profile::debian_7_2()).huge_class_size() as usize;
    let mut fit = |page: &[u8]| {
        page.windows(2).any(|pair| pair[0] != pair[1])
            && codecs.compress(codec, page).is_ok_and(|object| object.len() < huge)
    };
    let found: Vec<Vec<u8>> =
        file.chunks_exact(PAGE).filter(|page| fit(page)).take(PAGES).map(<[u8]>::to_vec).collect();
    if found.len() < PAGES {
        return Err(format!("this program's file has only {} pages to store", found.len()).into());
    }
    Ok(found)
}

/// The bios that move all pages, with the memory that they move.
fn bios(op: BioOp) -> Vec<Bio> {
    let bio = |first: usize| Bio {
        op,
        sector: (first * PAGE / 512) as u64,
        segments: (first..first + BIO).map(|page| Segment { page, offset: 0, len: PAGE as u32 }).collect(),
        bytes: 0,
    };
    (0..PAGES).step_by(BIO).map(bio).collect()
}

struct Device {
    kernel: Kernel,
    dev: DeviceId,
    world: World,
    memory: Memory,
}

impl Device {
    fn new(algorithm: &str, memory: Memory) -> Result<Self, Failure> {
        let mut kernel = Kernel::with_storage(Profile::debian_7_2(), Storage::Bytes);
        let mut world = World(Codecs::new());
        let dev = kernel.hot_add(&mut world)?;
        for (name, text) in [("comp_algorithm", algorithm), ("disksize", "64M")] {
            kernel.write_attr(dev, name, text.as_bytes(), &mut world)?;
        }
        Ok(Self { kernel, dev, world, memory })
    }

    fn submit(&mut self, bios: &[Bio]) -> Result<(), Errno> {
        for bio in bios {
            self.kernel.submit(self.dev, bio, &mut self.memory, &mut self.world).into_result()?;
        }
        Ok(())
    }
}

/// How long it took; kept if nothing was faster.
fn timed<T>(fastest: &mut Duration, act: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let started = Instant::now();
    let result = act()?;
    *fastest = (*fastest).min(started.elapsed());
    Ok(result)
}

fn main() -> Result<(), Failure> {
    let mut over = Vec::new();
    println!("{:>8} {:>7} {:>12} {:>12} {:>7}", "codec", "", "alone", "device", "ratio");
    for algorithm in ["lz4", "zstd", "deflate"] {
        let codec = Codec::plain(algorithm);
        let mut codecs = Codecs::new();
        let pages = pages(codec, &mut codecs)?;
        let objects: Vec<Vec<u8>> = pages
            .iter()
            .map(|page| codecs.compress(codec, page).map(<[u8]>::to_vec))
            .collect::<Result<_, _>>()?;
        let mut device = Device::new(algorithm, Memory::of_pages(&pages))?;
        let (writes, reads) = (bios(BioOp::Write), bios(BioOp::Read));
        let mut back = vec![0; PAGE];
        let [mut compress, mut write, mut decompress, mut read] = [Duration::MAX; 4];
        for _ in 0..TURNS {
            timed(&mut compress, || {
                Ok(pages.iter().try_for_each(|page| {
                    codecs.compress(codec, page).map(|object| {
                        std::hint::black_box(object);
                    })
                })?)
            })?;
            timed(&mut write, || Ok(device.submit(&writes)?))?;
            timed(&mut decompress, || {
                objects.iter().try_for_each(|object| Ok(codecs.decompress(codec, object, &mut back)?))
            })?;
            timed(&mut read, || Ok(device.submit(&reads)?))?;
        }
        for (what, alone, whole) in [("write", compress, write), ("read", decompress, read)] {
            let ratio = whole.as_secs_f64() / alone.as_secs_f64();
            let each = |time: Duration| time / PAGES as u32;
            println!("{algorithm:>8} {what:>7} {:>12?} {:>12?} {ratio:>7.3}", each(alone), each(whole));
            if ratio > BUDGET {
                over.push(format!("{algorithm} {what}: {ratio:.3}"));
            }
        }
    }
    if over.is_empty() { Ok(()) } else { Err(format!("more than {BUDGET}: {}", over.join(", ")).into()) }
}

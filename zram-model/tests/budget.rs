//! What a slot costs in memory, in a kernel that keeps sizes only.
//!
//! A process of its own, so that nobody else's memory is in the figure.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may stop")]

use zram_events::{Event, SlotIndex};
use zram_model::{
    BackingRequest, ClockUse, Codec, Completion, Environment, Errno, Kernel, PageBytes, Profile, Storage,
    Stored,
};

/// A world that listens to nothing.
struct Deaf;

impl Environment for Deaf {
    fn emit(&mut self, _: Event) {}

    fn compress(&mut self, _: Codec, _: &PageBytes) -> Result<u32, Errno> {
        Err(Errno::EINVAL)
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

/// Bytes of memory that the process has now.
fn resident() -> u64 {
    procfs::process::Process::myself().unwrap().status().unwrap().vmrss.unwrap() * 1024
}

#[test]
fn a_slot_costs_24_bytes_and_its_share_of_a_zspage() {
    const SLOTS: u32 = 1 << 20;
    let before = resident();
    let mut kernel = Kernel::with_storage(Profile::debian_7_2(), Storage::Sizes);
    let dev = kernel.hot_add(&mut Deaf).unwrap();
    kernel.write_attr(dev, "disksize", b"4G", &mut Deaf).unwrap();
    // Sizes of all classes, each as often as the others, and huge pages: more zspages than any machine would have.
    let size = |slot: u32| Stored::Compressed(slot.wrapping_mul(2_654_435_761) >> 16 & 4095 | 1);
    let writes = (0..SLOTS).map(|slot| (SlotIndex(slot), size(slot)));
    assert_eq!(kernel.store_all(dev, writes, &mut Deaf), Ok(0));
    let grown = resident() - before;

    let (mut zspages, mut objects) = (0, 0);
    for class in kernel.classes(dev).unwrap().iter().filter(|class| class.nominal == class.index) {
        zspages += class.stats[..12].iter().sum::<u64>();
        objects += class.stats[12];
    }
    // What a slot and its handle take; then, of a zspage's metadata, the word that each object begins with.
    let (slots, metadata) = (24 * u64::from(SLOTS), 20 * zspages + 8 * objects);
    // Tables double when they are full, and what was outgrown may not have gone back to the system.
    let allowed = slots + metadata + metadata / 4 + (2 << 20);
    assert!(grown <= allowed, "{grown} bytes for {SLOTS} slots, {zspages} zspages: more than {allowed}");
    assert!(grown > slots, "{grown} bytes cannot be all");
}

//! Slot writes by size: how many a second, in the storage that keeps sizes only.
//!
//! `cargo bench -p zram-model --bench slots`. The budget is 5 million writes a second on one core.

use divan::{Bencher, counter::ItemsCount};
use zram_events::{DeviceId, Event, SlotIndex};
use zram_model::{
    BackingRequest, ClockUse, Codec, Completion, Environment, Errno, Kernel, PageBytes, Profile, Storage,
    Stored,
};

fn main() {
    divan::main();
}

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

/// A device of this many slots, in a kernel that keeps sizes.
fn device(slots: u32) -> (Kernel, DeviceId) {
    let mut kernel = Kernel::with_storage(Profile::debian_7_2(), Storage::Sizes);
    let size = format!("{}K", u64::from(slots) * 4);
    let dev = kernel.hot_add(&mut Deaf).unwrap_or(DeviceId(0));
    let set = kernel.write_attr(dev, "disksize", size.as_bytes(), &mut Deaf);
    assert_eq!(set, Ok(size.len()), "the device gets its size");
    (kernel, dev)
}

/// Numbers that look random and cost next to nothing (xorshift*).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32
    }
}

/// What a page of a swapping machine comes to: one in eight is filled with one word, one in sixteen does not
/// compress, the others come to between 200 and 2900 bytes, smaller ones more often.
fn stored(numbers: &mut Numbers) -> Stored {
    let n = numbers.next();
    match n & 15 {
        0 | 1 => Stored::Same(n >> 4),
        2 => Stored::Huge,
        _ => {
            let (a, b) = ((n >> 4) % 2700, (n >> 16) % 2700);
            Stored::Compressed(200 + a.min(b) as u32)
        }
    }
}

const SLOTS: u32 = 1 << 18;

/// A device of 1 GiB is filled from the first slot to the last.
#[divan::bench]
fn fill(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(SLOTS)).with_inputs(|| (device(SLOTS), Numbers(7))).bench_values(
        |((mut kernel, dev), mut numbers)| {
            let writes = (0..SLOTS).map(|slot| (SlotIndex(slot), stored(&mut numbers)));
            let failed = kernel.store_all(dev, writes, &mut Deaf);
            (failed, kernel)
        },
    );
}

/// A full device of so many slots is overwritten, here and there.
#[divan::bench(args = [1 << 12, 1 << 15, SLOTS])]
fn overwrite_at_random(bencher: Bencher<'_, '_>, slots: u32) {
    let (mut kernel, dev) = device(slots);
    let mut numbers = Numbers(7);
    let all = (0..slots).map(|slot| (SlotIndex(slot), stored(&mut numbers)));
    assert_eq!(kernel.store_all(dev, all, &mut Deaf), Ok(0));
    let count = 1_u32 << 16;
    bencher.counter(ItemsCount::new(count)).bench_local(|| {
        let writes = (0..count).map(|_| (SlotIndex(numbers.next() as u32 % slots), stored(&mut numbers)));
        kernel.store_all(dev, writes, &mut Deaf)
    });
}

/// As [`fill`], one call per slot.
#[divan::bench]
fn fill_by_single_calls(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(SLOTS)).with_inputs(|| (device(SLOTS), Numbers(7))).bench_values(
        |((mut kernel, dev), mut numbers)| {
            for slot in 0..SLOTS {
                let done = kernel.store(dev, SlotIndex(slot), stored(&mut numbers), &mut Deaf);
                assert_eq!(done, Ok(()));
            }
            kernel
        },
    );
}

//! Slot writes by size: how many a second, in the storage that keeps sizes only.
//!
//! `cargo bench -p zram-model --bench slots`. The budget is 5 million writes a second on one core.

use divan::{Bencher, counter::ItemsCount};
use zram_events::{DeviceId, SlotIndex};
use zram_model::{Kernel, Profile, Storage};

mod load;

use load::{Deaf, Numbers, stored};

fn main() {
    divan::main();
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

//! The load that the benchmarks share: a world that costs nothing, and what pages come to.

use zram_events::Event;
use zram_model::{BackingRequest, ClockUse, Codec, Completion, Environment, Errno, PageBytes, Stored};

/// A world that listens to nothing.
pub(crate) struct Deaf;

impl Environment for Deaf {
    fn emit(&mut self, _: Event) {}

    fn compress(&mut self, _: Codec, _: &PageBytes) -> Result<u32, Errno> {
        Err(Errno::EINVAL)
    }

    fn boot_seconds(&mut self, _: ClockUse) -> u32 {
        1
    }

    fn open_backing(&mut self, _: &str) -> Result<u64, Errno> {
        Ok(1 << 24)
    }

    fn submit_backing(&mut self, _: BackingRequest) -> Completion {
        Completion::Now(0)
    }
}

/// Numbers that look random and cost next to nothing (xorshift*).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32
    }
}

/// What a page of a swapping machine comes to: one in eight is filled with one word, one in sixteen does not
/// compress, the others come to between 200 and 2900 bytes, smaller ones more often.
pub(crate) fn stored(numbers: &mut Numbers) -> Stored {
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

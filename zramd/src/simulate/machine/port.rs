//! The machine as a driver meets it.
//!
//! Everything goes to the simulated kernel, and takes its time there; meanwhile the programs go on, as they do on a machine: a pass takes the
//! device's lock, and they need only those of slots. A driver that measures how long a pass took measures that.

use std::time::Duration;

use nix::errno::Errno;
use zram_host::{
    Buffer, Machine, Port, Probed, Storage,
    machine::Clocks,
    meanwhile::{Ended, Errand, Io},
    storage::{self, Place, Room},
    swap::{HEADER_BYTES, SwapOptions},
    together::{Act, TaskEnded},
};

use super::{
    World,
    time::{Stop, Until},
};

/// A system call, and the file that it opens, in nanoseconds.
const CALL: u64 = 10_000;

/// Moving an object in compaction, by the page that is freed.
const COMPACTED: u64 = 8_000;

impl World {
    /// Time passes in a call of the driver's, and the programs go on.
    fn meanwhile_programs(&mut self, nanoseconds: u64) {
        let awake = self.awake().saturating_add(nanoseconds);
        let stopped = self.run_until(Until { boot: u64::MAX, awake, listens: false });
        debug_assert_eq!(stopped, Stop::Due);
        self.sync();
    }

    /// What a pass has written, and how long it took for that.
    fn after_pass(&mut self, attribute: &str, text: &[u8], compressed: u64, freed: u64) -> u64 {
        let times = self.spec.times;
        let slots = looked_at(text, self.spec.swap.0.into());
        let written = std::mem::take(&mut self.host.surroundings_mut().written);
        if !written.is_empty() {
            // A slot keeps the size of its object.
            let table = self.host.slots(self.dev).unwrap_or_default();
            for slot in &written {
                let bytes = table.get(slot.0 as usize).map_or(0, |slot| slot.size);
                self.ledger.written(self.now, slot.0, bytes);
            }
        }
        self.pool_moved();
        let count = written.len() as u64;
        let decompressed = if self.spec.compressed_writeback { 0 } else { count * times.decompress };
        match attribute {
            "idle" => slots * times.slot,
            "writeback" => slots * times.slot + count * times.write + decompressed,
            "recompress" => slots * times.slot + compressed * (times.decompress + 4 * times.compress),
            "compact" => freed * COMPACTED,
            _ => 0,
        }
    }

    /// Pages that compaction has freed so far.
    fn compacted(&mut self) -> u64 {
        let text = self.host.read_attr(self.dev, "mm_stat").unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        text.split_whitespace().nth(6).and_then(|word| word.parse().ok()).unwrap_or(0)
    }
}

/// How many slots of so many a pass looks at: those of its ranges, if it is told any.
fn looked_at(text: &[u8], slots: u64) -> u64 {
    let text = String::from_utf8_lossy(text);
    let of = |word: &str| {
        let (key, value) = word.split_once('=')?;
        match key {
            "page_index" => Some(1),
            "page_indexes" => {
                let (first, last) = value.split_once('-')?;
                Some(last.parse::<u64>().ok()?.saturating_sub(first.parse().ok()?).saturating_add(1))
            }
            _ => None,
        }
    };
    let ranges: Vec<u64> = text.split_whitespace().filter_map(of).collect();
    if ranges.is_empty() { slots } else { ranges.iter().fold(0, |sum, range| range.saturating_add(sum)) }
}

impl Port for World {
    fn hot_add(&mut self) -> Result<u32, Errno> {
        self.host.hot_add()
    }

    fn hot_remove(&mut self, text: &[u8]) -> Result<usize, Errno> {
        self.host.hot_remove(text)
    }

    fn devices(&mut self) -> Result<Vec<u32>, Errno> {
        self.host.devices()
    }

    fn read_attr(&mut self, dev: u32, name: &str) -> Result<Vec<u8>, Errno> {
        self.meanwhile_programs(CALL);
        self.host.read_attr(dev, name)
    }

    fn write_attr(&mut self, dev: u32, name: &str, text: &[u8]) -> Result<usize, Errno> {
        self.sync();
        let compressed = self.host.surroundings().compressed;
        let compacted = if name == "compact" { self.compacted() } else { 0 };
        let taken = self.host.write_attr(dev, name, text);
        let compressed = self.host.surroundings().compressed - compressed;
        let freed = if name == "compact" { self.compacted() - compacted } else { 0 };
        let took = self.after_pass(name, text, compressed, freed);
        self.meanwhile_programs(CALL + took);
        taken
    }

    fn hold(&mut self, dev: u32) -> Result<(), Errno> {
        self.host.hold(dev)
    }

    fn release(&mut self, dev: u32) -> Result<(), Errno> {
        self.host.release(dev)
    }

    fn write(&mut self, dev: u32, at: u64, buffer: Buffer<'_>) -> Result<usize, Errno> {
        self.host.write(dev, at, buffer)
    }

    fn read(&mut self, dev: u32, at: u64, buffer: Buffer<'_>) -> Result<usize, Errno> {
        self.host.read(dev, at, buffer)
    }

    fn discard(&mut self, dev: u32, at: u64, bytes: u64) -> Result<(), Errno> {
        self.host.discard(dev, at, bytes)
    }

    fn zero_out(&mut self, dev: u32, at: u64, bytes: u64) -> Result<(), Errno> {
        self.host.zero_out(dev, at, bytes)
    }

    fn meanwhile(&mut self, dev: u32, errand: Errand<'_>, io: Vec<Io<'_>>) -> Ended {
        self.host.meanwhile(dev, errand, io)
    }

    fn together(&mut self, dev: u32, tasks: Vec<Vec<Act<'_>>>) -> Vec<TaskEnded> {
        self.host.together(dev, tasks)
    }

    fn block_state(&mut self, dev: u32, position: u64, bytes: usize) -> Result<Vec<u8>, Errno> {
        self.sync();
        let text = self.host.block_state(dev, position, bytes)?;
        let lines = text.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.meanwhile_programs(CALL + lines * self.spec.times.line);
        Ok(text)
    }

    fn boot_time(&mut self) -> u64 {
        self.now
    }

    fn boot_tick(&mut self) -> u64 {
        self.now
    }
}

impl Storage for World {
    fn place(&mut self, path: &str) -> Result<Place, Errno> {
        self.host.place(path)
    }

    fn peek(&mut self, path: &str, at: u64, bytes: &mut [u8]) -> Result<usize, Errno> {
        self.host.peek(path, at, bytes)
    }

    fn plain(&mut self, path: &str) -> Result<String, Errno> {
        self.host.plain(path)
    }

    fn room(&mut self, folder: &str) -> Result<Room, Errno> {
        self.host.room(folder)
    }

    fn attach(&mut self, file: &str) -> Result<String, Errno> {
        self.host.attach(file)
    }

    fn attach_new(&mut self, path: &str, bytes: u64) -> Result<String, Errno> {
        self.host.attach_new(path, bytes)
    }

    fn encrypt(&mut self, below: &str, name: &str) -> Result<String, Errno> {
        self.host.encrypt(below, name)
    }

    fn let_go(&mut self, node: &str) -> Result<(), Errno> {
        self.host.let_go(node)
    }

    fn run(&mut self, words: &[&str]) -> Result<storage::Ended, Errno> {
        self.host.run(words)
    }
}

impl Machine for World {
    fn kernel_file(&mut self, path: &str) -> Result<Vec<u8>, Errno> {
        match self.text(path) {
            Some(text) => Ok(text.into_bytes()),
            None => self.host.kernel_file(path),
        }
    }

    fn kernel_folder(&mut self, path: &str) -> Result<Vec<String>, Errno> {
        self.host.kernel_folder(path)
    }

    fn kernel_link(&mut self, path: &str) -> Result<String, Errno> {
        self.host.kernel_link(path)
    }

    fn page_size(&mut self) -> u64 {
        self.host.page_size()
    }

    fn write_first_page(&mut self, dev: u32, page: &[u8; HEADER_BYTES]) -> Result<(), Errno> {
        self.host.write_first_page(dev, page)
    }

    fn swap_on(&mut self, dev: u32, options: SwapOptions) -> Result<(), Errno> {
        self.host.swap_on(dev, options)
    }

    /// The area stays in use: its pages have nowhere to go.
    fn swap_off(&mut self, _dev: u32) -> Result<(), Errno> {
        Err(Errno::ENOMEM)
    }

    fn take_turn(&mut self) -> Result<(), Errno> {
        self.host.take_turn()
    }

    fn clocks(&mut self) -> Clocks {
        self.sync();
        self.host.clocks()
    }

    fn pause(&mut self, time: Duration) {
        self.meanwhile_programs(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    fn probes(&mut self) -> Option<&mut dyn Probed> {
        self.sync();
        self.host.probes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_looks_at_its_ranges() {
        let of = |text: &str| looked_at(text.as_bytes(), 1000);
        assert_eq!(of("type=idle"), 1000);
        assert_eq!(of("idle"), 1000);
        assert_eq!(of("page_indexes=0-9 page_index=77 page_indexes=100-149"), 61);
    }
}

//! What the model asks of the simulated machine: what a page comes to, and what time it is.
//!
//! The model has no time of its own: it says what comes after what. Here each step takes as long as it does on a laptop of these years, in round
//! figures and with some chance, so that latencies have a shape. They show what the view shows, and measure nothing.

use std::collections::BTreeMap;

use zram_events::{Context, Event};
use zram_host::{Disk, sim::Surroundings};
use zram_model::{BackingOp, BackingRequest, ClockUse, Codec, Completion, Environment, Errno, PageBytes};

use super::chance::Chance;
use crate::sample::{Latency, latency::Meter};

/// Bytes of a page.
pub(super) const PAGE: usize = 4096;

/// When it was booted, as far as its clock goes: an hour ago.
const START: u64 = 3600 * 1_000_000_000;

/// How long things take, in nanoseconds.
const BIO: u64 = 400;
const PUT: u64 = 350;
const LZ4: u64 = 2_200;
const ZSTD: u64 = 14_000;
const LZ4_BACK: u64 = 900;
const ZSTD_BACK: u64 = 5_500;
const DISK_READ: u64 = 90_000;
const DISK_WRITE: u64 = 25_000;
const WORKER: u64 = 4_000;

/// The surroundings.
#[derive(Clone, Debug)]
pub(super) struct Around {
    now: u64,
    chance: Chance,
    disk: Disk,
    /// The device at work, of which events without a device are.
    device: u32,
    meters: BTreeMap<u32, Meter>,
}

impl Around {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            now: START,
            chance: Chance::new(seed, 0),
            disk: Disk::default(),
            device: 0,
            meters: BTreeMap::new(),
        }
    }

    /// From now on this device is at work.
    pub(super) fn at_work(&mut self, device: u32) {
        self.device = device;
    }

    /// Nothing happens until then.
    pub(super) fn sleep_until(&mut self, then: u64) {
        self.now = self.now.max(then);
    }

    /// How long things have taken so far, by device.
    pub(super) fn latencies(&self) -> BTreeMap<u32, Latency> {
        self.meters.iter().map(|(device, meter)| (*device, meter.latency.clone())).collect()
    }

    /// Something takes about so long; one time in a hundred, much longer.
    fn takes(&mut self, nanos: u64) {
        let slow = if self.chance.percent(1) { 8 } else { 1 };
        self.now += self.chance.between(nanos * 3 / 4, nanos * 3 / 2) * slow;
    }
}

/// What a page of [`fill`]'s comes to: it says so itself.
fn comes_to(page: &PageBytes) -> u32 {
    match page {
        [low, high, ..] => u32::from(u16::from_le_bytes([*low, *high])),
        _ => 0,
    }
}

/// A page that lz4 makes so many bytes of, unlike any other of another number.
pub(super) fn fill(page: &mut [u8], lz4: u16, number: u64) {
    page.fill(0x5a);
    page[..2].copy_from_slice(&lz4.to_le_bytes());
    page[2..10].copy_from_slice(&number.to_le_bytes());
}

impl Environment for Around {
    fn emit(&mut self, event: Event) {
        match &event {
            Event::Bio { .. } => self.takes(BIO),
            Event::ObjWrite { .. } => self.takes(PUT),
            Event::Decompress { len, context, .. } => {
                // What a worker decompresses was recompressed and written back.
                let full = if *context == Context::Worker { ZSTD_BACK } else { LZ4_BACK };
                self.takes(full * u64::from(*len).max(400) / 1500);
            }
            Event::ReadBackEndio { .. } => self.takes(DISK_READ),
            Event::ReadBackWork { .. } => self.takes(WORKER),
            Event::WritebackEndio { .. } => self.takes(DISK_WRITE),
            _ => {}
        }
        let meter = self.meters.entry(self.device).or_default();
        meter.take(&event, self.now, 0, PAGE as u64);
    }

    fn compress(&mut self, codec: Codec, page: &PageBytes) -> Result<u32, Errno> {
        let lz4 = comes_to(page);
        let (size, time) = match codec.name {
            // What lz4 hardly makes smaller, zstd does not either.
            "zstd" if lz4 < 3700 => (lz4 * 7 / 10, ZSTD),
            "zstd" => (lz4, ZSTD),
            _ => (lz4, LZ4),
        };
        self.takes(time * u64::from(lz4.max(400)) / 1500);
        Ok(size.max(24))
    }

    fn boot_seconds(&mut self, _: ClockUse) -> u32 {
        u32::try_from(self.now / 1_000_000_000).unwrap_or(u32::MAX)
    }

    fn boot_nanoseconds(&mut self, _: ClockUse) -> u64 {
        self.now
    }

    fn open_backing(&mut self, _: &str) -> Result<u64, Errno> {
        Err(Errno::ENOENT)
    }

    fn submit_backing(&mut self, request: BackingRequest) -> Completion {
        if request.op == BackingOp::Write {
            self.takes(PUT);
        }
        Completion::Now(self.disk.status(request))
    }

    fn complete_backing(&mut self, request: BackingRequest) -> u8 {
        self.disk.status(request)
    }
}

impl Surroundings for Around {
    fn boot_time(&mut self) -> u64 {
        self.now
    }

    fn pass(&mut self, nanoseconds: u64) {
        self.now = self.now.saturating_add(nanoseconds);
    }

    fn disk(&mut self, disk: Disk) {
        self.disk = disk;
    }
}

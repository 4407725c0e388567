//! What goes on: programs whose pages are swapped out and in, a file system for what is temporary, and somebody who tends the device.
//!
//! A program has pages of its own kind. It is swapped out in runs, as reclaim does it; what it touches again it reads in runs too, and most of
//! these slots are given up. Some programs sleep for long, and theirs is what becomes idle, is recompressed, and goes to the disk; when
//! they wake, it comes back from there.

use std::{collections::BTreeMap, fmt};

use clap::ValueEnum;
use nix::errno::Errno;
use zram_host::{Buffer, Iovec, Port as _};

use super::{
    Host,
    around::{PAGE, fill},
    chance::Chance,
    device::{Pages, UsedAs, Wanted},
};
use crate::sample::Traffic;

/// What goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Workload {
    /// A desktop: programs come and go, a swap device with writeback, a file system for what is temporary
    #[default]
    Desktop,
    /// A phone that writes back most of what it swaps: little memory, many sleeping programs
    Phone,
    /// Four devices, set up in different ways
    Server,
    /// A device that was just set up
    Fresh,
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Desktop => "desktop",
            Self::Phone => "phone",
            Self::Server => "server",
            Self::Fresh => "fresh",
        })
    }
}

const SWAP: Wanted =
    Wanted { algorithm: "lz4", mebibytes: 64, limit: 0, writeback: true, used_as: UsedAs::Swap };
const TMP: Wanted =
    Wanted { algorithm: "lz4", mebibytes: 16, limit: 8, writeback: false, used_as: UsedAs::Tmp };
const UNUSED: Wanted =
    Wanted { algorithm: "lz4", mebibytes: 0, limit: 0, writeback: false, used_as: UsedAs::Nothing };

impl Workload {
    pub(super) fn devices(self) -> Vec<Wanted> {
        match self {
            Self::Desktop => vec![SWAP, TMP, UNUSED],
            Self::Phone => vec![Wanted { mebibytes: 48, ..SWAP }],
            Self::Server => vec![
                SWAP,
                Wanted { writeback: false, algorithm: "zstd", mebibytes: 32, limit: 12, ..SWAP },
                TMP,
                Wanted { writeback: false, mebibytes: 8, ..SWAP },
            ],
            Self::Fresh => vec![Wanted { writeback: false, ..SWAP }],
        }
    }

    pub(super) fn backing_pages(self) -> u64 {
        if self == Self::Phone { 10 << 10 } else { 6 << 10 }
    }

    /// Seconds that have passed before anybody looks.
    pub(super) fn warm_up(self) -> u32 {
        match self {
            Self::Desktop | Self::Server => 420,
            Self::Phone => 600,
            Self::Fresh => 0,
        }
    }

    /// Seconds after which a page is idle.
    fn idle_age(self) -> u64 {
        if self == Self::Phone { 20 } else { 60 }
    }

    /// Blocks that may be written in a pass.
    fn grant(self) -> u64 {
        if self == Self::Phone { 2000 } else { 600 }
    }
}

/// A program.
#[derive(Clone, Debug)]
struct Program {
    device: u32,
    slots: Vec<u64>,
    content: Content,
    /// Until then it sleeps.
    wakes: u64,
}

/// What a program's pages are like.
#[derive(Clone, Copy, Debug)]
enum Content {
    Text,
    Code,
    Media,
}

/// Everything that goes on.
#[derive(Clone, Debug)]
pub(super) struct World {
    workload: Workload,
    chance: Chance,
    devices: Vec<Pages>,
    programs: Vec<Program>,
    traffic: BTreeMap<u32, Traffic>,
    /// Seconds so far, and pages written so far.
    seconds: u64,
    number: u64,
    page: Vec<u8>,
}

/// What somebody did, and to which device.
type Done = Vec<(Option<u32>, String)>;

impl World {
    pub(super) fn new(workload: Workload, seed: u64, devices: Vec<Pages>) -> Self {
        Self {
            workload,
            chance: Chance::new(seed, 1),
            devices,
            programs: Vec::new(),
            traffic: BTreeMap::new(),
            seconds: 0,
            number: 0,
            page: vec![0; PAGE],
        }
    }

    /// Bytes read and written so far, by device.
    pub(super) fn traffic(&self) -> BTreeMap<u32, Traffic> {
        self.traffic.clone()
    }

    /// A second of it. What was done that is worth a word.
    pub(super) fn second(&mut self, host: &mut Host) -> Result<Done, Errno> {
        self.seconds += 1;
        for device in 0..self.devices.len() {
            if self.devices[device].len() == 0 {
                continue;
            }
            let number = u32::try_from(device).unwrap_or(0);
            host.surroundings_mut().at_work(number);
            let wanted = self.workload.devices()[device];
            match wanted.used_as {
                UsedAs::Swap => self.swap(host, number)?,
                UsedAs::Tmp => self.files(host, number)?,
                UsedAs::Nothing => {}
            }
        }
        host.surroundings_mut().at_work(0);
        self.tend(host)
    }

    /// Programs are swapped out and in.
    fn swap(&mut self, host: &mut Host, device: u32) -> Result<(), Errno> {
        let at = device as usize;
        let scale = self.devices[at].len() / 4096 + 1;
        let ours = self.programs.iter().filter(|program| program.device == device).count();
        if ours < 9 && self.chance.percent(30) || ours == 0 {
            let content = match self.chance.below(10) {
                0..5 => Content::Text,
                5..8 => Content::Code,
                _ => Content::Media,
            };
            let wakes = self.seconds;
            self.programs.push(Program { device, slots: Vec::new(), content, wakes });
        }
        if self.devices[at].percent() < 72 {
            let pages = self.chance.between(4, 14) * scale;
            if let Some(program) = self.somebody(device) {
                if self.chance.percent(25) {
                    let slot = self.chance.below(self.devices[at].len());
                    self.devices[at].seek(slot);
                }
                self.swap_out(host, program, pages)?;
            }
        }
        // The fuller it is, the more comes back.
        for _ in 0..1 + self.devices[at].percent() / 40 {
            if let Some(program) = self.somebody(device) {
                let pages = self.chance.between(1, 6) * scale;
                self.swap_in(host, program, pages)?;
            }
        }
        let asleep =
            self.programs.iter().filter(|program| program.device == device && program.wakes > self.seconds);
        if asleep.count() < 4
            && self.chance.percent(8)
            && let Some(program) = self.somebody(device)
        {
            self.programs[program].wakes = self.seconds + self.chance.between(40, 240);
        }
        if (self.devices[at].percent() > 65 && self.chance.percent(12))
            && let Some(program) = self.somebody(device)
        {
            for slot in std::mem::take(&mut self.programs[program].slots) {
                self.give_up(host, device, slot)?;
            }
            self.programs.remove(program);
        }
        Ok(())
    }

    /// A program of a device that does not sleep.
    fn somebody(&mut self, device: u32) -> Option<usize> {
        let awake = |program: &Program| program.device == device && program.wakes <= self.seconds;
        let awake: Vec<usize> = (0..self.programs.len()).filter(|at| awake(&self.programs[*at])).collect();
        awake.get(usize::try_from(self.chance.below(awake.len() as u64)).unwrap_or(0)).copied()
    }

    fn swap_out(&mut self, host: &mut Host, program: usize, pages: u64) -> Result<(), Errno> {
        for _ in 0..pages {
            let Program { device, content, .. } = self.programs[program];
            let Some(slot) = self.devices[device as usize].take() else { break };
            if self.write(host, device, slot, content).is_ok() {
                self.programs[program].slots.push(slot);
            } else {
                // mem_limit.
                self.devices[device as usize].free(slot);
                break;
            }
        }
        Ok(())
    }

    fn swap_in(&mut self, host: &mut Host, program: usize, pages: u64) -> Result<(), Errno> {
        let Program { device, slots, .. } = &self.programs[program];
        let (device, len) = (*device, slots.len());
        if len == 0 {
            return Ok(());
        }
        let first = usize::try_from(self.chance.below(len as u64)).unwrap_or(0);
        let end = (first + usize::try_from(pages).unwrap_or(0)).min(len);
        let read: Vec<u64> = slots[first..end].to_vec();
        let keeps = self.chance.percent(30);
        for slot in &read {
            let pieces = [Iovec { start: 0, len: PAGE }];
            let mut page = std::mem::take(&mut self.page);
            let done = host.read(device, slot * PAGE as u64, Buffer { arena: &mut page, pieces: &pieces });
            self.page = page;
            done?;
            self.traffic.entry(device).or_default().read += PAGE as u64;
            if !keeps {
                self.give_up(host, device, *slot)?;
            }
        }
        if !keeps {
            self.programs[program].slots.drain(first..end);
        }
        Ok(())
    }

    fn give_up(&mut self, host: &mut Host, device: u32, slot: u64) -> Result<(), Errno> {
        self.devices[device as usize].free(slot);
        host.swap_slot_free(device, slot)
    }

    fn write(&mut self, host: &mut Host, device: u32, slot: u64, content: Content) -> Result<(), Errno> {
        self.number += 1;
        let kind = self.chance.below(100);
        let size = match content {
            Content::Text if kind < 12 => None,
            Content::Text => Some(self.chance.between(420, 1500)),
            Content::Code if kind < 4 => None,
            Content::Code => Some(self.chance.between(1100, 2700)),
            Content::Media if kind < 35 => Some(4000),
            Content::Media => Some(self.chance.between(2200, 3500)),
        };
        match size {
            Some(size) => fill(&mut self.page, u16::try_from(size).unwrap_or(4000), self.number),
            None => self.page.fill(0),
        }
        let pieces = [Iovec { start: 0, len: PAGE }];
        let mut page = std::mem::take(&mut self.page);
        let done = host.write(device, slot * PAGE as u64, Buffer { arena: &mut page, pieces: &pieces });
        self.page = page;
        done?;
        self.traffic.entry(device).or_default().written += PAGE as u64;
        Ok(())
    }

    /// Files are written one after another, and deleted.
    fn files(&mut self, host: &mut Host, device: u32) -> Result<(), Errno> {
        let at = device as usize;
        if self.devices[at].percent() < 60 && self.chance.percent(50) {
            let content = if self.chance.percent(70) { Content::Text } else { Content::Code };
            let mut slots = Vec::new();
            for _ in 0..self.chance.between(8, 90) {
                let Some(slot) = self.devices[at].take() else { break };
                // A file system finds out about mem_limit by an error.
                if self.write(host, device, slot, content).is_err() {
                    self.devices[at].free(slot);
                    break;
                }
                slots.push(slot);
            }
            let wakes = self.seconds + self.chance.between(5, 90);
            self.programs.push(Program { device, slots, content, wakes });
        }
        let seconds = self.seconds;
        let is_old = |program: &Program| program.device == device && program.wakes == seconds;
        let (old, rest) = std::mem::take(&mut self.programs).into_iter().partition(is_old);
        self.programs = rest;
        let old: Vec<Program> = old;
        for slot in old.iter().flat_map(|file| &file.slots) {
            self.devices[at].free(*slot);
            host.discard(device, slot * PAGE as u64, PAGE as u64)?;
        }
        Ok(())
    }

    /// Somebody tends the first device, and says what.
    fn tend(&mut self, host: &mut Host) -> Result<Done, Errno> {
        let mut done = Done::new();
        if !self.workload.devices().first().is_some_and(|wanted| wanted.writeback) {
            return Ok(done);
        }
        let say = |done: &mut Done, what: String| done.push((Some(0), what));
        // Whether a pass came to its end is the pass's affair: the disk may be full, and the limit reached.
        match self.seconds % 30 {
            4 => {
                let age = self.workload.idle_age();
                host.write_attr(0, "idle", age.to_string().as_bytes())?;
                say(&mut done, format!("what was not used for {age} s is marked idle"));
            }
            12 => {
                let ended = host.write_attr(0, "recompress", b"type=idle threshold=900 max_pages=400");
                say(&mut done, ended_as("idle pages are recompressed by zstd", ended));
                host.write_attr(0, "idle", self.workload.idle_age().to_string().as_bytes())?;
            }
            20 => {
                host.write_attr(0, "writeback_limit", self.workload.grant().to_string().as_bytes())?;
                let ended = host.write_attr(0, "writeback", b"type=idle");
                say(&mut done, ended_as("idle pages are written back", ended));
            }
            26 if self.seconds % 60 == 26 => {
                host.write_attr(0, "compact", b"1")?;
                say(&mut done, "the pool is compacted".to_owned());
            }
            _ => {}
        }
        Ok(done)
    }
}

fn ended_as(what: &str, ended: Result<usize, Errno>) -> String {
    match ended {
        Ok(_) => what.to_owned(),
        Err(Errno::EIO) => format!("{what}, as many as the limit lets"),
        Err(Errno::ENOSPC) => format!("{what}, until the disk was full"),
        Err(errno) => format!("{what}: {}", errno.desc()),
    }
}

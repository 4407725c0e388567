//! A machine with one device that has a backing device, some old pages and some young ones.

use std::time::Duration;

use nix::errno::Errno;
use zram_codecs::Codecs;
use zram_host::{Buffer, Disk, Iovec, Machine as _, Port, SimHost, Simulated, sim::BACKING};
use zram_model::Profile;
use zramd::{
    config::{Config, IdleAge, Writeback},
    units::Units,
};

pub(crate) type Host = SimHost<Simulated<Codecs>>;

pub(crate) const PAGE: u64 = 4096;
pub(crate) const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// Pages of the device, and of its backing device.
pub(crate) const PAGES: u64 = 2048;
pub(crate) const BLOCKS: u64 = 1024;

/// A machine of this kernel, with zram0.
pub(crate) fn machine(profile: Profile) -> Host {
    let mut host = SimHost::new(profile, Simulated::new(Codecs::new()));
    host.restart(Disk { pages: BLOCKS, ..Disk::default() });
    host.set_kernel_file(BOOT_ID, "first\n");
    assert_eq!(host.hot_add(), Ok(0));
    set_up(&mut host, 0);
    host
}

pub(crate) fn set_up(host: &mut Host, dev: u32) {
    host.write_attr(dev, "backing_dev", BACKING.as_bytes()).unwrap();
    host.write_attr(dev, "disksize", (PAGES * PAGE).to_string().as_bytes()).unwrap();
}

/// What a page holds: every fourth does not compress.
pub(crate) fn content(slot: u64) -> Vec<u8> {
    let mut word = slot.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let random = slot.is_multiple_of(4);
    (0..PAGE)
        .map(|at| {
            if random || at % 16 == 0 {
                word ^= word << 13;
                word ^= word >> 7;
                word ^= word << 17;
            }
            (word >> 24) as u8
        })
        .collect()
}

pub(crate) fn write(host: &mut impl Port, dev: u32, slot: u64) {
    let mut page = content(slot);
    let pieces = [Iovec { start: 0, len: PAGE as usize }];
    host.write(dev, slot * PAGE, Buffer { arena: &mut page, pieces: &pieces }).unwrap();
}

pub(crate) fn read(host: &mut impl Port, dev: u32, slot: u64) -> Result<Vec<u8>, Errno> {
    let mut page = vec![0; PAGE as usize];
    let pieces = [Iovec { start: 0, len: PAGE as usize }];
    host.read(dev, slot * PAGE, Buffer { arena: &mut page, pieces: &pieces })?;
    Ok(page)
}

/// Every page is what was written to it.
pub(crate) fn intact(host: &mut impl Port, slots: std::ops::Range<u64>) {
    for slot in slots {
        assert!(read(host, 0, slot).unwrap() == content(slot), "slot {slot} is not what was written");
    }
}

pub(crate) fn hours(hours: u64) -> Duration {
    Duration::from_secs(3600 * hours)
}

pub(crate) fn fill(host: &mut Host, slots: std::ops::Range<u64>) {
    for slot in slots {
        write(host, 0, slot);
    }
}

/// A budget of 600 pages a day, rounds of 8 to 100 pages an hour apart.
pub(crate) fn config() -> Config {
    Config {
        idle: IdleAge { min: hours(1), max: hours(10) },
        writeback: Writeback {
            per_day: Units(600),
            round_min: Units(8),
            round_max: Units(100),
            every: hours(1),
            ..Writeback::default()
        },
        ..Config::default()
    }
}

pub(crate) fn attribute(host: &mut impl Port, name: &str) -> String {
    String::from_utf8(host.read_attr(0, name).unwrap()).unwrap().trim().to_owned()
}

/// The nth number of an attribute.
pub(crate) fn number(host: &mut impl Port, name: &str, nth: usize) -> u64 {
    attribute(host, name).split_whitespace().nth(nth).unwrap().parse().unwrap()
}

/// Units written to the backing device.
pub(crate) fn written(host: &mut impl Port) -> u64 {
    number(host, "bd_stat", 2)
}

/// Boots the machine again: what was in zram is gone.
pub(crate) fn reboot(host: &mut Host, boot_id: &str) {
    let wall = host.clocks().wall;
    host.restart(Disk { pages: BLOCKS, ..Disk::default() });
    host.set_kernel_file(BOOT_ID, boot_id);
    let boot = host.clocks().boot;
    host.set_wall_at_boot(wall.saturating_sub(boot));
    assert_eq!(host.hot_add(), Ok(0));
    set_up(host, 0);
}

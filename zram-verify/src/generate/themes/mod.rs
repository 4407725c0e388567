//! Themes: each program is about one thing, and done well before it turns to another.
//!
//! A uniform mixture of operations hardly ever fills a backing device, reaches a limit exactly or
//! reads a slot while its neighbour in the same bio is elsewhere. So every rotation runs through all
//! of the themes, in an order that the seed chooses, and the dice decide within them.

mod allocator;
mod attributes;
mod buffers;
mod disks;
mod during;
mod lifecycle;
mod limits;
mod readback;
mod recompression;
mod several;
mod shortage;
mod together;
mod workloads;
mod writeback;

use zram_agent::protocol::{BackingKind, WorkKind};

use super::draft::Draft;
use crate::abilities::Abilities;

/// A theme: its name, whether it makes sense on a kernel, blocks of the backing device it wants (low, high), and what it does.
#[derive(Clone, Copy)]
pub(super) struct Theme {
    pub(super) name: &'static str,
    pub(super) needs: fn(&Abilities) -> bool,
    pub(super) backing: (u64, u64),
    pub(super) play: fn(&mut Draft<'_>),
}

/// All of them.
pub(super) const ALL: &[Theme] = &[
    Theme { name: "churn", needs: any, backing: (0, 40), play: buffers::churn },
    Theme { name: "layouts", needs: Abilities::writeback, backing: (64, 200), play: buffers::layouts },
    Theme { name: "edges", needs: any, backing: (0, 1), play: buffers::edges },
    Theme { name: "windows", needs: block_state, backing: (16, 64), play: buffers::windows },
    Theme { name: "class borders", needs: any, backing: (0, 0), play: allocator::borders },
    Theme {
        name: "fragmentation",
        needs: Abilities::writeback,
        backing: (256, 256),
        play: allocator::fragmentation,
    },
    Theme {
        name: "spanning objects",
        needs: Abilities::writeback,
        backing: (64, 160),
        play: allocator::spanning,
    },
    Theme { name: "raw writeback", needs: Abilities::writeback, backing: (64, 200), play: writeback::raw },
    Theme {
        name: "compressed writeback",
        needs: compressed,
        backing: (64, 200),
        play: writeback::compressed,
    },
    Theme { name: "huge pages", needs: Abilities::writeback, backing: (32, 128), play: writeback::huge },
    Theme { name: "ranges", needs: Abilities::writeback, backing: (32, 128), play: writeback::ranges },
    Theme { name: "ages", needs: ages, backing: (32, 64), play: writeback::ages },
    Theme { name: "algorithms", needs: algorithms, backing: (64, 200), play: writeback::algorithms },
    Theme { name: "crossing", needs: Abilities::writeback, backing: (32, 128), play: readback::crossing },
    Theme { name: "long calls", needs: Abilities::writeback, backing: (16, 32), play: readback::long },
    Theme { name: "mixed bios", needs: Abilities::writeback, backing: (64, 128), play: readback::mixed },
    Theme { name: "during", needs: slow, backing: (40, 64), play: during::during },
    Theme { name: "interrupts", needs: interrupts, backing: (24, 48), play: disks::interrupts },
    Theme { name: "loop device", needs: over_a_file, backing: (24, 48), play: disks::over_a_file },
    Theme { name: "virtual disk", needs: virtual_disk, backing: (24, 48), play: disks::virtual_disk },
    Theme { name: "bad blocks", needs: bad, backing: (6, 24), play: limits::bad_blocks },
    Theme { name: "bad writes", needs: one_way, backing: (6, 24), play: limits::bad_writes },
    Theme { name: "bad reads", needs: one_way, backing: (6, 24), play: limits::bad_reads },
    Theme { name: "full backing", needs: Abilities::writeback, backing: (1, 12), play: limits::full_backing },
    Theme {
        name: "writeback limit",
        needs: Abilities::writeback,
        backing: (32, 128),
        play: limits::writeback_limit,
    },
    Theme { name: "memory limit", needs: any, backing: (0, 16), play: limits::memory_limit },
    Theme { name: "lifecycle", needs: any, backing: (1, 32), play: lifecycle::lifecycle },
    Theme { name: "several devices", needs: any, backing: (16, 48), play: several::several_devices },
    Theme {
        name: "recompression",
        needs: Abilities::recompression,
        backing: (0, 0),
        play: recompression::recompression,
    },
    Theme {
        name: "recompressed and away",
        needs: recompression_and_writeback,
        backing: (32, 96),
        play: recompression::recompressed_and_away,
    },
    Theme { name: "disjoint workers", needs: ordered, backing: (0, 0), play: together::disjoint },
    Theme { name: "overlapping workers", needs: ordered, backing: (0, 0), play: together::overlapping },
    Theme { name: "crowded workers", needs: ordered, backing: (0, 0), play: together::crowded },
    Theme { name: "swap", needs: swap, backing: (100, 200), play: workloads::swap },
    Theme { name: "filesystem", needs: filesystem, backing: (100, 200), play: workloads::filesystem },
    Theme { name: "shortage", needs: shortage, backing: (32, 64), play: shortage::shortage },
    Theme { name: "attributes", needs: any, backing: (0, 32), play: attributes::attributes },
];

fn any(_: &Abilities) -> bool {
    true
}

fn block_state(abilities: &Abilities) -> bool {
    abilities.writeback() && abilities.block_state
}

fn compressed(abilities: &Abilities) -> bool {
    abilities.writeback() && abilities.compressed_writeback.is_some()
}

fn ages(abilities: &Abilities) -> bool {
    abilities.writeback() && abilities.access_times
}

fn algorithms(abilities: &Abilities) -> bool {
    abilities.writeback() && abilities.algorithms.len() > 1
}

/// A pass with several slots in its hands, and a device on which they stay there for a while.
fn slow(abilities: &Abilities) -> bool {
    abilities.batches() && abilities.arguments() && abilities.makes(BackingKind::Delay)
}

fn recompression_and_writeback(abilities: &Abilities) -> bool {
    abilities.recompression() && abilities.writeback()
}

fn interrupts(abilities: &Abilities) -> bool {
    abilities.writeback() && abilities.makes(BackingKind::Interrupts)
}

fn over_a_file(abilities: &Abilities) -> bool {
    abilities.writeback() && abilities.makes(BackingKind::Loop)
}

fn virtual_disk(abilities: &Abilities) -> bool {
    abilities.writeback() && abilities.makes(BackingKind::Virtio)
}

fn one_way(abilities: &Abilities) -> bool {
    abilities.writeback() && abilities.makes(BackingKind::Flakey)
}

/// Several tasks, and a way to know in which order they were served.
fn ordered(abilities: &Abilities) -> bool {
    abilities.sees(crate::together::NEEDED)
}

fn bad(abilities: &Abilities) -> bool {
    abilities.writeback() && abilities.makes(BackingKind::Error)
}

fn shortage(abilities: &Abilities) -> bool {
    abilities.writeback() && !abilities.failures.is_empty()
}

fn swap(abilities: &Abilities) -> bool {
    abilities.follows(WorkKind::Swap)
}

fn filesystem(abilities: &Abilities) -> bool {
    abilities.follows(WorkKind::Filesystem)
}

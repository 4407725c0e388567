//! Themes: each program is about one thing, and done well before it turns to another.
//!
//! A uniform mixture of operations hardly ever fills a backing device, reaches a limit exactly or
//! reads a slot while its neighbour in the same bio is elsewhere. So every rotation runs through all
//! of the themes, in an order that the seed chooses, and the dice decide within them.

mod allocator;
mod attributes;
mod buffers;
mod during;
mod lifecycle;
mod limits;
mod readback;
mod writeback;

use super::draft::Draft;

/// A theme: its name, blocks of the backing device it wants (low, high), and what it does.
#[derive(Clone, Copy)]
pub(super) struct Theme {
    pub(super) name: &'static str,
    pub(super) backing: (u64, u64),
    pub(super) play: fn(&mut Draft<'_>),
}

/// All of them.
pub(super) const ALL: &[Theme] = &[
    Theme { name: "churn", backing: (0, 40), play: buffers::churn },
    Theme { name: "layouts", backing: (64, 200), play: buffers::layouts },
    Theme { name: "edges", backing: (0, 1), play: buffers::edges },
    Theme { name: "windows", backing: (16, 64), play: buffers::windows },
    Theme { name: "class borders", backing: (0, 0), play: allocator::borders },
    Theme { name: "fragmentation", backing: (256, 256), play: allocator::fragmentation },
    Theme { name: "spanning objects", backing: (64, 160), play: allocator::spanning },
    Theme { name: "raw writeback", backing: (64, 200), play: writeback::raw },
    Theme { name: "compressed writeback", backing: (64, 200), play: writeback::compressed },
    Theme { name: "huge pages", backing: (32, 128), play: writeback::huge },
    Theme { name: "ranges", backing: (32, 128), play: writeback::ranges },
    Theme { name: "ages", backing: (32, 64), play: writeback::ages },
    Theme { name: "algorithms", backing: (64, 200), play: writeback::algorithms },
    Theme { name: "crossing", backing: (32, 128), play: readback::crossing },
    Theme { name: "long calls", backing: (16, 32), play: readback::long },
    Theme { name: "mixed bios", backing: (64, 128), play: readback::mixed },
    Theme { name: "during", backing: (40, 64), play: during::during },
    Theme { name: "bad blocks", backing: (6, 24), play: limits::bad_blocks },
    Theme { name: "full backing", backing: (1, 12), play: limits::full_backing },
    Theme { name: "writeback limit", backing: (32, 128), play: limits::writeback_limit },
    Theme { name: "memory limit", backing: (0, 16), play: limits::memory_limit },
    Theme { name: "lifecycle", backing: (1, 32), play: lifecycle::lifecycle },
    Theme { name: "attributes", backing: (0, 32), play: attributes::attributes },
];

//! An executable reference model of Linux zram and its allocator zsmalloc.
//!
//! The model says what the kernel does: which size class and zspage an object goes to, which flags a
//! slot carries, what every attribute prints, with which errno each mistake is answered, and in which
//! order the kernel's functions run. It has no threads, clock, randomness or files, and no input
//! makes it panic; what the source does not determine comes through [`Environment`]. So one and the
//! same code serves to check a live kernel, to simulate one, and to explore what it could do.
//!
//! ```
//! use zram_events::{BioOp, Event};
//! use zram_model::{
//!     BackingRequest, Bio, ClockUse, Codec, Completion, Environment, Errno, Kernel, Memory, PageBytes, Profile, Segment,
//! };
//!
//! /// A world in which every page compresses to 600 bytes.
//! struct World(Vec<Event>);
//!
//! impl Environment for World {
//!     fn emit(&mut self, event: Event) {
//!         self.0.push(event);
//!     }
//!     fn compress(&mut self, _: Codec, _: &PageBytes) -> Result<u32, Errno> {
//!         Ok(600)
//!     }
//!     fn boot_seconds(&mut self, _: ClockUse) -> u32 {
//!         1
//!     }
//!     fn open_backing(&mut self, _: &str) -> Result<u64, Errno> {
//!         Err(Errno::ENOENT)
//!     }
//!     fn submit_backing(&mut self, _: BackingRequest) -> Completion {
//!         Completion::Now(0)
//!     }
//! }
//!
//! # fn main() -> Result<(), Errno> {
//! let mut world = World(Vec::new());
//! let mut kernel = Kernel::new(Profile::debian_7_2());
//! let zram0 = kernel.hot_add(&mut world)?;
//! kernel.write_attr(zram0, "disksize", b"1M\n", &mut world)?;
//! assert_eq!(kernel.write_attr(zram0, "disksize", b"2M\n", &mut world), Err(Errno::EBUSY));
//!
//! let segments = vec![Segment { page: 0, offset: 0, len: 4096 }];
//! let bio = Bio { op: BioOp::Write, sector: 8, segments, bytes: 0 };
//! let mut memory = Memory((0..4096).map(|at| at as u8).collect());
//! kernel.submit(zram0, &bio, &mut memory, &mut world).into_result()?;
//! assert!(kernel.read_attr(zram0, "mm_stat")?.starts_with(b"    4096      600 "));
//! assert!(matches!(world.0.last(), Some(Event::SlotFree { .. })));
//! # Ok(())
//! # }
//! ```
//!
//! # Using it
//!
//! * [`Kernel`] is the loaded module: devices, their attributes, their bios, swap's notifications, and what memory management
//!   does to a pool. Every method is one thing that somebody does to a kernel, and answers as the kernel does.
//! * [`Profile`] says which kernel it is: its configuration, and as [`Behaviours`] what its version does differently, each with the
//!   commit. [`Profile::for_release`] finds the one for a kernel at hand.
//! * [`Environment`] is everything that the source does not decide, one question per method. Five must be answered, the others have
//!   the answers of a quiet machine.
//! * [`Storage`] says what is kept of the pages written: their sizes, the pages, or the very bytes of the pool.
//! * What happened comes out as [`Event`](zram_events::Event)s, in the order of the kernel's functions; the state can be looked at as
//!   text ([`Kernel::read_attr`], [`Kernel::block_state`], [`Kernel::classes_text`]) or typed ([`Kernel::slots`],
//!   [`Kernel::classes`], [`Kernel::zspages`], [`Kernel::block`]).
//! * [`Mutation`] breaks one rule on purpose, to test a test.
//!
//! Real compressors are in the crate `zram-codecs`. Units: sizes and lengths are bytes unless a name says pages or
//! sectors (of 512 bytes); times are seconds since boot, suspend included; a `result` is 0 or a negative errno, an
//! [`Errno`] is positive.
//!
//! # Reading it
//!
//! The source follows the kernel's, so that either can be read with the other beside it. Private modules are as much a part of
//! the text as public ones:
//!
//! | to learn how the kernel … | read | beside |
//! |---|---|---|
//! | cuts pages into objects of which sizes | `zsmalloc/class_table.rs` | `zs_create_pool`, `can_merge` |
//! | chooses the zspage and the object | `zsmalloc/{alloc,class,fullness}.rs` | `zs_malloc`, `find_get_zspage`, `fix_fullness_group` |
//! | lays an object across two pages | `zsmalloc/{object,storage}` | `zs_obj_read_begin`, `zs_obj_write` |
//! | compacts, migrates, gives memory back | `zsmalloc/{compaction,migration,deferred,shrinker}.rs` | `__zs_compact`, `zs_page_migrate`, `async_free_zspage` |
//! | represents a page | `zram/slot.rs` | `struct zram_table_entry` |
//! | writes, reads, discards one | `zram/{submit,write,read,discard}.rs` | `zram_submit_bio`, `zram_write_page`, `zram_read_page` |
//! | moves pages to a disk, and which | `zram/writeback/` | `writeback_store`, `scan_slots_for_writeback`, `zram_writeback_slots` |
//! | gets one back, asynchronously | `zram/readback.rs` | `zram_async_read_endio`, `zram_deferred_decompress` |
//! | parses and prints | `attr/` | `kstrtoint`, `memparse`, `next_arg`, the `_show`s and `_store`s |
//! | came to be as it is | [`behaviours`] | the commits named there |
//!
//! Each rule stands at one place, with the mistakes that can be made there as branches beside it ([`Mutation`]), and with what
//! older kernels did ([`Behaviours`]). The page `docs/model.md` says what is modelled, what is left out, and why that cannot be
//! observed; `docs/findings` what the kernel does that nobody would want.
#![forbid(unsafe_code)]

mod allocation;
mod attr;
pub mod behaviours;
pub mod bio;
pub mod complaint;
pub mod contention;
mod context;
mod control;
pub mod environment;
pub mod errno;
pub mod kernel;
pub mod mutation;
pub mod page;
pub mod profile;
pub mod releases;
pub mod site;
pub mod view;
mod zram;
mod zsmalloc;

pub use behaviours::Behaviours;
pub use bio::{Bio, BioStatus, Memory, Segment};
pub use complaint::Complaint;
pub use contention::Contention;
pub use environment::{
    Allocation, BackingOp, BackingRequest, ClockUse, Codec, Completion, Environment, Hazard, Step,
};
pub use errno::Errno;
pub use kernel::{Kernel, interleaving::Interleaving};
pub use mutation::{Mutation, Needs};
pub use page::{PageBytes, PageSize};
pub use profile::Profile;
pub use releases::{Chosen, Fit};
pub use site::{Site, SiteSet};
pub use view::{BlockContent, ClassView, Moment, SlotFlags, SlotView, SlotWord, ZspageView, slot_flags};
pub use zram::{
    task::Next,
    write::{Incoming, Stored},
};
pub use zsmalloc::storage::Storage;
pub use zsmalloc::{lock, mapping};

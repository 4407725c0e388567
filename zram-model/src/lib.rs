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
//! * [`Kernel`] is the loaded module: devices, their attributes, their bios.
//! * [`Profile`] says which kernel it is, [`Mutation`] which rule it gets wrong on purpose.
#![forbid(unsafe_code)]

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
pub use kernel::Kernel;
pub use mutation::{Mutation, Needs};
pub use page::{PageBytes, PageSize};
pub use profile::Profile;
pub use releases::{Chosen, Fit};
pub use site::{Site, SiteSet};
pub use view::{BlockContent, ClassView, Moment, SlotFlags, SlotView, SlotWord, ZspageView, slot_flags};
pub use zram::write::Stored;
pub use zsmalloc::storage::Storage;
pub use zsmalloc::{lock, mapping};

//! An executable reference model of Linux zram and its allocator zsmalloc.
//!
//! The model says what the kernel does: which size class and zspage an object goes to, which flags a
//! slot carries, what every attribute prints, with which errno each mistake is answered, and in which
//! order the kernel's functions run. It has no threads, clock, randomness or files, and no input
//! makes it panic; what the source does not determine comes through [`Environment`]. So one and the
//! same code serves to check a live kernel, to simulate one, and to explore what it could do.
//!
//! * [`Kernel`] is the loaded module: devices, their attributes, their bios.
//! * [`Profile`] says which kernel it is, [`Mutation`] which rule it gets wrong on purpose.
#![forbid(unsafe_code)]

mod attr;
pub mod bio;
mod context;
pub mod environment;
pub mod errno;
pub mod kernel;
pub mod mutation;
pub mod profile;
pub mod site;
pub mod view;
mod zram;
mod zsmalloc;

pub use bio::{Bio, BioStatus, Memory, PAGE_SHIFT, PAGE_SIZE, PageBytes, Segment};
pub use environment::{Allocation, BackingOp, BackingRequest, ClockUse, Completion, Environment, Step};
pub use errno::Errno;
pub use kernel::Kernel;
pub use mutation::Mutation;
pub use profile::Profile;
pub use site::{Site, SiteSet};
pub use view::{BlockContent, ClassView, SlotView, SlotWord, slot_flags};

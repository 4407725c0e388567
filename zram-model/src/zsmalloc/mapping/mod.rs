//! From a handle to bytes: the interfaces through which users of zsmalloc reach their objects.
//!
//! An object may begin on one page and end on another that is not its neighbour, so there is no address for it. Each
//! interface answers that in its own way, and pays for it with copies:
//!
//! | interface | in kernels | of an object on two pages |
//! |---|---|---|
//! | [`ObjectPool::map_object`] | up to 6.14 | the whole class size is copied to a buffer of the CPU when mapping (unless write-only), and all of it but the header back when unmapping (unless read-only); between the two the user must not sleep, and copies once more |
//! | [`ObjectPool::obj_read_begin`], [`ObjectPool::obj_write`] | from 6.15 (44f764134964) | a read copies to a buffer of the caller's; a write goes straight to the pages. The user may sleep |
//! | [`ObjectPool::obj_read_sg_begin`] | from 7.0 (dc2e4982cb01) | nothing is copied: the caller gets a list of two pieces |
//!
//! What "on two pages" means has changed twice ([`SpanRule`]). The first version asked whether offset and class size exceed the page, and
//! a read copied the class size, header included. A write that did so could compute a negative length (02f5bf89f0b0). From 7.0
//! ("zsmalloc: use actual object size to detect spans", and 19c4707b535a) a read, too, asks about the bytes wanted, and copies
//! those.
//!
//! An [`ObjectPool`] is a pool without a zram above it. A [`Mapper`] is a task on a CPU: it has the CPU's buffer, holds the
//! locks, and counts what was copied ([`MappingStats`]).

mod map_object;
mod mapper;
pub(in crate::zsmalloc) mod object_pool;
mod place;
mod read_write;
mod scatterlist;
mod stats;

pub use map_object::{MapMode, Mapped};
pub use mapper::{Mapper, SpanRule};
pub use object_pool::{ObjectHandle, ObjectPool};
pub use place::MapError;
pub use read_write::ObjectRead;
pub use scatterlist::ObjectPieces;
pub use stats::MappingStats;

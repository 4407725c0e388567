//! zram: a block device whose pages live compressed in memory.
//!
//! A device is a table with one *slot* per page. A slot is empty, or names a fill word, an object
//! of the pool, or a block of the backing device. Everything the driver does is an operation on
//! slots, and what makes it intricate is the order: which counter moves before which allocation,
//! which flag outlives what. Each file here is one of the driver's paths, in the driver's order:
//! * [`slot`] and [`device`]: the state; [`codec`]: the compressors and their parameters;
//! * [`write`], [`read`], [`discard`]: bios; [`readback`]: the asynchronous rest of a read;
//! * [`task`]: a bio step by step, beside others;
//! * [`idle`]: marking; [`writeback`]: moving slots to the [`backing`] device; [`recompress`]: a second try;
//! * [`lifecycle`]: from disksize to reset; [`block_state`]: the debugfs file.

pub(crate) mod backing;
pub(crate) mod block_state;
pub(crate) mod codec;
pub(crate) mod device;
mod discard;
pub(crate) mod idle;
pub(crate) mod lifecycle;
mod read;
mod readback;
mod recompress;
pub(crate) mod slot;
pub(crate) mod stats;
pub(crate) mod submit;
pub(crate) mod task;
pub(crate) mod write;
pub(crate) mod writeback;

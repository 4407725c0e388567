//! From the symbols and BTF of a kernel to attached probes, a stream of records, and snapshots.
//!
//! The BPF programs are compiled once and travel inside this library as an object file; nothing in
//! them is tied to a version of the kernel. What a version changes is looked up here, on the machine:
//!
//! * which function carries an event, and whether it still has the arguments that the program
//!   reads ([`table`] says what is looked for, [`plan`] decides, purely, from text and BTF);
//! * where a field lies ([`offsets`], from the kernel's own BTF, injected before loading).
//!
//! What cannot be observed is said ([`Coverage`]), and what was lost is counted ([`Health`]):
//! a stream with a hole in it is worse than none, because everything after the hole looks wrong.

pub mod btf;
pub mod coverage;
pub mod error;
mod facts;
pub mod failures;
mod flags;
pub mod health;
mod interrupts;
mod listing;
mod load;
#[cfg(feature = "machine")]
pub mod machine;
pub mod offsets;
pub mod plan;
pub mod probes;
pub mod snapshot;
mod stream;
mod sys;
pub mod table;

pub use coverage::{Attached, Coverage, Unobservable};
pub use error::ProbeError;
pub use failures::Failed;
pub use health::Health;
pub use plan::Wanted;
pub use probes::{Probes, object_sha256};
pub use snapshot::{ClassEntry, SlotEntry};

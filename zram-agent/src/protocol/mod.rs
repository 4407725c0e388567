//! What runner and agent say to each other: one JSON value per line, in both directions.
//!
//! The agent speaks first ([`Hello`]), then answers every [`Op`] with one [`Observation`], in
//! order. The same operations can be run on the model (`cargo xtask simulate`), which answers in
//! the same form; that is what makes comparing the two a matter of comparing two values.
//!
//! `docs/operations.md` describes the language for people. [`VERSION`] changes whenever a line
//! written by one version would be misunderstood by another.

mod attributes;
mod backing;
mod content;
mod ext2;
mod fail;
mod layout;
mod observation;
mod operation;
mod program;
mod touch;
mod work;

pub use attributes::{EVERY_DISK, READABLE, READABLE_WHERE_THERE, ZRAM};
pub use backing::{BackingKind, Bad, Below};
pub use content::{Content, guard_page};
pub use fail::{Fail, Failed};
pub use layout::{Layout, LayoutError, Piece};
pub use observation::{
    Answer, Boundary, Bytes, Data, DeviceView, Done, Hello, Observation, Outcome, SlotRow, Text, Touched,
    WorkerDone,
};
pub use operation::{Begin, Op};
pub use program::{Ran, Run};
pub use touch::{Deed, Touch};
pub use work::{Placement, Report, SwapDiscard, Work, WorkKind};

/// Version of the language and of the lines.
pub const VERSION: u32 = 1;

//! Two kernels beside each other, without a model between them.
//!
//! A kernel developer who asks "what did this series change that anybody can see?" wants the kernels' own words. So the
//! same operations are played to both ([`search`]), each answer is compared with the other's (`compare`), and the
//! first difference is made small on both machines at once, with the shrinker that divergences from the model go
//! through. Then the search goes on for *other* differences: each has a [`Signature`] (level, what differs, on which
//! operation), and one that is known is not pursued again.
//!
//! What a known difference leads to is the difficulty. Two kernels that chose different blocks once are in different
//! states, and everything that follows differs, too. Three rules keep findings apart from their echoes:
//!
//! * What is so for as long as a kernel runs (attributes, columns, compressors) is a [`Weight::Fact`]: noted once, and no
//!   reason to distrust what follows.
//! * What differs in the events alone ([`Weight::Inside`]) leaves both in the same state: the comparison goes on, and an
//!   event that one kernel never shows on this operation is left out from then on.
//! * After any other difference only answers are compared, errno and data, until the program ends; and a finding whose
//!   shortest list still holds an earlier difference is listed as coming *after* that one.
//!
//! What legitimately varies between two machines is not compared; [`NOT_COMPARED`] says what, and so does every report.

mod compare;
mod files;
mod finding;
mod json;
mod offers;
mod parting;
mod search;
mod side;
mod stage;
mod surface;
mod terminal;
mod timeline;

pub use files::write;
pub use finding::{Finding, Unsteady};
pub use json::to_json;
pub use parting::{Parting, Signature, Weight};
pub use search::{Outcome, Plan, Work, search};
pub use side::Introduction;
pub use terminal::print;

/// What is not compared although it may differ, each with the reason.
pub const NOT_COMPARED: &[&str] = &[
    "the time and second of an access: two machines were started at different moments; only whether it is 0 is compared",
    "addresses: pools, zspages and handles are numbered by their lives, on each side in the order of their births",
    "the order between a task's events and a worker's: the scheduler decides; each of the two orders is compared",
    "page migrations: memory management starts them, and they move no object",
    "programs with a delayed backing device, I/O during a pass or several workers: the order of steps is the machine's",
    "attributes and compressors that only one of the two has: noted once, and no operation asks for them",
];

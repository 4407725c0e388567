//! What to do, as a pure function.
//!
//! [`decide`] takes what was observed, what is remembered and what is wanted, and answers with actions. It reads no file and no clock, draws no
//! lots and keeps nothing, so that the same question has the same answer on every machine, in a test, and in a week that is simulated in a
//! second. All arithmetic is in whole numbers for the same reason.
//!
//! The laws, each in a file with its reason:
//!
//! * [`age`]: the fuller the memory, the sooner a page counts as idle.
//! * [`regret`]: the more pages come back soon, the later it does.
//! * [`awake`]: time that the machine was suspended does not make a page older.
//! * [`census`]: what there is to write, counted and not listed, so that a device of millions of slots costs no memory; ages in [`classes`].
//! * [`supply`]: what may be written in a day must last for a day.
//! * [`choice`]: the best bytes first, within what may be written.
//! * [`ranges`]: which slots these are, in the words of the kernel.
//! * [`mod@slice`]: how many pages a pass may have, so that nobody waits for long.
//! * [`backoff`]: what failed is not tried again at once.
//! * [`calm`]: a disk that others wait for is left alone.
//!
//! [`observation`] is what goes in, [`action`] what comes out, [`refusal`] why something does not; [`state`] is what lies between two calls.

pub mod action;
pub mod age;
pub mod awake;
pub mod backoff;
pub mod calm;
pub mod census;
pub mod choice;
pub mod classes;
mod decide;
pub mod observation;
pub mod ranges;
pub mod refusal;
pub mod regret;
pub mod slice;
pub mod state;
pub mod supply;

pub use action::{Action, Decision, Step, Type, Way};
pub use decide::{decide, idle_age_now, wants_census};
pub use observation::{DeviceView, Observation};
pub use refusal::{Refusal, Refused, Task};
pub use state::{DeviceState, State};

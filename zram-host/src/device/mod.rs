//! A zram device as its attributes show it, in types.
//!
//! The kernel's texts are parsed here and nowhere else, and tolerantly: kernels differ in which attributes and numbers they
//! have, by release and by configuration. What a kernel does not have is `None`, which is not the same as 0. What it has and
//! cannot be understood is an error that shows the text.

mod algorithms;
mod block_state;
mod number;
mod stats;
mod survey;

pub use algorithms::{Algorithms, Recompression};
pub use block_state::{SlotState, SlotsError, each_slot, slots_from};
pub use number::{DeviceNumber, NotADevice};
pub use stats::{BdStat, IoStat, MmStat};
pub use survey::{Survey, SurveyError, Writeback, survey, survey_of};

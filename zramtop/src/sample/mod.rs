//! What a source yields: a [`Moment`], and in it a [`Sample`] of each device.
//!
//! A moment never changes once it is made. The thread that collects it hands it over and forgets it, the screen draws it, a recording
//! keeps it; none of them waits for another. So everything in it is plain data that can be written down and read again, and what a
//! source cannot know is a sentence that says what is missing, which a view shows in the place of a number.
//!
//! * [`attributes`] are a device's own numbers, [`slots`] the states of slots, in windows.
//! * [`classes`] are the allocator's size classes, [`latency`] is how long things take.

pub mod attributes;
pub mod classes;
pub mod latency;
pub mod slots;

use serde::{Deserialize, Serialize};

pub use attributes::{Attributes, Backing, Traffic};
pub use classes::Class;
pub use latency::{Histogram, Latency};
pub use slots::{Content, Flags, Kind, Slot, Window};

/// Microseconds of a second.
pub const SECOND: u64 = 1_000_000;

/// Something that a source knows, or why it does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known<T> {
    /// This.
    Here(T),
    /// What is missing, and how to get it: a sentence.
    Missing(String),
    /// Nobody has asked.
    Unasked,
}

impl<T> Known<T> {
    /// It, where it is known.
    pub fn here(&self) -> Option<&T> {
        match self {
            Self::Here(it) => Some(it),
            Self::Missing(_) | Self::Unasked => None,
        }
    }
}

/// All devices at about one time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// When, in microseconds since boot.
    pub boot_micros: u64,
    /// How long it took to look, in microseconds.
    pub took_micros: u64,
    /// The devices, by number.
    pub samples: Vec<Sample>,
    /// What a source has to say besides.
    pub told: Vec<Told>,
}

/// One device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Which: the `N` of `zramN`.
    pub device: u32,
    /// Its numbers.
    pub attributes: Attributes,
    /// Bytes of a slot's page.
    pub page: u64,
    /// Parts of the slot table, as far as it was looked at this time.
    pub windows: Known<Vec<Window>>,
    /// Sizes and blocks of the slots that somebody looks at.
    pub contents: Known<Vec<Content>>,
    /// The allocator's classes.
    pub classes: Known<Vec<Class>>,
    /// How long things have taken so far.
    pub latency: Known<Latency>,
}

impl Sample {
    /// How many slots the device has.
    #[must_use]
    pub fn slots(&self) -> u64 {
        self.attributes.disksize.checked_div(self.page).unwrap_or(0)
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// When, in microseconds since boot.
    pub boot_micros: u64,
    /// The device that it is about.
    pub device: Option<u32>,
    /// What.
    pub what: String,
}

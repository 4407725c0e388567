//! Where moments come from: a kernel, the model, or a recording, behind one trait.
//!
//! * [`machine`] looks at a machine, in pieces of bounded cost; both the running kernel and the simulated one are machines.
//! * [`live`] is the running kernel.
//! * [`sim`] is the model, with something that goes on in it.
//! * [`recording`] writes moments down and plays them back.

pub mod live;
pub mod machine;
pub mod recording;
pub mod sim;
mod sweep;
mod timing;

use std::time::Duration;

use crate::sample::Moment;

/// What somebody looks at, so that a source need not look at the rest as closely.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attention {
    /// A device, and slots of it, from the first up to the end.
    pub slots: Option<(u32, u64, u64)>,
    /// Whether what is in those slots is looked at, one by one.
    pub contents: bool,
    /// Whether times are looked at, so that probes are worth attaching. Once they are, they stay.
    pub timed: bool,
    /// Whether everything is to be looked at, at whatever cost: for a single look.
    pub everything: bool,
}

/// What a source is, for the title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// One word: `live`, `sim`, `replay`.
    pub kind: &'static str,
    /// More about it.
    pub what: String,
}

/// A source has nothing more to say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// It was a recording, which is at its end.
    #[error("the recording is at its end")]
    End,
    /// It cannot be looked at, in a sentence.
    #[error("{0}")]
    Failed(String),
}

/// Where moments come from. A source lives in one thread, in which it is also made: what is behind it may be tied to it.
pub trait Source {
    /// What it is.
    fn about(&self) -> About;

    /// Looks, or plays the next moment.
    ///
    /// # Errors
    /// When there is none.
    fn look(&mut self, attention: &Attention) -> Result<Moment, SourceError>;

    /// How long after the last moment the next one is due, at usual speed. `None`: as often as somebody likes.
    fn due(&mut self) -> Option<Duration> {
        None
    }
}

impl Source for Box<dyn Source> {
    fn about(&self) -> About {
        (**self).about()
    }

    fn look(&mut self, attention: &Attention) -> Result<Moment, SourceError> {
        (**self).look(attention)
    }

    fn due(&mut self) -> Option<Duration> {
        (**self).due()
    }
}

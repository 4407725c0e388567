//! What this kernel lets us see.

use serde::{Deserialize, Serialize};
use zram_events::Kind;

/// Which kinds of record the attached probes deliver, and which they cannot, with the reason.
///
/// Every [`Kind`] is in exactly one of the two lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Release of the kernel (`uname -r`).
    pub kernel: String,
    /// SHA-256 of the BPF object, in hexadecimal.
    pub object_sha256: String,
    /// Kinds that are delivered.
    pub attached: Vec<Attached>,
    /// Kinds that are not.
    pub unobservable: Vec<Unobservable>,
    /// Whether records tell interrupts from tasks.
    #[serde(default)]
    pub interrupts: bool,
}

/// One probe in place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// The kind of record it writes.
    pub kind: Kind,
    /// The kernel function it sits on.
    pub symbol: String,
    /// The module the function belongs to; none for the kernel proper.
    pub module: Option<String>,
    /// How it is attached: `fentry` or `fexit`.
    pub how: String,
}

/// One kind that is not delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unobservable {
    /// The kind.
    pub kind: Kind,
    /// Why, in words.
    pub reason: String,
}

impl Coverage {
    /// Whether records of this kind are delivered.
    #[must_use]
    pub fn observes(&self, kind: Kind) -> bool {
        self.attached.iter().any(|attached| attached.kind == kind)
    }
}

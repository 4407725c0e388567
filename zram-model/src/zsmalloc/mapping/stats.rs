//! What an interface did to hand out objects.

use std::ops::{Add, Sub};

/// Counters of one [`Mapper`](super::Mapper), over all pools that it used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MappingStats {
    /// Objects mapped, read or written.
    pub objects: u64,
    /// Those of them that lay on two pages, as the interface judges it.
    pub spans: u64,
    /// `memcpy` calls that the interface made.
    pub copies: u64,
    /// Bytes that they moved.
    pub bytes: u64,
    /// Bytes that the user moved by itself, into a mapping of the older interface. `zs_obj_write` does this for its user, and
    /// counts it under `bytes`.
    pub user_bytes: u64,
}

impl MappingStats {
    pub(super) fn object(&mut self, span: bool) {
        self.objects += 1;
        self.spans += u64::from(span);
    }

    pub(super) fn copy(&mut self, copies: u64, bytes: usize) {
        self.copies += copies;
        self.bytes += bytes as u64;
    }
}

impl Add for MappingStats {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            objects: self.objects + other.objects,
            spans: self.spans + other.spans,
            copies: self.copies + other.copies,
            bytes: self.bytes + other.bytes,
            user_bytes: self.user_bytes + other.user_bytes,
        }
    }
}

/// What came to the counters since an earlier reading of them.
impl Sub for MappingStats {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            objects: self.objects - earlier.objects,
            spans: self.spans - earlier.spans,
            copies: self.copies - earlier.copies,
            bytes: self.bytes - earlier.bytes,
            user_bytes: self.user_bytes - earlier.user_bytes,
        }
    }
}

//! Slots selected for writeback or recompression, by size (`struct zram_pp_ctl`).

use std::collections::VecDeque;

use zram_events::SlotIndex;

use crate::{context::Call, environment::Environment, mutation::Mutation};

/// Bytes that a bucket's sizes range over (`PP_BUCKET_SIZE_RANGE`).
const RANGE: usize = 64;

/// One bucket per 64 bytes of size, and one for whole pages. A slot can be in it more than once.
pub(in crate::zram) struct Candidates {
    buckets: Vec<VecDeque<SlotIndex>>,
    smallest_first: bool,
    at_tail: bool,
}

impl Candidates {
    pub(in crate::zram) fn new(call: &Call<'_, impl Environment + ?Sized>) -> Self {
        Self {
            buckets: vec![VecDeque::new(); call.profile.page_size.as_usize() / RANGE + 1],
            smallest_first: call.broken(Mutation::SmallestBucketFirst),
            at_tail: call.broken(Mutation::BucketTail),
        }
    }

    /// `place_pp_slot`: at the head of its bucket.
    pub(in crate::zram) fn place(&mut self, index: SlotIndex, size: u32) {
        let Some(bucket) = self.buckets.get_mut(size as usize / RANGE) else { return };
        if self.at_tail {
            bucket.push_back(index);
        } else {
            bucket.push_front(index);
        }
    }

    /// The next to write back: the head of the highest bucket (`select_pp_slot`). It stays queued.
    pub(in crate::zram) fn select(&self) -> Option<SlotIndex> {
        self.selected_bucket().and_then(|at| self.buckets[at].front()).copied()
    }

    /// Takes the selected one out.
    pub(in crate::zram) fn remove_selected(&mut self) {
        if let Some(at) = self.selected_bucket() {
            self.buckets[at].pop_front();
        }
    }

    fn selected_bucket(&self) -> Option<usize> {
        let filled = |bucket: &VecDeque<SlotIndex>| !bucket.is_empty();
        if self.smallest_first {
            self.buckets.iter().position(filled)
        } else {
            self.buckets.iter().rposition(filled)
        }
    }

    /// What is left, in the order in which `release_pp_ctl` lets go of it: smallest bucket first.
    pub(in crate::zram) fn leftovers(self) -> impl Iterator<Item = SlotIndex> {
        self.buckets.into_iter().flatten()
    }
}

//! Writeback: slots leave memory for the backing device (`writeback_store`).
//!
//! A pass has two halves. First the ranges and modes of the command are scanned, and each slot that
//! matches is queued by size: [`candidates`], [`scan`]. Then the queue is worked off, the
//! largest first, with up to a batch of requests under way: [`pass`], [`in_flight`]. A finished
//! request waits on a list until the pass needs a free one, and that list is a stack: so slots
//! complete in groups, each group last submitted first (f405066a1f0d, e828cccb72ed).
//!
//! Until 6.18 there was no batch, and each write was waited for: [`in_turn`]; until 6.12 there was no queue either: [`one_by_one`].
//!
//! A slot is read and submitted under its lock, and completed under it again; in between it may be
//! rewritten or freed, which clears PP_SLOT. Completion then leaves the slot alone (b0377ee80429).

pub(super) mod candidates;
mod command;
mod in_flight;
mod in_turn;
mod one_by_one;
mod pass;
mod scan;

//! zram-events

//! zram-model

//! zram-verify

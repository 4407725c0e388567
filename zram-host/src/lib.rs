//! zram-host

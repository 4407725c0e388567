//! zram-probe

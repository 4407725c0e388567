//! zram-agent

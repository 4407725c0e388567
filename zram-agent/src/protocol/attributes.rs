//! Names of attributes, and whose they are.
//!
//! A device's folder in sysfs holds attributes of three owners: the driver, the block layer and the
//! driver core. The language is about the first. The others are told apart by name, so that a program
//! means the same on every machine and on the model, which has no block layer to ask.

/// Attributes of a device that can be read, read after every operation.
/// (`zram_disk_attrs` of 7.2 without `CONFIG_ZRAM_MULTI_COMP`.)
pub const READABLE: &[&str] = &[
    "disksize",
    "initstate",
    "comp_algorithm",
    "bd_stat",
    "backing_dev",
    "writeback_limit",
    "writeback_limit_enable",
    "writeback_batch_size",
    "compressed_writeback",
    "io_stat",
    "mm_stat",
    "debug_stat",
];

/// Attributes that can be read and that only some configurations have (`CONFIG_ZRAM_MULTI_COMP`): read after every operation where
/// they are, and not mentioned where they are not.
pub const READABLE_WHERE_THERE: &[&str] = &["recomp_algorithm"];

/// Attributes that zram has or had, on some kernel in some configuration.
pub const ZRAM: &[&str] = &[
    "algorithm_params",
    "backing_dev",
    "bd_stat",
    "comp_algorithm",
    "compact",
    "compr_data_size",
    "compressed_writeback",
    "debug_stat",
    "disksize",
    "failed_reads",
    "failed_writes",
    "idle",
    "initstate",
    "invalid_io",
    "io_stat",
    "max_comp_streams",
    "mem_limit",
    "mem_used_max",
    "mem_used_total",
    "mm_stat",
    "notify_free",
    "num_reads",
    "num_writes",
    "orig_data_size",
    "recomp_algorithm",
    "recompress",
    "reset",
    "writeback",
    "writeback_batch_size",
    "writeback_limit",
    "writeback_limit_enable",
    "zero_pages",
];

/// Attributes and folders that every disk has, whatever its driver (`disk_attrs` and `struct device`'s own).
pub const EVERY_DISK: &[&str] = &[
    "alignment_offset",
    "badblocks",
    "bdi",
    "capability",
    "dev",
    "device",
    "discard_alignment",
    "diskseq",
    "events",
    "events_async",
    "events_poll_msecs",
    "ext_range",
    "hidden",
    "holders",
    "inflight",
    "integrity",
    "io-timeout-fail",
    "make-it-fail",
    "mq",
    "partscan",
    "power",
    "queue",
    "range",
    "removable",
    "ro",
    "size",
    "slaves",
    "stat",
    "subsystem",
    "trace",
    "uevent",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_one_owner() {
        assert!(READABLE.iter().chain(READABLE_WHERE_THERE).all(|name| ZRAM.contains(name)));
        assert!(READABLE_WHERE_THERE.iter().all(|name| !READABLE.contains(name)));
        assert!(EVERY_DISK.iter().all(|name| !ZRAM.contains(name)));
        assert!(ZRAM.is_sorted() && EVERY_DISK.is_sorted());
    }
}

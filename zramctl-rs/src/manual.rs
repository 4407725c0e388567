//! What stands on the manual pages beside what `--help` says.

use zram_terminal::man::Manual;

/// How the program ends, which files it looks at, what is in its JSON.
pub(crate) const MANUAL: Manual = Manual {
    section: "1",
    exit_status: &[
        ("0", "All well, also if whoever read the output had enough of it."),
        ("1", "It could not be done. A sentence on standard error says why, and what to do about it."),
        ("2", "The command line makes no sense. Nothing was done."),
    ],
    exit_status_with: Some((
        "check",
        ("3", "With doctor --check: there is a problem. It is on standard output."),
    )),
    files: &[
        ("/sys/block/zramN/", "The attributes of a device: what most commands read and write."),
        (
            "/sys/class/zram-control/",
            "Adding and removing devices. Where it is missing, the module is not loaded: modprobe zram num_devices=0.",
        ),
        (
            "/sys/kernel/debug/zram/zramN/block_state",
            "The states of the slots, for root. It takes debugfs and a kernel with CONFIG_ZRAM_MEMORY_TRACKING.",
        ),
        ("/proc/swaps, /proc/self/mountinfo", "What devices are used for."),
        ("/proc/meminfo", "How much memory there is, for sizes that depend on it."),
        ("/sys/kernel/btf/", "The kernel's types, by which probes are placed."),
    ],
    json: "\
Documents have a field schema, now 1. It goes up when a field changes its meaning or goes away, and stays when one is added. Fields have \
the kernel's names. Sizes are bytes, but for bd_stat and writeback.limit, which are blocks of 4096 bytes; times are microseconds since boot. \
null is what this kernel does not have, which is not the same as 0.",
    see_also: &[("zramctl", "8"), ("swapon", "8"), ("mkswap", "8")],
};

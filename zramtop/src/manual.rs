//! What stands on the manual page beside what `--help` says.

use zram_terminal::man::Manual;

/// How the program ends, which files it looks at, what is in its JSON.
pub(crate) const MANUAL: Manual = Manual {
    section: "1",
    exit_status: &[
        ("0", "All well, also if whoever read the output had enough of it."),
        ("1", "It could not be done. A sentence on standard error says why, and what to do about it."),
        ("2", "The command line makes no sense. Nothing was done."),
    ],
    exit_status_with: None,
    files: &[
        ("/sys/block/zramN/", "The attributes of a device."),
        (
            "/sys/kernel/debug/zram/zramN/block_state",
            "The states of the slots, for root. It takes debugfs and a kernel with CONFIG_ZRAM_MEMORY_TRACKING.",
        ),
        (
            "/sys/kernel/debug/zsmalloc/zramN/classes",
            "The size classes, for root. It takes a kernel with CONFIG_ZSMALLOC_STAT.",
        ),
        ("/proc/swaps, /proc/self/mountinfo", "What devices are used for."),
    ],
    json: "\
The document of --once --json has a field schema, now 1. It goes up when a field changes its meaning or goes away, and stays when one is added. \
Fields have the kernel's names. null is what this kernel does not have, or what could not be looked at, which is not the same as 0.",
    see_also: &[("zramctl-rs", "1"), ("zramd", "8"), ("zramctl", "8")],
};

//! What stands on the manual pages beside what `--help` says.

use zram_terminal::man::Manual;

/// How the program ends, which files it looks at, what is in its JSON. In the section for administrators.
pub(crate) const MANUAL: Manual = Manual {
    section: "8",
    exit_status: &[
        ("0", "All well, also if whoever read the output had enough of it."),
        ("1", "It could not be done. A sentence on standard error says why, and what to do about it."),
        ("2", "The command line makes no sense. Nothing was done."),
        ("3", "The configuration is wrong: with run and check-config, and with show-config."),
        ("4", "zramd does not run, or does not answer: with status, why, pause, resume and run-now."),
    ],
    exit_status_with: None,
    files: &[
        (
            "/etc/zramd/zramd.toml, and in /run/zramd, /usr/local/lib/zramd, /usr/lib/zramd",
            "The configuration: the first of them counts. See zramd show-config --defaults.",
        ),
        (
            "zramd.toml.d/*.toml in each of these",
            "Drop-ins, sorted by name; a later one overrides an earlier one, key by key.",
        ),
        ("/run/zramd/control", "The socket by which zramd is asked and told."),
        ("/var/lib/zramd/", "What is remembered: above all, what was written in the last 24 hours."),
        ("/sys/block/zramN/, /sys/kernel/debug/zram/zramN/block_state", "What is looked at, and written to."),
    ],
    json: "\
Documents have a field schema, now 1. It goes up when a field changes its meaning or goes away, and stays when one is added. Names end in \
their units; what the kernel counts has the kernel's name and unit. null is what this machine does not have, which is not the same as 0.",
    see_also: &[("zramctl-rs", "1"), ("systemctl", "1"), ("journalctl", "1")],
};

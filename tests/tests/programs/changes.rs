//! Changing devices: idle marks, writeback, limits, compaction, resets.

use serde_json::{Value, json};

use crate::machine::{Machine, OURS, on_each_kernel, program, three_devices};

#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn what_is_asked_for_is_done() {
    on_each_kernel(|machine| {
        three_devices(machine);
        let letters = |machine: &mut Machine, letter: char| {
            let seen = machine.set(2, "comp_algorithm", "lz4");
            let text = serde_json::to_value(&seen.devices[&0].block_state).unwrap();
            let state = |line: &str| line.split_whitespace().last().is_some_and(|word| word.contains(letter));
            text.as_str().unwrap().lines().filter(|line| state(line)).count()
        };
        let attribute = |machine: &mut Machine, dev: u32, name: &str| {
            let seen = machine.set(2, "comp_algorithm", "lz4");
            let text = serde_json::to_value(&seen.devices[&dev].attrs[name]).unwrap();
            text.as_str().unwrap().split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        // Everything that can be is on the backing device. What is written now is not.
        let pages: Vec<Value> = (0..6).map(|seed| json!({"kind": "random", "seed": 100 + seed})).collect();
        machine.op(json!({"op": "write", "dev": 0, "slot": 80, "pages": pages}));
        let away = letters(machine, 'w');
        let refused = machine.run(&[OURS, "idle", "zram0", "--older", "1d"]);
        assert_eq!(refused.status, Some(1));
        assert!(refused.stderr.contains("some Linux would mark every page"), "{}", refused.stderr);
        assert_eq!(letters(machine, 'i'), 0);
        assert_eq!(machine.prints(&[OURS, "idle", "zram0"]), "");
        assert_eq!(letters(machine, 'i'), 6);
        assert_eq!(machine.prints(&[OURS, "limit", "zram0", "--writeback", "8K"]), "");
        assert_eq!(attribute(machine, 0, "writeback_limit"), ["2"]);
        assert_eq!(attribute(machine, 0, "writeback_limit_enable"), ["1"]);
        let stopped = machine.run(&[OURS, "writeback", "zram0", "--huge"]);
        assert_eq!((stopped.status, stopped.stdout.as_str()), (Some(1), "zram0: 8K written back\n"));
        assert!(
            stopped.stderr.starts_with("zramctl-rs: the writeback limit was reached: "),
            "{}",
            stopped.stderr
        );
        assert_eq!(letters(machine, 'w'), away + 2);
        machine.prints(&[OURS, "limit", "zram0", "--writeback", "none"]);
        assert_eq!(machine.prints(&[OURS, "writeback", "zram0", "--idle"]), "zram0: 16K written back\n");
        assert_eq!(letters(machine, 'w'), away + 6);
        assert_eq!(attribute(machine, 0, "bd_stat")[0], (away + 6).to_string());
        let compacted = machine.prints(&[OURS, "compact", "zram0"]);
        assert!(compacted.starts_with("zram0: ") && compacted.ends_with(" left\n"), "{compacted}");
        let in_use = machine.run(&[OURS, "reset", "zram1"]);
        let way_out = "zramctl-rs: zram1 is in use (swap 100): `swapoff /dev/zram1` first\n";
        assert_eq!((in_use.status, in_use.stderr.as_str()), (Some(1), way_out));
        machine.prints(&[&program("swapoff"), "/dev/zram1"]);
        assert_eq!(machine.prints(&[OURS, "reset", "zram0", "zram1"]), "");
        assert_eq!(attribute(machine, 0, "disksize"), ["0"]);
        assert_eq!(attribute(machine, 1, "disksize"), ["0"]);
    });
}

//! What is shown, beside what util-linux and the kernel say.

use serde_json::Value;

use crate::machine::{OURS, on_each_kernel, program, three_devices};

#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn the_status_is_util_linuxs_byte_for_byte() {
    // What all versions of util-linux have, and print alike.
    const SHARED: &str =
        "NAME,DISKSIZE,DATA,COMPR,ALGORITHM,STREAMS,TOTAL,MEM-LIMIT,MEM-USED,MIGRATED,MOUNTPOINT";
    on_each_kernel(|machine| {
        three_devices(machine);
        let theirs = program("zramctl");
        let all = format!("{SHARED},ZERO-PAGES");
        for options in [
            &[][..],
            &["--bytes"],
            &["--raw"],
            &["--raw", "--bytes", "-o", &all],
            &["--raw", "--noheadings"],
            &["-n"],
            &["-n", "-b"],
            &["-o", SHARED],
            &["-o", "name"],
            &["-o", "MOUNTPOINT,NAME"],
            &["-o", "DATA,MOUNTPOINT"],
            &["-n", "-o", "NAME,DATA,TOTAL,STREAMS"],
            &["/dev/zram0"],
            &["/dev/zram2"],
            &["--raw", "/dev/zram2"],
        ] {
            let both = [OURS, &theirs].map(|program| {
                let words: Vec<&str> = std::iter::once(program).chain(options.iter().copied()).collect();
                machine.prints(&words)
            });
            // zramctl lists the devices in the order in which the file system of /dev has them.
            let [ours, theirs] = both.map(|text| {
                let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
                lines.sort();
                lines
            });
            assert!(!ours.is_empty());
            assert_eq!(ours, theirs, "{}: {options:?}", machine.name);
        }
        machine.prints(&[&program("swapoff"), "/dev/zram1"]);
    });
}

#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn what_is_shown_is_what_the_kernel_says() {
    on_each_kernel(|machine| {
        three_devices(machine);
        let list: Value = serde_json::from_str(&machine.prints(&[OURS, "list", "--all", "--json"])).unwrap();
        let devices = list["devices"].as_array().unwrap();
        assert_eq!(devices.len(), 3);
        assert_eq!(devices[1]["uses"][0]["priority"], 100);
        let slots: Value =
            serde_json::from_str(&machine.prints(&[OURS, "slots", "zram0", "--json"])).unwrap();
        // The next observation has the attributes as they are.
        let seen = machine.set(2, "comp_algorithm", "lz4");
        let text = |dev: u32, attribute: &str| {
            let text = serde_json::to_value(&seen.devices[&dev].attrs[attribute]).unwrap();
            text.as_str().unwrap().to_owned()
        };
        for (dev, device) in (0..).zip(devices) {
            assert_eq!(device["disksize"].to_string(), text(dev, "disksize").trim());
            for (attribute, names) in [
                (
                    "mm_stat",
                    &[
                        "orig_data_size",
                        "compr_data_size",
                        "mem_used_total",
                        "mem_limit",
                        "mem_used_max",
                        "same_pages",
                        "pages_compacted",
                        "huge_pages",
                        "huge_pages_since",
                    ][..],
                ),
                ("io_stat", &["failed_reads", "failed_writes", "", "notify_free"]),
            ] {
                let numbers = text(dev, attribute);
                for (name, number) in names.iter().zip(numbers.split_whitespace()) {
                    if !name.is_empty() {
                        assert_eq!(
                            device[attribute][name].to_string(),
                            number,
                            "zram{dev} {attribute} {name}"
                        );
                    }
                }
            }
            let numbers = text(dev, "bd_stat");
            for (name, number) in ["count", "reads", "writes"].iter().zip(numbers.split_whitespace()) {
                assert_eq!(
                    device["writeback"]["bd_stat"][name].to_string(),
                    number,
                    "zram{dev} bd_stat {name}"
                );
            }
        }
        let lines = serde_json::to_value(&seen.devices[&0].block_state).unwrap();
        let lines = lines.as_str().unwrap().lines();
        let states = slots["states"].as_array().unwrap();
        assert!(states.len() > 20);
        assert_eq!(states.len(), lines.clone().count());
        for (state, line) in states.iter().zip(lines) {
            let words: Vec<&str> = line.split_whitespace().collect();
            assert_eq!(state["slot"].to_string(), words[0]);
            for (name, letter) in [("same", 's'), ("written_back", 'w'), ("huge", 'h'), ("idle", 'i')] {
                assert_eq!(state[name], words[2].contains(letter), "{line}");
            }
        }
        let shown = machine.prints(&[OURS, "show", "zram0"]);
        assert!(shown.starts_with("zram0: 4M, not in use\n  algorithm                zstd"), "{shown}");
        let wrong = machine.run(&[OURS, "show", "zram9"]);
        assert_eq!((wrong.status, wrong.stderr.as_str()), (Some(1), "zramctl-rs: there is no zram9\n"));
        machine.prints(&[&program("swapoff"), "/dev/zram1"]);
    });
}

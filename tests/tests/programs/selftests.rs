//! What the kernel's own tests of zram (`tools/testing/selftests/zram`) ask for, asked through `zramctl-rs`.
//!
//! There are two: a file system on a device, filled until it is full, which must take less memory than it holds; and swap. Around both, each setting
//! is made and read back, and devices are added and removed.

use serde_json::Value;

use crate::machine::{Machine, OURS, on_each_kernel, program};

fn device(machine: &mut Machine, name: &str) -> Value {
    serde_json::from_str(&machine.prints(&[OURS, "show", name, "--json"])).unwrap()
}

/// zram01: file systems, with every algorithm that the kernel has, filled with zeros.
#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn a_file_system_takes_less_memory_than_it_holds() {
    on_each_kernel(|machine| {
        machine.prints(&[&program("mkdir"), "/fs"]);
        assert_eq!(machine.prints(&[OURS, "setup", "--size", "1M"]), "/dev/zram0\n");
        let offered = device(machine, "zram0")["algorithms"]["offered"].clone();
        machine.prints(&[OURS, "remove", "zram0"]);
        let offered: Vec<&str> = offered.as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(offered.len() > 2, "{offered:?}");
        for algorithm in offered {
            let words =
                ["setup", "--size", "25M", "--algorithm", algorithm, "--memory", "25M", "--mount", "/fs"];
            assert_eq!(machine.prints(&[&[OURS], &words[..]].concat()), "/dev/zram0\n");
            let set_up = device(machine, "zram0");
            assert_eq!(set_up["disksize"], 25 << 20);
            assert_eq!(set_up["algorithms"]["chosen"], algorithm);
            assert_eq!(set_up["mm_stat"]["mem_limit"], 25 << 20);
            assert_eq!(set_up["uses"][0]["target"], "/fs");
            // Text, so that there is something to compress; then zeros until nothing fits any more.
            let copied =
                machine.run(&[&program("dd"), "if=/bin/zramctl-rs", "of=/fs/program", "bs=1M", "count=4"]);
            assert_eq!(copied.status, Some(0), "{}", copied.stderr);
            let full = machine.run(&[&program("dd"), "if=/dev/zero", "of=/fs/zeros", "bs=1M"]);
            assert!(full.stderr.contains("No space left on device"), "{}", full.stderr);
            machine.prints(&[&program("umount"), "/fs"]);
            let filled = device(machine, "zram0");
            let number = |name: &str| filled["mm_stat"][name].as_u64().unwrap();
            assert!(number("orig_data_size") > number("mem_used_total"), "{algorithm}: {filled}");
            assert!(number("same_pages") > 1000, "{algorithm}: {filled}");
            let ratio = machine.prints(&[OURS, "list", "--raw", "-n", "-o", "RATIO"]);
            assert!(ratio.trim().parse::<f64>().unwrap() > 1.0, "{algorithm}: {ratio}");
            machine.prints(&[OURS, "reset", "zram0"]);
            let reset = device(machine, "zram0");
            assert_eq!((&reset["disksize"], &reset["initialised"]), (&0.into(), &false.into()));
            machine.prints(&[OURS, "remove", "zram0"]);
        }
        assert_eq!(machine.prints(&[OURS, "list", "--all"]), "There is no zram device.\n");
    });
}

/// zram02: a device of a mebibyte as swap, on and off.
#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn a_small_device_is_swap() {
    on_each_kernel(|machine| {
        let words = [OURS, "setup", "--size", "1048576", "--memory", "1M", "--swap"];
        assert_eq!(machine.prints(&words), "/dev/zram0\n");
        let set_up = device(machine, "zram0");
        assert_eq!(
            (&set_up["disksize"], &set_up["mm_stat"]["mem_limit"]),
            (&1_048_576.into(), &1_048_576.into())
        );
        assert_eq!(
            (&set_up["uses"][0]["as"], &set_up["uses"][0]["size"]),
            (&"swap".into(), &1_044_480.into())
        );
        let in_use = machine.run(&[OURS, "remove", "zram0"]);
        assert_eq!(in_use.status, Some(1));
        machine.prints(&[OURS, "swap", "off", "zram0"]);
        assert_eq!(device(machine, "zram0")["uses"], Value::Array(Vec::new()));
        machine.prints(&[OURS, "swap", "on", "zram0", "--priority", "3"]);
        assert_eq!(device(machine, "zram0")["uses"][0]["priority"], 3);
        machine.prints(&[OURS, "swap", "off", "zram0"]);
        machine.prints(&[OURS, "remove", "zram0"]);
    });
}

/// Several devices at once, each of its own size: from a file, all or none.
#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn several_devices_come_from_a_file() {
    on_each_kernel(|machine| {
        machine.prints(&[&program("mkdir"), "/fs"]);
        let list = "[[device]]\nsize = \"8M\"\nalgorithm = \"zstd\"\nswap = { priority = 7 }\n\
                    [[device]]\nsize = \"16M\"\nmemory = \"8M\"\nmount = { at = \"/fs\", options = \"noatime,discard\" }\n";
        write(machine, "/devices.toml", list);
        assert_eq!(machine.prints(&[OURS, "setup", "--file", "/devices.toml"]), "/dev/zram0\n/dev/zram1\n");
        let shown = machine.prints(&[OURS, "list", "--raw", "-n", "-o", "NAME,DISKSIZE,USE"]);
        assert_eq!(shown, "/dev/zram0 8M swap\\x207\n/dev/zram1 16M ext4\\x20/fs\n");
        machine.prints(&[OURS, "swap", "off", "zram0"]);
        machine.prints(&[&program("umount"), "/fs"]);
        machine.prints(&[OURS, "remove", "zram0", "zram1"]);
        let broken = list.replace("at = \"/fs\"", "at = \"/fs\", file-system = \"ext9\"");
        write(machine, "/devices.toml", &broken);
        let failed = machine.run(&[OURS, "setup", "--file", "/devices.toml"]);
        assert_eq!((failed.status, failed.stdout.as_str()), (Some(1), ""));
        assert!(failed.stderr.contains("there is no program mkfs.ext9"), "{}", failed.stderr);
        assert_eq!(machine.prints(&[OURS, "list", "--all"]), "There is no zram device.\n");
    });
}

/// Writes a file, through a program that takes its text as an argument.
fn write(machine: &mut Machine, path: &str, text: &str) {
    let command = format!("printf '%s' '{text}' > {path}");
    machine.prints(&[&program("sh"), "-c", &command]);
}

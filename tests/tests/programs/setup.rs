//! Setting up and resetting, beside util-linux.

use serde_json::{Value, json};

use crate::{
    backing::{a_disk, nothing_stays_behind},
    machine::{OURS, on_each_kernel, program, three_devices},
};

#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn devices_are_set_up_and_reset_as_by_util_linux() {
    on_each_kernel(|machine| {
        three_devices(machine);
        let theirs = program("zramctl");
        for [set_up, take_away] in [[OURS, &theirs], [&theirs, OURS]] {
            assert_eq!(machine.prints(&[set_up, "-f"]), "/dev/zram2\n");
            assert_eq!(
                machine.prints(&[set_up, "--find", "--size", "8M", "--algorithm", "zstd"]),
                "/dev/zram2\n"
            );
            assert_eq!(machine.prints(&[set_up, "-f", "-s", "1MB"]), "/dev/zram3\n");
            let both = [OURS, &theirs].map(|program| {
                machine.prints(&[
                    program,
                    "--raw",
                    "--noheadings",
                    "--bytes",
                    "-o",
                    "DISKSIZE,ALGORITHM",
                    "/dev/zram2",
                ])
            });
            assert_eq!(both, ["8388608 zstd\n", "8388608 zstd\n"]);
            let size = machine.prints(&[&theirs, "-n", "--raw", "-b", "-o", "DISKSIZE", "/dev/zram3"]);
            assert_eq!(size, "1003520\n");
            machine.prints(&[take_away, "-r", "/dev/zram3"]);
            assert_eq!(machine.run(&[OURS, "show", "zram3"]).status, Some(1));
            machine.prints(&[OURS, "reset", "zram2"]);
        }
        let wrong = machine.run(&[OURS, "-f", "-s", "8M", "-a", "nonsense"]);
        assert_eq!((wrong.status, wrong.stdout.as_str()), (Some(1), ""));
        assert!(
            wrong.stderr.starts_with("zramctl-rs: this kernel has no nonsense: there are "),
            "{}",
            wrong.stderr
        );
        machine.prints(&[&program("swapoff"), "/dev/zram1"]);
    });
}

#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn a_plan_sets_up_all_or_nothing() {
    on_each_kernel(|machine| {
        machine.op(json!({"op": "begin", "backing_pages": 64}));
        let backing = machine.backing.clone();
        let nothing = machine.prints(&[OURS, "list", "--all", "--json"]);
        let one_by_one = [
            "--size",
            "8M",
            "--algorithm",
            "zstd",
            "--memory",
            "4M",
            "--backing",
            &backing,
            "--writeback-limit",
            "1M",
            "--swap",
        ];
        for (broken, reason) in [
            (&["--size", "8M", "--algorithm", "nonsense"][..], "to comp_algorithm of zram0"),
            (
                &["--size", "8M", "--algorithm", "zstd", "--algorithm-params", "level=x"],
                "to algorithm_params of zram0",
            ),
            (&["--size", "8388608T", "--algorithm", "zstd", "--backing", &backing], "to disksize of zram0"),
            // An area of one page has its header and nothing else.
            (
                &["--size", "4K", "--backing", &backing, "--writeback-limit", "1M", "--swap"],
                "into use as swap",
            ),
        ] {
            let words: Vec<&str> = [OURS, "setup"].iter().chain(broken).copied().collect();
            let failed = machine.run(&words);
            assert_eq!(
                (failed.status, failed.stdout.as_str()),
                (Some(1), ""),
                "{}: {broken:?}",
                machine.name
            );
            let all_back = "zramctl-rs: zram0 could not be set up, and is as it was: ";
            assert!(failed.stderr.starts_with(all_back), "{}", failed.stderr);
            assert!(failed.stderr.contains(reason), "{}", failed.stderr);
            assert_eq!(machine.prints(&[OURS, "list", "--all", "--json"]), nothing);
        }
        let words: Vec<&str> =
            [OURS, "setup", "--priority", "5"].iter().chain(&one_by_one).copied().collect();
        assert_eq!(machine.prints(&words), "/dev/zram0\n");
        let columns = "DISKSIZE,ALGORITHM,MEM-LIMIT,MOUNTPOINT";
        let shown = machine.prints(&[&program("zramctl"), "--raw", "-n", "-b", "-o", columns, "/dev/zram0"]);
        assert_eq!(shown, "8388608 zstd 4194304 [SWAP]\n");
        let list: Value = serde_json::from_str(&machine.prints(&[OURS, "list", "--json"])).unwrap();
        let device = &list["devices"][0];
        assert_eq!(device["uses"][0], json!({"as": "swap", "size": 8384512, "used": 0, "priority": 5}));
        assert_eq!(device["writeback"]["backing_dev"], backing);
        assert_eq!(
            (&device["writeback"]["limit"], &device["writeback"]["limit_enabled"]),
            (&json!(256), &json!(true))
        );
        assert_eq!(machine.prints(&[OURS, "swap", "off", "zram0"]), "");
        assert_eq!(machine.prints(&[OURS, "remove", "zram0"]), "");
        assert_eq!(machine.prints(&[OURS, "list", "--all", "--json"]), nothing);
    });
}

/// Several that look for a free device at the same time, as units of a boot do, find different ones.
#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn several_at_once_get_a_device_each() {
    on_each_kernel(|machine| {
        machine.op(json!({"op": "begin", "backing_pages": 0}));
        a_disk(machine);
        // Making room for a file, and what stands on it, takes its time, in which others look for a device.
        let script = "for size in 4M 8M 12M 16M; do
                /bin/zramctl-rs setup --size $size --algorithm zstd --backing /disk/$size --backing-size 4M --encrypt --swap &
                all=\"$all $!\"
            done
            for one in $all; do wait $one || exit 1; done";
        let ran = machine.run(&[&program("sh"), "-c", script]);
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{}: {}", machine.name, ran.stdout);
        let mut devices: Vec<&str> = ran.stdout.lines().collect();
        devices.sort_unstable();
        assert_eq!(devices, ["/dev/zram0", "/dev/zram1", "/dev/zram2", "/dev/zram3"], "{}", machine.name);
        let shown = machine.prints(&[OURS, "list", "--raw", "-n", "-b", "-o", "DISKSIZE,ALGORITHM"]);
        let mut shown: Vec<&str> = shown.lines().collect();
        shown.sort_unstable();
        assert_eq!(shown, ["12582912 zstd", "16777216 zstd", "4194304 zstd", "8388608 zstd"]);
        for device in devices {
            machine.prints(&[&program("swapoff"), device]);
            machine.prints(&[OURS, "remove", device]);
        }
        nothing_stays_behind(machine);
    });
}

/// Ctrl-C while a file system is being made: that is done to its end, and then all is undone.
#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn an_interrupted_plan_is_undone() {
    on_each_kernel(|machine| {
        machine.op(json!({"op": "begin", "backing_pages": 0}));
        let nothing = machine.prints(&[OURS, "list", "--all", "--json"]);
        let shell = program("sh");
        let script = "PATH=/usr/bin:/usr/sbin:/bin:/sbin
            mkdir /fs
            printf '%s\\n' \"#!$SHELL\" 'PATH=/usr/bin:/usr/sbin:/bin:/sbin' ': > /began' \\
                'while [ ! -e /go ]; do :; done' 'mkfs.ext4 -q \"$@\" && : > /made' > /bin/mkfs.slow && chmod 755 /bin/mkfs.slow
            zramctl-rs setup --size 8M --mount /fs --file-system slow & setup=$!
            while [ ! -e /began ]; do :; done
            kill -INT $setup
            : > /go
            wait $setup";
        let ran = machine.run(&[&shell, "-c", &format!("SHELL={shell}\n{script}")]);
        let said = "zramctl-rs: zram0 could not be set up, and is as it was: interrupted\n";
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(1), said), "{}: {}", machine.name, ran.stdout);
        assert_eq!(machine.run(&[&program("ls"), "/made"]).status, Some(0), "{}", machine.name);
        assert_eq!(machine.prints(&[OURS, "list", "--all", "--json"]), nothing, "{}", machine.name);
    });
}

/// While the second device of a file fails, somebody mounts something over the first.
#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn what_somebody_mounts_over_a_device_stays() {
    on_each_kernel(|machine| {
        machine.op(json!({"op": "begin", "backing_pages": 0}));
        let shell = program("sh");
        let script = "PATH=/usr/bin:/usr/sbin:/bin:/sbin
            mkdir /fs \"/it's\"
            printf '%s\\n' \"#!$SHELL\" 'PATH=/usr/bin:/usr/sbin:/bin' 'mount -t tmpfs over /fs' 'exit 3' > /bin/mkfs.odd && chmod 755 /bin/mkfs.odd
            printf '%s\\n' '[[device]]' \"size = '8M'\" \"mount = { at = '/fs/' }\" \\
                '[[device]]' \"size = '8M'\" 'mount = { at = \"/it'\"'\"'s\", file-system = \"odd\" }' > /file";
        let made = machine.run(&[&shell, "-c", &format!("SHELL={shell}\n{script}")]);
        assert_eq!((made.status, made.stderr.as_str()), (Some(0), ""), "{}", machine.name);
        let ran = machine.run(&[OURS, "setup", "--file", "/file"]);
        assert_eq!(ran.status, Some(1));
        let over = "zram0 could not be set up, and was not all put back (tmpfs of over has been mounted over zram0 on /fs since";
        assert!(ran.stderr.contains(over), "{}: {}", machine.name, ran.stderr);
        assert!(ran.stderr.contains("`mkfs.odd /dev/zram1` failed: exit status: 3"), "{}", ran.stderr);
        let mounts = machine.prints(&[&program("cat"), "/proc/self/mounts"]);
        let here: Vec<&str> = mounts.lines().filter(|line| line.contains(" /fs ")).collect();
        assert!(
            here.len() == 2 && here[0].starts_with("/dev/zram0 ") && here[1].starts_with("over "),
            "{mounts}"
        );
        // As it was told.
        machine.prints(&[&program("umount"), "/fs"]);
        machine.prints(&[&program("umount"), "/fs"]);
        machine.prints(&[OURS, "remove", "zram0"]);
        // What is advised about a path with a quote in it is taken by a shell.
        assert_eq!(machine.prints(&[OURS, "setup", "--size", "8M", "--mount", "/it's"]), "/dev/zram0\n");
        let refused = machine.run(&[OURS, "reset", "zram0"]);
        let advice = refused.stderr.split('`').nth(1).unwrap_or_default().to_owned();
        machine.prints(&[&shell, "-c", &format!("PATH=/usr/bin:/usr/sbin:/bin; {advice}")]);
        machine.prints(&[OURS, "remove", "zram0"]);
    });
}

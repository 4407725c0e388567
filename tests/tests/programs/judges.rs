//! What is said about a kernel and a machine, beside what the kernel's own files say.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    backing::{names, text},
    machine::{Machine, OURS, on_each_kernel, program, three_devices},
};

fn document(machine: &mut Machine, words: &[&str]) -> Value {
    serde_json::from_str(&machine.prints(&[&[OURS], words].concat())).unwrap()
}

fn is_there(machine: &mut Machine, path: &str) -> bool {
    machine.run(&[&program("ls"), "-d", path]).status == Some(0)
}

/// Has a shell write an attribute; whether the kernel took it.
fn takes(machine: &mut Machine, attribute: &str, value: &str) -> bool {
    let script = format!("echo '{value}' > /sys/block/zram0/{attribute}");
    machine.run(&[&program("sh"), "-c", &script]).status == Some(0)
}

/// The numbers of an attribute.
fn numbers(machine: &mut Machine, attribute: &str) -> Vec<u64> {
    let text = text(machine, &format!("/sys/block/zram0/{attribute}"));
    text.split_whitespace().map(|number| number.parse().unwrap()).collect()
}

/// Slot and letters of each line.
fn states(machine: &mut Machine) -> Vec<(u64, String)> {
    let text = text(machine, "/sys/kernel/debug/zram/zram0/block_state");
    let state = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        (words[0].parse().unwrap(), words[2].to_owned())
    };
    text.lines().map(state).collect()
}

fn ability(caps: &Value, feature: &str) -> Value {
    let abilities = caps["abilities"].as_array().unwrap();
    let found = abilities.iter().find(|ability| ability["feature"] == feature);
    found.unwrap_or_else(|| panic!("{feature}: {caps}"))["able"].clone()
}

#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn caps_are_what_the_kernel_has() {
    on_each_kernel(|machine| {
        machine.op(json!({"op": "begin", "backing_pages": 64}));
        // To look adds no device.
        let caps = document(machine, &["caps", "--json"]);
        assert_eq!((&caps["device"], &caps["attributes"]), (&Value::Null, &json!([])), "{}", machine.name);
        assert!(!names(machine, "/sys/block").iter().any(|name| name.starts_with("zram")));
        machine.op(json!({"op": "add"}));
        machine.set(0, "backing_dev", "$BACKING");
        machine.set(0, "comp_algorithm", "zstd");
        machine.set(0, "disksize", "1M");
        machine.op(json!({"op": "write", "dev": 0, "slot": 0, "pages": [{"kind": "text", "seed": 1}]}));

        let caps = document(machine, &["caps", "zram0", "--json"]);
        assert_eq!(caps["release"], text(machine, "/proc/sys/kernel/osrelease"));
        let algorithms = text(machine, "/sys/block/zram0/comp_algorithm");
        let algorithms: Vec<&str> =
            algorithms.split_whitespace().map(|name| name.trim_matches(['[', ']'])).collect();
        assert!(algorithms.len() > 2, "{algorithms:?}");
        assert_eq!(caps["algorithms"], json!(algorithms), "{}", machine.name);
        // What no other block device has is zram's own.
        let common: BTreeSet<String> = names(machine, "/sys/block/vda").into_iter().collect();
        let of_zram: BTreeSet<String> = names(machine, "/sys/block/zram0").into_iter().collect();
        let own: BTreeSet<&str> = of_zram.difference(&common).map(String::as_str).collect();
        let said = caps["attributes"].as_array().unwrap().iter().filter_map(Value::as_str);
        assert_eq!(said.collect::<BTreeSet<_>>(), own, "{}", machine.name);
        for (feature, attribute) in [
            ("algorithm_parameters", "algorithm_params"),
            ("recompression", "recomp_algorithm"),
            ("writeback", "writeback"),
            ("writeback_batch", "writeback_batch_size"),
            ("compressed_writeback", "compressed_writeback"),
        ] {
            assert_eq!(ability(&caps, feature), own.contains(attribute), "{}: {feature}", machine.name);
        }
        for (feature, path) in [
            ("zram", "/sys/class/zram-control"),
            ("block_state", "/sys/kernel/debug/zram/zram0/block_state"),
            ("pressure", "/proc/pressure/memory"),
            ("kernel_types", "/sys/kernel/btf/vmlinux"),
        ] {
            let there = is_there(machine, path);
            assert_eq!(ability(&caps, feature), there, "{}: {feature}", machine.name);
        }
        let counters = is_there(machine, "/sys/kernel/debug/zsmalloc/zram0/classes");
        assert_eq!(ability(&caps, "pool_classes") == true, counters, "{}", machine.name);
        assert_eq!(ability(&caps, "root"), true);
        // What no file shows is tried: ages with a slot that is a second old, ranges with the one that is written.
        assert_eq!(ability(&caps, "writeback_ranges"), takes(machine, "writeback", "page_indexes=0-0"));
        assert_eq!(ability(&caps, "access_times"), takes(machine, "idle", "1"), "{}", machine.name);

        let shown = machine.prints(&[OURS, "caps"]);
        let release = text(machine, "/proc/sys/kernel/osrelease");
        assert!(shown.starts_with(&format!("Linux {release}, told from zram0\n")), "{shown}");
        assert!(shown.contains(&format!("Algorithms  {}\n", algorithms.join(" "))), "{shown}");
    });
}

/// The findings of a check.
fn found(findings: &Value, check: &str) -> Vec<Value> {
    let findings = findings["findings"].as_array().unwrap();
    findings.iter().filter(|finding| finding["check"] == check).cloned().collect()
}

/// What `doctor --check` ends with, and what it found.
fn check(machine: &mut Machine) -> (Option<i32>, Value) {
    let ran = machine.run(&[OURS, "doctor", "--check", "--json"]);
    (ran.status, serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr)))
}

#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn the_doctor_says_what_the_kernel_counts() {
    on_each_kernel(|machine| {
        three_devices(machine);
        let pages: Vec<Value> = (0..40)
            .map(|seed| json!({"kind": if seed < 30 { "random" } else { "text" }, "seed": 100 + seed}))
            .collect();
        machine.op(json!({"op": "write", "dev": 0, "slot": 80, "pages": pages}));
        let before = (numbers(machine, "mm_stat"), states(machine));
        let (status, findings) = check(machine);
        assert_eq!(
            (numbers(machine, "mm_stat"), states(machine)),
            before,
            "{}: it changed something",
            machine.name
        );

        // The eighth number counts pages that are stored as they are.
        let (used, huge) = (before.0[2], before.0[7]);
        assert!(huge >= 30, "{:?}", before.0);
        let [incompressible] = &found(&findings, "incompressible")[..] else { panic!("{findings}") };
        assert_eq!(
            (&incompressible["severity"], &incompressible["device"]),
            (&json!("waste"), &json!("zram0"))
        );
        let seen = incompressible["seen"].as_str().unwrap();
        let kibibytes = |bytes: u64| format!("{}K", bytes >> 10);
        let says = format!(
            "zram0: {huge} pages are stored as they are, {} of the {} that it takes.",
            kibibytes(huge << 12),
            kibibytes(used)
        );
        assert_eq!(seen, says, "{}", machine.name);
        let why_lacking = found(&findings, "kernel-lacks");
        let lacks = |attribute: &str, machine: &mut Machine| {
            !is_there(machine, &format!("/sys/block/zram0/{attribute}"))
        };
        let (old, single) = (lacks("compressed_writeback", machine), lacks("recomp_algorithm", machine));
        let named = |what: &str| why_lacking.iter().any(|one| one["seen"].as_str().unwrap().contains(what));
        assert_eq!(
            (named("compressed writeback"), named("recompression")),
            (old, single),
            "{}",
            machine.name
        );
        assert_eq!(status, Some(0), "{}: {findings}", machine.name);

        // Each of these is a problem as long as it is so.
        assert!(takes(machine, "writeback_limit", "0") && takes(machine, "writeback_limit_enable", "1"));
        let (status, findings) = check(machine);
        assert_eq!((status, found(&findings, "writeback-limit-used-up").len()), (Some(3), 1), "{findings}");
        assert!(takes(machine, "writeback_limit_enable", "0"));
        assert!(takes(machine, "mem_limit", &used.to_string()));
        let (status, findings) = check(machine);
        assert_eq!((status, found(&findings, "limit-reached").len()), (Some(3), 1), "{findings}");
        assert!(takes(machine, "mem_limit", "3M"));
        machine.prints(&[&program("mkswap"), "/dev/vda"]);
        machine.prints(&[&program("swapon"), "-p", "200", "/dev/vda"]);
        let (status, findings) = check(machine);
        let [order] = &found(&findings, "swap-order")[..] else { panic!("{findings}") };
        assert_eq!(order["seen"], "zram1 (priority 100) comes after /dev/vda (priority 200).");
        assert_eq!(status, Some(3));
        machine.prints(&[&program("swapoff"), "/dev/vda"]);
        let (status, findings) = check(machine);
        assert_eq!(status, Some(0), "{}: {findings}", machine.name);
        // And what it advises is done away with by it.
        machine.prints(&[OURS, "writeback", "zram0", "--huge"]);
        assert!(found(&check(machine).1, "incompressible").is_empty());
        assert_eq!(machine.run(&[OURS, "doctor", "--check", "zram9"]).status, Some(1));
        machine.prints(&[&program("swapoff"), "/dev/zram1"]);
    });
}

#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn a_sample_compresses_as_the_kernel_did() {
    on_each_kernel(|machine| {
        three_devices(machine);
        let texts = |first: u64, count: u64| -> Vec<Value> {
            (first..first + count).map(|seed| json!({"kind": "text", "seed": seed})).collect()
        };
        machine.op(json!({"op": "write", "dev": 0, "slot": 80, "pages": texts(100, 20)}));
        machine.set(0, "idle", "all");
        let marked = numbers(machine, "mm_stat")[1];
        machine.op(json!({"op": "write", "dev": 0, "slot": 100, "pages": texts(200, 64)}));
        let before = states(machine);
        let in_memory = before.iter().filter(|(_, letters)| !letters.contains(['s', 'w'])).count();
        assert_eq!(in_memory, 84, "{}", machine.name);
        let document = document(machine, &["doctor", "zram0", "--sample", "1000", "--json"]);
        let sample = &document["samples"][0];
        // Those that are marked are left alone, and stay so.
        assert_eq!((&sample["pages"], &sample["in_memory"]), (&json!(64), &json!(84)), "{}", machine.name);
        assert_eq!(states(machine), before, "{}", machine.name);
        let offered = text(machine, "/sys/block/zram0/comp_algorithm");
        let tried = sample["algorithms"].as_array().unwrap();
        let names = tried.iter().map(|outcome| &outcome["algorithm"]);
        let names: BTreeSet<&str> =
            names.chain(sample["not_tried"].as_array().unwrap()).filter_map(Value::as_str).collect();
        let offered: BTreeSet<&str> =
            offered.split_whitespace().map(|name| name.trim_matches(['[', ']'])).collect();
        assert_eq!(names, offered, "{}", machine.name);
        let [primary] = &tried.iter().filter(|outcome| outcome["primary"] == true).collect::<Vec<_>>()[..]
        else {
            panic!("{sample}")
        };
        assert_eq!(primary["algorithm"], "zstd");
        // What the kernel itself made of the same pages: to the byte with today's zstd, nearly so with an older one.
        let kernel = numbers(machine, "mm_stat")[1] - marked;
        let ours = f64::from(64 * 4096) / primary["ratio"].as_f64().unwrap();
        let allowed = if machine.name.contains("7.") { 0.5 } else { kernel as f64 / 100.0 };
        assert!((ours - kernel as f64).abs() <= allowed, "{}: {ours}, {kernel}", machine.name);
        machine.prints(&[&program("swapoff"), "/dev/zram1"]);
    });
}

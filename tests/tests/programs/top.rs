//! zramtop beside the kernel's own files and `zramctl-rs slots`, on a device on which nothing goes on.

use serde_json::{Value, json};

use crate::machine::{Machine, OURS, on_each_kernel, program, three_devices};

const TOP: &str = "/bin/zramtop";

fn document(machine: &mut Machine, words: &[&str]) -> Value {
    serde_json::from_str(&machine.prints(words)).unwrap()
}

fn device<'a>(document: &'a Value, name: &str) -> &'a Value {
    let mut devices = document["devices"].as_array().unwrap().iter();
    devices.find(|device| device["device"] == name).expect("the device is shown")
}

/// A number of an attribute, as the kernel prints it.
fn attribute(machine: &mut Machine, name: &str, at: usize) -> u64 {
    let text = machine.prints(&[&program("cat"), &format!("/sys/block/zram0/{name}")]);
    text.split_whitespace().nth(at).unwrap().parse().unwrap()
}

/// So many states of `zramctl-rs slots --json` have this.
fn counted(states: &[Value], is: impl Fn(&Value) -> bool) -> u64 {
    states.iter().filter(|state| is(state)).count() as u64
}

/// A single look has the numbers of the kernel's files, and slots by kind as `zramctl-rs slots` lists them.
#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn a_look_agrees_with_the_kernel() {
    on_each_kernel(|machine| {
        three_devices(machine);
        let pages: Vec<Value> = (0..6).map(|seed| json!({"kind": "random", "seed": 100 + seed})).collect();
        machine.op(json!({"op": "write", "dev": 0, "slot": 80, "pages": pages}));
        machine.set(0, "idle", "all");
        let pages: Vec<Value> = (0..5).map(|seed| json!({"kind": "text", "seed": 200 + seed})).collect();
        machine.op(json!({"op": "write", "dev": 0, "slot": 100, "pages": pages}));
        let looked = document(machine, &[TOP, "--once", "--json"]);
        let listed = document(machine, &[OURS, "slots", "zram0", "--json"]);
        let names: Vec<&Value> =
            looked["devices"].as_array().unwrap().iter().map(|one| &one["device"]).collect();
        assert_eq!(names, ["zram0", "zram1", "zram2"], "{}", machine.name);
        let zram0 = device(&looked, "zram0");
        for (field, file, at) in [
            ("disksize", "disksize", 0),
            ("stored", "mm_stat", 0),
            ("compressed", "mm_stat", 1),
            ("memory", "mm_stat", 2),
        ] {
            let unlike = format!("{}: {field}: {zram0}", machine.name);
            assert_eq!(zram0[field].as_u64(), Some(attribute(machine, file, at)), "{unlike}");
        }
        assert_eq!(zram0["backing"]["used"].as_u64(), Some(attribute(machine, "bd_stat", 0) * 4096));
        let states = listed["states"].as_array().unwrap();
        let slots = &zram0["slots"];
        let number = |group: &str, name: &str| slots[group][name].as_u64().unwrap();
        for flag in ["same", "written_back", "huge", "idle"] {
            let of_states = counted(states, |state| state[flag] == true);
            assert_eq!(number("flags", flag), of_states, "{}: {flag}", machine.name);
        }
        assert!(number("flags", "idle") > 0 && number("flags", "written_back") > 0, "{slots}");
        // What is in no slot of the list is free; a slot is what comes first of what it is.
        assert_eq!(number("kinds", "free"), 1024 - states.len() as u64, "{}", machine.name);
        assert_eq!(number("kinds", "not_looked_at"), 0);
        let first = |state: &Value, kind: &str| {
            let order = ["written_back", "idle", "same", "incompressible", "huge", "recompressed"];
            order.into_iter().find(|flag| state[*flag] == true).unwrap_or("compressed") == kind
        };
        for kind in ["written_back", "idle", "same", "incompressible", "huge", "recompressed", "compressed"] {
            let of_states = counted(states, |state| first(state, kind));
            assert_eq!(number("kinds", kind), of_states, "{}: {kind}", machine.name);
        }
        assert!(number("kinds", "compressed") >= 5, "{slots}");
        machine.prints(&[&program("swapoff"), "/dev/zram1"]);
    });
}

/// Without debugfs and without probes the rest is shown, and what is missing is said.
#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn what_is_missing_is_said() {
    on_each_kernel(|machine| {
        three_devices(machine);
        machine.prints(&[&program("umount"), "/sys/kernel/debug"]);
        let looked = document(machine, &[TOP, "--once", "--json"]);
        let zram0 = device(&looked, "zram0");
        assert_eq!(zram0["stored"].as_u64(), Some(attribute(machine, "mm_stat", 0)), "{}", machine.name);
        assert_eq!(zram0["slots"], Value::Null, "{}", machine.name);
        let says = |value: &Value, word: &str| {
            let text = value.as_str().unwrap_or_default();
            assert!(text.contains(word), "{}: {value}", machine.name);
        };
        says(&zram0["slots_missing"], "debugfs");
        says(&zram0["classes"]["missing"], "debugfs");
        says(&zram0["latency"]["missing"], "--latency");
        // As somebody without rights.
        let run = machine.run(&[
            &program("setpriv"),
            "--reuid=65534",
            "--clear-groups",
            TOP,
            "--once",
            "--json",
            "--sizes",
            "--latency",
            "--interval=0.1",
        ]);
        assert_eq!(run.status, Some(0), "{}: {}", machine.name, run.stderr);
        let looked: Value = serde_json::from_str(&run.stdout).unwrap();
        let zram0 = device(&looked, "zram0");
        assert_eq!(zram0["disksize"], 4 << 20, "{}", machine.name);
        for missing in [&zram0["sizes"]["missing"], &zram0["latency"]["missing"]] {
            assert!(missing.as_str().is_some_and(|why| why.contains("root")), "{}: {zram0}", machine.name);
        }
        machine.prints(&[&program("swapoff"), "/dev/zram1"]);
    });
}

/// What probes tell: sizes as `zramctl-rs slots --sizes` has them, and times of what is done between two looks.
#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn probes_tell_sizes_and_times() {
    on_each_kernel(|machine| {
        three_devices(machine);
        let pages: Vec<Value> = (0..6).map(|seed| json!({"kind": "text", "seed": 100 + seed})).collect();
        machine.op(json!({"op": "write", "dev": 0, "slot": 80, "pages": pages}));
        let looked = document(machine, &[TOP, "--once", "--json", "--sizes", "zram0"]);
        // It may say that attaching takes its time.
        let ran = machine.run(&[OURS, "slots", "zram0", "--sizes", "--json"]);
        assert_eq!(ran.status, Some(0), "{}: {}", machine.name, ran.stderr);
        let listed: Value = serde_json::from_str(&ran.stdout).unwrap();
        let states = listed["states"].as_array().unwrap();
        let in_memory = states.iter().filter(|state| state["block"].is_null());
        let sizes: Vec<u64> =
            in_memory.filter_map(|state| state["size"].as_u64()).filter(|size| *size > 0).collect();
        let blocks = counted(states, |state| state["block"].is_u64());
        assert!(sizes.len() >= 6 && blocks > 0, "{}", machine.name);
        let objects = json!({"objects": sizes.len(), "bytes": sizes.iter().sum::<u64>(), "blocks": blocks});
        assert_eq!(device(&looked, "zram0")["sizes"]["here"], objects, "{}", machine.name);
        // Pages are written and read as long as it looks.
        let script = format!(
            "{TOP} --once --json --latency --interval=2 zram0 > /tmp/looked & top=$!
             while kill -0 $top 2>/dev/null; do
               {dd} if=/dev/urandom of=/dev/zram0 bs=4096 seek=200 count=64 oflag=direct status=none || exit 1
               {dd} if=/dev/zram0 of=/dev/null bs=4096 count=264 iflag=direct status=none || exit 1
             done
             wait $top && {cat} /tmp/looked",
            dd = program("dd"),
            cat = program("cat"),
        );
        let looked: Value = serde_json::from_str(&machine.prints(&[&program("sh"), "-c", &script])).unwrap();
        let latency = &device(&looked, "zram0")["latency"]["here"];
        let total =
            |row: &str| latency[row].as_array().unwrap().iter().filter_map(Value::as_u64).sum::<u64>();
        let unseen: Vec<&str> =
            latency["unseen"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        println!("{}: {latency}", machine.name);
        // Reads are seen on every one of these kernels: nothing at all is no answer.
        assert!(!unseen.contains(&"read"), "{}: {latency}", machine.name);
        let rows = ["write", "read", "read_back", "wait", "run"];
        for row in rows {
            // A page that is away raw, as on this device, is decompressed by nobody.
            let happens = !matches!(row, "wait" | "run");
            assert_eq!(
                total(row) > 0,
                happens && !unseen.contains(&row),
                "{}: {row}: {latency}",
                machine.name
            );
        }
        machine.prints(&[&program("swapoff"), "/dev/zram1"]);
    });
}

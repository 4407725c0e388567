//! What only probes can tell: sizes and blocks of slots, and what happens.

use serde_json::{Value, json};

use crate::machine::{Machine, OURS, on_each_kernel, program, three_devices};

/// What probes tell adds up to what the kernel counts.
#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn sizes_and_blocks_add_up() {
    on_each_kernel(|machine| {
        three_devices(machine);
        let pages: Vec<Value> = (0..6).map(|seed| json!({"kind": "text", "seed": 100 + seed})).collect();
        machine.op(json!({"op": "write", "dev": 0, "slot": 80, "pages": pages}));
        let ran = machine.run(&[OURS, "slots", "zram0", "--sizes", "--json"]);
        assert_eq!(ran.status, Some(0), "{}: {}", machine.name, ran.stderr);
        let document: Value = serde_json::from_str(&ran.stdout).unwrap();
        let all_well = json!({"attached": true, "reason": null, "changed": 0});
        assert_eq!(document["probes"], all_well, "{}", machine.name);
        let states = document["states"].as_array().unwrap();
        let in_memory = states.iter().filter(|slot| slot["written_back"] == false);
        let sizes: Vec<u64> = in_memory.filter_map(|slot| slot["size"].as_u64()).collect();
        assert!(sizes.len() >= 6, "{}: {sizes:?}", machine.name);
        let mut blocks: Vec<u64> = states.iter().filter_map(|slot| slot["block"].as_u64()).collect();
        blocks.sort_unstable();
        blocks.dedup();
        let seen = machine.set(2, "comp_algorithm", "lz4");
        let number = |attribute: &str, at: usize| -> u64 {
            let text = serde_json::to_value(&seen.devices[&0].attrs[attribute]).unwrap();
            text.as_str().unwrap().split_whitespace().nth(at).unwrap().parse().unwrap()
        };
        assert_eq!(sizes.iter().sum::<u64>(), number("mm_stat", 1), "{}", machine.name);
        assert_eq!(blocks.len() as u64, number("bd_stat", 0), "{}", machine.name);
        assert!(!blocks.is_empty());
        machine.prints(&[&program("swapoff"), "/dev/zram1"]);
    });
}

/// Events come as long as something happens, to the count, and a signal ends the watching in order.
#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn what_happens_is_watched() {
    on_each_kernel(|machine| {
        three_devices(machine);
        let shell = program("sh");
        let watched = |machine: &mut Machine, script: &str| -> Vec<Value> {
            let ran = machine.run(&[&shell, "-c", script]);
            assert_eq!(ran.status, Some(0), "{}: {}", machine.name, ran.stderr);
            ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        };
        let lines = watched(
            machine,
            "/bin/zramctl-rs watch --kind compact --count 4 --json & watch=$!
             while kill -0 $watch 2>/dev/null; do /bin/zramctl-rs compact zram0 >/dev/null; done
             wait $watch",
        );
        let names: Vec<&str> = lines.iter().filter_map(|line| line["event"].as_str()).collect();
        assert_eq!(names.len(), 4, "{}: {lines:?}", machine.name);
        assert!(names.contains(&"compact_begin") && names.contains(&"compact_end"), "{names:?}");
        let took = lines.iter().any(|line| line["took_nanos"].as_u64().is_some_and(|took| took > 0));
        assert!(took, "{}: {lines:?}", machine.name);
        assert_eq!(
            lines[4],
            json!({"schema": 1, "end": true, "printed": 4, "lost": 0, "unseen": []}),
            "{}",
            machine.name
        );
        let lines = watched(
            machine,
            "/bin/zramctl-rs watch zram2 --kind device --count 1 --json & watch=$!
             while kill -0 $watch 2>/dev/null; do /bin/zramctl-rs reset zram2; done
             wait $watch",
        );
        assert_eq!((&lines[0]["event"], &lines[0]["dev"]), (&json!("reset"), &json!(2)), "{}", machine.name);
        // By the time the second has been attached and run for some seconds, so has the first.
        let lines = watched(
            machine,
            "/bin/zramctl-rs watch --kind device --json & watch=$!
             /bin/zramctl-rs watch --kind device --for 5 >/dev/null
             kill -INT $watch
             wait $watch",
        );
        assert_eq!(
            (lines.len(), &lines[0]["end"], &lines[0]["lost"]),
            (1, &json!(true), &json!(0)),
            "{}",
            machine.name
        );
        // Nothing happens of this kind, and whoever reads has enough after the heading.
        let ran = machine.run(&[&shell, "-c", "/bin/zramctl-rs watch --kind device | read -r heading"]);
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(0), ""), "{}: {}", machine.name, ran.stderr);
        machine.prints(&[&program("swapoff"), "/dev/zram1"]);
    });
}

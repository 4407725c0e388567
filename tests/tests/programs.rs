//! The finished programs on live kernels: `cargo xtask programs`.
//!
//! A virtual machine with our programs and util-linux' in it. Operations of the agent prepare devices and tell what their attributes
//! say; programs are run in between.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a machine that does not answer is a failed test"
)]

use std::{
    io::{BufRead as _, BufReader, Lines, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};
use zram_agent::protocol::{Answer, Observation, Outcome, Ran};

/// A running virtual machine.
struct Machine {
    process: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
    name: String,
    /// The path of the backing device.
    backing: String,
}

impl Machine {
    fn boot(command: &str, kernel: &str) -> Self {
        let words = shlex::split(command).unwrap();
        let mut process = Command::new(&words[0])
            .args(&words[1..])
            .args(["--kernel", kernel])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the command in ZRAM_RS_VM cannot be started");
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut machine = Self { process, input, output, name: kernel.to_owned(), backing: String::new() };
        let Answer::Hello(hello) = machine.answer() else { panic!("{kernel}: no greeting") };
        machine.backing = hello.backing_path;
        machine
    }

    fn answer(&mut self) -> Answer {
        let line = self.output.next().expect("the machine is gone").unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn say(&mut self, line: &Value) -> Answer {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
        self.answer()
    }

    /// An operation, which must end well.
    fn op(&mut self, op: Value) -> Observation {
        match self.say(&op) {
            Answer::Observation(observation) => {
                assert!(
                    matches!(observation.outcome, Outcome::Ok(_)),
                    "{}: {op}: {:?}",
                    self.name,
                    observation.outcome
                );
                *observation
            }
            answer => panic!("{}: {op}: {answer:?}", self.name),
        }
    }

    fn set(&mut self, dev: u32, attribute: &str, value: &str) -> Observation {
        self.op(json!({"op": "set", "dev": dev, "attr": attribute, "value": value}))
    }

    fn run(&mut self, words: &[&str]) -> Ran {
        match self.say(&json!({ "run": words })) {
            Answer::Ran(ran) => ran,
            answer => panic!("{}: {words:?}: {answer:?}", self.name),
        }
    }

    /// What a program writes, which must end well and complain of nothing.
    fn prints(&mut self, words: &[&str]) -> String {
        let ran = self.run(words);
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{}: {words:?}", self.name);
        ran.stdout
    }

    /// Lets the machine end, which it must do in order.
    fn end(mut self) {
        drop(self.input.take());
        assert!(self.process.wait().unwrap().success(), "{}: the machine did not end in order", self.name);
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // After a failed check; nothing is lost if it has ended by itself.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Does this on every kernel that is to be tested.
fn on_each_kernel(test: impl Fn(&mut Machine)) {
    let variable = |name| {
        std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `cargo xtask programs`"))
    };
    let kernels = variable("ZRAM_RS_KERNELS");
    assert!(!kernels.trim().is_empty());
    for kernel in kernels.split_whitespace() {
        let mut machine = Machine::boot(&variable("ZRAM_RS_VM"), kernel);
        test(&mut machine);
        machine.end();
    }
}

const OURS: &str = "/bin/zramctl-rs";

/// Three devices: one with pages of all kinds and a backing device, one that is swapped to, one that is not set up.
fn three_devices(machine: &mut Machine) {
    machine.op(json!({"op": "begin", "backing_pages": 64}));
    for _ in 0..3 {
        machine.op(json!({"op": "add"}));
    }
    machine.set(0, "backing_dev", "$BACKING");
    machine.set(0, "comp_algorithm", "zstd");
    machine.set(0, "disksize", "4M");
    machine.set(0, "mem_limit", "3M");
    let kinds = [
        json!({"kind": "text", "seed": 7}),
        json!({"kind": "random", "seed": 8}),
        json!({"kind": "zero"}),
        json!({"kind": "same", "word": 9}),
    ];
    for slot in 0..12 {
        let pages: Vec<&Value> = kinds.iter().cycle().skip(slot).take(4).collect();
        machine.op(json!({"op": "write", "dev": 0, "slot": slot * 5, "pages": pages}));
    }
    machine.set(0, "idle", "all");
    machine.set(0, "writeback", "idle");
    machine.set(1, "disksize", "67108864");
    machine.prints(&[&program("mkswap"), "/dev/zram1"]);
    machine.prints(&[&program("swapon"), "-p", "100", "/dev/zram1"]);
}

/// Where a program of util-linux is in the machine: where it is here.
fn program(name: &str) -> String {
    let places = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];
    let found = places
        .iter()
        .map(|place| format!("{place}/{name}"))
        .find(|path| std::path::Path::new(path).is_file());
    found.expect("util-linux is not installed")
}

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
                &["--size", "8M", "--algorithm", "zstd", "--backing", "/dev/nowhere"],
                "to backing_dev of zram0",
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

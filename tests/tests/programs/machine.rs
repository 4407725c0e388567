//! A virtual machine that runs programs.

use std::{
    io::{BufRead as _, BufReader, Lines, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};
use zram_agent::protocol::{Answer, Observation, Outcome, Ran};

/// A running virtual machine.
pub(crate) struct Machine {
    process: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
    pub(crate) name: String,
    /// The path of the backing device.
    pub(crate) backing: String,
}

impl Machine {
    /// Boots it. A machine that dies before it says anything is started once more, which is told: emulated processors do that at times, and
    /// nothing of ours runs by then.
    pub(crate) fn boot(kernel: &str, options: &[&str]) -> Self {
        Self::start(kernel, options).unwrap_or_else(|| {
            eprintln!("{kernel}: the machine ended before it said anything; it is started again");
            Self::start(kernel, options).expect("the machine ended again before it said anything")
        })
    }

    fn start(kernel: &str, options: &[&str]) -> Option<Self> {
        let words = shlex::split(&variable("ZRAM_RS_VM")).unwrap();
        let mut process = Command::new(&words[0])
            .args(&words[1..])
            .args(["--kernel", kernel])
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the command in ZRAM_RS_VM cannot be started");
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut machine = Self { process, input, output, name: kernel.to_owned(), backing: String::new() };
        let first = machine.output.next()?.unwrap();
        let Answer::Hello(hello) = serde_json::from_str(&first).unwrap() else {
            panic!("{kernel}: no greeting")
        };
        machine.backing = hello.backing_path;
        Some(machine)
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
    pub(crate) fn op(&mut self, op: Value) -> Observation {
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

    pub(crate) fn set(&mut self, dev: u32, attribute: &str, value: &str) -> Observation {
        self.op(json!({"op": "set", "dev": dev, "attr": attribute, "value": value}))
    }

    pub(crate) fn run(&mut self, words: &[&str]) -> Ran {
        match self.say(&json!({ "run": words })) {
            Answer::Ran(ran) => ran,
            answer => panic!("{}: {words:?}: {answer:?}", self.name),
        }
    }

    /// What a program writes, which must end well and complain of nothing.
    pub(crate) fn prints(&mut self, words: &[&str]) -> String {
        let ran = self.run(words);
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{}: {words:?}", self.name);
        ran.stdout
    }

    /// Lets the machine end, which it must do in order.
    pub(crate) fn end(mut self) {
        drop(self.input.take());
        assert!(self.process.wait().unwrap().success(), "{}: the machine did not end in order", self.name);
    }

    /// Ends it as if its power had gone: what is not on its disk is lost.
    pub(crate) fn crash(mut self) {
        let script = "echo b > /proc/sysrq-trigger";
        writeln!(self.input.as_mut().unwrap(), "{}", json!({ "run": [program("sh"), "-c", script] }))
            .unwrap();
        // It answers no more, and its end is not in order.
        assert!(self.output.next().is_none(), "{}: it goes on", self.name);
        drop(self.process.wait());
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
pub(crate) fn on_each_kernel(test: impl Fn(&mut Machine)) {
    for kernel in kernels() {
        let mut machine = Machine::boot(&kernel, &[]);
        test(&mut machine);
        machine.end();
    }
}

/// The kernels that are to be tested.
pub(crate) fn kernels() -> Vec<String> {
    let kernels: Vec<String> = variable("ZRAM_RS_KERNELS").split_whitespace().map(str::to_owned).collect();
    assert!(!kernels.is_empty());
    kernels
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `cargo xtask programs`"))
}

pub(crate) const OURS: &str = "/bin/zramctl-rs";

/// Three devices: one with pages of all kinds and a backing device, one that is swapped to, one that is not set up.
pub(crate) fn three_devices(machine: &mut Machine) {
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
pub(crate) fn program(name: &str) -> String {
    let places = ["/usr/sbin", "/sbin", "/usr/bin"];
    let found = places
        .iter()
        .map(|place| format!("{place}/{name}"))
        .find(|path| std::path::Path::new(path).is_file());
    found.expect("util-linux is not installed")
}

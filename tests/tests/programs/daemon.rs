//! zramd on live kernels: swap on zram with a file behind it, in a group that may take little memory.

use serde_json::Value;

use crate::{
    backing::{a_disk, sum, swapped_file, text},
    machine::{Machine, OURS, on_each_kernel, program},
};

const ZRAMD: &str = "/bin/zramd";

/// A page is idle after a second; no more than 2 MiB a day, in rounds of up to 512 KiB.
const CONFIG: &str = "[idle]\nmin = \"1s\"\nmax = \"1s\"\n[writeback]\nper-day = \"2M\"\nround-min = \"4K\"\nround-max = \"512K\"\n\
                      every = \"1s\"\n[regret]\nenabled = false\n";

const PER_DAY: u64 = 2 << 20;

fn sh(machine: &mut Machine, script: &str) -> String {
    machine.prints(&[&program("sh"), "-c", &format!("PATH=/usr/bin:/usr/sbin:/bin:/sbin\n{script}")])
}

/// Swap of 32 MiB with a file of 16 MiB behind it, of which a file's pages take some; its checksum.
fn swap(machine: &mut Machine) -> String {
    a_disk(machine);
    let setup = "setup --size 32M --algorithm lz4 --backing /disk/pages --backing-size 16M --swap";
    let words: Vec<&str> = [OURS].into_iter().chain(setup.split(' ')).collect();
    assert_eq!(machine.prints(&words), "/dev/zram0\n");
    sh(machine, &format!("mkdir -p /etc/zramd /run/zramd\ncat > /etc/zramd/zramd.toml <<'END'\n{CONFIG}END"));
    let sum = swapped_file(machine);
    sh(machine, "sleep 2");
    sum
}

/// Starts it, and waits until it answers.
fn start(machine: &mut Machine) {
    sh(machine, "zramd run >> /run/zramd/log 2>&1 & echo $! > /run/zramd/pid");
    for _ in 0..100 {
        if machine.run(&[ZRAMD, "status"]).status == Some(0) {
            return;
        }
    }
    panic!("{}: it does not answer: {}", machine.name, text(machine, "/run/zramd/log"));
}

fn status(machine: &mut Machine) -> Value {
    serde_json::from_str(&machine.prints(&[ZRAMD, "status", "--json"])).unwrap()
}

fn round(machine: &mut Machine) {
    machine.prints(&[ZRAMD, "run-now", "--json"]);
}

/// The nth number of an attribute of zram0.
fn number(machine: &mut Machine, attribute: &str, nth: usize) -> u64 {
    let shown = text(machine, &format!("/sys/block/zram0/{attribute}"));
    shown.split_whitespace().nth(nth).and_then(|word| word.parse().ok()).unwrap()
}

fn written(machine: &mut Machine) -> u64 {
    number(machine, "bd_stat", 2) * 4096
}

#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn memory_comes_down_within_the_budget() {
    on_each_kernel(|machine| {
        let before = swap(machine);
        let memory = number(machine, "mm_stat", 2);
        start(machine);
        for _ in 0..6 {
            round(machine);
        }
        let wrote = written(machine);
        assert!(wrote > PER_DAY / 2 && wrote <= PER_DAY, "{}: {wrote} of {PER_DAY}", machine.name);
        let less = memory.saturating_sub(number(machine, "mm_stat", 2));
        assert!(less > 512 << 10, "{}: {less} bytes less of {memory}", machine.name);
        assert_eq!(number(machine, "writeback_limit", 0), 0);
        assert_eq!(number(machine, "writeback_limit_enable", 0), 1);

        // What it says is what the kernel says.
        let told = status(machine);
        let device = &told["devices"][0];
        assert_eq!(told["budget"]["spent_bytes"], wrote);
        assert_eq!(told["budget"]["granted_bytes"], 0);
        assert_eq!(device["backing"]["bd_stat"]["writes"].as_u64().map(|units| units * 4096), Some(wrote));
        assert_eq!(device["mm_stat"]["mem_used_total"], number(machine, "mm_stat", 2));
        let why: Value = serde_json::from_str(&machine.prints(&[ZRAMD, "why", "--json"])).unwrap();
        let decisions = why["decisions"].as_array().unwrap();
        let sum_of_writes: u64 =
            decisions.iter().filter_map(|decision| decision["numbers"]["written_bytes"].as_u64()).sum();
        assert_eq!(sum_of_writes, wrote);
        assert!(decisions.iter().any(|decision| decision["result"] == "refused"), "{why}");

        // What was written comes back as it was.
        sh(machine, "echo max > /group/small/memory.max");
        assert_eq!(sum(machine, "/ram/file"), before);
        assert!(number(machine, "bd_stat", 1) > 0, "nothing was read back");

        // It ends when it is told to, and the limit counts as it did before.
        sh(
            machine,
            "kill $(cat /run/zramd/pid); for i in 1 2 3 4 5 6 7 8 9; do kill -0 $(cat /run/zramd/pid) 2>/dev/null || exit 0; sleep 1; done; exit 1",
        );
        assert_eq!(number(machine, "writeback_limit_enable", 0), 0);
        let log = text(machine, "/run/zramd/log");
        assert!(log.lines().any(|line| line.contains("write back")), "{log}");
    });
}

/// Killed at random moments, twenty times on each kernel: nothing is lost, the budget holds, and whoever starts next goes on.
#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn killed_at_any_moment_it_keeps_its_budget() {
    on_each_kernel(|machine| {
        let before = swap(machine);
        let mut seen = Vec::new();
        for death in 0..20 {
            start(machine);
            // A round is under way while it is killed, after a moment that is another each time.
            let moment = format!("0.0{}", death * 7 % 10);
            sh(
                machine,
                &format!(
                    "zramd run-now > /dev/null 2>&1 & sleep {moment}; kill -9 $(cat /run/zramd/pid); wait"
                ),
            );
            let wrote = written(machine);
            assert!(wrote <= PER_DAY, "{}: death {death}: {wrote} of {PER_DAY}", machine.name);
            seen.push(wrote);
        }
        start(machine);
        for _ in 0..8 {
            round(machine);
        }
        let wrote = written(machine);
        let spent = status(machine)["budget"]["spent_bytes"].as_u64().unwrap();
        assert!(wrote <= spent && spent <= PER_DAY, "{}: {wrote} {spent} {seen:?}", machine.name);
        assert!(
            spent > PER_DAY - (64 << 10),
            "{}: it goes on until all is spent: {spent} {seen:?}",
            machine.name
        );
        sh(machine, "kill $(cat /run/zramd/pid); sleep 1; echo max > /group/small/memory.max");
        assert_eq!(sum(machine, "/ram/file"), before);
        let log = text(machine, "/run/zramd/log");
        assert!(!log.contains("cannot be used"), "{log}");
    });
}

/// While nothing happens it takes little memory, and is woken less than once a minute. `ZRAM_RS_IDLE_SECONDS`: how long that is looked at, a minute by default.
#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn idle_it_costs_little() {
    let seconds: u64 =
        std::env::var("ZRAM_RS_IDLE_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    on_each_kernel(|machine| {
        swap(machine);
        // With its defaults.
        sh(machine, "rm /etc/zramd/zramd.toml");
        start(machine);
        let of_process = |machine: &mut Machine, field: &str| -> u64 {
            let shown = sh(machine, "cat /proc/$(cat /run/zramd/pid)/status");
            let line = shown.lines().find_map(|line| line.strip_prefix(field)).unwrap();
            line.trim_start_matches(':').split_whitespace().next().and_then(|word| word.parse().ok()).unwrap()
        };
        let woken = |machine: &mut Machine| of_process(machine, "voluntary_ctxt_switches");
        let before = woken(machine);
        sh(machine, &format!("sleep {seconds}"));
        let times = woken(machine) - before;
        let resident = of_process(machine, "VmRSS");
        let most = of_process(machine, "VmHWM");
        println!(
            "{}: woken {times} times in {seconds} s; {resident} KiB resident, {most} at most",
            machine.name
        );
        assert!(times <= 1 + seconds / 60, "{}: woken {times} times in {seconds} s", machine.name);
        assert!(resident <= 8 << 10, "{}: {resident} KiB", machine.name);
    });
}

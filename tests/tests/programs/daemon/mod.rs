//! zramd on live kernels: swap on zram with a file behind it, in a group that may take little memory.
//!
//! * Here: memory comes down within the budget, deaths at any moment, and what it costs while nothing happens.
//! * `reboot` has the budget outlive the machine, and a kernel without pressure.
//! * `faults` takes away from it whatever it needs, one after another.
//! * `waits` measures how long others wait for what it does.

mod faults;
mod reboot;
mod waits;

use std::collections::BTreeMap;

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

/// Where there are metrics.
const METRICS: &str =
    "[paths]\nmetrics = \"/run/zramd/zramd.prom\"\nmetrics-socket = \"/run/zramd/metrics\"\n";

fn sh(machine: &mut Machine, script: &str) -> String {
    machine.prints(&[&program("sh"), "-c", &format!("PATH=/usr/bin:/usr/sbin:/bin:/sbin\n{script}")])
}

/// Swap of 32 MiB with a file of 16 MiB behind it, of which a file's pages take some; its checksum.
fn swap(machine: &mut Machine) -> String {
    a_disk(machine);
    configure(machine, &format!("{CONFIG}{METRICS}"));
    swap_over(machine, "/disk/pages")
}

/// The same over this file.
fn swap_over(machine: &mut Machine, file: &str) -> String {
    let setup = format!("setup --size 32M --algorithm lz4 --backing {file} --backing-size 16M --swap");
    let words: Vec<&str> = [OURS].into_iter().chain(setup.split(' ')).collect();
    assert_eq!(machine.prints(&words), "/dev/zram0\n");
    let sum = swapped_file(machine);
    sh(machine, "sleep 2");
    sum
}

fn configure(machine: &mut Machine, text: &str) {
    sh(machine, &format!("mkdir -p /etc/zramd /run/zramd\ncat > /etc/zramd/zramd.toml <<'END'\n{text}END"));
}

/// Starts it, and waits until it answers.
fn start(machine: &mut Machine) {
    start_as(machine, ZRAMD);
}

/// The same, from this file.
fn start_as(machine: &mut Machine, program: &str) {
    sh(machine, &format!("{program} run >> /run/zramd/log 2>&1 & echo $! > /run/zramd/pid"));
    for _ in 0..100 {
        if machine.run(&[ZRAMD, "status"]).status == Some(0) {
            return;
        }
    }
    let log = text(machine, "/run/zramd/log");
    panic!("{}: it does not answer: {log}", machine.name);
}

/// Tells it to end, and waits until it has: nobody is there to hear how.
fn stop(machine: &mut Machine) {
    let script = "pid=$(cat /run/zramd/pid); kill $pid
        for i in 1 2 3 4 5 6 7 8 9; do
            case $(cat /proc/$pid/stat 2>/dev/null) in ''|*') Z '*) exit 0;; esac
            sleep 1
        done; exit 1";
    sh(machine, script);
}

fn status(machine: &mut Machine) -> Value {
    serde_json::from_str(&machine.prints(&[ZRAMD, "status", "--json"])).unwrap()
}

fn round(machine: &mut Machine) -> Value {
    serde_json::from_str(&machine.prints(&[ZRAMD, "run-now", "--json"])).unwrap()
}

fn why(machine: &mut Machine) -> Value {
    serde_json::from_str(&machine.prints(&[ZRAMD, "why", "--last", "1000", "--json"])).unwrap()
}

/// How often the log has this.
fn said(machine: &mut Machine, what: &str) -> usize {
    text(machine, "/run/zramd/log").lines().filter(|line| line.contains(what)).count()
}

/// Metrics by name and labels.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        let (sample, value) = line.rsplit_once(' ')?;
        Some((sample.to_owned(), value.parse().ok()?))
    };
    lines.map(|line| sample(line).unwrap_or_else(|| panic!("{line}"))).collect()
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
        let why = why(machine);
        let decisions = why["decisions"].as_array().unwrap();
        let sum_of_writes: u64 =
            decisions.iter().filter_map(|decision| decision["numbers"]["written_bytes"].as_u64()).sum();
        assert_eq!(sum_of_writes, wrote);
        assert!(decisions.iter().any(|decision| decision["result"] == "refused"), "{why}");
        let mut ended: BTreeMap<&str, f64> = BTreeMap::new();
        for decision in decisions.iter().filter(|decision| decision["task"] == "writeback") {
            if let Some(how) = decision["result"]["ended"].as_str() {
                *ended.entry(how).or_default() += 1.0;
            }
        }
        metrics_are_what_the_kernel_counts(machine, &ended);

        // What was written comes back as it was.
        sh(machine, "echo max > /group/small/memory.max");
        assert_eq!(sum(machine, "/ram/file"), before);
        assert!(number(machine, "bd_stat", 1) > 0, "nothing was read back");

        // It ends when it is told to, and the limit counts as it did before.
        stop(machine);
        assert_eq!(number(machine, "writeback_limit_enable", 0), 0);
        let log = text(machine, "/run/zramd/log");
        assert!(log.lines().any(|line| line.contains("write back")), "{log}");
    });
}

/// In the file and at the socket; `ended`: how often writeback ended how.
fn metrics_are_what_the_kernel_counts(machine: &mut Machine, ended: &BTreeMap<&str, f64>) {
    let mut counted: Vec<(&str, u64)> = Vec::new();
    for (nth, name) in [
        "zramd_original_bytes",
        "zramd_compressed_bytes",
        "zramd_memory_bytes",
        "zramd_memory_limit_bytes",
        "zramd_memory_peak_bytes",
        "zramd_same_pages",
        "zramd_compacted_pages_total",
        "zramd_huge_pages",
    ]
    .into_iter()
    .enumerate()
    {
        counted.push((name, number(machine, "mm_stat", nth)));
    }
    for (nth, name) in
        ["zramd_backing_bytes", "zramd_backing_read_bytes_total", "zramd_backing_written_bytes_total"]
            .into_iter()
            .enumerate()
    {
        counted.push((name, 4096 * number(machine, "bd_stat", nth)));
    }
    counted.push(("zramd_disksize_bytes", number(machine, "disksize", 0)));
    counted.push(("zramd_writeback_limit_bytes", 4096 * number(machine, "writeback_limit", 0)));
    let asked = machine.prints(&["/init", "ask", "/run/zramd/metrics", "GET /metrics HTTP/1.0\\r\\n\\r\\n"]);
    let (head, body) = asked.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.0 200 OK\r\n"), "{head}");
    for metrics in [samples(body), samples(&text(machine, "/run/zramd/zramd.prom"))] {
        for (name, count) in &counted {
            let sample = format!("{name}{{device=\"zram0\"}}");
            // There is no limit of memory, and none is not 0.
            let wanted = (*name != "zramd_memory_limit_bytes").then_some(*count as f64);
            assert_eq!(metrics.get(&sample), wanted.as_ref(), "{}: {sample}", machine.name);
        }
        let written = metrics["zramd_backing_written_bytes_total{device=\"zram0\"}"];
        assert_eq!(metrics["zramd_budget_spent_bytes"], written, "{}", machine.name);
        assert_eq!(metrics["zramd_budget_left_bytes"], PER_DAY as f64 - written, "{}", machine.name);
        let actions = "zramd_actions_total{device=\"zram0\",task=\"writeback\",outcome=";
        let counted: BTreeMap<&str, f64> = metrics
            .iter()
            .filter_map(|(sample, count)| Some((sample.strip_prefix(actions)?, *count)))
            .map(|(outcome, count)| (outcome.trim_matches(['"', '}']), count))
            .collect();
        assert!(!counted.is_empty() && counted == *ended, "{}: {counted:?} {ended:?}", machine.name);
        assert_eq!((metrics["zramd_driving"], metrics["zramd_faults"]), (1.0, 0.0), "{}", machine.name);
    }
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
        sh(machine, "echo max > /group/small/memory.max");
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
        sh(machine, ": > /etc/zramd/zramd.toml");
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

//! What our programs cost, beside what others do the same with, or beside what the kernel takes for its part.
//!
//! Nothing here fails for being slow: machines are shared, and emulated ones more so. Each ratio is of two things done by turns in one machine, and is printed
//! (`RUST_TEST_NOCAPTURE=1`); docs/performance.md has them. What is asserted is that the same was done on both sides. That is all there is to find out unless
//! `ZRAM_RS_MEASURE` is set: without it things are done once, and on a small device.

use crate::machine::{Machine, OURS, on_each_kernel, program, three_devices};

/// Whether somebody wants to know, and not only that it works.
fn is_measured() -> bool {
    std::env::var_os("ZRAM_RS_MEASURE").is_some()
}

/// How often each is measured.
fn turns() -> usize {
    if is_measured() { 9 } else { 1 }
}

/// Milliseconds of a processor that this takes in a shell, in programs and in the kernel for them.
fn costs(machine: &mut Machine, script: &str) -> [u64; 2] {
    let said = machine.prints(&[&program("sh"), "-c", &format!("{script}; times")]);
    // The second line is of what the shell started: 0m0.123456s in user space, and in the kernel.
    let children = said.lines().last().expect("times says something");
    let milliseconds = |time: &str| {
        let (minutes, seconds) = time.strip_suffix('s').and_then(|time| time.split_once('m')).unwrap();
        (minutes.parse::<f64>().unwrap() * 60e3 + seconds.parse::<f64>().unwrap() * 1e3).round() as u64
    };
    let times: Vec<u64> = children.split_whitespace().map(milliseconds).collect();
    [times[0], times[1]]
}

fn median(mut of: Vec<u64>) -> u64 {
    of.sort_unstable();
    of[of.len() / 2]
}

/// `list` shows more than util-linux' zramctl, and does not take longer for it.
#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn list_beside_zramctl() {
    on_each_kernel(|machine| {
        three_devices(machine);
        let theirs = program("zramctl");
        let runs = |words: &str| format!("for i in 1 2 3 4 5 6 7 8; do {words} > /dev/null || exit 1; done");
        let shown = |machine: &mut Machine, words: &[&str]| machine.prints(words).lines().count();
        assert_eq!(shown(machine, &[OURS, "list"]), shown(machine, &[&theirs]), "a line for each device");
        let words = [format!("{OURS} list"), theirs, OURS.to_owned(), format!("{OURS} --version")];
        let mut taken = vec![Vec::new(); words.len()];
        for _ in 0..turns() {
            for (words, taken) in words.iter().zip(&mut taken) {
                taken.push(costs(machine, &runs(words)).iter().sum());
            }
        }
        let of: Vec<u64> = taken.into_iter().map(median).collect();
        for (words, ms) in words.iter().zip(&of) {
            println!("{}: eight runs of `{words}`: {ms} ms", machine.name);
        }
        println!("{}: list beside zramctl: {:.2}", machine.name, of[0] as f64 / of[1] as f64);
        machine.prints(&[&program("swapoff"), "/dev/zram1"]);
    });
}

/// Of a device of 1 Mi slots where it is measured, all in use: what reading `block_state` takes, and what our program does with it besides.
#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn slots_beside_the_kernel() {
    let slots: u64 = if is_measured() { 1 << 20 } else { 1 << 14 };
    let mib = slots >> 8;
    on_each_kernel(|machine| {
        let name = machine.prints(&[OURS, "setup", "--size", &format!("{mib}M")]);
        let device = name.trim().strip_prefix("/dev/").unwrap().to_owned();
        // Of eight pages seven are zeros, which take no memory and make a line each all the same; one is of a program. So flags change from line to line,
        // and until Linux 6.19 microseconds do.
        let fill = format!(
            "for i in 0 1 2 3 4 5 6 7; do \
                 dd if={OURS} bs=4k count=1 skip=$i status=none; dd if=/dev/zero bs=4k count=7 status=none; \
             done > /tmp/pages && \
             for i in 1 2 3 4; do cat /tmp/pages /tmp/pages > /tmp/more && cat /tmp/more > /tmp/pages; done && \
             i=0 && while [ $i -lt {times} ]; do cat /tmp/pages && i=$((i + 1)); done | \
             dd of=/dev/{device} bs=1M count={mib} iflag=fullblock oflag=direct status=none",
            times = slots / 1024,
        );
        machine.prints(&[&program("sh"), "-c", &fill]);
        let summary = machine.prints(&[OURS, "slots", &device]);
        assert!(summary.contains(&slots.to_string()), "{summary}");
        let state = format!("/sys/kernel/debug/zram/{device}/block_state");
        let lines = machine.prints(&[&program("sh"), "-c", &format!("wc -l < {state}")]);
        assert_eq!(lines.trim(), slots.to_string(), "each slot has a line");
        let scripts = [
            format!("{OURS} slots {device} > /dev/null"),
            format!("{OURS} --version > /dev/null"),
            format!("cat {state} > /dev/null"),
        ];
        let mut taken = vec![[Vec::new(), Vec::new()]; scripts.len()];
        for _ in 0..turns() {
            for (script, [user, kernel]) in scripts.iter().zip(&mut taken) {
                let [in_user, in_kernel] = costs(machine, script);
                user.push(in_user);
                kernel.push(in_kernel);
            }
        }
        let of: Vec<[u64; 2]> = taken.into_iter().map(|both| both.map(median)).collect();
        for (script, [user, kernel]) in scripts.iter().zip(&of) {
            println!("{}: `{script}`: {user} ms, and {kernel} ms in the kernel", machine.name);
        }
        let parsing = of[0][0].saturating_sub(of[1][0]) as f64;
        println!("{}: parsing beside reading: {:.3}", machine.name, parsing / of[0][1] as f64);
        machine.prints(&[OURS, "remove", &device]);
    });
}

/// A device of so many slots, all in use by zeros, which take no memory and are listed all the same.
fn filled(machine: &mut Machine, slots: u64) -> String {
    let mib = slots >> 8;
    let name = machine.prints(&[OURS, "setup", "--size", &format!("{mib}M")]);
    let device = name.trim().strip_prefix("/dev/").unwrap().to_owned();
    let fill = format!("if=/dev/zero of=/dev/{device} bs=1M count={mib} oflag=direct status=none");
    let words: Vec<String> =
        std::iter::once(program("dd")).chain(fill.split(' ').map(str::to_owned)).collect();
    machine.prints(&words.iter().map(String::as_str).collect::<Vec<_>>());
    device
}

/// A copy of the slot table by probes beside the text of `block_state`, in the same program: what each takes for the slots that a large device has more
/// than a small one, so that neither starting nor attaching counts.
#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn snapshot_beside_block_state() {
    let (small, large): (u64, u64) = if is_measured() { (1 << 12, 1 << 20) } else { (1 << 8, 1 << 12) };
    on_each_kernel(|machine| {
        let mut of = Vec::new();
        for slots in [small, large] {
            let device = filled(machine, slots);
            let text = format!("/bin/zramtop {device} --once --json > /tmp/looked");
            let both = format!("/bin/zramtop {device} --once --json --sizes > /tmp/looked");
            let mut taken = [Vec::new(), Vec::new()];
            for _ in 0..turns().min(3) {
                for (script, taken) in [&text, &both].into_iter().zip(&mut taken) {
                    taken.push(costs(machine, script).iter().sum());
                }
            }
            let looked = machine.prints(&[&program("cat"), "/tmp/looked"]);
            let looked: serde_json::Value = serde_json::from_str(&looked).unwrap();
            let one = &looked["devices"][0];
            assert_eq!(one["slots"]["flags"]["same"].as_u64(), Some(slots), "{}: {one}", machine.name);
            assert!(one["sizes"]["here"].is_object(), "{}: {one}", machine.name);
            of.push(taken.map(median));
            machine.prints(&[OURS, "remove", &device]);
        }
        println!("{}: text, and both, of {small} and of {large} slots: {of:?} ms", machine.name);
        let text = of[1][0].saturating_sub(of[0][0]);
        let copied = (of[1][1].saturating_sub(of[1][0])).saturating_sub(of[0][1].saturating_sub(of[0][0]));
        // Of a few slots neither is more than chance.
        if is_measured() {
            println!("{}: snapshot beside text: {:.3}", machine.name, copied as f64 / text as f64);
        }
    });
}

/// What zramtop takes of a processor while it shows a device of 262 144 slots, a look a second: the overview, on a terminal, while nothing
/// goes on. What starting takes is left out: it is what a short run takes. What the terminal's other side takes is counted in.
#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn top_on_a_terminal() {
    let (short, long) = if is_measured() { (5, 35) } else { (4, 5) };
    on_each_kernel(|machine| {
        let device = filled(machine, if is_measured() { 1 << 18 } else { 1 << 12 });
        let (mkdir, mount) = (program("mkdir"), program("mount"));
        machine.prints(&[
            &program("sh"),
            "-c",
            &format!("{mkdir} -p /dev/pts && {mount} -t devpts devpts /dev/pts"),
        ]);
        let [script, timeout, stty, sleep, sh] = ["script", "timeout", "stty", "sleep", "sh"].map(program);
        // A terminal is asked where its cursor is, and here nobody else answers.
        let runs = |seconds: u64| {
            format!(
                "for i in 1 2 3 4 5 6 7 8; do {sleep} 0.4; printf '\\033[1;1R'; done | SHELL={sh} TERM=xterm {script} -qc '{stty} rows 40 cols 120; {timeout} --foreground -s INT {seconds} /bin/zramtop {device}' /dev/null \
                 > /tmp/drawn"
            )
        };
        let [brief, whole] = [short, long].map(|seconds| costs(machine, &runs(seconds)));
        for [user, kernel] in [brief, whole] {
            println!("{}: {user} ms, and {kernel} ms in the kernel", machine.name);
        }
        let drawn = machine.prints(&[&program("cat"), "/tmp/drawn"]);
        assert!(drawn.contains(" Overview "), "{}: this was drawn: {drawn}", machine.name);
        let took = whole.iter().sum::<u64>().saturating_sub(brief.iter().sum());
        let part = took as f64 / ((long - short) * 10) as f64;
        println!("{}: {part:.2} % of a processor at a look a second", machine.name);
        machine.prints(&[OURS, "remove", &device]);
    });
}

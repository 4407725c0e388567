//! Whatever zramd needs is taken away from it, and given back.
//!
//! In each case it goes on, says so once, however often it meets it again, leaves alone what failed, and takes it up again when it works. What a device has stored is never
//! lost. Devices are not swap here, so that they can be reset under it. The disk that breaks is a
//! null block device with bad blocks, others are loop devices over sparse files.
//!
//! Meanwhile it is counted which system calls it makes: the service's filter must let them pass (`zramd/tests/shell/calls.txt`).

use std::collections::BTreeSet;

use serde_json::Value;

use super::{configure, round, said, sh, start_as, status, stop, why};
use crate::{
    backing::text,
    machine::{Machine, on_each_kernel},
};

const CONFIG: &str = "[idle]\nmin = \"1s\"\nmax = \"1s\"\n[writeback]\nper-day = \"64M\"\nround-min = \"4K\"\nround-max = \"2M\"\nevery = \"1s\"\n\
                      lock-hold = \"1s\"\n[pressure]\nio-busy = \"100%\"\nio-calm = \"100%\"\n[regret]\nenabled = false\n\
                      [paths]\nmetrics = \"/run/zramd/zramd.prom\"\nmetrics-socket = \"/run/zramd/metrics\"\n";

/// What it is called while its calls are counted: others of its name ask it.
const WATCHED: &str = "/run/watched";

const COUNT: &str = "cd /sys/kernel/tracing/events/raw_syscalls/sys_enter
    echo 'hist:keys=id.syscall if comm == \"watched\"' > trigger";

/// A device of 16 MiB over a loop device over this file.
fn set_up(machine: &mut Machine, number: u32, file: &str) {
    let disk = sh(machine, &format!("losetup --find --show {file}"));
    set_up_over(machine, number, &disk);
}

fn set_up_over(machine: &mut Machine, number: u32, disk: &str) {
    let script = format!(
        "while [ ! -e /sys/block/zram{number} ]; do cat /sys/class/zram-control/hot_add > /dev/null; done
        cd /sys/block/zram{number}
        echo lz4 > comp_algorithm; echo {} > backing_dev; echo 16M > disksize",
        disk.trim()
    );
    sh(machine, &script);
}

/// Makes the sectors of zram0's disk bad from now on, or good again.
fn sectors(sign: char) -> String {
    format!("echo {sign}0-32767 > /sys/kernel/config/nullb/nullb1/badblocks")
}

/// Two seconds later these are idle: 4 MiB of a program.
fn filling(number: u32) -> String {
    format!("dd if=/bin/zramctl-rs of=/dev/zram{number} bs=64k count=64 conv=fsync 2> /dev/null; sleep 2")
}

fn fill(machine: &mut Machine, number: u32) {
    sh(machine, &filling(number));
}

/// It has what was filled in.
fn is_intact(machine: &mut Machine, number: u32) {
    let mut sum = |from: &str| sh(machine, &format!("dd if={from} bs=64k count=64 2> /dev/null | sha256sum"));
    assert_eq!(sum(&format!("/dev/zram{number}")), sum("/bin/zramctl-rs"), "zram{number}");
}

/// A round, and how writeback of this device ended in it: a word, or what is said of why there was none.
fn ended(machine: &mut Machine, number: u32) -> String {
    let answer = round(machine);
    let device = format!("zram{number}");
    let decisions = answer["decisions"].as_array().unwrap();
    // Before ranges (Linux 6.16) pages are marked first, without which nothing is written.
    let of = |decision: &&Value| {
        let failed = decision["task"] == "mark" && decision["result"]["ended"] != "done";
        decision["device"] == device && (decision["task"] == "writeback" || failed)
    };
    let Some(decision) = decisions.iter().find(of) else { return format!("nothing: {answer}") };
    let word = decision["result"]["ended"].as_str().or_else(|| decision["says"].as_str());
    word.unwrap().to_owned()
}

/// For how long writeback of this device, or what it takes, is left alone, and why.
fn waiting(machine: &mut Machine, number: u32) -> Option<(u64, String)> {
    let status = status(machine);
    let device = format!("zram{number}");
    let device = status["devices"].as_array().unwrap().iter().find(|told| told["device"] == device)?;
    let waiting = device["waiting"].as_array().unwrap().first()?;
    Some((waiting["seconds"].as_u64().unwrap(), waiting["why"].as_str().unwrap().to_owned()))
}

/// The log has this so often, and no more often.
fn is_said(machine: &mut Machine, what: &str, times: usize) {
    let log = text(machine, "/run/zramd/log");
    assert_eq!(said(machine, what), times, "{}: {what}: {log}", machine.name);
}

/// Twice the same way, which is said once and is a fault as long as it is so.
fn fails(machine: &mut Machine, number: u32, how: &str, says: &str) {
    for _ in 0..2 {
        assert_eq!(ended(machine, number), how, "{}", machine.name);
    }
    is_said(machine, says, 1);
    let faults = status(machine)["faults"].to_string();
    assert!(faults.contains(says), "{}: {faults}", machine.name);
}

/// What a device has written.
fn writes(machine: &mut Machine, number: u32) -> u64 {
    let stat = text(machine, &format!("/sys/block/zram{number}/bd_stat"));
    stat.split_whitespace().nth(2).unwrap().parse().unwrap()
}

/// This mends it, and it works again, which is said. It may have been zramd itself that tried first.
fn works(machine: &mut Machine, number: u32, says: &str, mend: &str) {
    let before = writes(machine, number);
    sh(machine, mend);
    round(machine);
    let why = why(machine);
    assert!(writes(machine, number) > before, "{}: {why}", machine.name);
    let log = text(machine, "/run/zramd/log");
    let over = log.lines().filter(|line| line.contains("over") && line.contains(says)).count();
    assert_eq!(over, 1, "{}: {log}", machine.name);
    assert_eq!(waiting(machine, number), None, "{}", machine.name);
    let faults = status(machine)["faults"].to_string();
    assert!(!faults.contains(says), "{}: {faults}", machine.name);
}

#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn whatever_fails_it_goes_on() {
    on_each_kernel(|machine| {
        sh(
            machine,
            "mount -t configfs none /sys/kernel/config
            mkdir /sys/kernel/config/nullb/nullb1 && cd /sys/kernel/config/nullb/nullb1
            echo 16 > size; echo 4096 > blocksize; echo 1 > memory_backed; echo 1 > power
            mkdir /small && mount -t tmpfs -o size=1M none /small
            for file in /small/pages /tmp/pages; do dd if=/dev/zero of=$file bs=1M count=0 seek=16 2> /dev/null; done
            dd if=/dev/zero of=/tmp/few-pages bs=64k count=0 seek=4 2> /dev/null
            dd if=/dev/zero of=/small/ballast bs=64k 2> /dev/null || :",
        );
        configure(machine, CONFIG);
        sh(machine, COUNT);
        set_up_over(machine, 0, "/dev/nullb1");
        sh(machine, &sectors('+'));
        fill(machine, 0);
        sh(machine, &format!("dd if=/bin/zramd of={WATCHED} bs=1M 2> /dev/null; chmod 755 {WATCHED}"));
        start_as(machine, WATCHED);

        a_disk_that_fails(machine);
        sysfs_that_is_read_only(machine);
        a_wrong_configuration(machine);
        a_disk_that_is_full(machine);
        a_disk_that_has_less_than_it_says(machine);
        a_device_that_is_reset_or_removed(machine);
        metrics_that_cannot_be_written(machine);

        is_intact(machine, 0);
        stop(machine);
        let log = text(machine, "/run/zramd/log");
        assert!(log.contains("limits of writeback count as they did before"), "{log}");
        calls_are_those_that_pass(machine);
    });
}

fn a_disk_that_fails(machine: &mut Machine) {
    // At its start it has met it once already.
    let says = "zram0: no writeback: the backing device failed";
    is_said(machine, says, 1);
    fails(machine, 0, "io-error", says);
    // What failed has used nothing of the grant, and nothing of it is left to anybody.
    assert_eq!(text(machine, "/sys/block/zram0/writeback_limit"), "0", "{}", machine.name);
    let (seconds, why_so) = waiting(machine, 0).unwrap();
    assert!((500..=600).contains(&seconds) && why_so.contains("the backing device failed"), "{why_so}");
    // By itself it leaves it alone, which it decides a minute after the last round.
    let written = super::written(machine);
    sh(machine, "sleep 61");
    let why = why(machine);
    let says_so = |decision: &&Value| {
        decision["result"] == "refused"
            && decision["says"].as_str().unwrap().contains("last time the backing device failed: again in ")
    };
    assert_eq!(why["decisions"].as_array().unwrap().iter().filter(says_so).count(), 1, "{why}");
    assert_eq!((super::written(machine), said(machine, says)), (written, 1), "{}", machine.name);
    is_intact(machine, 0);
    works(machine, 0, says, &format!("{}; sleep 2", sectors('-')));
}

fn sysfs_that_is_read_only(machine: &mut Machine) {
    let says = "the kernel does not allow it (sysfs is read-only, or this is not root)";
    sh(machine, "mount -o remount,ro /sys");
    let written = super::written(machine);
    fails(machine, 0, "not-allowed", says);
    let (seconds, why_so) = waiting(machine, 0).unwrap();
    assert!(seconds > 500 && why_so.contains("sysfs is read-only"), "{why_so}");
    assert_eq!(super::written(machine), written);
    works(machine, 0, says, "mount -o remount,rw /sys");
    let budget = &status(machine)["budget"];
    assert_eq!(budget["granted_bytes"], 0, "{}: {budget}", machine.name);
}

/// Until the log has this so often.
fn until_said(machine: &mut Machine, what: &str, times: usize) {
    for _ in 0..100 {
        if said(machine, what) == times {
            return;
        }
    }
    is_said(machine, what, times);
}

fn a_wrong_configuration(machine: &mut Machine) {
    let says = "the configuration is wrong, and stays as it was";
    let reload = |machine: &mut Machine| sh(machine, "kill -HUP $(cat /run/zramd/pid)");
    configure(machine, "[writeback]\nper-day = \"32M\"\nround-max = \"64M\"\n");
    reload(machine);
    until_said(machine, says, 1);
    // Another time, and one for it to be heard in.
    reload(machine);
    let status = status(machine);
    is_said(machine, says, 1);
    let faults = status["faults"].to_string();
    assert!(
        faults.contains(says) && faults.contains("(2 times)") && faults.contains("round-max"),
        "{faults}"
    );
    assert_eq!(status["budget"]["per_day_bytes"], 64 << 20, "{}", machine.name);
    configure(machine, &CONFIG.replace("64M", "48M"));
    reload(machine);
    until_said(machine, "reads its configuration again", 1);
    let status = super::status(machine);
    assert_eq!(
        (&status["budget"]["per_day_bytes"], &status["faults"]),
        (&(48 << 20).into(), &Vec::<Value>::new().into())
    );
    let log = text(machine, "/run/zramd/log");
    assert!(log.lines().any(|line| line.contains("over") && line.contains(says)), "{log}");
}

fn a_disk_that_is_full(machine: &mut Machine) {
    set_up(machine, 1, "/tmp/few-pages");
    fill(machine, 1);
    round(machine);
    is_said(machine, "zram1 is driven", 1);
    // Of its 64 pages, 3 stay free.
    let count = |machine: &mut Machine| {
        let stat = text(machine, "/sys/block/zram1/bd_stat");
        stat.split_whitespace().next().unwrap().parse::<u64>().unwrap()
    };
    assert_eq!(count(machine), 61, "{}", machine.name);
    let says = "zram1: the backing device is full, but for what is to stay free";
    let refused = "no writeback: the backing device has 12K free, which are to stay free";
    fails(machine, 1, refused, says);
    let why = why(machine);
    let decisions = why["decisions"].as_array().unwrap();
    assert_eq!(decisions.iter().filter(|decision| decision["says"] == refused).count(), 1, "{why}");
    is_intact(machine, 1);
    // What is overwritten is there no more.
    sh(machine, "dd if=/dev/zero of=/dev/zram1 bs=64k count=64 conv=fsync 2> /dev/null");
    assert_eq!(count(machine), 0, "{}", machine.name);
    works(machine, 1, says, &filling(1));
    is_intact(machine, 1);
    // It has filled it again, which is nobody's fault any more once it has gone.
    sh(machine, "echo 1 > /sys/class/zram-control/hot_remove");
    round(machine);
    is_said(machine, "zram1 is not driven any more: it has gone", 1);
    assert_eq!(status(machine)["faults"], Value::Array(Vec::new()), "{}", machine.name);
}

/// A disk that has promised more than there is, as thin volumes do: only a write finds out.
fn a_disk_that_has_less_than_it_says(machine: &mut Machine) {
    set_up(machine, 2, "/small/pages");
    fill(machine, 2);
    let says = "zram2: no writeback: the backing device is full";
    fails(machine, 2, "backing-full", says);
    let (seconds, _) = waiting(machine, 2).unwrap();
    assert!((3500..=3600).contains(&seconds), "{}: {seconds}", machine.name);
    is_intact(machine, 2);
    sh(machine, ": > /small/ballast; sleep 2");
    // As much as there is room for now, and then it may be full again.
    round(machine);
    let why = why(machine);
    assert!(writes(machine, 2) > 0, "{}: {why}", machine.name);
    is_intact(machine, 2);
    sh(machine, "echo 2 > /sys/class/zram-control/hot_remove");
    round(machine);
    let faults = &status(machine)["faults"];
    assert_eq!(*faults, Value::Array(Vec::new()), "{}: faults of what is not there any more", machine.name);
}

/// Both in the middle of a round, as far as that can be arranged: as soon as it has written something.
fn a_device_that_is_reset_or_removed(machine: &mut Machine) {
    for (number, away, why_not) in [
        (3, "echo 1 > /sys/block/zram3/reset", "it is not set up"),
        (4, "echo 4 > /sys/class/zram-control/hot_remove", "it has gone"),
    ] {
        set_up(machine, number, "/tmp/pages");
        fill(machine, number);
        let spent = status(machine)["budget"]["spent_bytes"].as_u64().unwrap();
        let script = format!(
            "zramd run-now --json > /run/answer & asked=$!
            stat=$(cat /sys/block/zram{number}/bd_stat)
            while [ \"$(cat /sys/block/zram{number}/bd_stat)\" = \"$stat\" ]; do :; done
            {away}
            wait $asked"
        );
        sh(machine, &script);
        let answer = text(machine, "/run/answer");
        println!("{}: {away}, under {answer}", machine.name);
        let gone = answer.contains("\"gone\"");
        for _ in 0..2 {
            round(machine);
        }
        is_said(machine, &format!("zram{number} is not driven any more: {why_not}"), 1);
        let says = format!("zram{number}: no writeback: the device has gone or is not set up");
        is_said(machine, &says, usize::from(gone));
        let told = status(machine);
        assert_eq!(told["faults"], Value::Array(Vec::new()), "{}", machine.name);
        assert!(!told["devices"].to_string().contains(&format!("zram{number}")), "{told}");
        // What was written by then stays spent.
        let since = told["budget"]["spent_bytes"].as_u64().unwrap() - spent;
        assert!(since > 0, "{}: {told}", machine.name);
        // Another device of that name is driven at once.
        sh(machine, "for loop in /dev/loop?; do losetup -d $loop 2> /dev/null || :; done");
        set_up(machine, number, "/tmp/pages");
        fill(machine, number);
        round(machine);
        let why = why(machine);
        assert!(writes(machine, number) > 0, "{}: {why}", machine.name);
        is_said(machine, &format!("zram{number} is driven"), 2);
        is_intact(machine, number);
        sh(machine, &format!("echo {number} > /sys/class/zram-control/hot_remove"));
        round(machine);
        sh(machine, "for loop in /dev/loop?; do losetup -d $loop 2> /dev/null || :; done");
    }
}

fn metrics_that_cannot_be_written(machine: &mut Machine) {
    let says = "/run/zramd/zramd.prom cannot be written";
    // Nothing can be put into the place of what is mounted over.
    sh(machine, "mount --bind /dev/null /run/zramd/zramd.prom");
    for _ in 0..2 {
        round(machine);
    }
    is_said(machine, says, 1);
    sh(machine, "umount /run/zramd/zramd.prom");
    round(machine);
    let log = text(machine, "/run/zramd/log");
    assert!(log.lines().any(|line| line.contains("over") && line.contains(says)), "{log}");
}

/// All calls that it has made.
fn calls_are_those_that_pass(machine: &mut Machine) {
    let counted = text(machine, "/sys/kernel/tracing/events/raw_syscalls/sys_enter/hist");
    let calls: BTreeSet<&str> = counted
        .lines()
        .filter_map(|line| line.split_once("id: sys_")?.1.split([' ', '[']).next())
        .map(|name| match name {
            // Functions whose names are not those of their calls.
            "newfstat" | "newlstat" | "newstat" | "newuname" => name.trim_start_matches("new"),
            name => name,
        })
        .collect();
    println!("{}: {calls:?}", machine.name);
    assert!(calls.contains("ppoll") || calls.contains("poll"), "{counted}");
    let known: BTreeSet<&str> = include_str!("../../../../zramd/tests/shell/calls.txt").lines().collect();
    let unknown: Vec<_> = calls.difference(&known).collect();
    assert!(
        unknown.is_empty(),
        "{}: {unknown:?} are not in zramd/tests/shell/calls.txt, with which the service's filter is compared",
        machine.name
    );
}

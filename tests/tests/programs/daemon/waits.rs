//! How long others wait for what zramd does.
//!
//! A pass of writeback holds the device's lock, and whoever reads a statistic waits for it. So passes are cut to what `writeback.lock-hold` says. Here somebody
//! reads `mm_stat` all the time while zramd writes, and it is printed for how long that takes. How fast an emulated disk is nobody knows, so that no time is asserted; what is,
//! is that passes were cut, and are cut shorter if they must be.

use serde_json::Value;

use super::{configure, sh, start, why};
use crate::machine::{Machine, OURS, on_each_kernel, program};

/// Rounds of up to so much, with passes of up to so long.
fn config(round: &str, lock_hold: &str) -> String {
    format!(
        "[idle]\nmin = \"1s\"\nmax = \"1s\"\n[writeback]\nper-day = \"1G\"\nround-min = \"4K\"\nround-max = \"{round}\"\nevery = \"1s\"\n\
         lock-hold = \"{lock_hold}\"\n[pressure]\nio-busy = \"100%\"\nio-calm = \"100%\"\n[regret]\nenabled = false\n"
    )
}

/// How long somebody waits who reads `mm_stat` while this runs: numbers of reads and microseconds.
fn waits(machine: &mut Machine, command: &[&str]) -> Value {
    let words = [&["/init", "read-while", "/sys/block/zram0/mm_stat"][..], command].concat();
    serde_json::from_str(&machine.prints(&words)).unwrap()
}

/// The numbers of the last writeback.
fn last(machine: &mut Machine) -> Value {
    let why = why(machine);
    let mut decisions = why["decisions"].as_array().unwrap().iter().rev();
    let last = decisions.find(|decision| decision["task"] == "writeback" && decision["result"] != "refused");
    last.unwrap_or_else(|| panic!("{}: {why}", machine.name)).clone()
}

#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn readers_do_not_wait_for_long() {
    on_each_kernel(|machine| {
        let setup = "setup --size 256M --algorithm lz4 --backing /dev/vda";
        let words: Vec<&str> = [OURS].into_iter().chain(setup.split(' ')).collect();
        assert_eq!(machine.prints(&words), "/dev/zram0\n");
        // 96 MiB of pages.
        sh(
            machine,
            "for at in 0 8 16 24 32 40 48 56 64 72 80 88; do
                dd if=/bin/zramctl-rs of=/dev/zram0 bs=1M seek=$at count=8 2> /dev/null
            done; sleep 2",
        );
        configure(machine, &config("4K", "50ms"));
        start(machine);
        configure(machine, &config("16M", "50ms"));
        reload(machine);
        let waited = waits(machine, &[&program("sleep"), "2"]);
        println!("{}: while nothing is written: {waited}", machine.name);
        let mut next = Vec::new();
        for bound in [50_000, 2_000] {
            let waited = waits(machine, &["/bin/zramd", "run-now"]);
            let last = last(machine);
            let number = |name: &str| last["numbers"][name].as_u64().unwrap();
            println!("{}: passes of up to {bound} microseconds: {waited}; {last}", machine.name);
            assert!(number("written_bytes") > 0 && number("passes") > 1, "{}: {last}", machine.name);
            let overruns = number("overrun_passes");
            let longest = number("longest_pass_microseconds");
            assert_eq!(overruns > 0, longest > bound, "{}: {last}", machine.name);
            next.push((overruns, number("next_pass_pages")));
            configure(machine, &config("16M", "2ms"));
            reload(machine);
        }
        let [(_, easy), (overruns, tight)] = next[..] else { panic!("{next:?}") };
        assert!(overruns > 0 && tight <= easy / 2, "{}: {next:?}", machine.name);
    });
}

/// Has it read its configuration again, and waits until it has.
fn reload(machine: &mut Machine) {
    let before = super::said(machine, "reads its configuration again");
    sh(machine, "kill -HUP $(cat /run/zramd/pid)");
    while super::said(machine, "reads its configuration again") == before {}
}

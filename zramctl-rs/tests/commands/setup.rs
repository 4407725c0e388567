//! Setting up by a plan, and what is left of one that fails.

use clap::Parser as _;
use zram_codecs::Codecs;
use zram_host::{Buffer, Disk, Iovec, Port as _, SimHost, Simulated};
use zram_model::Profile;
use zramctl_rs::{
    cli::{Cli, Command, Setup},
    commands::setup::plan,
    plan::{Plan, Step},
    writer::Writer,
};

use crate::machine::{Sim, machine, prints, write};

/// A machine of 8 GiB with every attribute there is.
fn all_there_is() -> Sim {
    let mut host = SimHost::new(Profile::custom_7_2(), Simulated::new(Codecs::new()));
    host.restart(Disk { pages: 64, ..Disk::default() });
    host
}

const EVERYTHING: &str = "setup --size 50% --algorithm lz4 --algorithm-params level=3 --recompress zstd --recompress deflate \
    --backing /dev/ram0 --compressed-writeback --batch-size 8 --memory 1G --writeback-limit 100M --swap --priority 7";

fn options(words: &str) -> Setup {
    let cli = Cli::try_parse_from(format!("zramctl-rs {words}").split_whitespace()).unwrap();
    match cli.command {
        Some(Command::Setup(setup)) => setup,
        other => panic!("{other:?}"),
    }
}

/// All that can be seen of the machine.
fn seen(machine: &mut Sim) -> String {
    prints(machine, "list --all --json")
}

#[test]
fn everything_is_set_up_in_order() {
    let mut machine = all_there_is();
    insta::assert_snapshot!("setup_new", prints(&mut machine, &format!("{EVERYTHING} --dry-run")));
    assert_eq!(prints(&mut machine, "list"), "There is no zram device.\n");
    assert_eq!(prints(&mut machine, EVERYTHING), "/dev/zram0\n");
    insta::assert_snapshot!("setup_shown", prints(&mut machine, "show zram0"));
    assert_eq!(prints(&mut machine, "swap off zram0"), "");
    assert_eq!(prints(&mut machine, "swap off zram0"), "zramctl-rs: zram0 is not swapped to\n");
    assert_eq!(prints(&mut machine, "swap on zram0"), "");
    let text = prints(&mut machine, "swap on zram0");
    assert!(text.contains("zram0 is in use (swap -2): `swapoff /dev/zram0` first"), "{text}");
}

#[test]
fn a_device_that_is_there_is_taken() {
    let mut machine = machine();
    insta::assert_snapshot!(
        "setup_there",
        prints(&mut machine, "setup --size min(ram/2,64M) --backing /dev/ram1 --batch-size 8 --dry-run")
    );
    assert_eq!(prints(&mut machine, "setup --size 64M --algorithm zstd --swap"), "/dev/zram2\n");
    // None is left.
    assert_eq!(prints(&mut machine, "setup --size 64M"), "/dev/zram3\n");
    let text = prints(&mut machine, "setup zram3 --size 64M");
    assert!(text.contains("zram3 is set up already: `zramctl-rs reset zram3`"), "{text}");
    assert!(prints(&mut machine, "setup zram0 --size 64M").contains("zram0 is in use (swap 100)"));
    assert!(prints(&mut machine, "setup zram9 --size 64M").contains("there is no zram9"));
    assert!(prints(&mut machine, "setup --size 100").contains("the size comes to less than a page"));
}

/// Breaks a plan at each of its steps, on a new device and on one that is there with settings of its own.
#[test]
fn a_failure_at_any_step_leaves_everything_as_it_was() {
    for there in [false, true] {
        let mut machine = all_there_is();
        if there {
            machine.hot_add().unwrap();
            for (attribute, value) in
                [("writeback_batch_size", "5"), ("writeback_limit", "9"), ("writeback_limit_enable", "1")]
            {
                machine.write_attr(0, attribute, value.as_bytes()).unwrap();
            }
        }
        let before = seen(&mut machine);
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut machine, &mut out, false);
        let plan = plan(&options(EVERYTHING), &mut writer).unwrap();
        assert_eq!(plan.steps.len(), 13 + usize::from(!there));
        for at in 0..=plan.steps.len() {
            let nonsense = Step::Set { attribute: "comp_algorithm", value: "nonsense".into(), was: None };
            let steps = plan.steps[..at].iter().cloned().chain([nonsense]).collect();
            let broken = Plan { device: plan.device, steps };
            let mut out = Vec::new();
            let error = broken.carry_out(&mut Writer::new(&mut machine, &mut out, false)).unwrap_err();
            assert!(!format!("{error:#}").contains("not all put back"), "{at}: {error:#}");
            assert_eq!(seen(&mut machine), before, "after a failure at step {at}");
        }
        // Unbroken it goes through.
        let mut out = Vec::new();
        plan.carry_out(&mut Writer::new(&mut machine, &mut out, false)).unwrap();
        assert_ne!(seen(&mut machine), before);
    }
}

#[test]
fn what_fails_names_the_step() {
    let mut machine = all_there_is();
    let text = prints(&mut machine, "setup --size 1G --algorithm nonsense");
    assert!(text.starts_with("zramctl-rs: zram0 could not be set up, and is as it was: cannot write \"nonsense\" to comp_algorithm"), "{text}");
    let text = prints(&mut machine, "setup --size 1G --backing /dev/nowhere");
    assert!(
        text.contains("cannot write \"/dev/nowhere\" to backing_dev of zram0: No such file or directory"),
        "{text}"
    );
    assert_eq!(prints(&mut machine, "list"), "There is no zram device.\n");
}

#[test]
fn a_kernel_that_lacks_a_setting_says_so() {
    let mut machine = SimHost::new(Profile::debian_6_12(), Simulated::new(Codecs::new()));
    machine.restart(Disk { pages: 64, ..Disk::default() });
    let text = prints(&mut machine, "setup --size 1G --backing /dev/ram0 --batch-size 8");
    assert!(text.contains("and is as it was: this kernel has no writeback_batch_size: "), "{text}");
    let text = prints(&mut machine, "setup --size 1G --recompress zstd");
    assert!(text.contains("this kernel has no recomp_algorithm: "), "{text}");
    assert_eq!(prints(&mut machine, "list"), "There is no zram device.\n");
    let line = prints(&mut machine, "setup --size 1G --backing /dev/it's --dry-run");
    assert!(line.contains(r"echo '/dev/it'\''s' > /sys/block/zram$N/backing_dev"), "{line}");
}

#[test]
fn settings_that_need_others_are_refused_alone() {
    for words in [
        "setup",
        "setup --size x",
        "setup --size 1G --priority 5",
        "setup --size 1G --compressed-writeback",
        "setup --size 1G --writeback-limit 1G",
        "setup --size 1G --algorithm-params level=1",
        "setup --size 1G --swap --priority 40000",
        "setup --size 1G --backing /dev/x --batch-size 0",
        "swap",
        "swap on",
    ] {
        assert!(Cli::try_parse_from(format!("zramctl-rs {words}").split_whitespace()).is_err(), "{words}");
    }
}

#[test]
fn what_somebody_holds_is_not_overwritten() {
    let mut machine = machine();
    prints(&mut machine, "zram2 -s 8M");
    write(&mut machine, 2, 0, vec![9; 4096]);
    machine.hold(2).unwrap();
    let text = prints(&mut machine, "swap on zram2");
    assert!(text.contains("zram2 is in use: `lsblk /dev/zram2`"), "{text}");
    machine.release(2).unwrap();
    assert_eq!(first_page(&mut machine, 2), vec![9; 4096]);
    // What stands on it is seen.
    machine.set_kernel_file("/sys/block/zram2/holders/dm-0", "");
    let text = prints(&mut machine, "swap on zram2");
    assert!(text.contains("zram2 is in use (under dm-0): `lsblk /dev/zram2` shows what dm-0 is"), "{text}");
    assert!(prints(&mut machine, "reset zram2").contains("under dm-0"));
    assert_eq!(first_page(&mut machine, 2), vec![9; 4096]);
}

/// Where swap cannot be taken into use, what was on the device is there again.
#[test]
fn the_first_page_is_put_back() {
    let mut machine = machine();
    prints(&mut machine, "zram2 -s 4K");
    write(&mut machine, 2, 0, vec![9; 4096]);
    let header = Step::Header { pages: 1 };
    let nonsense = Step::Set { attribute: "idle", value: "nonsense".into(), was: Some("all".into()) };
    let plan = Plan { device: Some(zram_host::DeviceNumber(2)), steps: vec![header, nonsense] };
    let mut out = Vec::new();
    let error = plan.carry_out(&mut Writer::new(&mut machine, &mut out, false)).unwrap_err();
    assert!(format!("{error:#}").contains("is as it was"), "{error:#}");
    assert_eq!(first_page(&mut machine, 2), vec![9; 4096]);
}

/// Whoever is refused because the device has a size by now has lost a race.
#[test]
fn what_somebody_else_sets_up_is_theirs() {
    let mut machine = all_there_is();
    machine.hot_add().unwrap();
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut machine, &mut out, false);
    let plan = plan(&options("setup --size 1G --algorithm zstd --swap"), &mut writer).unwrap();
    machine.write_attr(0, "disksize", b"8M").unwrap();
    write(&mut machine, 0, 5, vec![9; 4096]);
    let before = seen(&mut machine);
    let mut out = Vec::new();
    let error = plan.carry_out(&mut Writer::new(&mut machine, &mut out, false)).unwrap_err();
    assert!(
        format!("{error:#}").starts_with("somebody else is setting zram0 up: it is left to them"),
        "{error:#}"
    );
    assert_eq!(seen(&mut machine), before);
}

/// Also who fails for a reason of his own resets nothing that has a size which is not from him.
#[test]
fn a_failure_does_not_reset_what_somebody_else_set_up() {
    let mut machine = all_there_is();
    machine.hot_add().unwrap();
    machine.write_attr(0, "disksize", b"8M").unwrap();
    write(&mut machine, 0, 5, vec![9; 4096]);
    let before = seen(&mut machine);
    let limit = Step::Set { attribute: "mem_limit", value: "0".into(), was: None };
    let nonsense = Step::Set { attribute: "mem_used_max", value: "nonsense".into(), was: None };
    let plan = Plan { device: Some(zram_host::DeviceNumber(0)), steps: vec![limit, nonsense] };
    let mut out = Vec::new();
    let error = plan.carry_out(&mut Writer::new(&mut machine, &mut out, false)).unwrap_err();
    assert!(format!("{error:#}").starts_with("somebody else is setting zram0 up"), "{error:#}");
    assert_eq!(seen(&mut machine), before);
}

/// Settings of whoever had the device before: not inherited, and put back where a plan fails.
#[test]
fn settings_of_the_last_user_are_not_inherited() {
    let mut machine = all_there_is();
    machine.hot_add().unwrap();
    for (attribute, value) in [
        ("comp_algorithm", "deflate"),
        ("compressed_writeback", "1"),
        ("writeback_limit", "0"),
        ("writeback_limit_enable", "1"),
    ] {
        machine.write_attr(0, attribute, value.as_bytes()).unwrap();
    }
    let before = seen(&mut machine);
    let words = "setup zram0 --size 1G --algorithm zstd --backing /dev/nowhere";
    assert!(prints(&mut machine, words).contains("to backing_dev of zram0: No such file"));
    assert_eq!(seen(&mut machine), before);
    assert_eq!(
        prints(&mut machine, "setup zram0 --size 1G --backing /dev/ram0 --writeback-limit none"),
        "/dev/zram0\n"
    );
    let shown = prints(&mut machine, "show zram0");
    let words = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("written as raw"), "{shown}");
    assert!(words.contains("may still be written no limit"), "{shown}");
    // What cannot be told apart from somebody's beginning is not taken.
    machine.hot_add().unwrap();
    machine.write_attr(1, "mem_limit", b"1M").unwrap();
    assert!(prints(&mut machine, "setup zram1 --size 1G").contains("zram1 has settings of somebody's"));
    assert_eq!(prints(&mut machine, "setup --size 1G"), "/dev/zram2\n");
}

fn first_page(machine: &mut Sim, dev: u32) -> Vec<u8> {
    let mut page = vec![0; 4096];
    let pieces = [Iovec { start: 0, len: 4096 }];
    machine.read(dev, 0, Buffer { arena: &mut page, pieces: &pieces }).unwrap();
    page
}

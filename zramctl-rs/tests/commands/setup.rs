//! Setting up by a plan, and what is left of one that fails.

use clap::Parser as _;
use zram_codecs::Codecs;
use zram_host::{Buffer, Disk, Iovec, Port as _, SimHost, Simulated};
use zram_model::Profile;
use zramctl_rs::{
    cli::{Cli, Command},
    commands::setup::{Taken, plan},
    plan::{Plan, Step},
    wanted::Wanted,
    writer::Writer,
};

use crate::{
    device_file::A_FILE,
    machine::{Sim, machine, prints, write},
};

/// A machine of 8 GiB with every attribute there is.
pub(crate) fn all_there_is() -> Sim {
    let mut host = SimHost::new(Profile::custom_7_2(), Simulated::new(Codecs::new()));
    host.restart(Disk { pages: 64, ..Disk::default() });
    host
}

const EVERYTHING: &str = "setup --size 50% --algorithm lz4 --algorithm-params level=3 --recompress zstd:level=8 --recompress deflate \
    --backing /dev/ram0 --compressed-writeback --batch-size 8 --memory 1G --writeback-limit 100M --swap --priority 7";

/// The same for what goes through a file: made, encrypted, a file system on the device.
const THROUGH_A_FILE: &str = "setup --size 64M --algorithm zstd --backing /var/zram --backing-size 1M --encrypt \
    --compressed-writeback --batch-size 8 --writeback-limit 100M --mount /mnt --mount-options noatime,discard";

fn wanted(words: &str) -> Wanted {
    let cli = Cli::try_parse_from(format!("zramctl-rs {words}").split_whitespace()).unwrap();
    match cli.command {
        Some(Command::Setup(setup)) => setup.wanted().unwrap(),
        other => panic!("{other:?}"),
    }
}

/// All that can be seen of the machine.
pub(crate) fn seen(machine: &mut Sim) -> String {
    format!("{}{:?}", prints(machine, "list --all --json"), machine.stored())
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
        prints(&mut machine, "setup --size min(ram/2,64M) --backing /dev/ram0 --batch-size 8 --dry-run")
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
    for (there, words, steps) in [
        (false, EVERYTHING, 15),
        (true, EVERYTHING, 14),
        (false, THROUGH_A_FILE, 13),
        (true, THROUGH_A_FILE, 12),
        (true, "setup --size 64M --algorithm zstd --backing /dev/ram0 --encrypt --swap", 9),
    ] {
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
        let plan = plan(&wanted(words), &Taken::default(), &mut machine).unwrap();
        assert_eq!(plan.steps.len(), steps, "{:#?}", plan.steps);
        for at in 0..=plan.steps.len() {
            let nonsense = Step::Set { attribute: "comp_algorithm", value: "nonsense".into(), was: None };
            let steps = plan.steps[..at].iter().cloned().chain([nonsense]).collect();
            let broken = Plan { device: plan.device, steps };
            let mut out = Vec::new();
            let error = broken.carry_out(&mut Writer::new(&mut machine, &mut out, false)).unwrap_err();
            assert!(!format!("{error:#}").contains("not all put back"), "{at}: {error:#}");
            assert_eq!(seen(&mut machine), before, "after a failure at step {at}");
        }
        // The same when somebody wants an end before any step.
        for at in 0..plan.steps.len() {
            let mut out = Vec::new();
            let mut left = at;
            let mut writer = Writer::new(&mut machine, &mut out, false).interrupted_when(|| {
                let is_over = left == 0;
                left = left.saturating_sub(1);
                is_over
            });
            let error = plan.carry_out(&mut writer).unwrap_err();
            drop(writer);
            assert!(format!("{error:#}").ends_with("interrupted"), "{at}: {error:#}");
            assert_eq!(seen(&mut machine), before, "interrupted before step {at}");
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
    assert!(text.starts_with("zramctl-rs: zram0 could not be set up, and is as it was: this kernel has no nonsense: there are lzo-rle, lzo, lz4, lz4hc, zstd, deflate, 842: cannot write \"nonsense\" to comp_algorithm"), "{text}");
    let text = prints(&mut machine, "setup --size 1G --algorithm zstd --algorithm-params level=x");
    assert!(
        text.contains("cannot write \"level=x\" to algorithm_params of zram0: Invalid argument"),
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
    machine.put_file("/var/it's", 1 << 20, b"");
    let line = prints(&mut machine, "setup --size 1G --backing /var/it's --dry-run");
    assert!(line.contains("--direct-io=on -b 4096 \"/var/it's\")\n"), "{line}");
    let line =
        prints(&mut machine, "setup --size 1G --algorithm zstd --algorithm-params dict=/it's --dry-run");
    assert!(line.contains(r"echo 'dict=/it'\''s' > /sys/block/zram$N/algorithm_params"), "{line}");
}

#[test]
fn settings_that_need_others_are_refused_alone() {
    for words in [
        "setup",
        "setup --size x",
        "setup --size 1G --priority 5",
        "setup --size 1G --recompress zstd:",
        "setup --size 1G --recompress zstd:level",
        "setup --size 1G --algorithm zstd --algorithm-params level",
        "setup --size 1G --recompress :level=3",
        "setup --size 1G --compressed-writeback",
        "setup --size 1G --writeback-limit 1G",
        "setup --size 1G --algorithm-params level=1",
        "setup --size 1G --swap --priority 40000",
        "setup --size 1G --backing /dev/x --batch-size 0",
        "setup --size 1G --backing dev/x",
        "setup --size 1G --encrypt",
        "setup --size 1G --backing-size 1G",
        "setup --size 1G --backing /x --keep-free 1G",
        "setup --size 1G --mount /mnt --swap",
        "setup --size 1G --mount-options discard",
        "setup --size 1G --mount /mnt --file-system -t",
        "setup --size 1G --file /etc/zram.toml",
        "setup zram0 --file /etc/zram.toml",
        "setup --swap --file /etc/zram.toml",
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
    assert!(text.contains("zram2 is open: `fuser -v /dev/zram2` says"), "{text}");
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
    let plan =
        plan(&wanted("setup --size 1G --algorithm zstd --swap"), &Taken::default(), &mut machine).unwrap();
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
    let words = "setup zram0 --size 1G --algorithm zstd --algorithm-params level=x";
    assert!(prints(&mut machine, words).contains("to algorithm_params of zram0: Invalid"));
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

/// What works against a device is said before anything changes, once for all devices.
#[test]
fn conflicts_are_said_first() {
    let mut machine = all_there_is();
    machine.set_kernel_file("/sys/module/zswap/parameters/enabled", "Y\n");
    machine.put_file("/etc/zram.toml", A_FILE.len() as u64, A_FILE.as_bytes());
    machine.hot_add().unwrap();
    machine.hot_add().unwrap();
    let words = "setup --size 64M --algorithm zstd --swap --dry-run";
    insta::assert_snapshot!("setup_conflict", prints(&mut machine, words));
    insta::assert_snapshot!("setup_conflict_json", prints(&mut machine, &format!("{words} --json")));
    let text = prints(&mut machine, "setup --file /etc/zram.toml --dry-run");
    assert_eq!(text.matches("zswap is enabled").count(), 1, "{text}");
    // What is not swapped to has nothing to do with zswap.
    let text = prints(&mut machine, "setup --size 64M --dry-run");
    assert!(!text.contains("zswap"), "{text}");
}

#[test]
fn there_are_priorities_for_three_algorithms() {
    let mut machine = all_there_is();
    let words = "setup --size 1G --recompress zstd --recompress lz4 --recompress deflate";
    assert!(prints(&mut machine, &format!("{words} --dry-run")).contains("algo=deflate priority=3"));
    let text = prints(&mut machine, &format!("{words} --recompress lz4hc --dry-run"));
    assert!(text.contains("4 algorithms for recompression are more than the three"), "{text}");
}

/// Of several plans the later one's trouble with its own device says nothing about the devices of those before it.
#[test]
fn a_busy_device_does_not_keep_others_from_being_undone() {
    let mut machine = all_there_is();
    machine.hot_add().unwrap();
    machine.hot_add().unwrap();
    let before = seen(&mut machine);
    let words = "setup --size 64M --algorithm zstd --swap";
    let first = plan(&wanted(words), &Taken::default(), &mut machine).unwrap();
    let taken = Taken { devices: first.device.into_iter().collect(), room: 0 };
    let second = plan(&wanted(words), &taken, &mut machine).unwrap();
    assert_eq!((first.device.unwrap().0, second.device.unwrap().0), (0, 1));
    machine.write_attr(1, "disksize", b"8M").unwrap();
    let with_another = seen(&mut machine);
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut machine, &mut out, false);
    let done = first.carry_out(&mut writer).unwrap();
    let error = second.carry_out(&mut writer).unwrap_err();
    let error = format!("{:#}", done.undo(&mut writer, error));
    drop(writer);
    assert!(
        error.starts_with(
            "zram0 could not be set up, and is as it was: somebody else is setting zram1 up: it is left to them"
        ),
        "{error}"
    );
    assert_eq!(seen(&mut machine), with_another);
    machine.write_attr(1, "reset", b"1").unwrap();
    assert_eq!(seen(&mut machine), before);
}

/// What the last user left of what a reset keeps.
#[test]
fn the_batch_size_is_that_of_a_new_device() {
    let mut machine = all_there_is();
    machine.hot_add().unwrap();
    machine.write_attr(0, "writeback_batch_size", b"5").unwrap();
    let text = prints(&mut machine, "setup --size 64M --backing /dev/ram0 --dry-run");
    assert!(text.contains("echo '32' > /sys/block/zram0/writeback_batch_size"), "{text}");
}

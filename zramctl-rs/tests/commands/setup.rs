//! Setting up by a plan, and what is left of one that fails.

use clap::Parser as _;
use zram_codecs::Codecs;
use zram_host::{Buffer, Disk, Iovec, Port as _, SimHost, Simulated};
use zram_model::Profile;
use zramctl_rs::{
    cli::{Cli, Command},
    commands::setup::plan,
    plan::{Plan, Step},
    wanted::Wanted,
    writer::Writer,
};

use crate::machine::{Sim, machine, prints, prose, write};

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
fn seen(machine: &mut Sim) -> String {
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
        (false, THROUGH_A_FILE, 15),
        (true, THROUGH_A_FILE, 14),
        (true, "setup --size 64M --algorithm zstd --backing /dev/ram0 --encrypt --swap", 8),
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
        let plan = plan(&wanted(words), &[], &mut machine).unwrap();
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
    assert!(text.starts_with("zramctl-rs: zram0 could not be set up, and is as it was: cannot write \"nonsense\" to comp_algorithm"), "{text}");
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
    let line = prints(&mut machine, "setup --size 1G --algorithm zstd --algorithm-params it's --dry-run");
    assert!(line.contains(r"echo 'it'\''s' > /sys/block/zram$N/algorithm_params"), "{line}");
}

#[test]
fn settings_that_need_others_are_refused_alone() {
    for words in [
        "setup",
        "setup --size x",
        "setup --size 1G --priority 5",
        "setup --size 1G --recompress zstd:",
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
    let plan = plan(&wanted("setup --size 1G --algorithm zstd --swap"), &[], &mut machine).unwrap();
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

const ON_A_FILE: &str = "setup --size 64M --algorithm zstd --backing /var/zram --backing-size 1M --encrypt --compressed-writeback --swap";

/// The file loses its name, and is gone with the device.
#[test]
fn a_file_is_made_encrypted_and_gone_with_the_device() {
    let mut machine = all_there_is();
    insta::assert_snapshot!("setup_on_a_file", prints(&mut machine, &format!("{ON_A_FILE} --dry-run")));
    assert_eq!(machine.stored(), [""; 0]);
    assert_eq!(prints(&mut machine, ON_A_FILE), "/dev/zram0\n");
    assert_eq!(machine.stored(), ["/dev/loop0", "zram0-backing"]);
    let text = prints(&mut machine, "list --raw -n -o NAME,BACKING,WB-FORM");
    assert_eq!(text, "/dev/zram0 /dev/dm-0 compressed\n");
    for slot in 1..9 {
        write(&mut machine, 0, slot, prose(slot as u64));
    }
    assert_eq!(prints(&mut machine, "idle zram0"), "");
    assert!(prints(&mut machine, "writeback zram0 --idle").starts_with("zram0: 36K written back"));
    assert_eq!(prints(&mut machine, "swap off zram0"), "");
    assert_eq!(prints(&mut machine, "reset zram0"), "");
    assert_eq!(machine.stored(), [""; 0]);
}

#[test]
fn a_file_that_is_there_is_kept() {
    let mut machine = all_there_is();
    machine.put_file("/var/pages", 1 << 20, b"");
    let words = "setup --size 64M --backing /var/pages";
    insta::assert_snapshot!("setup_on_an_old_file", prints(&mut machine, &format!("{words} --dry-run")));
    assert_eq!(prints(&mut machine, words), "/dev/zram0\n");
    assert_eq!(machine.stored(), ["/var/pages", "/dev/loop0"]);
    assert_eq!(prints(&mut machine, "remove zram0"), "");
    assert_eq!(machine.stored(), ["/var/pages"]);
}

#[test]
fn a_file_system_is_made_and_mounted() {
    let mut machine = all_there_is();
    let words = "setup --size 64M --algorithm zstd --mount /mnt --mount-options noatime,discard";
    insta::assert_snapshot!("setup_mounted", prints(&mut machine, &format!("{words} --dry-run")));
    assert_eq!(prints(&mut machine, words), "/dev/zram0\n");
    assert_eq!(prints(&mut machine, "list --raw -n -o NAME,USE"), "/dev/zram0 ext4\\x20/mnt\n");
    assert!(
        prints(&mut machine, "reset zram0").contains("zram0 is in use (ext4 /mnt): `umount '/mnt'` first")
    );
    let text = prints(&mut machine, "setup --size 64M --mount /nowhere");
    assert!(text.contains("there is no folder /nowhere: `mkdir -p /nowhere` makes it"), "{text}");
    let text = prints(&mut machine, "setup --size 64M --algorithm zstd --mount /mnt --file-system odd");
    assert!(
        text.contains("zram1 could not be set up, and is as it was: there is no program mkfs.odd"),
        "{text}"
    );
}

#[test]
fn what_may_be_somebodys_is_not_taken() {
    let mut machine = all_there_is();
    let mut begins = vec![0; 4096];
    begins[1080..1082].copy_from_slice(&[0x53, 0xef]);
    machine.put_file("/var/pages", 1 << 20, &begins);
    machine.put_file("/var/small", 100, b"");
    for (words, said) in [
        (
            "/var/pages",
            "/var/pages has the signature of a file system (ext2, ext3 or ext4), which would be lost: `--force`",
        ),
        ("/var/pages --backing-size 1M", "/var/pages is there already: leave out the size"),
        ("/dev/ram0 --backing-size 1M", "/dev/ram0 is a block device, which has a size of its own"),
        ("/var/new", "there is no /var/new: with a size (`--backing-size 4G`) a file is made"),
        ("/nowhere/new --backing-size 1M", "there is no folder /nowhere: `mkdir -p /nowhere` makes it"),
        ("/var/lib", "/var/lib is a folder"),
        ("/dev/null", "/dev/null is neither a file nor a block device"),
        ("/var/small", "not one page has room in it"),
        (
            "/var/new --backing-size 31G",
            "a file of 31G would leave 1G of 32G in /var, where 3.2G are to stay free: make it smaller, or say `--keep-free`",
        ),
        ("/var/new --backing-size 33G --keep-free 0", "would leave 0B of 32G"),
    ] {
        let before = seen(&mut machine);
        let text = prints(&mut machine, &format!("setup --size 64M --backing {words}"));
        assert!(text.contains(said), "{words}: {text}");
        assert_eq!(seen(&mut machine), before);
    }
    assert_eq!(prints(&mut machine, "setup --size 64M --backing /var/pages --force"), "/dev/zram0\n");
    assert_eq!(
        prints(&mut machine, "setup --size 64M --backing /var/new --backing-size 31G --keep-free 1G"),
        "/dev/zram1\n"
    );
}

/// Who has a backing device is named.
#[test]
fn a_backing_device_that_is_in_use_names_its_user() {
    let mut machine = all_there_is();
    prints(&mut machine, "setup --size 64M --backing /dev/ram0");
    let text = prints(&mut machine, "setup --size 64M --backing /dev/ram0");
    assert!(text.contains("/dev/ram0 is in use: it is the backing device of zram0"), "{text}");
}

const A_FILE: &str = r#"
[[device]]
name = "zram1"
size = "min(ram / 2, 1G)"
algorithm = "zstd"
recompress = ["deflate"]
memory = "512M"
swap = { priority = 100 }

[device.backing]
path = "/var/zram"
size = "1M"
encrypt = true
compressed-writeback = true
writeback-limit = "10G"

[[device]]
size = "64M"
algorithm = "zstd"
mount = { at = "/mnt", options = "noatime" }
"#;

#[test]
fn a_file_of_devices_is_set_up_whole_or_not_at_all() {
    let mut machine = all_there_is();
    machine.hot_add().unwrap();
    machine.hot_add().unwrap();
    machine.put_file("/etc/zram.toml", A_FILE.len() as u64, A_FILE.as_bytes());
    let words = "setup --file /etc/zram.toml";
    insta::assert_snapshot!("setup_file", prints(&mut machine, &format!("{words} --dry-run")));
    insta::assert_snapshot!("setup_file_json", prints(&mut machine, &format!("{words} --dry-run --json")));
    assert_eq!(prints(&mut machine, words), "/dev/zram1\n/dev/zram0\n");
    assert_eq!(
        prints(&mut machine, "list --raw -n -o NAME,DISKSIZE,USE"),
        "/dev/zram0 64M ext4\\x20/mnt\n/dev/zram1 1G swap\\x20100\n"
    );

    // The second fails: the first is taken back.
    let mut machine = all_there_is();
    machine.hot_add().unwrap();
    machine.hot_add().unwrap();
    let broken = A_FILE.replace("at = \"/mnt\"", "at = \"/mnt\", file-system = \"odd\"");
    machine.put_file("/etc/zram.toml", broken.len() as u64, broken.as_bytes());
    let before = seen(&mut machine);
    let text = prints(&mut machine, words);
    assert!(
        text.contains("zram0 could not be set up, and is as it was: there is no program mkfs.odd"),
        "{text}"
    );
    assert_eq!(seen(&mut machine), before);
}

#[test]
fn what_is_wrong_in_a_file_is_said_with_its_line() {
    let mut machine = all_there_is();
    let mut said = |text: &str| {
        machine.put_file("/etc/zram.toml", text.len() as u64, text.as_bytes());
        prints(&mut machine, "setup --file /etc/zram.toml")
    };
    insta::assert_snapshot!("setup_file_unknown_key", said("[[device]]\nsize = \"1G\"\nprority = 5\n"));
    insta::assert_snapshot!("setup_file_no_size", said("[[device]]\nsize = \"many\"\n"));
    assert!(
        said("[[device]]\nsize = \"1G\"\nswap = {}\nmount = { at = \"/mnt\" }\n")
            .contains("swap or mounted, not both")
    );
    assert!(
        said("[[device]]\nsize = \"1G\"\nmount = { at = \"mnt\" }\n").contains("\"mnt\" is no absolute path")
    );
    assert!(
        said("[[device]]\nsize = \"1G\"\nalgorithm-params = \"level=1\"\n").contains("needs an algorithm")
    );
    assert!(
        said("[[device]]\nsize = \"1G\"\nbacking = { path = \"/var/x\", keep-free = \"1G\" }\n")
            .contains("it needs size")
    );
    assert!(
        said("[[device]]\nsize = \"1G\"\nbacking = { path = \"/var/x\", batch-size = 0 }\n")
            .contains("0 requests are none")
    );
    assert!(
        said("[[device]]\nsize = \"1G\"\nswap = { priority = 40000 }\n").contains("priorities end at 32767")
    );
    let twice = "[[device]]\nname = \"zram0\"\nsize = \"1G\"\n";
    assert!(said(&format!("{twice}{twice}")).contains("has zram0 twice"));
    assert!(said("device = []\n").contains("names no device"));
    assert!(said("").contains("missing field `device`"));
    assert!(
        prints(&mut machine, "setup --file /etc/none")
            .contains("cannot read /etc/none: No such file or directory")
    );
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

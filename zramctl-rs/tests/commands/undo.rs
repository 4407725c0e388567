//! What others do while a plan is carried out or undone, and kernels on which not all comes back by itself.

use clap::Parser as _;
use zram_codecs::Codecs;
use zram_host::{Disk, Port as _, SimHost, Simulated};
use zram_model::Profile;
use zramctl_rs::{
    cli::{Cli, Command},
    commands::setup::{Taken, plan},
    plan::{Plan, Step},
    writer::Writer,
};

use crate::{
    machine::{Sim, machine, prints},
    setup::{all_there_is, seen},
};

/// A plan of these words.
fn planned(machine: &mut Sim, words: &str) -> Plan {
    let cli = Cli::try_parse_from(format!("zramctl-rs {words}").split_whitespace()).unwrap();
    let Some(Command::Setup(setup)) = cli.command else { panic!("{words}") };
    plan(&setup.wanted().unwrap(), &Taken::default(), machine).unwrap()
}

/// Carries it out, does something to the machine, and undoes it; what is said.
fn undone(machine: &mut Sim, plan: &Plan, meanwhile: impl FnOnce(&mut Sim)) -> String {
    let mut out = Vec::new();
    let mut other = machine.clone();
    let progress = plan.carry_out(&mut Writer::new(&mut other, &mut out, false)).unwrap();
    meanwhile(&mut other);
    let error = progress.undo(&mut Writer::new(&mut other, &mut out, false), anyhow::anyhow!("enough"));
    *machine = other;
    format!("{error:#}")
}

/// A kernel that resets only what has a size.
fn old() -> Sim {
    let mut profile = Profile::custom_7_2();
    profile.behaviours.reset_needs_size = true;
    let mut host = SimHost::new(profile, Simulated::new(Codecs::new()));
    host.restart(Disk { pages: 64, ..Disk::default() });
    host
}

const BEFORE_THE_SIZE: &str =
    "setup zram0 --size 64M --recompress zstd --backing /dev/ram0 --batch-size 8 --memory 1G";

#[test]
fn a_kernel_that_resets_only_what_has_a_size_gives_all_back() {
    let mut machine = old();
    machine.hot_add().unwrap();
    let before = seen(&mut machine);
    let plan = planned(&mut machine, BEFORE_THE_SIZE);
    assert_eq!(plan.steps.len(), 5);
    for at in 0..=plan.steps.len() {
        let nonsense = Step::Set { attribute: "comp_algorithm", value: "nonsense".into(), was: None };
        let steps = plan.steps[..at].iter().cloned().chain([nonsense]).collect();
        let broken = Plan { device: plan.device, steps };
        let mut out = Vec::new();
        let error = broken.carry_out(&mut Writer::new(&mut machine, &mut out, false)).unwrap_err();
        assert!(format!("{error:#}").contains("and is as it was"), "{at}: {error:#}");
        assert_eq!(seen(&mut machine), before, "after a failure at step {at}");
    }
    // So do the commands.
    for command in ["reset zram0", "reset zram0 --settings", "-r zram0", "remove zram0"] {
        machine.write_attr(0, "backing_dev", b"/dev/ram0").unwrap();
        machine.write_attr(0, "recomp_algorithm", b"algo=zstd priority=1").unwrap();
        assert_eq!(prints(&mut machine, command), "", "{command}");
        if machine.devices().unwrap().is_empty() {
            machine.hot_add().unwrap();
        }
        assert_eq!(seen(&mut machine), before, "{command}");
    }
}

/// Whatever a kernel or somebody else does about it, what is not as it was is said.
#[test]
fn what_is_not_as_it_was_is_said() {
    let mut machine = all_there_is();
    machine.hot_add().unwrap();
    let plan = planned(&mut machine, "setup zram0 --size 64M --backing /dev/ram0 --writeback-limit 1M");
    let said = undone(&mut machine, &plan, |_| {});
    assert_eq!(said, "zram0 could not be set up, and is as it was: enough");
    // Its own steps succeed, and yet it is set up again.
    let step = |attribute, value: &str, was: Option<&str>| Step::Set {
        attribute,
        value: value.to_owned(),
        was: was.map(str::to_owned),
    };
    let strange = Plan {
        device: plan.device,
        steps: vec![
            step("writeback_limit", "5", Some("7")),
            step("backing_dev", "/dev/ram0", Some("/dev/ram0")),
            step("idle", "nonsense", None),
        ],
    };
    let mut out = Vec::new();
    let error = strange.carry_out(&mut Writer::new(&mut machine, &mut out, false)).unwrap_err();
    let error = format!("{error:#}");
    let differ = "backing_dev is \"/dev/ram0\" and was \"none\"; writeback_limit is \"7\" and was \"0\"";
    assert!(error.contains(differ), "{error}");
    assert!(error.contains("not all put back"), "{error}");
}

#[test]
fn only_what_was_mounted_here_is_unmounted() {
    const OURS: &str = "setup --size 64M --algorithm zstd --mount /mnt";
    let mut machine = all_there_is();
    let before = seen(&mut machine);
    let plan = planned(&mut machine, OURS);
    // Somebody mounts something over it.
    let said = undone(&mut machine, &plan, |machine| {
        let mounts = machine_text(machine, "/proc/self/mountinfo");
        let over = "90 41 0:50 / /mnt rw - tmpfs it's rw\n";
        machine.set_kernel_file("/proc/self/mountinfo", &(mounts + over));
    });
    assert!(
        said.starts_with("zram0 could not be set up, and was not all put back (tmpfs of it's has been"),
        "{said}"
    );
    let mounts = machine_text(&mut machine, "/proc/self/mountinfo");
    assert!(mounts.contains("tmpfs") && mounts.contains("/dev/zram0"), "{mounts}");
    assert!(prints(&mut machine, "list").contains("/mnt"));
    // Somebody unmounts it, and mounts something else there.
    let mut machine = all_there_is();
    let said = undone(&mut machine, &plan, |machine| {
        use zram_host::storage::Storage as _;
        assert!(machine.run(&["umount", "/mnt"]).unwrap().well);
        let other = machine_text(machine, "/proc/self/mountinfo") + "90 1 0:50 / /mnt rw - tmpfs none rw\n";
        machine.set_kernel_file("/proc/self/mountinfo", &other);
    });
    assert_eq!(said, "zram0 could not be set up, and is as it was: enough");
    assert!(machine_text(&mut machine, "/proc/self/mountinfo").contains("tmpfs"));
    assert_eq!(seen(&mut machine), before);
}

fn machine_text(machine: &mut Sim, path: &str) -> String {
    use zram_host::Machine as _;
    String::from_utf8(machine.kernel_file(path).unwrap()).unwrap()
}

/// Once more Ctrl-C while it is being undone.
#[test]
fn a_signal_does_not_keep_swap_in_use() {
    let mut machine = all_there_is();
    let before = seen(&mut machine);
    let plan = planned(&mut machine, "setup --size 64M --algorithm zstd --swap");
    let said = undone(&mut machine, &plan, |machine| machine.signal_at_swap_off(3));
    assert_eq!(said, "zram0 could not be set up, and is as it was: enough");
    assert_eq!(seen(&mut machine), before);
    // Whoever asks for it himself may end it.
    prints(&mut machine, "setup --size 64M --algorithm zstd --swap");
    machine.signal_at_swap_off(1);
    let text = prints(&mut machine, "swap off zram0");
    assert!(text.contains("cannot take zram0 out of use as swap: Interrupted system call"), "{text}");
}

/// Two that look for a free device at the same time would find the same.
#[test]
fn set_up_is_one_after_another() {
    let mut machine = all_there_is();
    for words in ["setup --size 64M", "-f -s 8M"] {
        machine.others_take_turns(5);
        let before = machine.boot_time();
        let text = prints(&mut machine, words);
        assert!(text.starts_with("/dev/zram"), "{text}");
        assert_eq!(machine.boot_time() - before, 5 * 50_000_000, "{words}");
    }
    let before = seen(&mut machine);
    machine.others_take_turns(u32::MAX);
    let text = prints(&mut machine, "setup --size 64M");
    assert!(
        text.contains("another zramctl-rs is setting devices up, and has not ended within 60 s"),
        "{text}"
    );
    assert_eq!(seen(&mut machine), before);
    // What changes nothing waits for nobody.
    assert!(prints(&mut machine, "setup --size 64M --dry-run").contains("disksize"));
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut machine, &mut out, false).interrupted_when(|| true);
    assert_eq!(writer.wait_for_turn().unwrap_err().to_string(), "interrupted");
}

/// Whoever may mount something chooses its path, and others copy what is advised.
#[test]
fn advice_can_be_copied() {
    let mut machine = machine();
    let mounts = r"36 1 254:1 / /mnt/it's\040$(reboot) rw - ext4 /dev/zram1 rw
37 1 0:44 / /var/lib rw - btrfs /dev/zram2 rw
";
    machine.set_kernel_file("/proc/self/mountinfo", mounts);
    let text = prints(&mut machine, "reset zram1");
    let line = text.split('`').nth(1).unwrap();
    assert_eq!(shlex::split(line).unwrap(), ["umount", "/mnt/it's $(reboot)"], "{text}");
    // What has a number of its own is on its device all the same.
    let text = prints(&mut machine, "reset zram2");
    assert!(text.contains("zram2 is in use (btrfs /var/lib): `umount /var/lib` first"), "{text}");
    machine.put_file("/var/it's", 1 << 20, b"");
    machine.publish_file("/var/it's");
    let text = prints(&mut machine, "setup --size 1G --backing /var/it's");
    let words: Vec<_> = text.split('`').skip(1).step_by(2).map(|line| shlex::split(line).unwrap()).collect();
    assert_eq!(words[..2], [["chown", "root", "/var/it's"], ["chmod", "600", "/var/it's"]], "{text}");
}

/// A link leads to what is looked at and taken, whatever it leads to later.
#[test]
fn links_are_followed_before_anything_is_looked_at() {
    let mut machine = all_there_is();
    machine.put_link("/var/zram", "/dev/zram0");
    machine.put_link("/var/pages", "/var/lib/pages");
    machine.put_link("/var/here", "/mnt");
    machine.put_link("/var/there", "/var/lib");
    machine.put_file("/var/lib/pages", 1 << 20, b"");
    prints(&mut machine, "setup --size 64M --algorithm zstd --mount /mnt");
    let text = prints(&mut machine, "setup --size 64M --backing /var/zram");
    assert!(text.contains("/dev/zram0 is zram, too"), "{text}");
    for at in ["/var/here", "/mnt/", "//mnt", "/var/../mnt"] {
        let text = prints(&mut machine, &format!("setup --size 64M --mount {at}"));
        assert!(text.contains("/mnt is a mount point already (ext4): `umount /mnt` first"), "{text}");
    }
    let text = prints(&mut machine, "setup --size 64M --backing /var/pages --dry-run");
    assert!(text.contains("-b 4096 /var/lib/pages)"), "{text}");
    let text = prints(&mut machine, "setup --size 64M --backing /var/there/new --backing-size 1M --dry-run");
    assert!(text.contains("fallocate -l 1048576 /var/lib/new"), "{text}");
    // It has become one since it was looked at.
    let plan = planned(&mut machine, "setup --size 64M --algorithm zstd --backing /var/pages");
    let before = seen(&mut machine);
    machine.put_link("/var/lib/pages", "/var/somebodys");
    let mut out = Vec::new();
    let error = plan.carry_out(&mut Writer::new(&mut machine, &mut out, false)).unwrap_err();
    assert!(format!("{error:#}").contains("/var/lib/pages has become a symbolic link"), "{error:#}");
    assert_eq!(seen(&mut machine), before);
}

/// Linux attaches it and then refuses each write.
#[test]
fn a_file_that_is_swapped_to_is_not_taken() {
    let mut machine = all_there_is();
    machine.put_file("/var/swapfile", 1 << 20, b"");
    machine
        .set_kernel_file("/proc/swaps", "Filename Type Size Used Priority\n/var/swapfile file 1020 0 -2\n");
    let text = prints(&mut machine, "setup --size 64M --backing /var/swapfile --force");
    assert!(text.contains("/var/swapfile is swapped to: `swapoff /var/swapfile` first"), "{text}");
}

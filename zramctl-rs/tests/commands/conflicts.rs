//! What else manages zram: each is found where it is, and not where it is not.

use zram_codecs::Codecs;
use zram_host::{DeviceNumber, SimHost, Simulated};
use zram_model::Profile;
use zramctl_rs::{
    conflicts::{Conflict, Purpose, With, conflicts},
    severity::Severity,
};

use crate::machine::{Sim, machine};

fn bare() -> Sim {
    SimHost::new(Profile::debian_7_2(), Simulated::new(Codecs::new()))
}

fn found(host: &mut Sim, purpose: Purpose) -> Vec<(With, Severity)> {
    conflicts(host, purpose).into_iter().map(|conflict| (conflict.with, conflict.severity)).collect()
}

fn only(host: &mut Sim) -> Conflict {
    let mut all = conflicts(host, Purpose::default());
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

#[test]
fn a_machine_of_its_own_has_none() {
    for host in [&mut bare(), &mut machine()] {
        assert_eq!(conflicts(host, Purpose { device: Some(DeviceNumber(0)), swap: true }), []);
    }
}

#[test]
fn zswap_is_one_only_with_swap() {
    let mut host = bare();
    host.set_kernel_file("/sys/module/zswap/parameters/enabled", "Y\n");
    assert_eq!(found(&mut host, Purpose::default()), []);
    let swap = Purpose { swap: true, ..Purpose::default() };
    assert_eq!(found(&mut host, swap), [(With::Zswap, Severity::Problem)]);
    // It is swapped to already.
    let mut host = machine();
    host.set_kernel_file("/sys/module/zswap/parameters/enabled", "Y\n");
    host.set_kernel_file("/sys/module/zswap/parameters/compressor", "lzo\n");
    let conflict = only(&mut host);
    assert!(conflict.says.starts_with("zswap (lzo) is enabled"), "{conflict:?}");
    assert!(conflict.way_out.contains("echo N > /sys/module/zswap/parameters/enabled"), "{conflict:?}");
}

#[test]
fn the_generator_counts_by_the_file_that_counts() {
    let mut host = bare();
    host.set_kernel_file("/usr/lib/systemd/zram-generator.conf", "[zram0]\nzram-size = ram / 2\n");
    assert_eq!(found(&mut host, Purpose::default()), [(With::ZramGenerator, Severity::Note)]);
    let wants = |device| Purpose { device: Some(DeviceNumber(device)), swap: false };
    assert_eq!(found(&mut host, wants(0)), [(With::ZramGenerator, Severity::Problem)]);
    assert_eq!(found(&mut host, wants(1)), [(With::ZramGenerator, Severity::Note)]);

    // Others of its files add and take away.
    host.set_kernel_file("/etc/systemd/zram-generator.conf.d/50-more.conf", "# more\n[zram1]\n");
    host.set_kernel_file(
        "/run/systemd/zram-generator.conf.d/60-less.conf",
        "[zram0]\nzram-size=0\nmount-point=/mnt\n",
    );
    let conflict = only(&mut host);
    assert_eq!(
        conflict.says,
        "zram-generator sets up zram1 at boot (/etc/systemd/zram-generator.conf.d/50-more.conf)."
    );
    assert_eq!(
        conflict.way_out,
        "leave zram1 to it and change its configuration; or, in this order: `systemctl stop dev-zram1.swap`, \
         `systemctl stop systemd-zram-setup@zram1.service`, take the section [zram1] out, `systemctl daemon-reload`"
    );
    // What is mounted is no swap.
    host.set_kernel_file(
        "/run/systemd/zram-generator.conf.d/70-mount.conf",
        "[zram1]\nmount-point = /var/my tmp\n",
    );
    let conflict = only(&mut host);
    assert!(
        conflict.way_out.contains("in this order: `umount '/var/my tmp'`, `systemctl stop"),
        "{conflict:?}"
    );
    host.remove_kernel_file("/run/systemd/zram-generator.conf.d/70-mount.conf");
    // A stronger one of the same name hides a weaker one.
    host.set_kernel_file("/run/systemd/zram-generator.conf.d/50-more.conf", "");
    assert_eq!(conflicts(&mut host, Purpose::default()), []);

    // What it has made is there even when it is configured no longer.
    host.set_kernel_file("/run/systemd/generator/dev-zram0.swap", "[Swap]\n");
    assert!(only(&mut host).says.contains("its units are there: dev-zram0.swap."));
}

#[test]
fn an_empty_or_switched_off_generator_is_none() {
    let mut host = bare();
    host.set_kernel_file("/usr/lib/systemd/zram-generator.conf", "[zram0]\n");
    host.set_kernel_file("/etc/systemd/zram-generator.conf", "");
    assert_eq!(conflicts(&mut host, Purpose::default()), []);
    host.set_kernel_file("/etc/systemd/zram-generator.conf", "[zram0]\n");
    assert_eq!(conflicts(&mut host, Purpose::default()).len(), 1);
    host.set_kernel_file("/proc/cmdline", "quiet systemd.zram=0\n");
    assert_eq!(conflicts(&mut host, Purpose::default()), []);
}

#[test]
fn services_are_found_where_they_are_installed() {
    let mut host = bare();
    // What stayed behind is none.
    host.set_kernel_file("/etc/default/zramswap", "ALGO=zstd\n");
    assert_eq!(conflicts(&mut host, Purpose::default()), []);
    host.set_kernel_file("/usr/lib/systemd/system/zramswap.service", "[Service]\n");
    assert!(only(&mut host).says.contains("zram-tools is installed, and not started at boot"));
    host.set_kernel_file("/etc/systemd/system/multi-user.target.wants/zramswap.service", "[Service]\n");
    let conflict = only(&mut host);
    assert_eq!(
        (conflict.says.as_str(), conflict.severity),
        (
            "zram-tools sets zram up at boot, as /etc/default/zramswap says (zramswap.service).",
            Severity::Note
        )
    );
    assert!(conflict.way_out.ends_with("or `systemctl disable --now zramswap.service`"), "{conflict:?}");
    // Masked.
    host.set_kernel_file("/etc/systemd/system/zramswap.service", "");
    assert_eq!(conflicts(&mut host, Purpose::default()), []);

    let mut host = bare();
    host.set_kernel_file("/etc/init.d/zram-init", "#!/sbin/openrc-run\n");
    host.set_kernel_file("/etc/runlevels/boot/zram-init", "#!/sbin/openrc-run\n");
    let conflict = only(&mut host);
    assert!(conflict.says.starts_with("zram-init sets zram up at boot"), "{conflict:?}");
    assert_eq!(conflict.way_out, "`rc-update --all del zram-init` and `rc-service zram-init stop`");
}

#[test]
fn the_two_of_the_name_zramd_are_told_apart() {
    let mut host = bare();
    host.set_kernel_file("/usr/lib/systemd/system/zramd.service", "[Service]\n");
    assert_eq!(conflicts(&mut host, Purpose::default()), []);
    host.set_kernel_file("/etc/default/zramd", "# MAX_SIZE=8192\n");
    assert_eq!(only(&mut host).with, With::GoZramd);
    host.set_kernel_file("/etc/zramd/zramd.toml", "");
    let note = Severity::Note;
    assert_eq!(found(&mut host, Purpose::default()), [(With::GoZramd, note), (With::Zramd, note)]);
    host.remove_kernel_file("/etc/default/zramd");
    assert_eq!(only(&mut host).with, With::Zramd);
}

#[test]
fn two_that_set_devices_up_are_a_problem() {
    let (note, problem) = (Severity::Note, Severity::Problem);
    let all = |host: &mut Sim| found(host, Purpose::default());
    let starts = |host: &mut Sim, name: &str| {
        let unit = format!("/etc/systemd/system/multi-user.target.wants/{name}.service");
        host.set_kernel_file(&unit, "[Service]\n");
    };
    let mut host = bare();
    for name in ["zramswap", "zram-config", "zramd"] {
        host.set_kernel_file(&format!("/usr/lib/systemd/system/{name}.service"), "[Service]\n");
    }
    host.set_kernel_file("/etc/zramd/zramd.toml", "");
    // None starts.
    assert_eq!(all(&mut host), [(With::ZramTools, note), (With::ZramConfig, note), (With::Zramd, note)]);
    // One does; and one that sets nothing up.
    starts(&mut host, "zramswap");
    starts(&mut host, "zramd");
    assert_eq!(all(&mut host), [(With::ZramTools, note), (With::ZramConfig, note), (With::Zramd, note)]);
    let zramd = conflicts(&mut host, Purpose::default()).remove(2);
    assert_eq!(
        zramd.says,
        "zramd (this project's daemon) marks idle pages, writes back and recompresses on the devices that are set up, as /etc/zramd says (zramd.service)."
    );
    // Two do. What does not, and what only drives, is still no more than a note.
    starts(&mut host, "zram-config");
    assert_eq!(
        all(&mut host),
        [(With::ZramTools, problem), (With::ZramConfig, problem), (With::Zramd, note)]
    );
    assert!(
        said_of(&mut host, With::ZramTools)
            .ends_with("whichever comes last resets what the other has set up.")
    );
    assert!(!said_of(&mut host, With::Zramd).contains("It is not the only one"));
}

/// What is said about this one.
fn said_of(host: &mut Sim, with: With) -> String {
    conflicts(host, Purpose::default()).into_iter().find(|conflict| conflict.with == with).unwrap().says
}

#[test]
fn rules_that_set_a_size_are_found() {
    let mut host = bare();
    let rule = "ACTION==\"add\", KERNEL==\"zram0\", ATTR{initstate}==\"0\", ATTR{disksize}=\"4G\"\n";
    host.set_kernel_file("/usr/lib/udev/rules.d/60-block.rules", "KERNEL==\"zram*\", OPTIONS=\"nowatch\"\n");
    host.set_kernel_file("/etc/udev/rules.d/98-old.rules", &format!("# {rule}"));
    assert_eq!(conflicts(&mut host, Purpose::default()), []);
    host.set_kernel_file("/etc/udev/rules.d/99-zram.rules", rule);
    let conflict = only(&mut host);
    assert_eq!(conflict.with, With::UdevRule);
    assert!(conflict.way_out.contains("remove /etc/udev/rules.d/99-zram.rules"), "{conflict:?}");
    // Two files are udev's, which is one.
    host.set_kernel_file("/usr/lib/udev/rules.d/90-zram.rules", rule);
    let note = (With::UdevRule, Severity::Note);
    assert_eq!(found(&mut host, Purpose::default()), [note, note]);
    host.set_kernel_file("/usr/lib/systemd/zram-generator.conf", "[zram0]\n");
    let all = found(&mut host, Purpose::default());
    assert!(all.len() == 3 && all.iter().all(|(_, severity)| *severity == Severity::Problem), "{all:?}");
}

#[test]
fn resuming_from_zram_is_a_problem_and_from_a_disk_is_not() {
    let mut host = bare();
    host.set_kernel_file("/proc/cmdline", "resume=/dev/zram0 resume=/dev/sda2 quiet\n");
    host.set_kernel_file(
        "/proc/devices",
        "Character devices:\n  8 zram\n\nBlock devices:\n  8 sd\n252 zram\n253 device-mapper\n",
    );
    host.set_kernel_file("/sys/power/resume", "8:0\n");
    assert_eq!(conflicts(&mut host, Purpose::default()), []);
    host.set_kernel_file("/sys/power/resume", "252:3\n");
    let conflict = only(&mut host);
    assert!(conflict.says.starts_with("/sys/power/resume names /dev/zram3: "));
    // Writing to it would resume at once, from whatever image is there.
    assert!(conflict.way_out.starts_with("boot with resume= naming swap on a disk ("), "{conflict:?}");
    assert!(!conflict.way_out.contains("MAJOR:MINOR"), "{conflict:?}");
    host.set_kernel_file("/proc/cmdline", "resume=/dev/zram0 quiet\n");
    assert_eq!(conflicts(&mut host, Purpose::default()).len(), 2);
    host.set_kernel_file("/proc/cmdline", "resume=/dev/zram0 noresume\n");
    assert_eq!(conflicts(&mut host, Purpose::default()).len(), 1);
}

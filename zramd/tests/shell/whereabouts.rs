//! Where there is nothing to do, and that it is said why.

use zram_codecs::Codecs;
use zram_host::{Port as _, SimHost, Simulated};
use zram_model::Profile;
use zramd::service::whereabouts::nothing_to_do;

fn machine(profile: Profile) -> SimHost<Simulated<Codecs>> {
    let mut machine = SimHost::new(profile, Simulated::new(Codecs::new()));
    machine.hot_add().unwrap();
    machine
}

/// What is said on a machine with this file.
fn with(path: &str, text: &str) -> Option<String> {
    let mut machine = machine(Profile::debian_7_2());
    machine.set_kernel_file(path, text);
    nothing_to_do(&mut machine)
}

#[test]
fn on_a_machine_there_may_be_something() {
    assert_eq!(nothing_to_do(&mut machine(Profile::debian_7_2())), None);
    // Also before there is a device.
    let mut none = SimHost::new(Profile::debian_7_2(), Simulated::new(Codecs::new()));
    assert_eq!(nothing_to_do(&mut none), None);
}

#[test]
fn the_command_line_switches_it_off() {
    let cmdline = |text: &str| with("/proc/cmdline", text).is_some();
    assert!(cmdline("root=/dev/vda1 zramd=0 quiet\n"));
    assert!(cmdline("zramd=off\n"));
    assert!(cmdline("zramd=1 zramd=no\n"));
    for on in ["zramd=0 zramd=1\n", "zramd\n", "zramd=1\n", "xzramd=0\n", "zramd.level=0\n", "zramd=\n"] {
        assert!(!cmdline(on), "{on}");
    }
}

#[test]
fn containers_are_told_by_what_they_have() {
    insta::assert_snapshot!(
        [
            ("/proc/cmdline", "zramd=0\n"),
            ("/run/systemd/container", "systemd-nspawn\n"),
            ("/run/host/container-manager", "lxc"),
            ("/.dockerenv", ""),
            ("/run/.containerenv", ""),
            ("/proc/1/environ", "HOME=/\0container=podman\0"),
            ("/proc/self/uid_map", "         0     100000      65536\n"),
        ]
        .map(|(path, text)| with(path, text).unwrap())
        .join("\n")
    );
    for (path, text) in [
        ("/proc/1/environ", "HOME=/\0container=\0no_container=1\0"),
        ("/proc/self/uid_map", "         0          0 4294967295\n"),
    ] {
        assert_eq!(with(path, text), None, "{path}");
    }
}

#[test]
fn a_kernel_that_can_neither_write_back_nor_recompress_is_left_alone() {
    let with = |writeback, multi_comp| {
        let profile = Profile { writeback, multi_comp, ..Profile::debian_7_2() };
        nothing_to_do(&mut machine(profile))
    };
    insta::assert_snapshot!(with(false, false).unwrap());
    assert_eq!(with(true, false), None);
    assert_eq!(with(false, true), None);
}

//! What is said about a machine: `caps` and `doctor`.

use zram_codecs::Codecs;
use zram_host::{Port as _, SimHost, Simulated};
use zram_model::Profile;

use crate::machine::{machine, prints};

#[test]
fn what_a_kernel_can_do_is_said_with_its_reason() {
    let mut host = machine();
    insta::assert_snapshot!("caps", prints(&mut host, "caps"));
    insta::assert_snapshot!("caps_json", prints(&mut host, "caps zram1 --json"));
    assert_eq!(prints(&mut host, "caps zram7"), "zramctl-rs: there is no zram7\n");
}

#[test]
fn little_is_known_of_an_old_kernel_to_a_user() {
    let mut host = SimHost::new(Profile::debian_6_1(), Simulated::new(Codecs::new()));
    host.set_kernel_file("/proc/self/status", "Uid:\t1000\t1000\t1000\t1000\n");
    host.remove_kernel_file("/boot/config-6.1.0");
    host.remove_kernel_file("/sys/kernel/tracing/available_filter_functions");
    insta::assert_snapshot!("caps_of_little", prints(&mut host, "caps"));
    host.hot_add().unwrap();
    insta::assert_snapshot!("caps_old", prints(&mut host, "caps"));
}

#[test]
fn lines_about_a_machine_fit_too() {
    for line in prints(&mut machine(), "caps").lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

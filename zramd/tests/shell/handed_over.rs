//! Devices that `zramctl-rs` sets up: found again by what the kernel shows of them.

use zram_codecs::Codecs;
use zram_host::{DeviceNumber, Disk, Port as _, SimHost, Simulated};
use zram_model::Profile;
use zramd::config::{Devices, HandOver, Handed};

use crate::root::Root;

const MAIN: (&str, &str) =
    ("/etc/zramd/zramd.toml", "devices = { from = \"/etc/zramctl-rs/devices.toml\" }\n");

#[test]
fn the_file_is_read_with_the_configuration() {
    let text = "[[device]]\nname = \"zram1\"\nsize = \"1G\"\n[[device]]\nsize = \"1G\"\nbacking = { path = \"/var/zram\" }\n";
    let root = Root::with(&[MAIN, ("/etc/zramctl-rs/devices.toml", text)]);
    let wanted = HandOver {
        path: "/etc/zramctl-rs/devices.toml".into(),
        devices: vec![Handed::Name(DeviceNumber(1)), Handed::Backing("/var/zram".into())],
    };
    assert_eq!(root.loaded().config.devices, Devices::From(wanted));
}

#[test]
fn what_is_wrong_with_it_is_wrong_with_the_configuration() {
    assert_eq!(
        Root::with(&[MAIN]).wrong(),
        "/etc/zramctl-rs/devices.toml: devices = { from = … } names it, and it is not there: it is the file that `zramctl-rs setup --file` takes"
    );
    let root =
        Root::with(&[MAIN, ("/etc/zramctl-rs/devices.toml", "[[device]]\nsize = \"1G\"\nswap = {}\n")]);
    assert_eq!(
        root.wrong(),
        "/etc/zramctl-rs/devices.toml:1:1: zramd cannot tell this device from others: give it a name, such as name = \"zram0\" (a backing path or a mount point would do, too)"
    );
}

fn machine() -> SimHost<Simulated<Codecs>> {
    let mut machine = SimHost::new(Profile::debian_7_2(), Simulated::new(Codecs::new()));
    machine.restart(Disk { pages: 64, ..Disk::default() });
    for _ in 0..3 {
        machine.hot_add().unwrap();
    }
    machine.write_attr(1, "backing_dev", b"/dev/ram0").unwrap();
    machine
}

fn there(machine: &mut SimHost<Simulated<Codecs>>, handed: Handed) -> Vec<u32> {
    let over = HandOver { path: "/x".into(), devices: vec![handed, Handed::Name(DeviceNumber(9))] };
    over.there(machine).iter().map(|device| device.0).collect()
}

#[test]
fn a_device_is_told_by_its_name() {
    assert_eq!(there(&mut machine(), Handed::Name(DeviceNumber(2))), [2]);
    assert_eq!(there(&mut machine(), Handed::Name(DeviceNumber(3))), [0; 0]);
}

#[test]
fn a_device_is_told_by_what_is_behind_it() {
    let behind = |machine: &mut _, path: &str| there(machine, Handed::Backing(path.into()));
    let mut machine = machine();
    assert_eq!(behind(&mut machine, "/dev/ram0"), [1]);
    assert_eq!(behind(&mut machine, "/var/zram"), [0; 0]);
    // By a link in one of its folders, and by one to it.
    machine.set_kernel_file("/disks", "/dev");
    machine.set_kernel_file("/dev/vg0/zram", "../ram0");
    assert_eq!(behind(&mut machine, "/disks/vg0/zram"), [1]);
    machine.set_kernel_file("/round", "/round");
    assert_eq!(behind(&mut machine, "/round"), [0; 0]);
    // A file below a loop device below encryption; it has no name any more.
    machine.set_kernel_file("/sys/block/ram0/slaves/loop3", "");
    machine.set_kernel_file("/sys/block/loop3/loop/backing_file", "/var/zram (deleted)\n");
    assert_eq!(behind(&mut machine, "/var/zram"), [1]);
    assert_eq!(behind(&mut machine, "/dev/loop3"), [1]);
    // What stands on two things is neither of them.
    machine.set_kernel_file("/sys/block/ram0/slaves/loop4", "");
    assert_eq!(behind(&mut machine, "/var/zram"), [0; 0]);
}

#[test]
fn a_device_is_told_by_where_it_is_mounted() {
    let mut machine = machine();
    machine.set_kernel_file(
        "/proc/self/mountinfo",
        "1 0 0:1 / / rw - rootfs none rw\n36 1 254:1 / /srv/my\\040build rw - ext4 /dev/zram2 rw\n",
    );
    assert_eq!(there(&mut machine, Handed::Mount("/srv/my build".into())), [2]);
    assert_eq!(there(&mut machine, Handed::Mount("/srv".into())), [0; 0]);
}

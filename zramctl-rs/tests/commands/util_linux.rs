//! Setting up and resetting, with util-linux' options.

use clap::Parser as _;
use zram_host::Port as _;
use zramctl_rs::cli::Cli;

use crate::machine::{Sim, machine, prints};

fn disksize(machine: &mut Sim, dev: u32) -> Option<String> {
    let text = machine.read_attr(dev, "disksize").ok()?;
    Some(String::from_utf8(text).unwrap().trim().to_owned())
}

#[test]
fn a_free_device_is_found_or_added() {
    let mut machine = machine();
    assert_eq!(prints(&mut machine, "-f"), "/dev/zram2\n");
    assert_eq!(prints(&mut machine, "--find --size 8M --algorithm zstd"), "/dev/zram2\n");
    assert_eq!(disksize(&mut machine, 2).unwrap(), "8388608");
    assert_eq!(prints(&mut machine, "-f -s 1MB"), "/dev/zram3\n");
    // Whole pages.
    assert_eq!(disksize(&mut machine, 3).unwrap(), "1003520");
    assert!(prints(&mut machine, "zram2").contains("/dev/zram2 zstd            8M"));
}

#[test]
fn what_fails_is_undone() {
    let mut machine = machine();
    let text = prints(&mut machine, "/dev/zram2 -s 8M -a lzo");
    assert!(
        text.starts_with("zramctl-rs: this kernel has no lzo: there are lz4, lz4hc, zstd, deflate\n"),
        "{text}"
    );
    assert_eq!(disksize(&mut machine, 2).unwrap(), "0");
    prints(&mut machine, "zram2 -s 8M");
    assert_eq!(machine.devices().unwrap(), [0, 1, 2]);
    // There is no free device: one is added, and taken away again.
    assert!(prints(&mut machine, "-f -s 8M -a lzo").contains("this kernel has no lzo"));
    assert_eq!(machine.devices().unwrap(), [0, 1, 2]);
    assert_eq!(disksize(&mut machine, 3), None);
}

#[test]
fn what_is_in_use_is_left_alone() {
    let mut machine = machine();
    assert!(
        prints(&mut machine, "zram0 -s 8M")
            .contains("zram0 is in use (swap 100): `swapoff /dev/zram0` first")
    );
    assert_eq!(disksize(&mut machine, 0).unwrap(), "4194304");
    let text = prints(&mut machine, "-r zram0 zram2");
    assert_eq!(text, "zramctl-rs: zram0 is in use (swap 100): `swapoff /dev/zram0` first\n");
    assert_eq!(machine.devices().unwrap(), [0, 1]);
}

#[test]
fn options_that_make_no_sense_together_are_refused() {
    for words in [
        "-f zram0",
        "-r",
        "-r -s 1M zram0",
        "-a zstd",
        "-s 1M -f -o NAME",
        "-t 2",
        "-s x -f",
        "-s 1M -f -a a/b",
    ] {
        let parsed = Cli::try_parse_from(format!("zramctl-rs {words}").split_whitespace());
        assert!(parsed.is_err(), "{words}");
    }
    assert!(prints(&mut machine(), "-s 1M").contains("--size takes a device, or --find"));
    assert!(prints(&mut machine(), "zram0 zram1").contains("one device at a time"));
}

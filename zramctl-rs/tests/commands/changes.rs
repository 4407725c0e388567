//! What the commands that change something write, and what they refuse.

use clap::Parser as _;
use zram_codecs::Codecs;
use zram_host::{Port as _, SimHost, Simulated};
use zram_model::Profile;
use zramctl_rs::cli::Cli;

use crate::machine::{Sim, fill, machine, prints, prose, write};

fn attribute(machine: &mut Sim, dev: u32, name: &str) -> String {
    String::from_utf8(machine.read_attr(dev, name).unwrap()).unwrap().trim().to_owned()
}

fn states(machine: &mut Sim, dev: u32, letter: char) -> usize {
    let text = String::from_utf8(machine.block_state(dev, 0, 1 << 20).unwrap()).unwrap();
    text.lines()
        .filter(|line| line.split_whitespace().last().is_some_and(|word| word.contains(letter)))
        .count()
}

fn refused_by_the_command_line(words: &str) -> bool {
    Cli::try_parse_from(format!("zramctl-rs {words}").split_whitespace()).is_err()
}

#[test]
fn idle_marks_all_or_the_old() {
    let mut machine = machine();
    assert_eq!(prints(&mut machine, "idle zram0 --older 10m"), "");
    // Four were written since the time passed; pages of one word and pages on the backing device are not marked.
    let old = states(&mut machine, 0, 'i');
    assert_eq!(prints(&mut machine, "idle zram0"), "");
    assert_eq!(states(&mut machine, 0, 'i'), old + 3);
}

#[test]
fn an_age_that_means_everything_is_refused() {
    let mut machine = machine();
    assert_eq!(prints(&mut machine, "idle zram0 --older 10m"), "");
    let old = states(&mut machine, 0, 'i');
    assert_eq!(
        prints(&mut machine, "idle zram0 --older 800s"),
        "zramctl-rs: nothing can be 800 s old, 800 s after boot, and some Linux would mark every page: give a shorter age, or none for every page\n"
    );
    assert!(prints(&mut machine, "idle zram0 --older 0").contains("every page to some Linux"));
    assert_eq!(states(&mut machine, 0, 'i'), old);
    // What it is refused for: the kernel takes it.
    machine.write_attr(0, "idle", b"800").unwrap();
    assert!(states(&mut machine, 0, 'i') > old);
}

#[test]
fn writeback_says_how_much() {
    let mut machine = machine();
    let away = states(&mut machine, 0, 'w');
    assert_eq!(prints(&mut machine, "writeback zram0 --huge"), "zram0: 32K written back\n");
    assert_eq!(states(&mut machine, 0, 'w'), away + 8);
}

#[test]
fn ranges_are_written_one_by_one() {
    let mut machine = machine();
    let words = "writeback zram0 --range 8-12 --range 20-21 --range 10-15 --dry-run";
    assert_eq!(
        prints(&mut machine, words),
        "echo 'page_indexes=8-15' > /sys/block/zram0/writeback\necho 'page_indexes=20-21' > /sys/block/zram0/writeback\n"
    );
    assert_eq!(prints(&mut machine, "writeback zram0 --range 20-21"), "zram0: 8K written back\n");
    let text = prints(&mut machine, "writeback zram0 --range 1000-1024");
    assert_eq!(text, "zramctl-rs: zram0 has pages 0 to 1023, and 1000-1024 goes beyond\n");
    assert!(refused_by_the_command_line("writeback zram0"));
    assert!(refused_by_the_command_line("writeback zram0 --idle --range 0-9"));
    assert!(refused_by_the_command_line("writeback zram0 --idle --huge"));
}

#[test]
fn the_end_of_a_writeback_has_a_reason() {
    let mut machine = machine();
    assert_eq!(prints(&mut machine, "limit zram0 --writeback 8K"), "");
    let text = prints(&mut machine, "writeback zram0 --huge");
    assert!(
        text.starts_with("zram0: 8K written back\nzramctl-rs: the writeback limit was reached: "),
        "{text}"
    );
    let text = prints(&mut machine, "writeback zram0 --huge");
    assert!(
        text.contains("is used up: `zramctl-rs limit zram0 --writeback SIZE` gives it another"),
        "{text}"
    );
    assert_eq!(prints(&mut machine, "limit zram0 --writeback none"), "");
    for slot in 100..200 {
        fill(&mut machine, 0, slot * 4 + 3);
    }
    let text = prints(&mut machine, "writeback zram0 --huge");
    assert!(text.contains("zramctl-rs: the backing device is full: "), "{text}");
    assert!(prints(&mut machine, "writeback zram1 --idle").contains("zram1 has no backing device"));
    assert!(prints(&mut machine, "writeback zram2 --idle").contains("zram2 is not set up"));
}

#[test]
fn limits_are_written_before_they_are_switched_on() {
    let mut machine = machine();
    assert_eq!(
        prints(&mut machine, "limit zram0 --memory 1M --writeback 10000 --reset-peak --dry-run"),
        "echo '1048576' > /sys/block/zram0/mem_limit\n\
         echo '2' > /sys/block/zram0/writeback_limit\n\
         echo '1' > /sys/block/zram0/writeback_limit_enable\n\
         echo '0' > /sys/block/zram0/mem_used_max\n"
    );
    assert_eq!(attribute(&mut machine, 0, "writeback_limit"), "92");
    assert_eq!(prints(&mut machine, "limit zram0 --memory 1M --writeback 10000"), "");
    assert_eq!(attribute(&mut machine, 0, "writeback_limit"), "2");
    assert_eq!(prints(&mut machine, "limit zram0 --memory none --writeback none"), "");
    assert_eq!(attribute(&mut machine, 0, "writeback_limit_enable"), "0");
    assert!(refused_by_the_command_line("limit zram0 --memory 0"));
    assert!(refused_by_the_command_line("limit zram0 --writeback 1000"));
    assert!(refused_by_the_command_line("limit zram0"));
}

#[test]
fn compaction_says_what_it_freed() {
    let mut machine = machine();
    let text = prints(&mut machine, "compact zram0");
    assert!(text.starts_with("zram0: ") && text.ends_with(" left\n"), "{text}");
    assert_eq!(prints(&mut machine, "compact zram0 --dry-run"), "echo '1' > /sys/block/zram0/compact\n");
}

#[test]
fn a_kernel_without_recompression_says_so() {
    let text = prints(&mut machine(), "recompress zram0 --idle");
    assert!(text.contains("zram0 has no algorithm for recompression"), "{text}");
    assert!(refused_by_the_command_line("recompress zram0 --algorithm zstd --priority 1"));
    assert!(refused_by_the_command_line("recompress zram0 --algorithm a=b"));
}

#[test]
fn where_it_is_mounted_is_no_command_to_the_terminal() {
    let mut machine = machine();
    machine.set_kernel_file(
        "/proc/self/mountinfo",
        "36 1 254:1 / /mnt/\x1b[2J\\012a rw,relatime shared:9 - ext4 /dev/zram1 rw\n",
    );
    assert_eq!(
        prints(&mut machine, "reset zram1"),
        "zramctl-rs: zram1 is in use (ext4 /mnt/\\x1b[2J\\x0aa): `umount '/mnt/\\x1b[2J\\x0aa'` first\n"
    );
}

#[test]
fn what_is_in_use_is_not_reset() {
    let mut machine = machine();
    assert_eq!(
        prints(&mut machine, "reset zram0"),
        "zramctl-rs: zram0 is in use (swap 100): `swapoff /dev/zram0` first\n"
    );
    assert_eq!(
        prints(&mut machine, "remove zram1"),
        "zramctl-rs: zram1 is in use (ext4 /var/my tmp): `umount '/var/my tmp'` first\n"
    );
    assert_eq!(machine.devices().unwrap(), [0, 1, 2]);
    machine.hold(2).unwrap();
    let text = prints(&mut machine, "remove zram2");
    assert!(
        text.starts_with(
            "zramctl-rs: zram2 is open: `fuser -v /dev/zram2` says in which program, `lsblk /dev/zram2` what of the kernel's has it: "
        ),
        "{text}"
    );
    // Who has it open is named, where that may be seen.
    for (path, text) in [
        ("/proc/312/fd/0", "/dev/null"),
        ("/proc/312/fd/5", "/dev/zram2"),
        ("/proc/312/comm", "udev-worker\n"),
        ("/proc/77/fd/3", "/dev/zram2"),
        ("/proc/77/comm", "blkid\n"),
        ("/proc/9/fd/3", "/dev/zram21"),
        ("/proc/9/comm", "other\n"),
    ] {
        machine.set_kernel_file(path, text);
    }
    let text = prints(&mut machine, "reset zram2");
    let said = "zramctl-rs: zram2 is open in blkid (process 77), udev-worker (process 312): end that first: cannot write \"1\" to reset";
    assert!(text.starts_with(said), "{text}");
    machine.release(2).unwrap();
    assert_eq!(prints(&mut machine, "remove zram2"), "");
    assert_eq!(machine.devices().unwrap(), [0, 1]);
}

#[test]
fn a_reset_may_take_what_linux_keeps() {
    let mut machine = machine();
    machine.set_kernel_file("/proc/swaps", "Filename Type Size Used Priority\n");
    assert_eq!(prints(&mut machine, "reset zram0"), "");
    assert_eq!(attribute(&mut machine, 0, "disksize"), "0");
    assert_eq!(attribute(&mut machine, 0, "writeback_limit"), "92");
    assert_eq!(attribute(&mut machine, 0, "compressed_writeback"), "1");
    assert_eq!(prints(&mut machine, "reset zram0 --settings"), "");
    assert_eq!(attribute(&mut machine, 0, "writeback_limit"), "0");
    assert_eq!(attribute(&mut machine, 0, "compressed_writeback"), "0");
}

#[test]
fn recompression_says_what_it_saved() {
    let mut machine = SimHost::new(Profile::custom_7_2(), Simulated::new(Codecs::new()));
    machine.hot_add().unwrap();
    let mut set = |attribute: &str, value: &str| machine.write_attr(0, attribute, value.as_bytes()).unwrap();
    set("comp_algorithm", "lz4");
    set("recomp_algorithm", "algo=zstd priority=1");
    set("recomp_algorithm", "algo=deflate priority=2");
    set("disksize", "4M");
    for slot in 0..40 {
        write(&mut machine, 0, slot, prose(slot as u64));
    }
    let words = "recompress zram0 --threshold 500 --max-pages 9 --algorithm zstd --dry-run";
    let line = "echo 'threshold=500 max_pages=9 algo=zstd' > /sys/block/zram0/recompress\n";
    assert_eq!(prints(&mut machine, words), line);
    assert_eq!(prints(&mut machine, "recompress zram0 --dry-run"), "echo '' > /sys/block/zram0/recompress\n");
    let text = prints(&mut machine, "recompress zram0");
    assert!(text.starts_with("zram0: objects ") && !text.contains("objects 0B"), "{text}");
    assert_eq!(states(&mut machine, 0, 'r'), 40);
    assert_eq!(prints(&mut machine, "slots zram0 --recompressed --ranges"), "0-39\n");
    assert_eq!(prints(&mut machine, "list -o RECOMP"), "RECOMP\n1:zstd 2:deflate\n");
    let text = prints(&mut machine, "recompress zram0 --priority 3");
    assert!(text.contains("the algorithm or priority is none of this device's"), "{text}");
}

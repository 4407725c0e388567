//! Backing devices that are files, encrypted ones too: set up, used, and gone without a trace.

use serde_json::Value;

use crate::machine::{Machine, OURS, on_each_kernel, program};

/// Mounts the machine's disk, with a file system that can do direct I/O, on this folder.
pub(crate) const DISK: &str = "/disk";

pub(crate) fn a_disk(machine: &mut Machine) {
    machine.prints(&[&program("mkdir"), DISK, "/fs"]);
    // Without a journal there is more room; discards would go to a file on the host.
    machine.prints(&[&program("mkfs.ext4"), "-q", "-O", "^has_journal", "-E", "nodiscard", "/dev/vda"]);
    machine.prints(&[&program("mount"), "/dev/vda", DISK]);
}

pub(crate) fn text(machine: &mut Machine, path: &str) -> String {
    machine.prints(&[&program("cat"), path]).trim_end().to_owned()
}

pub(crate) fn names(machine: &mut Machine, folder: &str) -> Vec<String> {
    machine.prints(&[&program("ls"), folder]).lines().map(str::to_owned).collect()
}

/// Setting up on an encrypted file, with these options more.
fn words(more: &'static str) -> Vec<&'static str> {
    const COMMON: &str = "setup --size 32M --algorithm zstd --memory 16M --backing /disk/pages --backing-size 16M --encrypt --writeback-limit 8M";
    [OURS].into_iter().chain(COMMON.split(' ')).chain(more.split(' ')).collect()
}

/// What a reset leaves goes within moments: a worker of the kernel's removes it.
pub(crate) fn nothing_stays_behind(machine: &mut Machine) {
    for _ in 0..50 {
        let blocks = names(machine, "/sys/block");
        let mapped = blocks.iter().any(|name| name.starts_with("dm-"));
        let attached = blocks.iter().filter(|name| name.starts_with("loop")).any(|name| {
            let path = format!("/sys/block/{name}/loop");
            machine.run(&[&program("ls"), &path]).status == Some(0)
        });
        if !mapped && !attached {
            return;
        }
    }
    let left = names(machine, "/sys/block");
    panic!("{}: {left:?}", machine.name);
}

/// Has a file in memory swapped out, at least in part: `tmpfs`, in a group that may not take as much memory as the file. Its checksum.
pub(crate) fn swapped_file(machine: &mut Machine) -> String {
    let script = "mkdir /group /ram && mount -t cgroup2 none /group && mount -t tmpfs none /ram
        echo +memory > /group/cgroup.subtree_control && mkdir /group/small && echo 2M > /group/small/memory.max
        echo $$ > /group/small/cgroup.procs && exec dd if=/bin/zramctl-rs of=/ram/file bs=64k";
    let ran = machine.run(&[&program("sh"), "-c", &format!("PATH=/usr/bin:/usr/sbin\n{script}")]);
    assert_eq!(ran.status, Some(0), "{}: {}", machine.name, ran.stderr);
    sum(machine, "/bin/zramctl-rs")
}

pub(crate) fn sum(machine: &mut Machine, path: &str) -> String {
    let shown = machine.prints(&[&program("sha256sum"), path]);
    shown.split_whitespace().next().unwrap_or_default().to_owned()
}

#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn swap_with_an_encrypted_file_behind_it() {
    on_each_kernel(|machine| {
        a_disk(machine);
        let compressed = machine.name.contains("7.");
        let mut words = words("--priority 50 --swap");
        if compressed {
            words.push("--compressed-writeback");
        }
        assert_eq!(machine.prints(&words), "/dev/zram0\n");

        // The file has no name, goes past the page cache, and lies under a device that encrypts.
        assert_eq!(names(machine, DISK), ["lost+found"]);
        let file = text(machine, "/sys/block/loop0/loop/backing_file");
        assert!(file.starts_with("/disk/#") && file.ends_with(" (deleted)"), "{file}");
        assert_eq!(text(machine, "/sys/block/loop0/loop/dio"), "1");
        assert_eq!(text(machine, "/sys/block/dm-0/dm/name"), "zram0-backing");
        assert_eq!(names(machine, "/sys/block/dm-0/slaves"), ["loop0"]);
        assert_eq!(text(machine, "/sys/block/zram0/backing_dev"), "/dev/dm-0");
        assert_eq!(text(machine, "/sys/block/zram0/disksize"), (32 << 20).to_string());
        assert_eq!(text(machine, "/sys/block/zram0/writeback_limit"), (8 << 20 >> 12).to_string());
        assert_eq!(text(machine, "/sys/block/zram0/writeback_limit_enable"), "1");
        let mm = text(machine, "/sys/block/zram0/mm_stat");
        assert_eq!(mm.split_whitespace().nth(3), Some((16_u32 << 20).to_string().as_str()));
        if compressed {
            assert_eq!(text(machine, "/sys/block/zram0/compressed_writeback"), "1");
        }
        let swaps = text(machine, "/proc/swaps");
        let line: Vec<&str> = swaps.lines().nth(1).unwrap_or_default().split_whitespace().collect();
        assert_eq!(line, ["/dev/zram0", "partition", "32764", "0", "50"]);

        // Pages go to the disk, where nobody can read them, and come back as they were.
        let before = swapped_file(machine);
        machine.prints(&[OURS, "idle", "zram0"]);
        let written = machine.prints(&[OURS, "writeback", "zram0", "--idle"]);
        assert!(written.ends_with(" written back\n"), "{written}");
        let stat = text(machine, "/sys/block/zram0/bd_stat");
        let away: u64 = stat.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0);
        assert!(away > 300, "{stat}");
        let slots: Value =
            serde_json::from_str(&machine.prints(&[OURS, "slots", "zram0", "--written-back", "--json"]))
                .unwrap();
        assert_eq!(slots["states"].as_array().map(Vec::len), Some(usize::try_from(away).unwrap()));
        let limit = text(machine, "/sys/block/zram0/writeback_limit");
        assert_eq!(limit, ((8 << 20 >> 12) - away).to_string());
        let clear = sum(machine, "/dev/dm-0");
        assert_ne!(clear, sum(machine, "/dev/loop0"));
        assert_eq!(sum(machine, "/ram/file"), before);
        let stat = text(machine, "/sys/block/zram0/bd_stat");
        assert_ne!(stat.split_whitespace().nth(1), Some("0"), "nothing was read back: {stat}");

        // All of it comes back, for which the group must let it.
        machine.prints(&[&program("sh"), "-c", "echo max > /group/small/memory.max"]);
        machine.prints(&[OURS, "swap", "off", "zram0"]);
        assert_eq!(sum(machine, "/ram/file"), before);
        machine.prints(&[OURS, "reset", "zram0"]);
        assert_eq!(text(machine, "/sys/block/zram0/disksize"), "0");
        assert_eq!(text(machine, "/sys/block/zram0/backing_dev"), "none");
        nothing_stays_behind(machine);
        machine.prints(&[OURS, "remove", "zram0"]);
        assert!(!names(machine, "/sys/block").contains(&"zram0".to_owned()));
        // Who still had the file would be in the way of this.
        machine.prints(&[&program("umount"), DISK]);
    });
}

#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn what_has_a_signature_is_not_overwritten() {
    on_each_kernel(|machine| {
        machine.prints(&[&program("mkdir"), DISK]);
        machine.prints(&[&program("mkfs.ext4"), "-q", "-E", "nodiscard", "/dev/vda"]);
        let before = sum(machine, "/dev/vda");
        let refused = machine.run(&[OURS, "setup", "--size", "8M", "--backing", "/dev/vda"]);
        let said = "zramctl-rs: /dev/vda has the signature of a file system (ext2, ext3 or ext4), which would be lost: \
                    `--force` takes it all the same\n";
        assert_eq!((refused.status, refused.stderr.as_str()), (Some(1), said));
        assert_eq!(sum(machine, "/dev/vda"), before);
        machine.prints(&[&program("mount"), "/dev/vda", DISK]);
        let busy = machine.run(&[OURS, "setup", "--size", "8M", "--backing", "/dev/vda", "--force"]);
        assert_eq!(busy.status, Some(1));
        assert!(
            busy.stderr.contains("/dev/vda is in use: it is mounted on /disk (`umount /disk`)"),
            "{}",
            busy.stderr
        );
        machine.prints(&[&program("umount"), DISK]);
        let taken = [OURS, "setup", "--size", "8M", "--backing", "/dev/vda", "--force", "--encrypt"];
        assert_eq!(machine.prints(&taken), "/dev/zram0\n");
        let list: Value = serde_json::from_str(&machine.prints(&[OURS, "list", "--json"])).unwrap();
        assert_eq!(list["devices"][0]["writeback"]["backing_dev"], "/dev/dm-0");
        // The device mapper would put a second one on the same disk.
        let twice = machine.run(&taken);
        assert_eq!(twice.status, Some(1));
        assert!(twice.stderr.contains("cannot encrypt /dev/vda: it is in use"), "{}", twice.stderr);
        machine.prints(&[OURS, "remove", "zram0"]);
        nothing_stays_behind(machine);
    });
}

/// A file that is there is kept, and is one device's.
#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn a_file_is_behind_one_device_only() {
    on_each_kernel(|machine| {
        a_disk(machine);
        let make = "umask 077 && /usr/bin/dd if=/dev/zero of=/disk/pages bs=1M count=8";
        assert_eq!(machine.run(&[&program("sh"), "-c", make]).status, Some(0));
        let words = [OURS, "setup", "--size", "8M", "--backing", "/disk/pages"];
        assert_eq!(machine.prints(&words), "/dev/zram0\n");
        let twice = machine.run(&words);
        assert_eq!(twice.status, Some(1));
        assert!(twice.stderr.contains("/disk/pages is a block device's already"), "{}", twice.stderr);
        machine.prints(&[OURS, "remove", "zram0"]);
        nothing_stays_behind(machine);
        // As soon as that one is gone it can be another's.
        assert_eq!(machine.prints(&words), "/dev/zram0\n");
        machine.prints(&[OURS, "remove", "zram0"]);
        assert_eq!(names(machine, DISK), ["lost+found", "pages"]);
        // Somebody's file is not taken, and neither is one that others may read.
        let keep = "echo something > /disk/pages";
        machine.prints(&[
            &program("sh"),
            "-c",
            &format!(
                "PATH=/usr/bin; {keep}; dd if=/dev/zero of=/disk/pages bs=1M seek=1 count=1 2>/dev/null"
            ),
        ]);
        let refused = machine.run(&words);
        assert!(refused.stderr.contains("/disk/pages has something in it"), "{}", refused.stderr);
        nothing_stays_behind(machine);
    });
}

/// Each step is kept from working by what the machine can take away from it, and everything is as it was.
#[test]
#[ignore = "boots virtual machines: run `cargo xtask programs`"]
fn a_plan_that_is_broken_at_any_step_leaves_nothing() {
    on_each_kernel(|machine| {
        a_disk(machine);
        let compressed = machine.name.contains("7.");
        let mut words = words("zram0 --algorithm-params level=2");
        if compressed {
            words.extend(["--compressed-writeback", "--batch-size", "8"]);
        }
        let swap = [&words[..], &["--swap"]].concat();
        let mounted = [words, vec!["--mount", "/fs"]].concat();
        let mut broken = 0;
        let added = Broken::emptied(machine, "/sys/class/zram-control/hot_add");
        fails(machine, &[OURS, "setup", "--size", "8M"], "cannot add a zram device");
        added.mend(machine);
        let add: Value = serde_json::json!({"op": "begin", "backing_pages": 1});
        machine.op(add);
        machine.op(serde_json::json!({"op": "add"}));
        let before = seen(machine);
        for words in [&swap, &mounted] {
            let plan = machine.prints(&[&words[..], &["--dry-run", "--json"]].concat());
            let plan: Value = serde_json::from_str(&plan).unwrap();
            let lines: Vec<&str> =
                plan["plans"][0]["lines"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            for line in lines {
                let Some((way, said)) = Broken::at(machine, line) else { continue };
                fails(machine, words, said);
                way.mend(machine);
                nothing_stays_behind(machine);
                assert_eq!(seen(machine), before, "{}: {line}", machine.name);
                broken += 1;
            }
        }
        assert!(broken >= 2 * 9, "{broken}");
        // An area of one page has its header and nothing else.
        let small: Vec<&str> = swap.iter().map(|word| if *word == "32M" { "4K" } else { word }).collect();
        fails(machine, &small, "cannot take zram0 into use as swap");
        nothing_stays_behind(machine);
        assert_eq!(seen(machine), before, "{}", machine.name);
        // Nothing is in the way any more.
        assert_eq!(machine.prints(&mounted), "/dev/zram0\n");
        assert_eq!(names(machine, "/fs"), ["lost+found"]);
        machine.prints(&[&program("umount"), "/fs"]);
        machine.prints(&[OURS, "reset", "zram0", "--settings"]);
        nothing_stays_behind(machine);
    });
}

fn fails(machine: &mut Machine, words: &[&str], said: &str) {
    let ran = machine.run(words);
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(1), ""), "{}: {words:?}", machine.name);
    assert!(ran.stderr.contains(said), "{}: {said:?}: {}", machine.name, ran.stderr);
    assert!(!ran.stderr.contains("not all put back"), "{}", ran.stderr);
}

/// All that setting up could leave behind.
fn seen(machine: &mut Machine) -> String {
    let devices = machine.prints(&[OURS, "list", "--all", "--json"]);
    format!(
        "{devices} {:?} {} {}",
        names(machine, DISK),
        text(machine, "/proc/swaps"),
        text(machine, "/proc/self/mounts")
    )
}

/// Something that does not work as long as another thing is mounted over it.
struct Broken {
    at: String,
}

impl Broken {
    /// Breaks what this line of a plan needs, if there is a way that no other line before it needs; what is said then.
    fn at(machine: &mut Machine, line: &str) -> Option<(Self, &'static str)> {
        if let Some((_, path)) = line.split_once(" > ") {
            return Some((Self::read_only(machine, path), "Read-only file system"));
        }
        let word = line.trim_start_matches(|c: char| c == '(' || c.is_ascii_uppercase() || "=$(".contains(c));
        Some(match word.split([' ', '.']).next()? {
            "umask" => (
                Self::read_only(machine, DISK),
                "cannot make a block device of /disk/pages: Read-only file system",
            ),
            "losetup" => (
                Self::over(machine, "/dev/null", "/dev/loop-control"),
                "cannot make a block device of /disk/pages",
            ),
            "cryptsetup" => {
                (Self::over(machine, "/dev/null", "/dev/mapper/control"), "cannot encrypt /dev/loop0")
            }
            "mkswap" => (Self::without_devices(machine, "/dev/zram0"), "the first page of zram0"),
            "mkfs" => (
                Self::over(machine, &program("false"), &program("mkfs.ext4")),
                "`mkfs.ext4 /dev/zram0` failed",
            ),
            "mount" => (Self::over(machine, &program("false"), &program("mount")), "/dev/zram0 /fs` failed"),
            // One step with the lines before; nothing that can fail, since all that is done is to close; and refused by its size only.
            "rm" | "dmsetup" | "swapon" => return None,
            other => panic!("nothing breaks {other}: {line}"),
        })
    }

    fn over(machine: &mut Machine, what: &str, at: &str) -> Self {
        machine.prints(&[&program("mount"), "--bind", what, at]);
        Self { at: at.to_owned() }
    }

    fn emptied(machine: &mut Machine, at: &str) -> Self {
        Self::over(machine, "/dev/null", at)
    }

    fn read_only(machine: &mut Machine, at: &str) -> Self {
        Self::remounted(machine, at, "remount,bind,ro")
    }

    fn without_devices(machine: &mut Machine, at: &str) -> Self {
        Self::remounted(machine, at, "remount,bind,nodev")
    }

    fn remounted(machine: &mut Machine, at: &str, how: &str) -> Self {
        let broken = Self::over(machine, at, at);
        machine.prints(&[&program("mount"), "-o", how, at]);
        broken
    }

    fn mend(self, machine: &mut Machine) {
        machine.prints(&[&program("umount"), &self.at]);
    }
}

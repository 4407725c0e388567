//! Setting up on files: made, encrypted, somebody's; and file systems on devices.

use zram_host::storage::Room;

use crate::{
    machine::{Sim, prints, prose, write},
    setup::{all_there_is, seen},
};

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
    assert!(prints(&mut machine, "reset zram0").contains("zram0 is in use (ext4 /mnt): `umount /mnt` first"));
    // Nothing is hidden by it.
    let text = prints(&mut machine, "setup --size 64M --mount /mnt");
    assert!(text.contains("/mnt is a mount point already (ext4): `umount /mnt` first"), "{text}");
    machine.set_kernel_file("/var/lib/dpkg", "");
    let text = prints(&mut machine, "setup --size 64M --mount /var/lib");
    assert!(text.contains("/var/lib is not empty"), "{text}");
    machine.remove_kernel_file("/var/lib/dpkg");
    let text = prints(&mut machine, "setup --size 64M --mount /nowhere");
    assert!(text.contains("there is no folder /nowhere: `mkdir -p /nowhere` makes it"), "{text}");
    let text = prints(&mut machine, "setup --size 64M --algorithm zstd --mount /var/lib --file-system odd");
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
    machine.put_file("/var/disk.qcow2", 1 << 20, b"QFI\xfb");
    machine.put_file("/var/open", 1 << 20, b"");
    machine.publish_file("/var/open");
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
        ("/var/disk.qcow2", "/var/disk.qcow2 has something in it, which would be lost: `--force` takes it"),
        (
            "/var/open",
            "could be read in /var/open by others: `chown root /var/open` and `chmod 600 /var/open`, or `--encrypt`",
        ),
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

/// Pages would leave memory for memory.
#[test]
fn what_is_memory_is_not_taken() {
    let mut machine = all_there_is();
    prints(&mut machine, "setup --size 64M");
    let text = prints(&mut machine, "setup --size 64M --backing /dev/zram0");
    assert!(text.contains("/dev/zram0 is zram, too: pages would leave memory for memory"), "{text}");
    machine.set_room(Room { total: 8 << 30, free: 8 << 30, in_memory: true });
    machine.put_file("/var/pages", 1 << 20, b"");
    for path in ["/var/pages", "/var/new --backing-size 1M"] {
        let text = prints(&mut machine, &format!("setup --size 64M --backing {path}"));
        assert!(text.contains("/var is in memory (tmpfs): pages would leave memory for memory"), "{text}");
    }
}

/// Linux takes the same file, and the same disk below dm-crypt, twice, and both would write the same blocks.
#[test]
fn nothing_is_taken_twice() {
    let mut machine = all_there_is();
    machine.put_file("/var/pages", 1 << 20, b"");
    assert_eq!(prints(&mut machine, "setup --size 64M --backing /var/pages"), "/dev/zram0\n");
    let before = seen(&mut machine);
    let text = prints(&mut machine, "setup --size 64M --backing /var/pages");
    assert!(
        text.contains("/var/pages is a block device's already: `losetup -j /var/pages` says which"),
        "{text}"
    );
    assert_eq!(seen(&mut machine), before);
    let words = "setup --size 64M --backing /dev/ram0 --encrypt";
    assert_eq!(prints(&mut machine, words), "/dev/zram1\n");
    let before = seen(&mut machine);
    let text = prints(&mut machine, words);
    assert!(
        text.contains("cannot encrypt /dev/ram0: it is in use (`lsblk /dev/ram0` shows by what)"),
        "{text}"
    );
    assert_eq!(seen(&mut machine), before);
}

/// Who has a backing device is named.
#[test]
fn a_backing_device_that_is_in_use_names_its_user() {
    let mut machine = all_there_is();
    prints(&mut machine, "setup --size 64M --backing /dev/ram0");
    let text = prints(&mut machine, "setup --size 64M --backing /dev/ram0");
    assert!(text.contains("/dev/ram0 is in use: it is the backing device of zram0"), "{text}");
}

/// Whoever mounts a disk by another of its names mounts the same disk.
#[test]
fn a_disk_has_several_names() {
    let mut machine = all_there_is();
    machine.put_link("/dev/disk/by-label/pages", "/dev/ram0");
    machine.set_kernel_file("/sys/class/block/ram0/dev", "1:0\n");
    let busy = |machine: &mut Sim| zramctl_rs::backing::busy("/dev/disk/by-label/pages", machine);
    assert_eq!(busy(&mut machine), None);
    machine.set_kernel_file("/sys/class/block/ram0/holders/dm-3", "");
    assert_eq!(busy(&mut machine).as_deref(), Some("dm-3 stands on it"));
    machine
        .set_kernel_file("/proc/swaps", "Filename Type Size Used Priority\n/dev/ram0 partition 1020 0 -2\n");
    assert_eq!(busy(&mut machine).as_deref(), Some("it is swapped to (`swapoff /dev/ram0`)"));
    let mounts = "1 0 0:1 / / rw - rootfs none rw\n90 1 1:0 / /srv/it's rw - ext4 /dev/mapper/pages rw\n";
    machine.set_kernel_file("/proc/self/mountinfo", mounts);
    assert_eq!(busy(&mut machine).as_deref(), Some("it is mounted on /srv/it's (`umount \"/srv/it's\"`)"));
}

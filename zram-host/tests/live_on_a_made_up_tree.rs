//! The live side on a tree of ordinary files: which files it touches, and how.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its tree has failed")]

use std::{fs, path::Path};

use nix::errno::Errno;
use tempfile::TempDir;
use zram_host::{
    Buffer, DeviceNumber, Iovec, LiveHost, Port,
    machine::{Machine as _, MachineError, holders, mounts, swaps},
};

const PAGE: usize = 4096;

/// A tree with zram3 and zram12, and a disk that is none.
fn tree() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &[u8]| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("sys/class/zram-control/hot_add", b"13\n");
    write("sys/class/zram-control/hot_remove", b"");
    write("sys/block/zram12/disksize", b"0\n");
    write("sys/block/zram3/disksize", b"1048576\n");
    write("sys/block/zram3/long", &[b'x'; 9000]);
    write("sys/block/sda/size", b"1\n");
    write("sys/kernel/debug/zram/zram3/block_state", b"line of slot 0\nline of slot 1\n");
    write("proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n/dev/zram3 partition 1020 8 100\n".as_bytes());
    write("proc/self/mountinfo", mountinfo().as_bytes());
    write("dev/zram3", &(0..8 * PAGE).map(|n| (n / PAGE) as u8).collect::<Vec<_>>());
    root
}

/// More than a page of mounts, two of them of zram devices.
fn mountinfo() -> String {
    let line = |number: usize| {
        format!("{number} 1 8:{number} / /mnt/{number} rw shared:1 - ext4 /dev/sda{number} rw\n")
    };
    let ours = "200 1 252:12 / /var/my\\040tmp rw - xfs /dev/zram12 rw\n201 1 252:12 / /srv rw - xfs /dev/zram12 rw\n";
    (0..100).map(line).collect::<String>() + ours
}

/// A page-aligned arena of guard bytes, and what it is cut from.
fn arena(memory: &mut Vec<u8>, pages: usize) -> &mut [u8] {
    *memory = vec![0xee; (pages + 1) * PAGE];
    let start = memory.as_ptr().align_offset(PAGE);
    &mut memory[start..start + pages * PAGE]
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn devices_are_listed_by_number() {
    let root = tree();
    let mut host = LiveHost::rooted(root.path());
    assert_eq!(host.devices(), Ok(vec![3, 12]));
    assert_eq!(host.hot_add(), Ok(13));
}

#[test]
fn attributes_are_read_whole() {
    let root = tree();
    let mut host = LiveHost::rooted(root.path());
    assert_eq!(host.read_attr(3, "disksize"), Ok(b"1048576\n".to_vec()));
    assert_eq!(host.read_attr(3, "long").map(|text| text.len()), Ok(9000));
    assert_eq!(host.read_attr(3, "absent"), Err(Errno::ENOENT));
    assert_eq!(host.read_attr(4, "disksize"), Err(Errno::ENOENT));
    assert_eq!(host.read_attr(3, "../sda/size"), Err(Errno::ENOENT));
}

#[test]
fn an_attribute_is_written_over_and_never_made() {
    let root = tree();
    let mut host = LiveHost::rooted(root.path());
    assert_eq!(host.write_attr(3, "disksize", b"42"), Ok(2));
    // No O_TRUNC: what the write did not reach still stands.
    assert_eq!(read(root.path().join("sys/block/zram3/disksize")), "4248576\n");
    assert_eq!(host.write_attr(3, "absent", b"1"), Err(Errno::ENOENT));
    assert_eq!(host.hot_remove(b"3"), Ok(1));
    assert_eq!(read(root.path().join("sys/class/zram-control/hot_remove")), "3");
}

#[test]
fn block_state_is_one_read_from_a_position() {
    let root = tree();
    let mut host = LiveHost::rooted(root.path());
    assert_eq!(host.block_state(3, 0, 4), Ok(b"line".to_vec()));
    assert_eq!(host.block_state(3, 15, 100), Ok(b"line of slot 1\n".to_vec()));
}

#[test]
fn pieces_are_moved_and_nothing_beside_them() {
    let root = tree();
    let mut host = LiveHost::rooted(root.path());
    let mut memory = Vec::new();
    let arena = arena(&mut memory, 4);
    let pieces = [Iovec { start: 2 * PAGE, len: PAGE }, Iovec { start: 0, len: PAGE }];
    assert_eq!(host.read(3, PAGE as u64, Buffer { arena, pieces: &pieces }), Ok(2 * PAGE));
    assert_eq!((arena[0], arena[PAGE], arena[2 * PAGE], arena[3 * PAGE]), (2, 0xee, 1, 0xee));
    arena.fill(9);
    assert_eq!(host.write(3, 0, Buffer { arena, pieces: &pieces[1..] }), Ok(PAGE));
    let disk = fs::read(root.path().join("dev/zram3")).unwrap();
    assert_eq!((disk[0], disk[PAGE - 1], disk[PAGE]), (9, 9, 1));
}

#[test]
fn memory_that_is_not_all_ours_is_refused() {
    let root = tree();
    let mut host = LiveHost::rooted(root.path());
    let mut memory = Vec::new();
    let arena = arena(&mut memory, 2);
    for piece in [Iovec { start: PAGE, len: 2 * PAGE }, Iovec { start: usize::MAX, len: 2 }] {
        assert_eq!(host.read(3, 0, Buffer { arena, pieces: &[piece] }), Err(Errno::EFAULT));
    }
    let piece = Iovec { start: 0, len: 512 };
    assert_eq!(host.read(3, 0, Buffer { arena: &mut arena[..512], pieces: &[piece] }), Err(Errno::EFAULT));
    assert_eq!(
        host.write(3, 0, Buffer { arena: &mut arena[512..][..PAGE], pieces: &[] }),
        Err(Errno::EFAULT)
    );
}

#[test]
fn release_undoes_hold_once() {
    let root = tree();
    let mut host = LiveHost::rooted(root.path());
    assert_eq!(host.release(3), Err(Errno::EBADF));
    assert_eq!(host.hold(3), Ok(()));
    assert_eq!(host.release(3), Ok(()));
    assert_eq!(host.release(3), Err(Errno::EBADF));
    assert_eq!(host.hold(4), Err(Errno::ENOENT));
}

#[test]
fn an_ordinary_file_takes_no_discard() {
    let root = tree();
    let mut host = LiveHost::rooted(root.path());
    assert_eq!(host.discard(3, 0, 4096), Err(Errno::ENOTTY));
    assert_eq!(host.zero_out(3, 0, 4096), Err(Errno::ENOTTY));
}

#[test]
fn who_uses_a_device_is_known() {
    let root = tree();
    let mut host = LiveHost::rooted(root.path());
    let swaps: Vec<_> =
        swaps(&mut host).unwrap().iter().map(|swap| (swap.device(), swap.usage.priority)).collect();
    assert_eq!(swaps, [(Some(DeviceNumber(3)), 100)]);
    let all = mounts(&mut host).unwrap();
    let targets: Vec<_> =
        all.iter().filter_map(|mount| Some((mount.device?.0, mount.target.as_str()))).collect();
    assert_eq!(targets, [(12, "/var/my tmp"), (12, "/srv")]);
    assert_eq!(all[100].number, "252:12");
    assert_eq!(holders(&mut host, DeviceNumber(12)), Ok(Vec::new()));
    fs::create_dir_all(root.path().join("sys/block/zram12/holders/dm-0")).unwrap();
    assert_eq!(holders(&mut host, DeviceNumber(12)), Ok(vec!["dm-0".to_owned()]));
    fs::remove_file(root.path().join("proc/swaps")).unwrap();
    assert_eq!(swaps_of(&mut host), Ok(0));
    fs::write(root.path().join("proc/swaps"), "Filename\nnonsense\n").unwrap();
    assert!(swaps_of(&mut host).is_err());
}

fn swaps_of(host: &mut LiveHost) -> Result<usize, MachineError> {
    swaps(host).map(|swaps| swaps.len())
}

#[test]
fn whoever_sets_up_does_so_alone() {
    let root = tree();
    let mut first = LiveHost::rooted(root.path());
    assert_eq!(first.take_turn(), Ok(()));
    let mut second = LiveHost::rooted(root.path());
    assert_eq!(second.take_turn(), Err(Errno::EWOULDBLOCK));
    drop(first);
    assert_eq!(second.take_turn(), Ok(()));
    assert_eq!(read(root.path().join("sys/class/zram-control/hot_remove")), "");
    // Without zram there is nothing to take turns at.
    let nothing = tempfile::tempdir().unwrap();
    assert_eq!(LiveHost::rooted(nothing.path()).take_turn(), Ok(()));
}

//! What stands on a backing device before it is taken, and who has it.
//!
//! zram overwrites what it is given without a look. So the look is taken here: what has the signature of a file system, of a part of an array, of a
//! volume or of swap is somebody's until the administrator says otherwise.

use zram_host::{
    DeviceNumber, Machine,
    machine::{Mount, mounts, swaps},
};

use crate::shell::word;

/// A signature: what has it, where it is, and what stands there.
struct Signature {
    of: &'static str,
    at: u64,
    bytes: &'static [u8],
}

const fn signature(of: &'static str, at: u64, bytes: &'static [u8]) -> Signature {
    Signature { of, at, bytes }
}

/// Those of what is common on disks, from what is documented of each format.
const SIGNATURES: &[Signature] = &[
    signature("a swap area", 4086, b"SWAPSPACE2"),
    signature("a swap area of an old kind", 4086, b"SWAP-SPACE"),
    signature("a hibernated system", 4086, b"S1SUSPEND\0"),
    signature("a hibernated system", 4086, b"LINHIB0001"),
    signature("a swap area of 16 KiB pages", 16374, b"SWAPSPACE2"),
    signature("a swap area of 64 KiB pages", 65526, b"SWAPSPACE2"),
    signature("an encrypted volume (LUKS)", 0, b"LUKS\xba\xbe"),
    signature("an encrypted volume (LUKS, its second header)", 16384, b"SKUL\xba\xbe"),
    signature("an encrypted volume (BitLocker)", 3, b"-FVE-FS-"),
    signature("a physical volume (LVM)", 512, b"LABELONE"),
    signature("a physical volume (LVM)", 0, b"LABELONE"),
    signature("a physical volume (LVM)", 1024, b"LABELONE"),
    signature("a physical volume (LVM)", 1536, b"LABELONE"),
    signature("a part of an array (md)", 0, b"\xfc\x4e\x2b\xa9"),
    signature("a part of an array (md)", 4096, b"\xfc\x4e\x2b\xa9"),
    signature(
        "a part of a pool (bcache)",
        4120,
        b"\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81",
    ),
    signature("a partition table (GPT)", 512, b"EFI PART"),
    signature("a partition table (GPT)", 4096, b"EFI PART"),
    signature("a file system (ext2, ext3 or ext4)", 1080, b"\x53\xef"),
    signature("a file system (xfs)", 0, b"XFSB"),
    signature("a file system (btrfs)", 65600, b"_BHRfS_M"),
    signature("a file system (f2fs)", 1024, b"\x10\x20\xf5\xf2"),
    signature("a file system (erofs)", 1024, b"\xe2\xe1\xf5\xe0"),
    signature("a file system (squashfs)", 0, b"hsqs"),
    signature("a file system (exfat)", 3, b"EXFAT   "),
    signature("a file system (ntfs)", 3, b"NTFS    "),
    signature("a file system (FAT)", 54, b"FAT1"),
    signature("a file system (FAT)", 82, b"FAT32   "),
    signature("a file system (iso9660)", 32769, b"CD001"),
    signature("a file system (nilfs2)", 1030, b"\x34\x34"),
    signature("a file system (jfs)", 32768, b"JFS1"),
    signature("a file system (reiserfs)", 65588, b"ReIsEr"),
    signature("a file system (APFS)", 32, b"NXSB"),
    signature("a file system (HFS+)", 1024, b"H+\x00\x04"),
    signature("a part of a pool (VDO)", 0, b"dmvdo001"),
    signature("a part of a cluster (Ceph)", 0, b"bluestore block device"),
    signature(
        "a file system (bcachefs)",
        4120,
        b"\xc6\x85\x73\xf6\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef",
    ),
    signature("a part of a pool (zfs)", 131_072, b"\x0c\xb1\xba\x00\x00\x00\x00\x00"),
    // A pool that is new has nothing there yet; the list of names in its label begins with this one.
    signature("a part of a pool (zfs)", 16408, b"version\0"),
    signature("a part of a pool (Stratis)", 516, b"!Stra0tis\x86\xff\x02^\x41rh"),
    signature("a file system (gfs2)", 65536, b"\x01\x16\x19\x70"),
    signature("a file system (udf)", 32769, b"BEA01"),
    signature("a volume with sums (dm-integrity)", 0, b"integrt\0"),
    signature("a tree of sums (dm-verity)", 0, b"verity\0\0"),
    signature("a partition table (MBR) or a boot sector", 510, b"\x55\xaa"),
];

/// Those that are counted from the end of a device of so many bytes: of arrays that hold what others take for a whole file system.
fn at_the_end(size: u64) -> [Option<Signature>; 2] {
    const ALIGNED: u64 = 65536;
    const MAGIC: &[u8] = b"\xfc\x4e\x2b\xa9";
    let old = (size / ALIGNED * ALIGNED).checked_sub(ALIGNED);
    let newer = (size / 512).checked_sub(16).map(|sector| sector / 8 * 8 * 512);
    [old, newer].map(|at| at.map(|at| signature("a part of an array (md)", at, MAGIC)))
}

/// What has its signature on a file or a block device of so many bytes, if anything has.
///
/// # Errors
/// When it cannot be read.
pub fn signature_of(
    path: &str,
    size: u64,
    machine: &mut dyn Machine,
) -> anyhow::Result<Option<&'static str>> {
    let at_the_end = at_the_end(size);
    for signature in SIGNATURES.iter().chain(at_the_end.iter().flatten()) {
        let mut bytes = vec![0; signature.bytes.len()];
        let there = machine
            .peek(path, signature.at, &mut bytes)
            .map_err(|errno| anyhow::anyhow!("cannot read {path}: {}", errno.desc()))?;
        if there == bytes.len() && bytes == signature.bytes {
            return Ok(Some(signature.of));
        }
    }
    Ok(None)
}

/// Who has a block device, as far as the machine says.
pub fn busy(path: &str, machine: &mut dyn Machine) -> Option<String> {
    // What others tell of it has the kernel's name, not that of a link.
    let path = machine.plain(path).unwrap_or_else(|_| path.to_owned());
    let name = path.strip_prefix("/dev/")?;
    let number = machine.kernel_file(&format!("/sys/class/block/{name}/dev")).unwrap_or_default();
    let number = String::from_utf8_lossy(&number).trim().to_owned();
    let is_on = |mount: &Mount| mount.source == path || mount.number == number;
    if let Some(mount) = mounts(machine).ok().and_then(|mounts| mounts.into_iter().find(is_on)) {
        return Some(format!("it is mounted on {} (`umount {}`)", mount.target, word(&mount.target)));
    }
    if is_swapped_to(&path, machine) {
        return Some(format!("it is swapped to (`swapoff {}`)", word(&path)));
    }
    let devices = machine.devices().unwrap_or_default();
    for device in devices {
        let backing = machine.read_attr(device, "backing_dev").unwrap_or_default();
        if String::from_utf8_lossy(&backing).trim_end() == path {
            return Some(format!("it is the backing device of {}", DeviceNumber(device)));
        }
    }
    let holders = machine.kernel_folder(&format!("/sys/class/block/{name}/holders")).unwrap_or_default();
    holders.first().map(|holder| format!("{holder} stands on it"))
}

/// Whether a file or a block device is swapped to.
pub fn is_swapped_to(path: &str, machine: &mut dyn Machine) -> bool {
    swaps(machine).is_ok_and(|swaps| swaps.iter().any(|swap| swap.path == path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_is_known_by_its_end() {
        let at = |size| at_the_end(size).map(|signature| signature.map(|signature| signature.at));
        // A disk of 1 GiB and 3 sectors: the last whole 64 KiB; 8 KiB before the end, where a page begins.
        assert_eq!(at((1 << 30) + 1536), [Some((1 << 30) - 65536), Some((1 << 30) - 8192)]);
        assert_eq!(at(8192), [None, Some(0)]);
        assert_eq!(at(0), [None, None]);
    }
}

//! What stands on a backing device before it is taken, and who has it.
//!
//! zram overwrites what it is given without a look. So the look is taken here: what has the signature of a file system, of a part of an array, of a
//! volume or of swap is somebody's until the administrator says otherwise.

use zram_host::{
    DeviceNumber, Machine,
    machine::{mounts, swaps},
};

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
    signature("an encrypted volume (BitLocker)", 3, b"-FVE-FS-"),
    signature("a physical volume (LVM)", 512, b"LABELONE"),
    signature("a physical volume (LVM)", 0, b"LABELONE"),
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
    signature(
        "a file system (bcachefs)",
        4120,
        b"\xc6\x85\x73\xf6\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef",
    ),
    signature("a part of a pool (zfs)", 131_072, b"\x0c\xb1\xba\x00\x00\x00\x00\x00"),
    signature("a partition table (MBR) or a boot sector", 510, b"\x55\xaa"),
];

/// What has its signature on a file or a block device, if anything has.
///
/// # Errors
/// When it cannot be read.
pub fn signature_of(path: &str, machine: &mut dyn Machine) -> anyhow::Result<Option<&'static str>> {
    for signature in SIGNATURES {
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
    if let Some(mount) =
        mounts(machine).ok().and_then(|mounts| mounts.into_iter().find(|mount| mount.source == path))
    {
        return Some(format!("it is mounted on {0} (`umount {0}`)", mount.target));
    }
    if swaps(machine).is_ok_and(|swaps| swaps.iter().any(|swap| swap.path == path)) {
        return Some(format!("it is swapped to (`swapoff {path}`)"));
    }
    let devices = machine.devices().unwrap_or_default();
    for device in devices {
        let backing = machine.read_attr(device, "backing_dev").unwrap_or_default();
        if String::from_utf8_lossy(&backing).trim_end() == path {
            return Some(format!("it is the backing device of {}", DeviceNumber(device)));
        }
    }
    let name = path.strip_prefix("/dev/")?;
    let holders = machine.kernel_folder(&format!("/sys/class/block/{name}/holders")).unwrap_or_default();
    holders.first().map(|holder| format!("{holder} stands on it"))
}

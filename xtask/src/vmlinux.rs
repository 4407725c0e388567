//! From the file a distribution ships as its kernel to the file the emulator boots fastest.
//!
//! A `bzImage` starts in real mode, sets the machine up through the BIOS and decompresses itself; emulated, that
//! costs seconds. The uncompressed ELF inside, if it has a PVH entry point, starts in protected mode at once. The boot header
//! says where the payload lies (`payload_offset`, `payload_length`; kernel document `arch/x86/boot.rst`), so nothing is
//! searched for. Where that does not work out (an unusual compression, no PVH entry), the image boots as it is.

use std::borrow::Cow;
use std::io::Read as _;

use anyhow::bail;

use crate::elf::{Elf, u16_at, u32_at};

/// Size of the uncompressed blocks the kernel's build feeds to LZ4's legacy format.
const LZ4_LEGACY_BLOCK: usize = 8 << 20;

/// The bytes to give to the emulator: the ELF inside if it can be entered directly, else the image itself.
pub(crate) fn bootable(image: &[u8]) -> anyhow::Result<Cow<'_, [u8]>> {
    if let Some(elf) = Elf::parse(image) {
        if elf.has_pvh_entry() {
            return Ok(Cow::Borrowed(image));
        }
        bail!(
            "is an uncompressed kernel without a PVH entry point, which QEMU cannot start; build it with CONFIG_PVH=y or give \
             its arch/x86/boot/bzImage"
        );
    }
    if !is_bzimage(image) {
        bail!("not an x86 Linux kernel image (neither a bzImage nor an ELF vmlinux)");
    }
    Ok(match payload(image).and_then(decompress) {
        Some(vmlinux) if Elf::parse(&vmlinux).is_some_and(Elf::has_pvh_entry) => Cow::Owned(vmlinux),
        _ => Cow::Borrowed(image),
    })
}

/// The release (`uname -r`) a bzImage names in its header.
pub(crate) fn release(image: &[u8]) -> Option<String> {
    if !is_bzimage(image) {
        return None;
    }
    let text = image.get(usize::from(u16_at(image, 0x20e)?) + 0x200..)?;
    let word = text.split(|&byte| byte == b' ' || byte == 0).next()?;
    String::from_utf8(word.to_owned()).ok().filter(|word| !word.is_empty())
}

/// Whether zram is part of this uncompressed kernel: the name of its parameter is compiled in then.
pub(crate) fn has_zram_built_in(vmlinux: &[u8]) -> bool {
    let name = b"zram.num_devices";
    vmlinux.windows(name.len()).any(|window| window == name)
}

fn is_bzimage(image: &[u8]) -> bool {
    // Protocol 2.08 brought the two payload fields.
    image.get(0x202..0x206) == Some(b"HdrS") && u16_at(image, 0x206).is_some_and(|version| version >= 0x208)
}

fn payload(image: &[u8]) -> Option<&[u8]> {
    // Zero stands for four, from the days of a single boot sector.
    let setup_sectors = match *image.get(0x1f1)? {
        0 => 4,
        sectors => usize::from(sectors),
    };
    let start = (setup_sectors + 1) * 512 + u32_at(image, 0x248)? as usize;
    image.get(start..start.checked_add(u32_at(image, 0x24c)? as usize)?)
}

/// `None` where the compression is not one of the four in use, or the data is broken.
fn decompress(payload: &[u8]) -> Option<Vec<u8>> {
    let mut vmlinux = Vec::new();
    // The kernel's build appends the uncompressed size to most formats: each reader must stop at the end of its stream.
    let whole = match payload {
        [0x1f, 0x8b, ..] => flate2::read::GzDecoder::new(payload).read_to_end(&mut vmlinux).is_ok(),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => {
            liblzma::read::XzDecoder::new(payload).read_to_end(&mut vmlinux).is_ok()
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => zstd::Decoder::with_buffer(payload)
            .and_then(|decoder| decoder.single_frame().read_to_end(&mut vmlinux))
            .is_ok(),
        [0x02, 0x21, 0x4c, 0x18, rest @ ..] => lz4_legacy(rest, &mut vmlinux).is_some(),
        _ => false,
    };
    whole.then_some(vmlinux)
}

fn lz4_legacy(mut blocks: &[u8], vmlinux: &mut Vec<u8>) -> Option<()> {
    // The last four bytes are the appended size, not the length of a block.
    while blocks.len() > 4 {
        let length = u32_at(blocks, 0)? as usize;
        let block = blocks.get(4..length.checked_add(4)?)?;
        vmlinux.extend(lz4_flex::block::decompress(block, LZ4_LEGACY_BLOCK).ok()?);
        blocks = &blocks[4 + length..];
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::elf::synthetic::kernel;

    /// A bzImage with two setup sectors, a release string, some padding before the payload, and its size after it.
    fn bzimage(payload: &[u8], appended: &[u8]) -> Vec<u8> {
        let mut image = vec![0; 3 * 512 + 40];
        image[0x1f1] = 2;
        image[0x202..0x206].copy_from_slice(b"HdrS");
        image[0x206..0x208].copy_from_slice(&0x20fu16.to_le_bytes());
        image[0x20e..0x210].copy_from_slice(&0x100u16.to_le_bytes());
        image[0x248..0x24c].copy_from_slice(&40u32.to_le_bytes());
        let length = u32::try_from(payload.len() + appended.len()).unwrap();
        image[0x24c..0x250].copy_from_slice(&length.to_le_bytes());
        image[0x300..0x316].copy_from_slice(b"7.2.13-test (me@here) ");
        image.extend(payload);
        image.extend(appended);
        image.extend(b"trailing signature");
        image
    }

    fn compressions(data: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(data).unwrap();
        let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
        xz.write_all(data).unwrap();
        let mut lz4 = vec![0x02, 0x21, 0x4c, 0x18];
        for block in data.chunks(LZ4_LEGACY_BLOCK) {
            let block = lz4_flex::block::compress(block);
            lz4.extend(u32::try_from(block.len()).unwrap().to_le_bytes());
            lz4.extend(block);
        }
        vec![
            ("gzip", gzip.finish().unwrap()),
            ("xz", xz.finish().unwrap()),
            ("zstd", zstd::encode_all(data, 1).unwrap()),
            ("lz4", lz4),
        ]
    }

    #[test]
    fn every_compression_gives_the_kernel_back() {
        let mut vmlinux = kernel(18);
        vmlinux.extend((0..9 << 20).map(|at: u32| (at >> 9) as u8));
        for (name, payload) in compressions(&vmlinux) {
            let image = bzimage(&payload, &0u32.to_le_bytes());
            assert!(matches!(bootable(&image).unwrap(), Cow::Owned(found) if found == vmlinux), "{name}");
        }
    }

    #[test]
    fn without_an_entry_point_the_image_boots_as_it_is() {
        for (name, payload) in compressions(&kernel(17)) {
            let image = bzimage(&payload, &0u32.to_le_bytes());
            assert!(matches!(bootable(&image).unwrap(), Cow::Borrowed(found) if found == image), "{name}");
        }
    }

    #[test]
    fn an_unknown_or_broken_payload_leaves_the_image_as_it_is() {
        let (_, mut broken) = compressions(&kernel(18)).remove(1);
        let middle = broken.len() / 2;
        broken[middle] ^= 0xff;
        for payload in [b"BZh91AY&SY".to_vec(), broken] {
            let image = bzimage(&payload, b"");
            assert!(matches!(bootable(&image).unwrap(), Cow::Borrowed(_)));
        }
        let mut image = bzimage(&[], b"");
        image[0x24c..0x250].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(matches!(bootable(&image).unwrap(), Cow::Borrowed(_)));
    }

    #[test]
    fn other_files_are_refused_with_the_reason() {
        assert!(bootable(b"#!/bin/sh").unwrap_err().to_string().contains("not an x86 Linux kernel"));
        assert!(bootable(&kernel(17)).unwrap_err().to_string().contains("CONFIG_PVH"));
        let direct = kernel(18);
        assert!(matches!(bootable(&direct).unwrap(), Cow::Borrowed(_)));
    }

    #[test]
    fn the_release_is_read_from_the_header() {
        assert_eq!(release(&bzimage(b"", b"")).as_deref(), Some("7.2.13-test"));
        assert_eq!(release(&kernel(18)), None);
    }

    #[test]
    fn a_built_in_zram_shows_in_the_kernel() {
        assert!(has_zram_built_in(b"\0zram.num_devices\0"));
        assert!(!has_zram_built_in(b"\0zramx.num_devices\0"));
    }
}

//! The blocks of an empty ext2 file system, so that none of `mke2fs` is needed where there is no program but ours.
//!
//! One group of 4 KiB blocks, 128 inodes of 256 bytes, and a root directory with nothing in it but itself; the layout
//! is that of the kernel's [documentation]. Without journal, extents or checksums: what is not there writes nothing,
//! and a workload's bios come from the task that does the work.
//!
//! [documentation]: https://docs.kernel.org/filesystems/ext4/

/// Bytes of a block.
const BLOCK: usize = 4096;

/// Inodes, and bytes of each.
const INODES: u32 = 128;
const INODE_BYTES: u32 = 256;

/// Inodes below this number are the file system's own.
const FIRST_INODE: u32 = 11;
/// The root directory's inode.
const ROOT: u32 = 2;

/// Where things lie.
const DESCRIPTORS: u32 = 1;
const BLOCK_BITMAP: u32 = 2;
const INODE_BITMAP: u32 = 3;
const INODE_TABLE: u32 = 4;
const ROOT_DIRECTORY: u32 = INODE_TABLE + INODES * INODE_BYTES / BLOCK as u32;

/// Blocks that are taken from the start.
pub(super) const TAKEN: u32 = ROOT_DIRECTORY + 1;

/// Where the superblock begins in block 0.
const SUPERBLOCK: usize = 1024;

/// A directory, readable by all (`S_IFDIR | 0755`).
const DIRECTORY: u16 = 0o040_755;

/// Writes block number `block` of a file system of so many blocks into a page of zeros.
pub(super) fn block(page: &mut [u8; BLOCK], blocks: u32, block: u32) {
    match block {
        0 => superblock(&mut page[SUPERBLOCK..], blocks),
        DESCRIPTORS => descriptor(page, blocks),
        BLOCK_BITMAP => bitmap(page, |bit| !(TAKEN..blocks).contains(&bit)),
        INODE_BITMAP => bitmap(page, |bit| !(FIRST_INODE - 1..INODES).contains(&bit)),
        INODE_TABLE => root_inode(&mut page[((ROOT - 1) * INODE_BYTES) as usize..]),
        ROOT_DIRECTORY => {
            let (own, parent) = page.split_at_mut(12);
            entry(own, 12, b".");
            entry(parent, BLOCK as u16 - 12, b"..");
        }
        _ => {}
    }
}

fn put16(bytes: &mut [u8], at: usize, value: u16) {
    bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
}

fn put32(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

/// `struct ext4_super_block`
fn superblock(bytes: &mut [u8], blocks: u32) {
    // Blocks and inodes of a group, log2 of a block in KiB, twice: fragments are as large.
    for (at, value) in [
        (0, INODES),
        (4, blocks),
        (12, blocks.saturating_sub(TAKEN)),
        (16, INODES - (FIRST_INODE - 1)),
        (24, 2),
        (28, 2),
        (32, 8 * BLOCK as u32),
        (36, 8 * BLOCK as u32),
        (40, INODES),
        // Revision with inodes of a size of their own.
        (76, 1),
        (84, FIRST_INODE),
        // Directory entries say the type of file.
        (96, 2),
    ] {
        put32(bytes, at, value);
    }
    // Never check by count; magic; clean; go on after errors.
    for (at, value) in [(54, u16::MAX), (56, 0xef53), (58, 1), (60, 1), (88, INODE_BYTES as u16)] {
        put16(bytes, at, value);
    }
    bytes[104..120].copy_from_slice(b"zram-agent's ext");
}

/// `struct ext4_group_desc`
fn descriptor(bytes: &mut [u8], blocks: u32) {
    for (at, value) in [(0, BLOCK_BITMAP), (4, INODE_BITMAP), (8, INODE_TABLE)] {
        put32(bytes, at, value);
    }
    let free = blocks.saturating_sub(TAKEN) as u16;
    for (at, value) in [(12, free), (14, (INODES - (FIRST_INODE - 1)) as u16), (16, 1)] {
        put16(bytes, at, value);
    }
}

fn bitmap(page: &mut [u8; BLOCK], set: impl Fn(u32) -> bool) {
    for bit in (0..8 * BLOCK as u32).filter(|bit| set(*bit)) {
        page[bit as usize / 8] |= 1 << (bit % 8);
    }
}

/// `struct ext4_inode`
fn root_inode(bytes: &mut [u8]) {
    put16(bytes, 0, DIRECTORY);
    put32(bytes, 4, BLOCK as u32);
    // Links, then the size in sectors.
    put16(bytes, 26, 2);
    put32(bytes, 28, BLOCK as u32 / 512);
    put32(bytes, 40, ROOT_DIRECTORY);
    // Bytes used behind the first 128.
    put16(bytes, 128, 32);
}

/// `struct ext4_dir_entry_2` of a directory.
fn entry(bytes: &mut [u8], length: u16, name: &[u8]) {
    put32(bytes, 0, ROOT);
    put16(bytes, 4, length);
    bytes[6] = name.len() as u8;
    bytes[7] = 2;
    bytes[8..8 + name.len()].copy_from_slice(name);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(blocks: u32, number: u32) -> Box<[u8; BLOCK]> {
        let mut page = Box::new([0; BLOCK]);
        block(&mut page, blocks, number);
        page
    }

    #[test]
    fn the_counts_of_free_blocks_agree_with_the_bitmap() {
        for blocks in [64, 1024, 32_768] {
            let clear: u32 = made(blocks, BLOCK_BITMAP).iter().map(|byte| byte.count_zeros()).sum();
            assert_eq!(clear, blocks - TAKEN);
            let at = |page: &[u8; BLOCK], at: usize| u32::from(u16::from_le_bytes([page[at], page[at + 1]]));
            assert_eq!(at(&made(blocks, DESCRIPTORS), 12), clear);
            assert_eq!(at(&made(blocks, 0), SUPERBLOCK + 12), clear);
        }
    }

    #[test]
    fn the_rest_is_empty() {
        assert!((TAKEN..TAKEN + 9).all(|number| *made(1024, number) == [0; BLOCK]));
        assert_ne!(*made(1024, TAKEN - 1), [0; BLOCK]);
    }
}

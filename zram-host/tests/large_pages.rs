//! A simulated machine with pages of 16 KiB: programs still see blocks of 4 KiB.

use zram_host::{Buffer, Iovec, Port, SimHost, Simulated};
use zram_model::{Codec, Errno, PageBytes, PageSize, Profile};

fn half(_codec: Codec, page: &PageBytes) -> Result<Vec<u8>, Errno> {
    Ok(page[..page.len() / 2].to_vec())
}

type Compress = fn(Codec, &PageBytes) -> Result<Vec<u8>, Errno>;

fn host() -> SimHost<Simulated<Compress>> {
    let profile = Profile { page_size: PageSize::KIB_16, ..Profile::debian_7_2() };
    SimHost::new(profile, Simulated::new(half))
}

fn bytes(len: usize, seed: u8) -> Vec<u8> {
    (0..len).map(|at| (at / 3) as u8 ^ seed).collect()
}

#[test]
fn blocks_of_4_kib_are_written_read_and_zeroed() {
    let mut host = host();
    let dev = host.hot_add().unwrap();
    host.write_attr(dev, "disksize", b"64K").unwrap();
    assert_eq!(host.read_attr(dev, "disksize").unwrap(), b"65536\n");
    let mut disk = vec![0; 65_536];
    for (at, len, seed) in [(0, 65_536, 1), (4096, 4096, 2), (12_288, 20_480, 3), (61_440, 4096, 4)] {
        let content = bytes(len, seed);
        disk[at..at + len].copy_from_slice(&content);
        let mut arena = vec![0; 65_536];
        arena[..len].copy_from_slice(&content);
        let pieces = [Iovec { start: 0, len }];
        let written = host.write(dev, at as u64, Buffer { arena: &mut arena, pieces: &pieces });
        assert_eq!(written, Ok(len));
    }
    // Not offered by zram on this machine, so the block layer writes zeros: a whole page becomes a same-filled one.
    host.zero_out(dev, 8192, 32_768).unwrap();
    disk[8192..40_960].fill(0);
    host.discard(dev, 45_056, 20_480).unwrap();
    disk[49_152..].fill(0);
    let mut arena = vec![0xee; 65_536];
    let pieces = [Iovec { start: 0, len: 65_536 }];
    assert_eq!(host.read(dev, 0, Buffer { arena: &mut arena, pieces: &pieces }), Ok(65_536));
    assert!(arena == disk);
    let stat = String::from_utf8(host.read_attr(dev, "mm_stat").unwrap()).unwrap();
    let numbers: Vec<u64> = stat.split_whitespace().map(|word| word.parse().unwrap()).collect();
    assert_eq!((numbers[0], numbers[5]), (3 * 16_384, 1));
}

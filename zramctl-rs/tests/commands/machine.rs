//! A machine for the commands to work on.

use clap::Parser as _;
use zram_codecs::Codecs;
use zram_host::{Buffer, Disk, Iovec, Port as _, SimHost, Simulated, Surroundings as _};
use zram_model::Profile;
use zramctl_rs::{cli::Cli, run};

pub(crate) type Sim = SimHost<Simulated<Codecs>>;

const PAGE: usize = 4096;

/// A machine with a device that is swapped to, one that is mounted, and one that is not set up.
pub(crate) fn machine() -> Sim {
    let mut host = SimHost::new(Profile::debian_7_2(), Simulated::new(Codecs::new()));
    host.restart(Disk { pages: 64, ..Disk::default() });
    for _ in 0..3 {
        host.hot_add().unwrap();
    }
    let mut set = |dev: u32, attribute: &str, value: &str| {
        host.write_attr(dev, attribute, value.as_bytes()).unwrap();
    };
    set(0, "comp_algorithm", "zstd");
    set(0, "backing_dev", "/dev/ram0");
    set(0, "compressed_writeback", "1");
    set(0, "disksize", "4M");
    set(0, "writeback_limit", "100");
    set(0, "writeback_limit_enable", "1");
    set(1, "disksize", "64M");
    set(1, "mem_limit", "16M");
    // Text, then what does not compress, then zeros.
    for slot in 0..40 {
        fill(&mut host, 0, slot);
    }
    host.write_attr(0, "idle", b"all").unwrap();
    host.write_attr(0, "writeback", b"page_indexes=0-9").unwrap();
    host.surroundings_mut().pass(700 * 1_000_000_000);
    for slot in [0, 20, 21, 30] {
        fill(&mut host, 0, slot);
    }
    fill(&mut host, 1, 5);
    host.set_kernel_file(
        "/proc/swaps",
        "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/dev/zram0                              partition\t4092\t\t160\t\t100\n",
    );
    host.set_kernel_file(
        "/proc/self/mountinfo",
        "1 0 0:1 / / rw - rootfs none rw\n36 1 254:1 / /var/my\\040tmp rw,relatime shared:9 - ext4 /dev/zram1 rw\n",
    );
    host
}

pub(crate) fn fill(host: &mut Sim, dev: u32, slot: usize) {
    let page = match slot % 4 {
        0 | 1 => format!("slot {slot} of a device; ").bytes().cycle().take(PAGE).collect(),
        2 => vec![0; PAGE],
        _ => noise(slot as u64),
    };
    write(host, dev, slot, page);
}

/// Writes a page.
pub(crate) fn write(host: &mut Sim, dev: u32, slot: usize, mut page: Vec<u8>) {
    let pieces = [Iovec { start: 0, len: PAGE }];
    host.write(dev, (slot * PAGE) as u64, Buffer { arena: &mut page, pieces: &pieces }).unwrap();
}

/// Words in no order, which compress the better the harder an algorithm tries.
pub(crate) fn prose(seed: u64) -> Vec<u8> {
    const WORDS: [&str; 8] = ["slot ", "page ", "block ", "writeback ", "compressed ", "idle ", "of ", "a "];
    noise(seed).iter().flat_map(|byte| WORDS[usize::from(byte % 8)].bytes()).take(PAGE).collect()
}

/// Bytes that no compressor makes smaller.
fn noise(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut byte = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..PAGE).map(|_| byte()).collect()
}

pub(crate) fn prints(machine: &mut Sim, words: &str) -> String {
    let cli = Cli::try_parse_from(format!("zramctl-rs {words}").split_whitespace()).unwrap();
    let mut out = Vec::new();
    let text = match run(&cli, machine, &mut out) {
        Ok(()) => String::new(),
        Err(error) => format!("zramctl-rs: {error:#}\n"),
    };
    // As where there is no colour.
    anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string() + &text
}

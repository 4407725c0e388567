//! What is swapped to: `/proc/swaps` (`swap_show`).

use serde::Serialize;

use super::{Machine, MachineError, read, unescaped};
use crate::device::DeviceNumber;

const PATH: &str = "/proc/swaps";

/// One area that is swapped to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swap {
    /// The path of the file or device. Where that was unlinked meanwhile, the kernel adds ` (deleted)`, which is not part
    /// of it.
    pub path: String,
    /// Whether it was unlinked.
    pub deleted: bool,
    /// How it is used.
    pub usage: SwapUse,
}

/// How an area is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SwapUse {
    /// Its size in bytes, without its first page.
    pub size: u64,
    /// Bytes in use.
    pub used: u64,
    /// The higher, the earlier it is taken. Areas of one priority take turns.
    pub priority: i32,
}

impl Swap {
    /// The zram device that it is. Not one that only begins with that name.
    #[must_use]
    pub fn device(&self) -> Option<DeviceNumber> {
        if self.path.starts_with("/dev/") { self.path.parse().ok() } else { None }
    }
}

/// All areas, in the kernel's order.
///
/// # Errors
/// When the file cannot be read or understood. Kernels without swap have none: then there are none.
pub fn swaps(machine: &mut (impl Machine + ?Sized)) -> Result<Vec<Swap>, MachineError> {
    match read(machine, PATH) {
        Ok(text) => text
            .lines()
            .skip(1)
            .map(|line| {
                parse(line).ok_or_else(|| MachineError::Strange { path: PATH, line: line.to_owned() })
            })
            .collect(),
        Err(MachineError::Unreadable { errno: nix::errno::Errno::ENOENT, .. }) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// The last four words are type, size, use and priority; the name may have spaces only as escapes, but for that of ` (deleted)`.
fn parse(line: &str) -> Option<Swap> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [name @ .., _, size, used, priority] = &words[..] else { return None };
    let (path, deleted) = match name {
        [path] => (path, path.ends_with(r"\040(deleted)")),
        [path, "(deleted)"] => (path, true),
        _ => return None,
    };
    let path = unescaped(path.strip_suffix(r"\040(deleted)").unwrap_or(path));
    let kibibytes = |text: &str| text.parse::<u64>().ok()?.checked_mul(1024);
    let usage = SwapUse { size: kibibytes(size)?, used: kibibytes(used)?, priority: priority.parse().ok()? };
    Some(Swap { path, deleted, usage })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_told_apart_by_their_whole_name() {
        let swap = parse("/dev/zram1                              partition\t1048572\t\t12\t\t100").unwrap();
        let usage = SwapUse { size: 1_048_572 << 10, used: 12 << 10, priority: 100 };
        assert_eq!(swap, Swap { path: "/dev/zram1".into(), deleted: false, usage });
        assert_eq!(swap.device(), Some(DeviceNumber(1)));
        assert_eq!(parse("/dev/zram10 partition 4 0 -2").unwrap().device(), Some(DeviceNumber(10)));
        assert_eq!(parse("/home/zram1 file 4 0 -2").unwrap().device(), None);
        assert_eq!(parse("zram1 file 4 0 -2").unwrap().device(), None);
    }

    #[test]
    fn odd_names_are_read() {
        let swap = parse(r"/mnt/my\040swap\040(deleted) file 4 0 -2").unwrap();
        assert_eq!((swap.path.as_str(), swap.deleted), ("/mnt/my swap", true));
        let swap = parse(r"/mnt/swap (deleted) file 4 0 -2").unwrap();
        assert_eq!((swap.path.as_str(), swap.deleted), ("/mnt/swap", true));
        assert_eq!(parse("/dev/zram0 partition 4 0"), None);
        assert_eq!(parse("/dev/zram0 partition 4 0 high"), None);
    }
}

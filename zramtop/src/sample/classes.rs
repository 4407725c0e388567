//! Size classes of a device's pool, from the allocator's file `classes` in debugfs (`zs_stats_size_show`).
//!
//! Its columns have changed: two groups of zspages by how full they are until Linux 6.7, eleven since. Those before and behind the groups
//! have stayed, so that a line is read from both ends.

use serde::{Deserialize, Serialize};

/// One class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Class {
    /// Its number.
    pub index: u32,
    /// Bytes of an object.
    pub size: u64,
    /// How many zspages are in each group, from the emptiest to the fullest.
    pub fullness: Vec<u64>,
    /// Objects that there is room for.
    pub allocated: u64,
    /// Objects that are there.
    pub used: u64,
    /// Pages of memory.
    pub pages: u64,
    /// Pages of a zspage.
    pub pages_per_zspage: u64,
    /// Pages that compaction would free.
    pub freeable: u64,
}

impl Class {
    /// Bytes of memory that hold no object: free places, and what no object fits into.
    #[must_use]
    pub fn waste(&self, page: u64) -> u64 {
        self.pages.saturating_mul(page).saturating_sub(self.used.saturating_mul(self.size))
    }

    /// From a line.
    fn parse(line: &str) -> Option<Self> {
        let numbers: Option<Vec<u64>> = line.split_whitespace().map(|word| word.parse().ok()).collect();
        let numbers = numbers?;
        let [index, size, groups @ .., allocated, used, pages, pages_per_zspage, freeable] = &numbers[..]
        else {
            return None;
        };
        Some(Self {
            index: u32::try_from(*index).ok()?,
            size: *size,
            fullness: groups.to_vec(),
            allocated: *allocated,
            used: *used,
            pages: *pages,
            pages_per_zspage: *pages_per_zspage,
            freeable: *freeable,
        })
    }
}

/// Every class, from the file's text; headings and totals are left out. `None`: a line between them makes no sense.
#[must_use]
pub fn parse(text: &str) -> Option<Vec<Class>> {
    let lines = text.lines().skip(1).take_while(|line| !line.trim_start().starts_with("Total"));
    lines.filter(|line| !line.trim().is_empty()).map(Class::parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_older_and_newer_kernels_are_read() {
        let old = " class  size almost_full almost_empty obj_allocated   obj_used pages_used pages_per_zspage freeable\n\
                   \x20   0    32           0            1           128          3          1                1        0\n\
                   \n Total                 0            1           128          3          1                         0\n";
        let classes = parse(old).unwrap();
        assert_eq!(classes.len(), 1);
        assert_eq!((classes[0].size, classes[0].fullness.as_slice(), classes[0].used), (32, &[0, 1][..], 3));
        assert_eq!(classes[0].waste(4096), 4096 - 96);
        let new = " class  size       10%       20%       30%       40%       50%       60%       70%       80%       90%       99%      100% obj_allocated   obj_used pages_used pages_per_zspage freeable\n\
                   \x20  1    48 1 0 0 0 0 0 0 0 0 0 2 768 600 9 3 3\n";
        let classes = parse(new).unwrap();
        assert_eq!((classes[0].fullness.len(), classes[0].freeable), (11, 3));
        assert_eq!(parse("class size\n1 x\n"), None);
    }
}

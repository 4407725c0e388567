//! Swap areas.

use std::{fs, path::Path};

use zram_host::swap::Discard;

use crate::protocol::SwapDiscard;

const TABLE: &str = "/proc/swaps";

impl From<SwapDiscard> for Discard {
    fn from(discard: SwapDiscard) -> Self {
        match discard {
            SwapDiscard::None => Self::None,
            SwapDiscard::Once => Self::Once,
            SwapDiscard::Pages => Self::Pages,
            SwapDiscard::Both => Self::Both,
        }
    }
}

/// Whether this is the machine's only swap area: then an offset in a page table is one in it.
pub(super) fn is_only(path: &Path) -> bool {
    let table = fs::read_to_string(TABLE).unwrap_or_default();
    let mut areas = table.lines().skip(1).filter_map(|line| line.split_whitespace().next());
    areas.next().is_some_and(|first| Path::new(first) == path) && areas.next().is_none()
}

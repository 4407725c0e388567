//! What `algorithm_params` can say of a compressor.

use core::fmt;
use std::sync::Arc;

/// Parameters of a compressor (`struct zcomp_params`). What is not given is the backend's default.
///
/// | | `level` | `winbits` | `dictionary` |
/// |---|---|---|---|
/// | lz4 | acceleration, 1; below 1 counts as 1 | – | 8 bytes to 64 KiB |
/// | lz4hc | 9; below 1 counts as 9, above 16 as 16 | – | beyond 64 KiB no page compresses |
/// | zstd | 3; 0 counts as 3, above 22 as 22, negative ones are faster | – | any; one of zstd's own must be sound |
/// | deflate | −1, which is 6; −1 to 9 | −11; 9 to 15, or −15 to −9 without a header | ignored |
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Parameters {
    /// `level`.
    pub level: Option<i32>,
    /// `deflate.winbits`.
    pub winbits: Option<i32>,
    /// The dictionary's bytes (`dict`). An empty one is none.
    pub dictionary: Option<Arc<[u8]>>,
}

impl Parameters {
    /// The dictionary, unless it is empty.
    pub(crate) fn dictionary(&self) -> Option<&Arc<[u8]>> {
        self.dictionary.as_ref().filter(|bytes| !bytes.is_empty())
    }
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parameters")
            .field("level", &self.level)
            .field("winbits", &self.winbits)
            .field("dictionary", &self.dictionary.as_ref().map(|bytes| format!("{} bytes", bytes.len())))
            .finish()
    }
}

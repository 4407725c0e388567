//! The exact codecs as the compressor of a simulated kernel.

use zram_host::{SimHost, Simulated};
use zram_model::{Codec, Errno, PageBytes, Profile};

use crate::codec;

/// A compressor.
pub(crate) type Compress = fn(Codec, &PageBytes) -> Result<Vec<u8>, Errno>;

/// What the kernel's compressor makes of a page. An algorithm or parameter without an exact codec is an error:
/// a simulated answer that is only nearly right would be taken for the kernel's.
fn compress(codec: Codec, page: &PageBytes) -> Result<Vec<u8>, Errno> {
    codec::compress(codec, page).ok_or(Errno::EINVAL)
}

/// A simulated kernel with exact codecs.
pub(crate) fn host(profile: Profile) -> SimHost<Simulated<Compress>> {
    SimHost::new(profile, Simulated::new(compress))
}

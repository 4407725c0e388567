//! The exact codecs as the compressor of a simulated kernel.

use zram_host::{SimHost, Simulated};
use zram_model::{Errno, PageBytes, Profile};

use crate::codec::Algorithm;

/// A compressor.
pub(crate) type Compress = fn(&str, &PageBytes) -> Result<Vec<u8>, Errno>;

/// What the kernel's compressor makes of a page. An algorithm without an exact codec is an error:
/// a simulated answer that is only nearly right would be taken for the kernel's.
fn compress(algorithm: &str, page: &PageBytes) -> Result<Vec<u8>, Errno> {
    let codec = Algorithm::from_name(algorithm).ok_or(Errno::EINVAL)?;
    codec.compress(page).map_err(|_| Errno::EINVAL)
}

/// A simulated kernel with exact codecs.
pub(crate) fn host(profile: Profile) -> SimHost<Simulated<Compress>> {
    SimHost::new(profile, Simulated::new(compress))
}

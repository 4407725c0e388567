//! The exact codecs as the compressor of a simulated kernel.

use zram_codecs::Codecs;
use zram_host::{Compressor, SimHost, Simulated};
use zram_model::{Codec, Errno, PageBytes, Profile};

use crate::dictionary;

/// What the kernel's compressor makes of a page. An algorithm or parameter without an exact codec is an error:
/// a simulated answer that is only nearly right would be taken for the kernel's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exact(Codecs);

impl Compressor for Exact {
    fn compress(&mut self, codec: Codec, page: &PageBytes) -> Result<Vec<u8>, Errno> {
        self.0.compress_exactly(codec, page).map(<[u8]>::to_vec).ok_or(Errno::EINVAL)
    }

    fn read_dictionary(&mut self, path: &str) -> Option<u64> {
        let bytes = dictionary::at(path)?;
        let len = bytes.len() as u64;
        self.0.set_dictionary(Some(bytes));
        Some(len)
    }
}

/// A simulated kernel with exact codecs.
pub(crate) fn host(profile: Profile) -> SimHost<Simulated<Exact>> {
    SimHost::new(profile, Simulated::new(Exact::default()))
}

#[cfg(test)]
mod tests {
    use zram_agent::protocol::Content;

    use super::*;

    /// Lengths are what the comparison uses; a dependency that moves them must not go unnoticed.
    #[test]
    fn lengths_stay() {
        let mut pages: Vec<_> = (0..20).map(|seed| Content::Text { seed }.bytes()).collect();
        pages.extend((0..4096).step_by(97).map(|noise| Content::Noisy { seed: 5, noise }.bytes()));
        pages.push(Content::Random { seed: 1 }.bytes());
        let mut exact = Exact::default();
        let mut length = |name, page: &PageBytes| exact.compress(Codec::plain(name), page).unwrap().len();
        let lengths: Vec<Vec<usize>> = ["lz4", "lz4hc", "zstd", "deflate"]
            .into_iter()
            .map(|name| pages.iter().step_by(7).map(|page| length(name, &page[..])).collect())
            .collect();
        insta::assert_snapshot!(format!("{lengths:?}"));
    }

    #[test]
    fn what_is_not_exact_is_refused() {
        let page = Content::Text { seed: 9 }.bytes();
        for codec in [
            Codec { level: Some(12), ..Codec::plain("lz4hc") },
            Codec { level: Some(0), ..Codec::plain("deflate") },
            Codec { dictionary: true, ..Codec::plain("zstd") },
            Codec::plain("lzo-rle"),
        ] {
            assert_eq!(Exact::default().compress(codec, &page[..]), Err(Errno::EINVAL), "{codec}");
        }
    }
}

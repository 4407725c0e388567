//! The compressors, twice.
//!
//! *Encoding*: the reference codecs that produce, byte for byte, what the kernel's copies of them
//! produce, so that a compressed length can be predicted instead of observed. They are the kernel's
//! ancestors, of exactly the right age: LZ4 1.7.5, zlib's deflate, zstd 1.5.
//!
//! *Decoding*: any conforming decoder, used to see what a compressed block on the backing device
//! says. Lengths may be had from an exact codec only; contents from every one.

mod deflate;
mod lz4;
mod zstandard;

use thiserror::Error;
use zram_model::{Codec, PageBytes};

/// Bytes of a page.
pub const PAGE: usize = 4096;

/// The compressor's output buffer: twice a page, as in `zcomp_strm_init`.
const OUTPUT: usize = 2 * PAGE;

/// A compression algorithm, by the name that `comp_algorithm` uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// `lz4`, acceleration 1.
    Lz4,
    /// `lz4hc`, level 9.
    Lz4Hc,
    /// `zstd`, level 3.
    Zstd,
    /// `deflate`, default level, raw, window of 2 KiB.
    Deflate,
}

/// What the kernel's compressor makes of a page of 4 KiB; none where no exact codec covers algorithm and parameters.
#[must_use]
pub fn compress(codec: Codec, page: &PageBytes) -> Option<Vec<u8>> {
    let page = page.try_into().ok()?;
    let algorithm = Algorithm::from_name(codec.name).filter(|_| !codec.dictionary)?;
    let covered = match (algorithm, codec.level) {
        // The kernel's copy searches more from level 10 on; stock LZ4 1.7.5 has another parser there.
        (Algorithm::Lz4Hc, Some(level)) => level < 10,
        // zlib has changed how it stores without compressing.
        (Algorithm::Deflate, Some(level)) => level != 0,
        _ => true,
    };
    let parameters = Parameters { level: codec.level, winbits: codec.winbits };
    covered.then(|| algorithm.compress_with(parameters, page).ok())?
}

/// Parameters of `algorithm_params`; none is the kernel's default.
#[derive(Clone, Copy, Default)]
struct Parameters {
    level: Option<i32>,
    winbits: Option<i32>,
}

/// A block that does not decode to a page.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{algorithm}: {reason}")]
pub struct CodecError {
    algorithm: &'static str,
    reason: String,
}

impl Algorithm {
    /// Every algorithm that can be predicted.
    pub const ALL: [Self; 4] = [Self::Lz4, Self::Lz4Hc, Self::Zstd, Self::Deflate];

    /// The algorithm of this name; none when there is no exact codec for it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// The kernel's name of it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lz4 => "lz4",
            Self::Lz4Hc => "lz4hc",
            Self::Zstd => "zstd",
            Self::Deflate => "deflate",
        }
    }

    /// A page compressed as the kernel compresses it with the algorithm's default parameters.
    ///
    /// # Errors
    /// When the codec refuses the page; none of them does with room for two pages.
    pub fn compress(self, page: &[u8; PAGE]) -> Result<Vec<u8>, CodecError> {
        self.compress_with(Parameters::default(), page)
    }

    fn compress_with(self, parameters: Parameters, page: &[u8; PAGE]) -> Result<Vec<u8>, CodecError> {
        let Parameters { level, winbits } = parameters;
        let mut out = vec![0; OUTPUT];
        let len = match self {
            Self::Lz4 => lz4::compress(page, level, &mut out),
            Self::Lz4Hc => lz4::compress_hc(page, level, &mut out),
            Self::Zstd => zstandard::compress(page, level, &mut out),
            Self::Deflate => deflate::compress(page, level, winbits, &mut out),
        }
        .map_err(|reason| self.error(reason))?;
        out.truncate(len);
        Ok(out)
    }

    /// The page that compressed bytes stand for.
    ///
    /// # Errors
    /// When they are damaged, or stand for more or less than a page.
    pub fn decompress(self, bytes: &[u8]) -> Result<Box<[u8; PAGE]>, CodecError> {
        let mut page = Box::new([0; PAGE]);
        let len = match self {
            Self::Lz4 | Self::Lz4Hc => lz4::decompress(bytes, &mut page),
            Self::Zstd => zstandard::decompress(bytes, &mut page),
            Self::Deflate => deflate::decompress(bytes, &mut page),
        }
        .map_err(|reason| self.error(reason))?;
        if len != PAGE {
            return Err(self.error(format!("{} bytes decode to {len} bytes, not to a page", bytes.len())));
        }
        Ok(page)
    }

    fn error(self, reason: String) -> CodecError {
        CodecError { algorithm: self.name(), reason }
    }
}

#[cfg(test)]
mod tests {
    use zram_agent::protocol::Content;

    use super::*;

    fn pages() -> Vec<Box<[u8; PAGE]>> {
        let mut pages: Vec<_> = (0..20).map(|seed| Content::Text { seed }.bytes()).collect();
        pages.extend((0..4096).step_by(97).map(|noise| Content::Noisy { seed: 5, noise }.bytes()));
        pages.push(Content::Random { seed: 1 }.bytes());
        pages
    }

    #[test]
    fn what_is_compressed_decompresses() {
        for algorithm in Algorithm::ALL {
            for page in pages() {
                let bytes = algorithm.compress(&page).unwrap();
                assert_eq!(algorithm.decompress(&bytes).unwrap(), page, "{}", algorithm.name());
            }
        }
    }

    #[test]
    fn parameters_change_the_length_and_not_the_page() {
        let page = Content::Text { seed: 9 }.bytes();
        let with = |name, level, winbits| Codec { level, winbits, ..Codec::plain(name) };
        for (codec, algorithm) in [
            (with("lz4", Some(40), None), Algorithm::Lz4),
            (with("lz4hc", Some(1), None), Algorithm::Lz4Hc),
            (with("zstd", Some(19), None), Algorithm::Zstd),
            (with("deflate", Some(1), None), Algorithm::Deflate),
            (with("deflate", None, Some(-9)), Algorithm::Deflate),
            (with("deflate", None, Some(15)), Algorithm::Deflate),
        ] {
            let bytes = compress(codec, &page[..]).unwrap();
            assert_ne!(bytes, algorithm.compress(&page).unwrap(), "{codec}");
            assert_eq!(algorithm.decompress(&bytes).unwrap(), page, "{codec}");
        }
        assert_eq!(compress(with("lz4hc", Some(12), None), &page[..]), None);
        assert_eq!(compress(Codec { dictionary: true, ..Codec::plain("lz4") }, &page[..]), None);
    }

    #[test]
    fn a_damaged_block_is_refused_or_differs() {
        for algorithm in Algorithm::ALL {
            let page = Content::Text { seed: 3 }.bytes();
            let mut bytes = algorithm.compress(&page).unwrap();
            assert!(algorithm.decompress(&bytes[..bytes.len() / 2]).is_err(), "{}", algorithm.name());
            bytes[20] ^= 0x40;
            assert_ne!(algorithm.decompress(&bytes), Ok(page), "{}", algorithm.name());
        }
    }

    /// Lengths are what the comparison uses; a dependency that moves them must not go unnoticed.
    #[test]
    fn lengths_stay() {
        let lengths: Vec<Vec<usize>> = Algorithm::ALL
            .iter()
            .map(|algorithm| {
                pages().iter().step_by(7).map(|page| algorithm.compress(page).unwrap().len()).collect()
            })
            .collect();
        insta::assert_snapshot!(format!("{lengths:?}"));
    }
}

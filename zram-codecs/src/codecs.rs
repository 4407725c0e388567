//! The compressors that a simulation needs, made as it asks for them.

use std::sync::Arc;

use zram_model::{Codec, PageBytes, PageSize};

use crate::{
    compressor::Compressor,
    error::{CodecError, SetupError},
    exactness::exactness,
    parameters::Parameters,
};

/// One [`Compressor`] for each [`Codec`] and page size asked for.
///
/// A clone has the same answers and its own contexts.
#[derive(Debug, Default)]
pub struct Codecs {
    /// A handful at most: devices have up to four algorithms.
    ready: Vec<Entry>,
    dictionary: Option<Arc<[u8]>>,
    /// Algorithms of which the kernel has another version than Linux 7.2.
    guesses: &'static [&'static str],
}

#[derive(Debug)]
struct Entry {
    codec: Codec,
    page_size: PageSize,
    exact: bool,
    compressor: Compressor,
}

impl Clone for Codecs {
    fn clone(&self) -> Self {
        Self { ready: Vec::new(), dictionary: self.dictionary.clone(), guesses: self.guesses }
    }
}

impl Codecs {
    /// No compressor yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Of these algorithms the kernel has another version than the one that everything was held against, so that what they make here is a
    /// guess.
    #[must_use]
    pub fn guessing(mut self, algorithms: &'static [&'static str]) -> Self {
        self.guesses = algorithms;
        self
    }

    /// From now on a codec with a dictionary has this one, or, with `None`, one that nobody knows.
    ///
    /// The model says of a codec that it has a dictionary, not which: a world with several needs several of these.
    pub fn set_dictionary(&mut self, bytes: Option<Arc<[u8]>>) {
        if self.dictionary != bytes {
            self.ready.retain(|entry| !entry.codec.dictionary);
            self.dictionary = bytes;
        }
    }

    /// The compressor for what the model asks.
    ///
    /// # Errors
    /// As for [`Compressor::new`]; [`SetupError::UnknownDictionary`] for an algorithm with a dictionary that is
    /// not known here.
    pub fn get(&mut self, codec: Codec, page_size: PageSize) -> Result<&mut Compressor, SetupError> {
        self.entry(codec, page_size).map(|entry| &mut entry.compressor)
    }

    /// A compressed page (`zcomp_compress`), exact or not.
    ///
    /// # Errors
    /// If there is no such compressor, or it refuses.
    pub fn compress(&mut self, codec: Codec, page: &PageBytes) -> Result<&[u8], CodecError> {
        self.by_length(codec, page.len())?.compressor.compress(page)
    }

    /// A compressed page, if it is the kernel's byte for byte ([`exactness`]).
    #[must_use]
    pub fn compress_exactly(&mut self, codec: Codec, page: &PageBytes) -> Option<&[u8]> {
        if self.guesses.contains(&codec.name) {
            return None;
        }
        let entry = self.by_length(codec, page.len()).ok().filter(|entry| entry.exact)?;
        entry.compressor.compress(page).ok()
    }

    /// Fills a page with what an object stands for (`zcomp_decompress`).
    ///
    /// # Errors
    /// If there is no such compressor, or the object is damaged.
    pub fn decompress(
        &mut self,
        codec: Codec,
        object: &[u8],
        page: &mut PageBytes,
    ) -> Result<(), CodecError> {
        self.by_length(codec, page.len())?.compressor.decompress(object, page)
    }

    fn by_length(&mut self, codec: Codec, len: usize) -> Result<&mut Entry, CodecError> {
        let error = |reason| CodecError { algorithm: codec.name, reason };
        let page_size = u32::try_from(len).ok().and_then(PageSize::new);
        let page_size = page_size.ok_or_else(|| error(format!("{len} bytes are no page")))?;
        self.entry(codec, page_size).map_err(|no_compressor| error(no_compressor.to_string()))
    }

    fn entry(&mut self, codec: Codec, page_size: PageSize) -> Result<&mut Entry, SetupError> {
        let found = self.ready.iter().position(|entry| entry.codec == codec && entry.page_size == page_size);
        let at = match found {
            Some(at) => at,
            None => {
                self.ready.push(Entry::new(codec, page_size, self.dictionary.as_ref())?);
                self.ready.len() - 1
            }
        };
        Ok(&mut self.ready[at])
    }
}

impl Entry {
    fn new(codec: Codec, page_size: PageSize, dictionary: Option<&Arc<[u8]>>) -> Result<Self, SetupError> {
        let dictionary = match (codec.dictionary, dictionary) {
            (false, _) => None,
            (true, Some(bytes)) => Some(Arc::clone(bytes)),
            (true, None) => return Err(SetupError::UnknownDictionary { name: codec.name }),
        };
        let parameters = Parameters { level: codec.level, winbits: codec.winbits, dictionary };
        let exact = exactness(codec.name, &parameters, page_size)?.is_exact();
        let compressor = Compressor::new(codec.name, &parameters, page_size)?;
        Ok(Self { codec, page_size, exact, compressor })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_codec_has_its_own_compressor() {
        let mut codecs = Codecs::new();
        let page: Vec<u8> = (0..4096_u32).map(|at| ((at * at) >> 7) as u8).collect();
        let fast = Codec { level: Some(1), ..Codec::plain("zstd") };
        let thorough = Codec { level: Some(19), ..Codec::plain("zstd") };
        for _ in 0..2 {
            let length = codecs.compress(fast, &page).unwrap().len();
            assert!(codecs.compress(thorough, &page).unwrap().len() < length);
        }
        assert_eq!(codecs.ready.len(), 2);
        let object = codecs.compress_exactly(fast, &page).unwrap().to_vec();
        let mut back = vec![0; 4096];
        codecs.clone().decompress(fast, &object, &mut back).unwrap();
        assert_eq!(back, page);
    }

    #[test]
    fn a_dictionary_is_unknown_until_it_is_set() {
        let informed = Codec { dictionary: true, ..Codec::plain("lz4") };
        let page: Vec<u8> = (0..4096_u32).map(|at| ((at * at) >> 7) as u8).collect();
        let mut codecs = Codecs::new();
        assert!(codecs.compress(informed, &page).is_err());
        codecs.set_dictionary(Some(page.as_slice().into()));
        let short = codecs.compress_exactly(informed, &page).unwrap().len();
        assert!(short < 50 && codecs.clone().compress(informed, &page).unwrap().len() == short);
        codecs.set_dictionary(Some([0; 100].into()));
        assert!(codecs.compress(informed, &page).unwrap().len() > short);
        codecs.set_dictionary(None);
        assert!(codecs.compress(informed, &page).is_err());
    }

    #[test]
    fn a_guess_is_not_exact() {
        let mut codecs = Codecs::new();
        let page = [7; 4096];
        let deep = Codec { level: Some(12), ..Codec::plain("lz4hc") };
        assert!(codecs.compress(deep, &page).is_ok() && codecs.compress_exactly(deep, &page).is_none());
        let zstd = Codec::plain("zstd");
        assert!(codecs.compress_exactly(zstd, &page).is_some());
        let mut old = codecs.clone().guessing(&["zstd"]);
        assert!(old.compress(zstd, &page).is_ok() && old.clone().compress_exactly(zstd, &page).is_none());
        let informed = Codec { dictionary: true, ..Codec::plain("lz4") };
        let refused = codecs.compress(informed, &page).unwrap_err();
        assert!(refused.to_string().contains("bytes are not known"), "{refused}");
        let absent = codecs.compress(Codec::plain("lzo-rle"), &page).unwrap_err();
        assert!(absent.to_string().contains("no library"), "{absent}");
    }
}

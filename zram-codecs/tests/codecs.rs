//! What holds for every compressor: pages come back, contexts forget, damage is refused or harmless.
#![expect(clippy::unwrap_used, reason = "a test whose compressor cannot be made has failed")]

use std::sync::Arc;

use proptest::prelude::*;
use zram_codecs::{Algorithm, Codecs, Compressor, Parameters, SetupError};
use zram_model::{Codec, PageSize};

/// What a page, or a dictionary, is made of.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// One byte throughout.
    Run(u8),
    /// Words of a small vocabulary, as text and pointers are.
    Words(u64),
    /// A run behind so many sixteenths of noise.
    Noise(u64, u8),
    /// The same so many bytes of noise over and over.
    Period(u64, u16),
    /// Zeros with a byte here and there.
    Sparse(u64),
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![
        any::<u8>().prop_map(Kind::Run),
        any::<u64>().prop_map(Kind::Words),
        (any::<u64>(), 0_u8..=16).prop_map(|(seed, sixteenths)| Kind::Noise(seed, sixteenths)),
        (any::<u64>(), 1_u16..5000).prop_map(|(seed, bytes)| Kind::Period(seed, bytes)),
        any::<u64>().prop_map(Kind::Sparse),
    ]
}

/// SplitMix64.
struct Noise(u64);

impl Iterator for Noise {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Some(mixed ^ (mixed >> 31))
    }
}

impl Kind {
    fn bytes(self, len: usize) -> Vec<u8> {
        let noise = |seed, len: usize| Noise(seed).flat_map(u64::to_le_bytes).take(len);
        match self {
            Self::Run(byte) => vec![byte; len],
            Self::Words(seed) => Noise(seed)
                .flat_map(|at| (at % 61).wrapping_mul(0x0123_4567_89ab_cdef).to_le_bytes())
                .take(len)
                .collect(),
            Self::Noise(seed, sixteenths) => {
                let mut bytes: Vec<u8> = noise(seed, len / 16 * usize::from(sixteenths)).collect();
                bytes.resize(len, 0x5a);
                bytes
            }
            Self::Period(seed, period) => {
                let pattern: Vec<u8> = noise(seed, usize::from(period)).collect();
                pattern.iter().copied().cycle().take(len).collect()
            }
            Self::Sparse(seed) => {
                let mut bytes = vec![0; len];
                for at in Noise(seed).take(len / 128) {
                    bytes[at as usize % len] = (at >> 32) as u8;
                }
                bytes
            }
        }
    }
}

/// A compressor that is accepted: algorithm, parameters, page size.
fn setups() -> impl Strategy<Value = (&'static str, Parameters, PageSize)> {
    let algorithm = prop::sample::select(Algorithm::ALL).prop_map(Algorithm::name);
    let page_size = prop_oneof![12 => Just(PageSize::KIB_4), 4 => prop::sample::select(&PageSize::ALL[..])];
    let dictionary = prop::option::weighted(0.4, (kinds(), 8_usize..=65536));
    let level = prop::option::weighted(0.7, -20..25_i32);
    let winbits = prop::option::of(prop_oneof![-15..=-9, 9..=15_i32]);
    (algorithm, level, winbits, dictionary, page_size).prop_map(
        |(name, level, winbits, dictionary, page_size)| {
            let level = level.map(|level| if name == "deflate" { level.rem_euclid(11) - 1 } else { level });
            let dictionary = dictionary.map(|(kind, len): (Kind, usize)| Arc::from(kind.bytes(len)));
            (name, Parameters { level, winbits, dictionary }, page_size)
        },
    )
}

/// A damaged object.
#[derive(Clone, Debug)]
enum Damage {
    Flip(Vec<u64>),
    Cut(u16),
    Extend(u64, u16),
    Replace(u64, u16),
}

fn damages() -> impl Strategy<Value = Damage> {
    prop_oneof![
        4 => prop::collection::vec(any::<u64>(), 1..8).prop_map(Damage::Flip),
        1 => any::<u16>().prop_map(Damage::Cut),
        1 => (any::<u64>(), 1_u16..200).prop_map(|(seed, len)| Damage::Extend(seed, len)),
        2 => (any::<u64>(), any::<u16>()).prop_map(|(seed, len)| Damage::Replace(seed, len)),
    ]
}

impl Damage {
    fn apply(self, object: &[u8]) -> Vec<u8> {
        let mut bytes = object.to_vec();
        let noise = |seed, len: u16| Noise(seed).flat_map(u64::to_le_bytes).take(usize::from(len));
        match self {
            Self::Flip(places) => {
                for place in places {
                    let at = (place >> 3) as usize % bytes.len();
                    bytes[at] ^= 1 << (place & 7);
                }
            }
            Self::Cut(at) => bytes.truncate(usize::from(at) % bytes.len()),
            Self::Extend(seed, len) => bytes.extend(noise(seed, len)),
            Self::Replace(seed, len) => bytes = noise(seed, len).collect(),
        }
        bytes
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every page comes back, and what a compressor makes of it does not depend on the pages before.
    #[test]
    fn pages_come_back_and_contexts_forget(
        (name, parameters, page_size) in setups(),
        first in kinds(),
        second in kinds(),
    ) {
        let mut used = Compressor::new(name, &parameters, page_size).unwrap();
        let (first, second) = (first.bytes(page_size.as_usize()), second.bytes(page_size.as_usize()));
        let mut back = vec![0xee; page_size.as_usize()];
        let object = used.compress(&first).unwrap().to_vec();
        for page in [&second, &first] {
            let object = used.compress(page).unwrap().to_vec();
            used.decompress(&object, &mut back).unwrap();
            prop_assert_eq!(&back, page);
        }
        prop_assert_eq!(used.compress(&first).unwrap(), &object[..]);
        let mut fresh = Compressor::new(name, &parameters, page_size).unwrap();
        prop_assert_eq!(fresh.compress(&second).unwrap(), used.compress(&second).unwrap());
    }

    /// A damaged object is refused, or becomes some page; nothing beyond the page is touched, and the next object
    /// comes back as ever.
    #[test]
    fn damage_stays_within_the_page(
        (name, parameters, page_size) in setups(),
        kind in kinds(),
        damage in damages(),
    ) {
        const GUARD: usize = 64;
        let mut compressor = Compressor::new(name, &parameters, page_size).unwrap();
        let page_size = page_size.as_usize();
        let page = kind.bytes(page_size);
        let object = compressor.compress(&page).unwrap().to_vec();
        let damaged = damage.apply(&object);
        let mut memory = vec![0xa5; page_size + 2 * GUARD];
        let taken = compressor.decompress(&damaged, &mut memory[GUARD..GUARD + page_size]);
        if damaged.is_empty() {
            prop_assert!(taken.is_err());
        }
        prop_assert!(memory[..GUARD].iter().all(|byte| *byte == 0xa5), "before the page");
        prop_assert!(memory[GUARD + page_size..].iter().all(|byte| *byte == 0xa5), "behind the page");
        compressor.decompress(&object, &mut memory[GUARD..GUARD + page_size]).unwrap();
        prop_assert_eq!(&memory[GUARD..GUARD + page_size], &page[..]);
    }
}

fn plain(name: &str, level: Option<i32>) -> Result<Compressor, SetupError> {
    Compressor::new(name, &Parameters { level, ..Parameters::default() }, PageSize::KIB_4)
}

fn with_dictionary(name: &str, bytes: &[u8]) -> Result<Compressor, SetupError> {
    Compressor::new(
        name,
        &Parameters { dictionary: Some(bytes.into()), ..Parameters::default() },
        PageSize::KIB_4,
    )
}

fn length(compressor: &mut Compressor, page: &[u8]) -> usize {
    compressor.compress(page).unwrap().len()
}

#[test]
fn a_dictionary_that_holds_the_page_makes_it_tiny() {
    let page = Kind::Noise(7, 16).bytes(4096);
    for name in ["lz4", "lz4hc", "zstd"] {
        assert!(length(&mut plain(name, None).unwrap(), &page) > 4096, "{name}");
        let mut informed = with_dictionary(name, &page).unwrap();
        assert!(length(&mut informed, &page) < 60, "{name}");
        // Without the dictionary the object says nothing.
        let object = informed.compress(&page).unwrap().to_vec();
        let mut back = vec![0; 4096];
        let _ = plain(name, None).unwrap().decompress(&object, &mut back);
        assert_ne!(back, page, "{name}");
    }
    // Deflate does not look at it.
    let mut deflate = with_dictionary("deflate", &page).unwrap();
    assert_eq!(length(&mut deflate, &page), length(&mut plain("deflate", None).unwrap(), &page));
}

#[test]
fn dictionaries_that_the_kernel_refuses() {
    for len in [1, 7, 65537] {
        let refused = with_dictionary("lz4", &vec![3; len]).unwrap_err();
        assert_eq!(refused, SetupError::DictionarySize(len));
    }
    assert!(with_dictionary("lz4", &[3; 8]).is_ok());
    assert!(with_dictionary("lz4", &[3; 65536]).is_ok());
    assert!(with_dictionary("lz4", &[]).is_ok());
    // lz4hc finds out page by page.
    let mut late = with_dictionary("lz4hc", &[3; 65537]).unwrap();
    assert!(late.compress(&[1; 4096]).is_err());
    assert!(with_dictionary("lz4hc", &[3]).unwrap().compress(&[1; 4096]).is_ok());
    // zstd reads on where a dictionary says it is one of its own.
    let mut marked = vec![0x37, 0xa4, 0x30, 0xec];
    marked.extend([0xff; 60]);
    assert_eq!(with_dictionary("zstd", &marked).unwrap_err(), SetupError::Dictionary);
}

#[test]
fn levels_beyond_the_last_are_the_last() {
    let page = Kind::Words(5).bytes(4096);
    let of = |name, level| plain(name, level).unwrap().compress(&page).unwrap().to_vec();
    assert_eq!(of("zstd", Some(0)), of("zstd", None));
    assert_eq!(of("zstd", Some(22)), of("zstd", Some(i32::MAX)));
    assert_eq!(of("zstd", Some(i32::MIN)), of("zstd", Some(-(1 << 17))));
    assert_eq!(of("lz4", Some(0)), of("lz4", None));
    assert_eq!(of("lz4", Some(i32::MIN)), of("lz4", Some(1)));
    assert_eq!(of("lz4hc", Some(0)), of("lz4hc", Some(9)));
    assert_eq!(of("lz4hc", Some(16)), of("lz4hc", Some(i32::MAX)));
    assert_ne!(of("zstd", Some(-7)), of("zstd", Some(19)));
    assert_ne!(of("lz4", Some(1)), of("lz4", Some(50)));
    assert_ne!(of("lz4hc", Some(1)), of("lz4hc", Some(9)));
    // Too fast to find anything: a token, 17 bytes of length, the page.
    assert_eq!(of("lz4", Some(i32::MAX)).len(), 4096 + 18);
}

#[test]
fn numbers_that_deflate_refuses() {
    let with = |level, winbits| {
        Compressor::new("deflate", &Parameters { level, winbits, dictionary: None }, PageSize::KIB_4)
    };
    for level in [-2, 10, i32::MIN, i32::MAX] {
        assert_eq!(with(Some(level), None).unwrap_err(), SetupError::Level(level));
    }
    for winbits in [-16, -8, 0, 8, 16, i32::MIN, i32::MAX] {
        assert_eq!(with(None, Some(winbits)).unwrap_err(), SetupError::WindowBits(winbits));
    }
    assert!(with(Some(-1), Some(-15)).is_ok() && with(Some(9), Some(9)).is_ok());
}

#[test]
fn pages_of_another_size_are_refused() {
    for len in [0, 1, 2048, 4095, 6144, 131_072] {
        let refused = Codecs::new().compress(Codec::plain("lz4"), &vec![7; len]).unwrap_err().to_string();
        assert_eq!(refused, format!("lz4: {len} bytes are no page"));
    }
    let mut lz4 = plain("lz4", None).unwrap();
    let object = lz4.compress(&[7; 4096]).unwrap().to_vec();
    assert!(lz4.compress(&[7; 4095]).is_err());
    assert!(lz4.decompress(&object, &mut [0; 4097]).is_err());
    // An object of another page size decompresses to no page.
    let mut large = Compressor::new("lz4", &Parameters::default(), PageSize::KIB_8).unwrap();
    let refused = large.decompress(&object, &mut [0; 8192]).unwrap_err();
    assert_eq!(refused.to_string(), "lz4: 26 bytes decompress to 4096, not to a page of 8192");
}

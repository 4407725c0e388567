//! Compressed lengths of a live kernel, against those of `zram-codecs`.
//!
//! `recorded/codec-lengths-7.2.13.txt` is what Linux 7.2.13 made of a few dozen pages with each algorithm, at levels from
//! end to end, with every window, and with a dictionary: one line per setting, lengths from `mm_stat` page by page. A page
//! that was stored as it is has the length 4096 there, whatever its object's was.
#![expect(clippy::unwrap_used, reason = "a recording that cannot be read is a failed test")]

use std::sync::Arc;

use zram_agent::protocol::Content;
use zram_codecs::{Compressor, Exactness, Parameters, exactness};
use zram_model::PageSize;
use zram_verify::dictionary;

const RECORDED: &str = include_str!("../recorded/codec-lengths-7.2.13.txt");

/// `zs_huge_class_size` of the kernel asked.
const HUGE: usize = 3625;

/// The pages, in the order in which they were written.
fn pages() -> Vec<Box<[u8; 4096]>> {
    let text = (0..24).map(|seed| Content::Text { seed });
    let noisy = (0..14_u16).map(|n| Content::Noisy { seed: u32::from(n) * 7, noise: n * 230 + 30 });
    let nearly = [(0, 0), (0x0101_0101_0101_0101, 777), (0x1122_3344_5566_7788, 2048)];
    let nearly = nearly.map(|(word, at)| Content::Nearly { word, at });
    text.chain(noisy).chain(nearly).map(|content| content.bytes()).collect()
}

/// `lz4hc level=9 dict: 1840 2644 …`
fn parse(line: &str) -> (&str, Parameters, Vec<usize>) {
    let (setting, lengths) = line.split_once(':').unwrap();
    let mut words = setting.split(' ');
    let name = words.next().unwrap();
    let mut parameters = Parameters::default();
    for word in words {
        match word.split_once('=') {
            Some(("level", level)) => parameters.level = Some(level.parse().unwrap()),
            Some(("deflate.winbits", winbits)) => parameters.winbits = Some(winbits.parse().unwrap()),
            _ => {
                assert_eq!(word, "dict");
                parameters.dictionary = Some(Arc::from(dictionary::BYTES));
            }
        }
    }
    (name, parameters, lengths.split_ascii_whitespace().map(|length| length.parse().unwrap()).collect())
}

#[test]
fn every_recorded_length_is_predicted() {
    let (pages, mut compared, mut informed) = (pages(), 0, 0);
    for line in RECORDED.lines().filter(|line| !line.starts_with('#')) {
        let (name, parameters, recorded) = parse(line);
        assert_eq!(exactness(name, &parameters, PageSize::KIB_4), Ok(Exactness::Exact), "{line}");
        assert_eq!(recorded.len(), pages.len());
        let mut compressor = Compressor::new(name, &parameters, PageSize::KIB_4).unwrap();
        let uninformed = Parameters { dictionary: None, ..parameters.clone() };
        let mut uninformed = Compressor::new(name, &uninformed, PageSize::KIB_4).unwrap();
        for (page, recorded) in pages.iter().zip(recorded) {
            let length = compressor.compress(&page[..]).unwrap().len();
            let stored = if length >= HUGE { 4096 } else { length };
            assert_eq!(stored, recorded, "{name} {parameters:?}");
            compared += 1;
            informed += usize::from(uninformed.compress(&page[..]).unwrap().len() != length);
        }
    }
    // Fewer would mean that the recording has shrunk, or that its dictionary makes no difference.
    assert!(compared > 3000 && informed > 400, "{compared} lengths, {informed} that a dictionary changed");
}

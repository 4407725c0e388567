//! What to write, aimed at the places where a byte more or less takes another path. `huge` is the length from which
//! on pages are stored raw (`zs_huge_class_size`).

use zram_agent::protocol::Content;
use zram_codecs::Codecs;
use zram_model::Codec;

use super::dice::Dice;

/// Bytes of the handle that zsmalloc puts before an object.
const HANDLE: u64 = 8;
/// Width of a post-processing bucket (`PP_BUCKET_SIZE_RANGE`).
const BUCKET: u64 = 64;
/// Distance of size classes (`ZS_SIZE_CLASS_DELTA`).
const CLASS_STEP: u64 = 16;

/// Any content.
pub(super) fn any(dice: &mut Dice, huge: u64) -> Content {
    match dice.below(100) {
        0..8 => Content::Zero,
        8..14 => Content::Same { word: dice.pick(&[1, u64::MAX, 0x5a5a_5a5a_5a5a_5a5a]) },
        14..17 => Content::Same { word: dice.long() },
        17..22 => nearly(dice),
        22..47 => Content::Text { seed: dice.word() },
        47..55 => Content::Noisy { seed: dice.word(), noise: dice.below(4097) as u16 },
        55..72 => class_border(dice, huge),
        72..80 => bucket_border(dice, huge),
        80..90 => huge_border(dice, huge),
        _ => Content::Random { seed: dice.word() },
    }
}

/// Anything that is neither same-filled nor stored raw.
pub(super) fn compressible(dice: &mut Dice, huge: u64) -> Content {
    match dice.below(3) {
        0 => Content::Text { seed: dice.word() },
        1 => class_border(dice, huge),
        _ => bucket_border(dice, huge),
    }
}

/// One word but for a byte: first, last, or in the middle, where a sloppy same-filled test looks away.
fn nearly(dice: &mut Dice) -> Content {
    let word = dice.pick(&[0, u64::MAX, 0x0101_0101_0101_0101]);
    Content::Nearly { word, at: dice.pick(&[0, 7, 8, 2048, 4087, 4088, 4095]) }
}

/// A length at the border of a size class, header included.
pub(super) fn class_border(dice: &mut Dice, huge: u64) -> Content {
    let class = dice.between(4, huge / CLASS_STEP) * CLASS_STEP;
    let length = (class - HANDLE).saturating_add(dice.below(3)).saturating_sub(1);
    aimed(dice, length)
}

/// A length at the border of a post-processing bucket.
pub(super) fn bucket_border(dice: &mut Dice, huge: u64) -> Content {
    let length = dice.between(2, (huge - 1) / BUCKET - 1) * BUCKET + dice.below(2);
    aimed(dice, length - 1)
}

/// A length within a few bytes of being stored raw.
pub(super) fn huge_border(dice: &mut Dice, huge: u64) -> Content {
    let length = huge - 8 + dice.below(17);
    aimed(dice, length)
}

/// Noise whose lz4 length is this or as near to it as some amount of noise comes.
pub(super) fn aimed(dice: &mut Dice, length: u64) -> Content {
    let seed = dice.word();
    let mut codecs = Codecs::new();
    let mut nearest = (u64::MAX, 0);
    // What is not noise costs lz4 between 20 and 40 bytes.
    for noise in length.saturating_sub(40)..=length.saturating_sub(20).min(4096) {
        let content = Content::Noisy { seed, noise: noise as u16 };
        let Ok(bytes) = codecs.compress(Codec::plain("lz4"), &content.bytes()[..]) else { continue };
        let off = length.abs_diff(bytes.len() as u64);
        if off < nearest.0 {
            nearest = (off, noise as u16);
        }
        if off == 0 {
            break;
        }
    }
    Content::Noisy { seed, noise: nearest.1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With chains of 8 pages.
    const HUGE: u64 = 3625;

    fn length(content: Content) -> u64 {
        Codecs::new().compress(Codec::plain("lz4"), &content.bytes()[..]).unwrap().len() as u64
    }

    #[test]
    fn aim_is_true() {
        let mut dice = Dice::new(1);
        for wanted in [100, 504, 505, 2048, 3624, 3625] {
            assert!(length(aimed(&mut dice, wanted)).abs_diff(wanted) <= 1, "{wanted}");
        }
    }

    #[test]
    fn both_sides_of_the_huge_border_are_reached() {
        let mut dice = Dice::new(1);
        let lengths: Vec<_> = (0..60).map(|_| length(huge_border(&mut dice, HUGE))).collect();
        assert!(lengths.contains(&(HUGE - 1)) && lengths.contains(&HUGE), "{lengths:?}");
    }
}

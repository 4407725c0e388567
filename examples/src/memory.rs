//! Pages such as programs have.
//!
//! Memory that ends up in swap is neither text nor noise: it is heaps full of pointers, of records that resemble their
//! neighbours, and of room not yet used. Each [`Kind`] here imitates one sort, so that real compressors make real
//! lengths of it. The shares in which a program has them are its [`Mix`].

use crate::dice::Dice;

/// Bytes of a page.
pub const PAGE: usize = 4096;

/// What a page holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing: allocated and never written, or cleared.
    Zero,
    /// Objects of a managed heap: a class word, an empty lock word, references of 32 bits, small numbers.
    Objects,
    /// A native heap: chunks with a size, pointers that share their upper half, flags, gaps.
    Native,
    /// A few records on a page that is otherwise still empty.
    Sparse,
    /// Words and numbers with markup: documents, messages, what scripts keep.
    Text,
    /// Pixels: smooth colour with noise in the lowest bits.
    Pixels,
    /// Machine code: few opcodes, many short repetitions.
    Code,
    /// What is compressed or encrypted already.
    Media,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Zero,
        Self::Objects,
        Self::Native,
        Self::Sparse,
        Self::Text,
        Self::Pixels,
        Self::Code,
        Self::Media,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Zero => "zero",
            Self::Objects => "objects",
            Self::Native => "native heap",
            Self::Sparse => "sparse",
            Self::Text => "text",
            Self::Pixels => "pixels",
            Self::Code => "code",
            Self::Media => "media",
        }
    }

    /// A page of this kind.
    pub fn fill(self, dice: &mut Dice, page: &mut [u8; PAGE]) {
        match self {
            Self::Zero => page.fill(0),
            Self::Objects => objects(dice, page),
            Self::Native => native(dice, page),
            Self::Sparse => sparse(dice, page),
            Self::Text => text(dice, page),
            Self::Pixels => pixels(dice, page),
            Self::Code => code(dice, page),
            Self::Media => words(page, |_| dice.word()),
        }
    }
}

/// Weights of the kinds, in the order of [`Kind::ALL`].
pub type Mix = [u32; 8];

/// An application written in a managed language.
pub const MANAGED: Mix = [13, 34, 17, 12, 9, 6, 5, 4];
/// A browser: documents, a native heap, generated code, decoded images.
pub const BROWSER: Mix = [10, 8, 30, 10, 17, 12, 9, 4];
/// A game: textures and native data, much of it packed.
pub const GAME: Mix = [9, 6, 30, 9, 2, 27, 6, 11];
/// A player or a camera: buffers of what is compressed already.
pub const PLAYER: Mix = [12, 16, 22, 10, 5, 16, 5, 14];
/// A service without a face.
pub const SERVICE: Mix = [15, 38, 17, 16, 6, 0, 6, 2];

/// Fills a page of a kind that the mix says, and says which.
pub fn fill(mix: &Mix, dice: &mut Dice, page: &mut [u8; PAGE]) -> Kind {
    let kind = Kind::ALL[dice.weighted(mix)];
    kind.fill(dice, page);
    kind
}

fn words(page: &mut [u8; PAGE], mut word: impl FnMut(usize) -> u64) {
    for (at, bytes) in page.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        *bytes = word(at).to_le_bytes();
    }
}

fn objects(dice: &mut Dice, page: &mut [u8; PAGE]) {
    page.fill(0);
    let base = dice.word() as u32 & 0x00ff_0000 | 0x1200_0000;
    let classes: [u32; 6] = core::array::from_fn(|_| 0x7000_0000 | (dice.below(4096) as u32 * 16));
    // Of some pages only a part is in use.
    let end = if dice.percent(30) { 500 + dice.below(3000) as usize } else { PAGE };
    let mut at = 0;
    while at + 8 < end {
        let class = dice.below(6) as usize;
        let fields = 1 + class + dice.below(3) as usize;
        put(page, at, classes[class]);
        for field in 0..fields {
            let value = match dice.below(10) {
                0..4 => 0,
                4..7 => base + dice.below(2048) as u32 * 8,
                7..9 => dice.below(200) as u32,
                _ => dice.word() as u32,
            };
            put(page, at + 8 + 4 * field, value);
        }
        at = (at + 8 + 4 * fields).next_multiple_of(8);
    }
}

fn native(dice: &mut Dice, page: &mut [u8; PAGE]) {
    let heap = 0x0000_007a_0000_0000 | (dice.word() & 0x00ff_f000);
    let empty = dice.below(35);
    words(page, |_| match dice.below(100) {
        0..20 => heap + dice.below(1 << 16) * 16,
        20..28 => 16 * (1 + dice.below(32)) + 1,
        28..36 => dice.below(100),
        36..42 => (dice.below(100) << 32) | dice.below(100),
        42..50 => dice.word(),
        n if n < 65 + empty => 0,
        _ => heap + dice.below(64) * 4096,
    });
}

fn sparse(dice: &mut Dice, page: &mut [u8; PAGE]) {
    page.fill(0);
    for _ in 0..1 + dice.below(10) {
        let at = dice.below(PAGE as u64 / 32) as usize * 32;
        for word in 0..3 {
            let value = dice.word() >> dice.below(48);
            page[at + 8 * word..at + 8 * word + 8].copy_from_slice(&value.to_le_bytes());
        }
    }
}

const VOCABULARY: [&str; 32] = [
    "the ",
    "message ",
    "from ",
    "you ",
    "and ",
    "\"name\": \"",
    "\", ",
    "\"id\": ",
    "<p>",
    "</p>\n",
    "of ",
    "to ",
    "photo ",
    "was ",
    "<span class=\"",
    "\">",
    "http://",
    ".org/",
    "time ",
    "is ",
    "reply ",
    "sent ",
    "it ",
    "not ",
    "with ",
    "\"date\": \"2026-",
    "place ",
    "for ",
    "on ",
    "unread ",
    "a ",
    "new ",
];

fn text(dice: &mut Dice, page: &mut [u8; PAGE]) {
    let mut at = 0;
    while at < PAGE {
        let number;
        let bytes = if dice.percent(18) {
            number = format!("{} ", dice.below(1_000_000));
            number.as_bytes()
        } else {
            VOCABULARY[dice.below(32) as usize].as_bytes()
        };
        let len = bytes.len().min(PAGE - at);
        page[at..at + len].copy_from_slice(&bytes[..len]);
        at += len;
    }
}

fn pixels(dice: &mut Dice, page: &mut [u8; PAGE]) {
    let start = dice.word().to_le_bytes();
    // A drawing has flat areas, a photograph has noise everywhere.
    let photograph = dice.percent(45);
    let mut colour = [start[0], start[1], start[2]];
    for (at, pixel) in page.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let chance = dice.word().to_le_bytes();
        if photograph {
            for channel in 0..3 {
                pixel[channel] = colour[channel].wrapping_add(chance[channel] & 3);
            }
            colour[at % 3] = colour[at % 3].wrapping_add(u8::from(chance[4] < 80));
        } else {
            if chance[4] < 12 {
                colour = [chance[0], chance[1], chance[2]];
            }
            pixel[..3].copy_from_slice(&colour);
        }
        pixel[3] = 0xff;
    }
}

fn code(dice: &mut Dice, page: &mut [u8; PAGE]) {
    let target = dice.below(4096) as u32;
    for (at, instruction) in page.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let registers = dice.below(12) as u32;
        let word = match dice.below(100) {
            // Moves and loads that compilers write again and again.
            0..30 => 0xaa00_03e0 | registers << 16,
            30..50 => 0xf940_0000 | registers | (dice.below(8) as u32) << 10,
            50..62 => 0x9400_0000 | (target + dice.below(60) as u32),
            62..72 => 0xd65f_03c0,
            72..84 => 0x5280_0000 | (dice.below(256) as u32) << 5,
            84..94 => 0xb400_0000 | (at as u32 & 0xff) << 5 | registers,
            _ => dice.word() as u32,
        };
        *instruction = word.to_le_bytes();
    }
}

/// Puts 32 bits where they fit.
fn put(page: &mut [u8; PAGE], at: usize, value: u32) {
    if let Some(bytes) = page.get_mut(at..at + 4) {
        bytes.copy_from_slice(&value.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use zram_codecs::Codecs;
    use zram_model::Codec;

    use super::*;

    fn mean(kind: Kind, codec: &'static str) -> usize {
        let (mut codecs, mut page, mut sum) = (Codecs::new(), [0; PAGE], 0);
        for seed in 0..100 {
            kind.fill(&mut Dice::of(&[seed]), &mut page);
            sum += codecs.compress(Codec::plain(codec), &page).unwrap().len();
        }
        sum / 100
    }

    /// The kinds differ where it matters: in what compressors make of them.
    #[test]
    fn what_compressors_make_of_the_kinds() {
        let lengths = Kind::ALL
            .map(|kind| format!("{}: lz4 {}, zstd {}", kind.name(), mean(kind, "lz4"), mean(kind, "zstd")));
        insta::assert_snapshot!(lengths.join("\n"));
    }
}

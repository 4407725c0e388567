//! A line of `block_state`, read as fast as the kernel writes it, or faster.
//!
//! A device may have millions of them, and whoever looks at all wants to wait for the kernel and not for us. `read_block_state` prints columns:
//! `%12zd %12lld.%06lu` and a letter for each flag. So a number is eight bytes at a known place, which a processor takes in at once: a look at all eight
//! for what is no digit, and three multiplications. What does not stand in its column, as a slot of nine digits, is read a word at a time.

use std::str;

use super::SlotState;

/// Bytes of the columns before the flags.
const NUMBERS: usize = 33;
/// Microseconds.
const SECOND: u64 = 1_000_000;
/// Where the columns of slot, seconds and microseconds end. Those of slot and seconds are of one width.
const SLOT: usize = 12;
const SECONDS: usize = 25;
const MICROS: usize = 32;

/// Reads line after line. What a column said on the line before is not read again: pages are written one after the other, so that slots count up,
/// and neighbours have the second of their access and their flags in common.
#[derive(Default)]
pub(super) struct Reader<'a>(Option<Known<'a>>);

/// A line in columns, and what it says.
#[derive(Clone, Copy)]
struct Known<'a> {
    numbers: &'a [u8; NUMBERS],
    flags: &'a [u8],
    /// In microseconds.
    second: u64,
    state: SlotState,
}

impl<'a> Reader<'a> {
    /// The next line, without its end.
    #[inline]
    pub(super) fn read(&mut self, line: &'a [u8]) -> Option<SlotState> {
        let known = match self.0.and_then(|before| before.next(line)) {
            Some(known) => known,
            None => match Known::of(line) {
                Some(known) => known,
                None => return parse(line),
            },
        };
        self.0 = Some(known);
        Some(known.state)
    }
}

impl<'a> Known<'a> {
    /// Of a line alone.
    fn of(line: &'a [u8]) -> Option<Self> {
        let (numbers, flags) = line.split_first_chunk()?;
        let (slot, second, micros) = (slot(numbers)?, second(numbers)?, micros(numbers)?);
        let state = SlotState { slot, accessed_micros: second + micros, ..flagged(flags)? };
        Some(Self { numbers, flags, second, state })
    }

    /// Of the line behind it, if that is in columns too.
    #[inline]
    fn next(&self, line: &'a [u8]) -> Option<Self> {
        let (numbers, flags) = line.split_first_chunk()?;
        let slot = if follows(self.numbers, numbers) { self.state.slot + 1 } else { slot(numbers)? };
        // Together all that is between slot and flags.
        let is_second = word(numbers, SLOT) == word(self.numbers, SLOT)
            && word(numbers, SECONDS - 7) == word(self.numbers, SECONDS - 7);
        let are_micros = word(numbers, SECONDS) == word(self.numbers, SECONDS);
        let second = if is_second { self.second } else { second(numbers)? };
        let accessed_micros =
            if is_second && are_micros { self.state.accessed_micros } else { second + micros(numbers)? };
        let state = if are_same(self.flags, flags) { self.state } else { flagged(flags)? };
        Some(Self { numbers, flags, second, state: SlotState { slot, accessed_micros, ..state } })
    }
}

/// Whether the slot of this line is the one behind that of the line before, both in their columns.
fn follows(before: &[u8; NUMBERS], numbers: &[u8; NUMBERS]) -> bool {
    let [before, slot] = [before, numbers].map(|numbers| word(numbers, SLOT - 8));
    // The last digit stands highest. That behind 9 is none.
    slot == before.wrapping_add(1 << 56) && slot >> 56 != u64::from(b':') && numbers[..4] == *b"    "
}

/// Eight bytes from here on.
fn word(numbers: &[u8; NUMBERS], at: usize) -> u64 {
    numbers[at..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// Whether these flags are the same.
fn are_same(a: &[u8], b: &[u8]) -> bool {
    /// Of the kernels of today, which takes a word and a half to compare.
    const USUAL: usize = 6;
    match (<&[u8; USUAL]>::try_from(a), <&[u8; USUAL]>::try_from(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

/// A line without its end.
pub(super) fn parse(line: &[u8]) -> Option<SlotState> {
    if let Some(known) = Known::of(line) {
        return Some(known.state);
    }
    let ((slot, seconds, micros), flags) = words(line)?;
    let accessed_micros = seconds.checked_mul(SECOND)?.checked_add(micros)?;
    Some(SlotState { slot, accessed_micros, ..flagged(flags)? })
}

/// A slot of which only the flags are known.
fn flagged(flags: &[u8]) -> Option<SlotState> {
    let [same, written_back, huge, idle, newer @ ..] = flags else { return None };
    let newer = |at: usize, letter| match newer.get(at) {
        None => Some(None),
        Some(byte) => is(*byte, letter).map(Some),
    };
    Some(SlotState {
        slot: 0,
        accessed_micros: 0,
        same: is(*same, b's')?,
        written_back: is(*written_back, b'w')?,
        huge: is(*huge, b'h')?,
        idle: is(*idle, b'i')?,
        recompressed: newer(0, b'r')?,
        incompressible: newer(1, b'n')?,
    })
}

fn is(byte: u8, letter: u8) -> Option<bool> {
    if byte == letter { Some(true) } else { (byte == b'.').then_some(false) }
}

/// The slot, if it has no more than eight digits.
fn slot(numbers: &[u8; NUMBERS]) -> Option<u64> {
    in_column(numbers.first_chunk()?)
}

/// The second of the access, if it has no more than eight digits, in microseconds.
fn second(numbers: &[u8; NUMBERS]) -> Option<u64> {
    let ends = numbers[SLOT] == b' ' && numbers[SECONDS] == b'.';
    if ends { Some(in_column(numbers[..SECONDS].last_chunk()?)? * SECOND) } else { None }
}

/// What the access was behind its second.
fn micros(numbers: &[u8; NUMBERS]) -> Option<u64> {
    // There are six digits; before them stand the last one of the seconds and the point.
    let digits = u64::from_le_bytes(*numbers[..MICROS].last_chunk()?) & !0xffff | 0x3030;
    if numbers[MICROS] == b' ' { number(digits) } else { None }
}

/// A number that fills the end of its column, if it has no more than eight digits.
fn in_column(column: &[u8; SLOT]) -> Option<u64> {
    let is_short = column.first_chunk() == Some(b"    ");
    if is_short { number(u64::from_le_bytes(*column.last_chunk()?)) } else { None }
}

/// Eight bytes in the order in which they stand, as a number: digits, and spaces before them.
fn number(bytes: u64) -> Option<u64> {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    const SPACES: u64 = 0x2020_2020_2020_2020;
    // A space is a zero without this bit. Only those before the first other byte are taken for one.
    let other = (bytes ^ SPACES).trailing_zeros() / 8 * 8;
    let leading = u64::MAX.checked_shl(other).map_or(u64::MAX, |rest| !rest);
    let digits = (bytes | (ZEROS ^ SPACES) & leading) ^ ZEROS;
    // 10 to 15 reach the next four bits with 6 more.
    let wrong = (digits | digits.wrapping_add(0x0606_0606_0606_0606)) & 0xf0f0_f0f0_f0f0_f0f0;
    if wrong != 0 || other == u64::BITS {
        return None;
    }
    // Neighbours become one number of twice as many digits, three times.
    let pairs = (digits.wrapping_mul(10).wrapping_add(digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100).wrapping_add(pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some((fours.wrapping_mul(10_000).wrapping_add(fours >> 32)) & 0xffff_ffff)
}

/// Slot, seconds and microseconds, and the flags.
type Parts<'a> = ((u64, u64, u64), &'a [u8]);

/// A line of words, with numbers of any length.
fn words(line: &[u8]) -> Option<Parts<'_>> {
    let mut words = str::from_utf8(line).ok()?.split_ascii_whitespace();
    let slot = words.next()?.parse().ok()?;
    let (seconds, micros) = words.next()?.split_once('.')?;
    let numbers = (slot, seconds.parse().ok()?, micros.parse().ok()?);
    let flags = words.next()?.as_bytes();
    words.next().is_none().then_some((numbers, flags))
}

/// Lines of a text. One is as long as the one before, almost always, so that nobody has to look where it ends.
pub(super) struct Lines<'a> {
    text: &'a [u8],
    length: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a [u8]) -> Self {
        Self { text, length: 0 }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.text.is_empty() {
            return None;
        }
        if self.text.get(self.length) != Some(&b'\n') {
            let end = self.text.iter().position(|byte| *byte == b'\n');
            self.length = end.unwrap_or(self.text.len());
        }
        let (line, rest) = self.text.split_at(self.length);
        self.text = rest.get(1..).unwrap_or_default();
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_bytes_are_a_number() {
        for (text, value) in
            [("       0", 0), ("12345678", 12_345_678), ("   90817", 90_817), ("00000000", 0)]
        {
            assert_eq!(
                number(u64::from_le_bytes(text.as_bytes().try_into().unwrap())),
                Some(value),
                "{text}"
            );
        }
        // Every byte that is neither a digit nor a leading space, at every place.
        for at in 0..8 {
            for byte in 0..=u8::MAX {
                let mut text = *b" 1234567";
                text[at] = byte;
                let is_good = byte.is_ascii_digit() || byte == b' ' && at < 2;
                let value = str::from_utf8(&text).ok().and_then(|text| text.trim_start().parse().ok());
                let value = value.filter(|_| is_good);
                assert_eq!(number(u64::from_le_bytes(text)), value, "{text:?}");
            }
        }
        assert_eq!(number(u64::from_le_bytes(*b"        ")), None);
    }

    #[test]
    fn lines_end_where_they_end() {
        for text in ["", "a", "abc\n", "abc\nabc\n", "abc\nabcd\nab\n\nabc", "\n\n"] {
            let lines: Vec<&[u8]> = Lines::of(text.as_bytes()).collect();
            let wanted: Vec<&[u8]> = text.lines().map(str::as_bytes).collect();
            assert_eq!(lines, wanted, "{text:?}");
        }
    }

    /// Whatever stood on the lines before.
    #[test]
    fn a_line_is_what_it_is_alone() {
        let mut lines = Vec::new();
        for slot in [7_u64, 8, 9, 10, 99_999_999, 100_000_000, 100_000_001, 1_000_000_000_000] {
            for (seconds, micros) in [(75, 1), (75, 2), (76, 1), (1_000_075, 1), (100_000_075, 1)] {
                for flags in ["......", "...i..", ".....", ".w.i"] {
                    lines.push(format!("{slot:12} {seconds:12}.{micros:06} {flags}"));
                }
            }
        }
        lines.extend(["", "7", "7 1.0 ....", "         x7           75.000001 ......"].map(str::to_owned));
        for step in 1..lines.len() {
            let mut reader = Reader::default();
            for at in (0..2 * lines.len()).map(|at| at * step % lines.len()) {
                let line = lines[at].as_bytes();
                assert_eq!(reader.read(line), parse(line), "{}", lines[at]);
            }
        }
    }

    /// Behind a line that is right, one in which any byte is another.
    #[test]
    fn a_byte_that_is_wrong_is_seen_behind_any_line() {
        let numbers = |slot: u64| format!("{slot:12} {:12}.{:06} ......", 75, 19);
        for slot in [7, 9, 99_999_998] {
            let (before, right) = (numbers(slot), numbers(slot + 1));
            for at in 0..right.len() {
                for byte in *b"0:. 1ix-" {
                    let mut line = right.clone().into_bytes();
                    line[at] = byte;
                    let mut reader = Reader::default();
                    assert!(reader.read(before.as_bytes()).is_some());
                    assert_eq!(reader.read(&line), parse(&line), "{}", String::from_utf8_lossy(&line));
                }
            }
            // That behind 9 in the order of bytes is no digit.
            let mut line = before.clone().into_bytes();
            line[SLOT - 1] += 1;
            let mut reader = Reader::default();
            reader.read(before.as_bytes());
            assert_eq!(reader.read(&line), parse(&line), "{}", String::from_utf8_lossy(&line));
        }
        assert_eq!(parse(numbers(7).replace("19 .", "19x.").as_bytes()), None, "a column has to end");
    }

    /// As the kernel prints them, on both sides of where a number leaves its column.
    #[test]
    fn both_ways_read_the_same() {
        for slot in [0, 9, 10, 99_999_999, 100_000_000, 999_999_999_999, 1_000_000_000_000] {
            for seconds in [0, 7, 99_999_999, 100_000_000, 10_u64.pow(12)] {
                for micros in [0, 1, 999_999] {
                    let line = format!("{slot:12} {seconds:12}.{micros:06} .w.i..");
                    let parsed = parse(line.as_bytes()).unwrap();
                    assert_eq!((parsed.slot, parsed.accessed_micros), (slot, seconds * 1_000_000 + micros));
                    let parts: Parts<'_> = ((slot, seconds, micros), b".w.i..");
                    assert_eq!(words(line.as_bytes()), Some(parts), "{line}");
                    let in_columns = slot < 100_000_000 && seconds < 100_000_000;
                    assert_eq!(Known::of(line.as_bytes()).is_some(), in_columns, "{line}");
                }
            }
        }
    }
}

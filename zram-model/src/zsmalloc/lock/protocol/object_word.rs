//! The object word: what a handle leads to. Page, class (from 7.3) and index in one word, so that it is read in one access.

/// Where an object is.
///
/// The kernel's word before 7.3 is `[PFN | index]`; from 9909b088b1f0 it is `[PFN | class | index]`. Here the class always has
/// its place; the protocol of 7.2 does not look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ObjectWord {
    pub(super) frame: usize,
    pub(super) class: usize,
    pub(super) index: usize,
}

/// Tells a word from an empty handle, as `OBJ_ALLOCATED_TAG` does.
const ALLOCATED: u64 = 1;

impl ObjectWord {
    pub(super) fn encode(self) -> u64 {
        (self.frame as u64) << 32 | (self.class as u64) << 16 | (self.index as u64) << 1 | ALLOCATED
    }

    pub(super) fn decode(word: u64) -> Option<Self> {
        (word & ALLOCATED != 0).then_some(Self {
            frame: (word >> 32) as usize,
            class: (word >> 16 & 0xffff) as usize,
            index: (word >> 1 & 0x7fff) as usize,
        })
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_word_tells_page_class_and_index() {
        let word = ObjectWord { frame: 0xabcd, class: 254, index: 127 };
        assert_eq!(ObjectWord::decode(word.encode()), Some(word));
        assert_eq!(ObjectWord::decode(0), None);
    }
}

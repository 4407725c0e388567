//! The memory that an I/O works on: pages of its own, full of guard bytes.
//!
//! A buffer is laid into whole pages that nothing else uses, and every byte outside its pieces
//! names its own place ([`guard_page`]). So a kernel that writes beside the buffer is seen doing
//! it, and one that stores bytes from beside the buffer stores bytes that say where they came from.

use zram_host::{Buffer, Iovec};

use crate::protocol::{Layout, LayoutError, guard_page};

/// Bytes of a page.
const PAGE: usize = 4096;

/// Page-aligned pages with the pieces of a buffer in them.
pub(crate) struct Arena {
    /// One page more than needed, so that an aligned start is in it.
    memory: Vec<u8>,
    start: usize,
    end: usize,
    pieces: Vec<Iovec>,
}

impl Arena {
    /// Memory for an operation over `count` slots, every byte a guard byte.
    pub(crate) fn new(layout: &Layout, count: usize) -> Result<Self, LayoutError> {
        let (placed, pages) = layout.place(count)?;
        let memory = vec![0; (pages + 1) * PAGE];
        let start = memory.as_ptr().align_offset(PAGE);
        let mut arena = Self {
            start,
            end: start + pages * PAGE,
            memory,
            pieces: placed
                .iter()
                .map(|(page, piece)| Iovec {
                    start: page * PAGE + piece.offset as usize,
                    len: piece.len as usize,
                })
                // A plain buffer over no slots is one empty piece, which no caller of readv means.
                .filter(|piece| piece.len != 0)
                .collect(),
        };
        for (n, page) in arena.bytes_mut().chunks_exact_mut(PAGE).enumerate() {
            page.copy_from_slice(&guard_page(n)[..]);
        }
        Ok(arena)
    }

    /// Puts the bytes of these pages into the pieces, in order.
    pub(crate) fn fill(&mut self, content: &[u8]) {
        let (pieces, mut rest) = (self.pieces.clone(), content);
        for piece in pieces {
            let (head, tail) = rest.split_at(piece.len.min(rest.len()));
            self.bytes_mut()[piece.start..piece.start + head.len()].copy_from_slice(head);
            rest = tail;
        }
    }

    /// The whole arena.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.memory[self.start..self.end]
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..self.end]
    }

    /// The buffer as the port takes it.
    pub(crate) fn buffer(&mut self) -> Buffer<'_> {
        Buffer { arena: &mut self.memory[self.start..self.end], pieces: &self.pieces }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Piece;

    #[test]
    fn bytes_outside_the_pieces_are_guard_bytes() {
        let layout = Layout(vec![Piece { offset: 512, len: 4096 }, Piece { offset: 0, len: 4096 }]);
        let mut arena = Arena::new(&layout, 2).unwrap();
        let content = (0..8192_u32).map(|n| (n / 64) as u8).collect::<Vec<_>>();
        arena.fill(&content);
        let bytes = arena.bytes();
        assert_eq!(bytes.len(), 3 * PAGE);
        assert_eq!(bytes[512..512 + 4096], content[..4096]);
        assert_eq!(bytes[2 * PAGE..], content[4096..]);
        assert_eq!(bytes[..512], guard_page(0)[..512]);
        assert_eq!(bytes[PAGE + 512..2 * PAGE], guard_page(1)[512..]);
    }

    #[test]
    fn the_arena_is_page_aligned_and_its_pieces_lie_in_it() {
        let mut arena = Arena::new(&Layout::default(), 3).unwrap();
        let buffer = arena.buffer();
        assert_eq!(buffer.arena.as_ptr().align_offset(PAGE), 0);
        assert_eq!(buffer.pieces, [Iovec { start: 0, len: 3 * PAGE }]);
    }

    #[test]
    fn no_slots_no_pieces() {
        let mut arena = Arena::new(&Layout::default(), 0).unwrap();
        assert!(arena.buffer().pieces.is_empty());
        assert!(arena.bytes().is_empty());
    }
}

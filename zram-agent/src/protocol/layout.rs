//! How a buffer lies in memory.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Bytes of a page, and of a slot.
const PAGE: u32 = 4096;

/// How a buffer lies in memory: one or more pieces (`iovec`s), in the order of the bytes. Each
/// piece starts on a fresh page, `offset` bytes into it; the rest of the pages it touches is filled
/// with [`super::guard_page`], so that a kernel that reaches outside the buffer is seen doing it.
/// No pieces: one page-aligned buffer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Layout(pub Vec<Piece>);

/// One piece of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// Bytes into its first page, below 4096.
    pub offset: u32,
    /// Bytes in the piece, not 0.
    pub len: u32,
}

/// A layout that cannot be meant.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum LayoutError {
    /// The pieces hold more or fewer bytes than the operation moves.
    #[error("the pieces hold {held} bytes, the operation moves {moved}")]
    Length {
        /// Bytes in the pieces.
        held: u64,
        /// Bytes of the operation.
        moved: u64,
    },
    /// A piece is empty or starts beyond its first page.
    #[error("a piece of {} bytes at offset {} is none: offset must be below 4096 and the length not 0", piece.len, piece.offset)]
    Piece {
        /// The piece.
        piece: Piece,
    },
}

impl Layout {
    /// Whether this is one page-aligned buffer.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.0.is_empty()
    }

    /// The pieces for an operation over `count` slots, checked; each with the index of its first
    /// page in the arena. The second value is the number of pages in the arena.
    ///
    /// # Errors
    /// When the pieces do not hold exactly the bytes of the operation.
    pub fn place(&self, count: usize) -> Result<(Vec<(usize, Piece)>, usize), LayoutError> {
        let moved = count as u64 * u64::from(PAGE);
        if self.is_plain() {
            let len = u32::try_from(moved).map_err(|_| LayoutError::Length { held: 0, moved })?;
            return Ok((vec![(0, Piece { offset: 0, len })], count));
        }
        let held = self.0.iter().map(|piece| u64::from(piece.len)).sum();
        if held != moved {
            return Err(LayoutError::Length { held, moved });
        }
        let (mut placed, mut page) = (Vec::with_capacity(self.0.len()), 0);
        for piece in &self.0 {
            if piece.len == 0 || piece.offset >= PAGE {
                return Err(LayoutError::Piece { piece: *piece });
            }
            placed.push((page, *piece));
            page += (piece.offset as usize + piece.len as usize).div_ceil(PAGE as usize);
        }
        Ok((placed, page))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_start_on_fresh_pages() {
        let layout = Layout(vec![Piece { offset: 512, len: 4096 }, Piece { offset: 0, len: 4096 }]);
        let (placed, pages) = layout.place(2).unwrap();
        assert_eq!(placed.iter().map(|(page, _)| *page).collect::<Vec<_>>(), [0, 2]);
        assert_eq!(pages, 3);
        assert!(layout.place(1).is_err());
    }
}

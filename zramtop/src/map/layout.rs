//! Which cell of the screen is which slots.

/// How slots lie on the screen: cells of 2^`shift` slots, row by row, from some slot on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Cells of a row.
    pub columns: u64,
    /// Rows.
    pub rows: u64,
    /// Slots of a cell, as a power of two.
    pub shift: u32,
    /// The first slot: a multiple of a row.
    pub first: u64,
    /// Slots of the device.
    pub slots: u64,
}

impl Layout {
    /// The largest zoom out that is of use: everything is on the screen.
    #[must_use]
    pub fn fitting(columns: u64, rows: u64, slots: u64) -> u32 {
        let cells = (columns * rows).max(1);
        (0..63).find(|shift| slots.div_ceil(1 << shift) <= cells).unwrap_or(63)
    }

    /// So many rows and columns of a device. `zoom`: how often the whole of it was made twice as large. The cursor is seen, and as near the middle
    /// as the ends let it.
    #[must_use]
    pub fn new(columns: u64, rows: u64, slots: u64, zoom: u32, cursor: u64) -> Self {
        let (columns, rows) = (columns.max(1), rows.max(1));
        let shift = Self::fitting(columns, rows, slots).saturating_sub(zoom);
        let row = columns << shift;
        let all = slots.div_ceil(row);
        let at = cursor.min(slots.saturating_sub(1)) / row;
        let top = at.saturating_sub(rows / 2).min(all.saturating_sub(rows));
        Self { columns, rows, shift, first: top * row, slots }
    }

    /// Slots of a cell.
    #[must_use]
    pub fn cell(&self) -> u64 {
        1 << self.shift
    }

    /// Slots of a row.
    #[must_use]
    pub fn row(&self) -> u64 {
        self.columns << self.shift
    }

    /// The slot behind the last on the screen.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.slots.min(self.first + self.row() * self.rows)
    }

    /// The first slot of a cell. `None`: the device has ended.
    #[must_use]
    pub fn slot(&self, column: u64, row: u64) -> Option<u64> {
        let slot = self.first + row * self.row() + (column << self.shift);
        (column < self.columns && row < self.rows && slot < self.slots).then_some(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_a_device_fits_and_the_cursor_is_seen() {
        for slots in [1, 100, 16_384, 262_144, 4 << 20] {
            for (columns, rows) in [(1, 1), (60, 8), (200, 50)] {
                let whole = Layout::new(columns, rows, slots, 0, 0);
                assert_eq!((whole.first, whole.end()), (0, slots));
                for zoom in 0..30 {
                    for cursor in [0, slots / 3, slots - 1, slots] {
                        let layout = Layout::new(columns, rows, slots, zoom, cursor);
                        let seen = layout.first..layout.end();
                        assert!(seen.contains(&cursor.min(slots - 1)), "{layout:?} {cursor}");
                        assert_eq!(layout.first % layout.row(), 0);
                    }
                }
            }
        }
        assert_eq!(Layout::new(10, 2, 100, 30, 0).shift, 0);
    }
}

//! The debugfs file `zsmalloc/zramN/classes` (`zs_stats_size_show`).
//!
//! One line per distinct class, by its own index, and a line of totals. The kernel adds up pages from
//! the objects allocated, not from its page counter, and prints no column for empty zspages.

use std::fmt::Write;

use super::{
    class::{ALLOCATED, Class, INUSE},
    fullness::{FULL, LOWEST},
    pool::Pool,
};

/// Groups that have a column.
const COLUMNS: core::ops::RangeInclusive<usize> = LOWEST as usize..=FULL as usize;

/// What is summed up over all classes.
#[derive(Default)]
struct Totals {
    groups: [u64; FULL as usize + 1],
    allocated: u64,
    used: u64,
    pages: u64,
    freeable: u64,
}

impl Totals {
    fn add(&mut self, class: &Class) {
        for (total, zspages) in self.groups.iter_mut().zip(class.stats) {
            *total = total.wrapping_add(zspages);
        }
        self.allocated = self.allocated.wrapping_add(class.stats[ALLOCATED]);
        self.used = self.used.wrapping_add(class.stats[INUSE]);
        self.pages = self.pages.wrapping_add(pages_used(class));
        self.freeable = self.freeable.wrapping_add(class.can_compact());
    }
}

fn pages_used(class: &Class) -> u64 {
    (class.stats[ALLOCATED] / u64::from(class.shape.objects)).wrapping_mul(u64::from(class.shape.pages))
}

impl Pool {
    /// The whole file.
    pub(crate) fn classes_text(&self) -> String {
        let mut text = format!(" {:>5} {:>5}", "class", "size");
        for group in COLUMNS {
            let percent = match group {
                10 => 99,
                11 => 100,
                tenth => tenth * 10,
            };
            put(&mut text, format_args!(" {:>9}", format!("{percent}%")));
        }
        put(
            &mut text,
            format_args!(
                " {:>13} {:>10} {:>10} {:>16} {:>8}\n",
                "obj_allocated", "obj_used", "pages_used", "pages_per_zspage", "freeable"
            ),
        );
        let mut totals = Totals::default();
        for class in &self.classes {
            totals.add(class);
            let shape = &class.shape;
            put(&mut text, format_args!(" {:>5} {:>5} ", shape.index, shape.size));
            groups(&mut text, &class.stats);
            let [allocated, used] = [class.stats[ALLOCATED], class.stats[INUSE]];
            let (pages, freeable) = (pages_used(class), class.can_compact());
            put(
                &mut text,
                format_args!("{allocated:>13} {used:>10} {pages:>10} {:>16} {freeable:>8}\n", shape.pages),
            );
        }
        put(&mut text, format_args!("\n {:>5} {:>5} ", "Total", ""));
        groups(&mut text, &totals.groups);
        let Totals { allocated, used, pages, freeable, .. } = totals;
        put(&mut text, format_args!("{allocated:>13} {used:>10} {pages:>10} {:>16} {freeable:>8}\n", ""));
        text
    }
}

fn groups(text: &mut String, counts: &[u64]) {
    for count in &counts[COLUMNS] {
        put(text, format_args!("{count:>9} "));
    }
}

/// Writing to a string does not fail.
fn put(text: &mut String, what: core::fmt::Arguments<'_>) {
    let _ = text.write_fmt(what);
}

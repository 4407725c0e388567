//! Columns of `list`, and of the status that util-linux' `zramctl` prints.
//!
//! Those of util-linux keep their names and their values, also where the name says something else than the value is: scripts rely on
//! both. What they mean is offered once more, right, under names of its own: see [`Column::about`].

use std::{
    fmt,
    io::{self, Write},
};

use zram_host::device::BdStat;

use crate::{
    devices::{Device, Use},
    size::human,
    style::{GOOD, KEY, PLAIN, PROBLEM, STRONG, WARNING},
    table::{self, Cell, Heading, Style},
};

macro_rules! columns {
    ($($variant:ident $name:literal $side:ident $least:literal $about:literal,)*) => {
        /// A column.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Column {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl Column {
            /// All, those of util-linux first and in its order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What is in it.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)* }
            }

            /// How it stands in a table.
            #[must_use]
            pub fn heading(self) -> Heading {
                match self {
                    $(Self::$variant => Heading {
                        name: $name,
                        right: columns!($side),
                        least: $least,
                        free: matches!(self, Self::Mountpoint | Self::Use | Self::Backing | Self::Recompression),
                    },)*
                }
            }
        }
    };
    (left) => { false };
    (right) => { true };
}

columns! {
    Name "NAME" left 0 "path of the device",
    Disksize "DISKSIZE" right 5 "bytes that the device offers",
    Data "DATA" right 5 "bytes stored, uncompressed, written-back ones included",
    Compr "COMPR" right 5 "bytes of the compressed objects in memory",
    Algorithm "ALGORITHM" left 3 "primary compression algorithm",
    Streams "STREAMS" right 3 "max_comp_streams, which has no meaning; empty on kernels that dropped it",
    ZeroPages "ZERO-PAGES" right 3 "pages of one word (of any word, not only 0), which take no memory",
    Total "TOTAL" right 5 "bytes of memory that the pool takes",
    MemLimit "MEM-LIMIT" right 5 "most bytes of memory that the pool may take; 0 is no limit",
    MemUsed "MEM-USED" right 5 "as PEAK, under a name that says something else",
    Migrated "MIGRATED" right 5 "as COMPACTED, printed as if these pages were bytes",
    CompRatio "COMP-RATIO" right 5 "DATA/TOTAL, which counts what is not in memory; empty where nothing is",
    Mountpoint "MOUNTPOINT" left 0 "where it is mounted; [SWAP] if it is swapped to",
    Use "USE" left 0 "what it is used for: swap and its priority, or a file system and where it is",
    Memory "MEMORY" right 5 "bytes of memory that the pool takes now",
    Peak "PEAK" right 5 "most bytes of memory that it ever took",
    Ratio "RATIO" right 5 "bytes in memory, uncompressed, for each byte of memory",
    Lost "LOST" right 5 "bytes of memory that hold no object: lost in the allocator",
    Same "SAME" right 0 "pages of one word, which take no memory",
    Huge "HUGE" right 0 "pages stored that do not compress",
    Compacted "COMPACTED" right 0 "pages of memory that compaction has freed",
    Freed "FREED" right 0 "pages that were discarded, or that swap said are free",
    Failed "FAILED" right 0 "reads and writes of pages that failed",
    Backing "BACKING" left 0 "backing device",
    Backed "BACKED" right 5 "bytes on the backing device now, a block for each page",
    Written "WRITTEN" right 5 "bytes ever written back, also of pages that were rewritten meanwhile",
    ReadBack "READ-BACK" right 5 "bytes ever read back",
    Limit "WB-LIMIT" right 0 "bytes that may still be written back; empty is no limit",
    Batch "WB-BATCH" right 0 "requests that a writeback pass has on the way at most",
    Form "WB-FORM" left 0 "how pages are written back: compressed, or raw",
    Recompression "RECOMP" left 0 "algorithms for recompression, by priority",
}

/// What util-linux prints when it is not told which.
pub const STATUS: &[Column] = &[
    Column::Name,
    Column::Algorithm,
    Column::Disksize,
    Column::Data,
    Column::Compr,
    Column::Total,
    Column::Streams,
    Column::Mountpoint,
];

/// Columns of util-linux: what `--output-all` means there.
pub const UTIL_LINUX: usize = 13;

/// What `list` prints when it is not told which.
pub const LIST: &[Column] = &[
    Column::Name,
    Column::Use,
    Column::Algorithm,
    Column::Disksize,
    Column::Data,
    Column::Memory,
    Column::Peak,
    Column::Ratio,
    Column::Backed,
];

/// Whether any of these columns is made of this attribute.
pub fn are_made_of(columns: &[Column], attribute: &str) -> bool {
    columns.iter().any(|column| column.attributes().contains(&attribute))
}

impl Column {
    /// The attributes that it is made of, beside the size.
    #[must_use]
    pub fn attributes(self) -> &'static [&'static str] {
        match self {
            Self::Name | Self::Disksize | Self::Mountpoint | Self::Use => &[],
            Self::Algorithm => &["comp_algorithm"],
            Self::Streams => &["max_comp_streams"],
            Self::Data
            | Self::Compr
            | Self::ZeroPages
            | Self::Same
            | Self::Total
            | Self::Memory
            | Self::MemLimit
            | Self::MemUsed
            | Self::Peak
            | Self::Migrated
            | Self::Compacted
            | Self::CompRatio
            | Self::Lost
            | Self::Huge => &["mm_stat"],
            Self::Ratio => &["mm_stat", "backing_dev", "bd_stat"],
            Self::Freed | Self::Failed => &["io_stat"],
            Self::Backing => &["backing_dev"],
            Self::Backed | Self::Written | Self::ReadBack => &["backing_dev", "bd_stat"],
            Self::Limit => &["backing_dev", "writeback_limit_enable", "writeback_limit"],
            Self::Batch => &["backing_dev", "writeback_batch_size"],
            Self::Form => &["backing_dev", "compressed_writeback"],
            Self::Recompression => &["recomp_algorithm"],
        }
    }

    /// What a device has in it. `bytes`: sizes as whole numbers.
    #[must_use]
    pub fn cell(self, device: &Device, bytes: bool) -> Option<String> {
        let size = |n: u64| if bytes { n.to_string() } else { human(n) };
        let survey = &device.survey;
        let mm = survey.mm_stat;
        let io = survey.io_stat;
        let writeback = survey.writeback.as_ref();
        let bd = writeback.and_then(|writeback| writeback.bd_stat);
        let blocks = |count: u64| size(count.saturating_mul(BdStat::UNIT));
        match self {
            Self::Name => Some(survey.device.node()),
            Self::Disksize => Some(size(survey.disksize)),
            Self::Data => mm.map(|mm| size(mm.orig_data_size)),
            Self::Compr => mm.map(|mm| size(mm.compr_data_size)),
            Self::Algorithm => survey.algorithms.as_ref()?.chosen.clone(),
            Self::Streams => survey.max_comp_streams.map(|streams| streams.to_string()),
            Self::ZeroPages | Self::Same => mm.map(|mm| mm.same_pages.to_string()),
            Self::Total | Self::Memory => mm.map(|mm| size(mm.mem_used_total)),
            Self::MemLimit => mm.map(|mm| size(mm.mem_limit)),
            Self::MemUsed | Self::Peak => mm.map(|mm| size(mm.mem_used_max)),
            Self::Migrated => mm.map(|mm| size(mm.pages_compacted)),
            Self::Compacted => mm.map(|mm| mm.pages_compacted.to_string()),
            Self::CompRatio => {
                let mm = mm.filter(|mm| mm.mem_used_total != 0)?;
                Some(format!("{:.4}", mm.orig_data_size as f64 / mm.mem_used_total as f64))
            }
            Self::Mountpoint => device.uses.iter().find_map(Use::mountpoint),
            Self::Use => {
                let uses: Vec<String> = device.uses.iter().map(ToString::to_string).collect();
                (!uses.is_empty()).then(|| uses.join(", "))
            }
            Self::Ratio => device.ratio().map(|ratio| format!("{ratio:.2}")),
            Self::Lost => mm.map(|mm| size(mm.mem_used_total.saturating_sub(mm.compr_data_size))),
            Self::Huge => mm?.huge_pages.map(|huge| huge.to_string()),
            Self::Freed => io.map(|io| io.notify_free.to_string()),
            Self::Failed => io.map(|io| io.failed_reads.saturating_add(io.failed_writes).to_string()),
            Self::Backing => writeback?.backing_dev.clone(),
            Self::Backed => bd.map(|bd| blocks(bd.count)),
            Self::Written => bd.map(|bd| blocks(bd.writes)),
            Self::ReadBack => bd.map(|bd| blocks(bd.reads)),
            Self::Limit => {
                let writeback = writeback.filter(|writeback| writeback.limit_enabled == Some(true))?;
                writeback.limit.map(blocks)
            }
            Self::Batch => writeback?.batch_size.map(|size| size.to_string()),
            Self::Form => writeback?
                .compressed
                .map(|compressed| if compressed { "compressed" } else { "raw" }.to_owned()),
            Self::Recompression => {
                let one = |line: &zram_host::device::Recompression| {
                    Some(format!("{}:{}", line.priority, line.algorithms.chosen.as_deref()?))
                };
                let lines: Vec<String> = survey.recompression.iter().filter_map(one).collect();
                (!lines.is_empty()).then(|| lines.join(" "))
            }
        }
    }
}

/// How a device's cell looks: what says nothing is plain.
fn look(column: Column, device: &Device) -> anstyle::Style {
    let survey = &device.survey;
    let failed = |io: zram_host::device::IoStat| io.failed_reads.saturating_add(io.failed_writes) != 0;
    match column {
        Column::Name => KEY,
        Column::Memory => STRONG,
        Column::Ratio => match device.ratio() {
            // It takes more than it saves.
            Some(ratio) if ratio < 1.0 => WARNING,
            Some(ratio) if ratio >= 2.0 => GOOD,
            _ => PLAIN,
        },
        Column::Failed if survey.io_stat.is_some_and(failed) => PROBLEM,
        Column::Limit if survey.writeback.as_ref().is_some_and(|writeback| writeback.limit == Some(0)) => {
            WARNING
        }
        _ => PLAIN,
    }
}

/// The cells of these columns of these devices.
fn rows(columns: &[Column], devices: &[Device], bytes: bool, styled: bool) -> Vec<Vec<Cell>> {
    let cell = |device: &Device, column: Column| Cell {
        text: column.cell(device, bytes),
        style: if styled { look(column, device) } else { PLAIN },
    };
    devices.iter().map(|device| columns.iter().map(|column| cell(device, *column)).collect()).collect()
}

/// Takes columns away, the last of `in_order` first, until a line fits into a terminal, and says which.
pub fn leave_out(
    columns: &mut Vec<Column>,
    in_order: &[Column],
    devices: &[Device],
    bytes: bool,
    terminal: usize,
) -> Vec<Column> {
    let mut left_out = Vec::new();
    for column in in_order.iter().rev() {
        let headings: Vec<_> = columns.iter().map(|column| column.heading()).collect();
        if table::least_columns(&headings, &rows(columns, devices, bytes, false)) <= terminal {
            break;
        }
        columns.retain(|there| there != column);
        left_out.push(*column);
    }
    left_out
}

/// Prints these columns of these devices.
///
/// # Errors
/// When they cannot be written.
pub fn print(
    out: &mut dyn Write,
    columns: &[Column],
    devices: &[Device],
    bytes: bool,
    style: Style,
) -> io::Result<()> {
    let rows = rows(columns, devices, bytes, style.styled);
    let headings: Vec<_> = columns.iter().map(|column| column.heading()).collect();
    table::print(out, &headings, &rows, style)
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The argument of `--output`: a list in the place of the usual columns, or, behind a `+`, beside them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Whether they come beside the usual ones.
    added: bool,
    columns: Vec<Column>,
}

impl Selection {
    /// The columns, where these are the usual ones.
    #[must_use]
    pub fn over(&self, usual: &[Column]) -> Vec<Column> {
        let usual = if self.added { usual } else { &[] };
        usual.iter().chain(&self.columns).copied().collect()
    }
}

/// A name in a list that is no column's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no column \"{name}\": there are {}", names())]
pub struct NoColumn {
    name: String,
}

fn names() -> String {
    Column::ALL.iter().map(|column| column.name()).collect::<Vec<_>>().join(", ")
}

impl std::str::FromStr for Selection {
    type Err = NoColumn;

    fn from_str(text: &str) -> Result<Self, NoColumn> {
        let (added, list) = text.strip_prefix('+').map_or((false, text), |list| (true, list));
        let column = |name: &str| {
            let found = Column::ALL.iter().find(|column| column.name().eq_ignore_ascii_case(name));
            found.copied().ok_or_else(|| NoColumn { name: name.to_owned() })
        };
        Ok(Self { added, columns: list.split(',').map(column).collect::<Result<_, _>>()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_stands_alone_or_beside_the_usual_columns() {
        let select = |text: &str| text.parse::<Selection>().map(|selection| selection.over(STATUS).len());
        assert_eq!(select("name,Data"), Ok(2));
        assert_eq!(select("+PEAK"), Ok(STATUS.len() + 1));
        assert_eq!(select("NAME,NO"), Err(NoColumn { name: "NO".into() }));
        assert!(select("").is_err());
    }

    #[test]
    fn names_are_told_apart() {
        for (at, column) in Column::ALL.iter().enumerate() {
            assert!(Column::ALL[..at].iter().all(|other| other.name() != column.name()), "{column}");
        }
        assert_eq!(Column::ALL[UTIL_LINUX - 1], Column::Mountpoint);
    }
}

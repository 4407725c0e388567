//! What the kernel says about memory: `/proc/meminfo`, `/proc/swaps`, `/proc/pressure`.

use super::{World, content::PAGE, lru::List};

const KIB: u64 = PAGE as u64 / 1024;

impl World {
    /// A file that says how the machine is now; none if its text does not change by what is simulated.
    pub(super) fn text(&mut self, path: &str) -> Option<String> {
        let now = self.awake();
        match path {
            "/proc/meminfo" => Some(self.meminfo()),
            "/proc/swaps" => Some(self.swaps()),
            "/proc/pressure/memory" => Some(self.memory_psi.text(now)),
            "/proc/pressure/io" => Some(self.io_psi.text(now)),
            "/proc/uptime" => {
                let hundredths = self.now / 10_000_000;
                Some(format!("{}.{:02} 0.00\n", hundredths / 100, hundredths % 100))
            }
            _ => None,
        }
    }

    fn meminfo(&mut self) -> String {
        let free = u64::try_from(self.free()).unwrap_or(0);
        let [inactive_anon, active_anon, inactive_file, active_file] =
            [List::InactiveAnon, List::ActiveAnon, List::InactiveFile, List::ActiveFile]
                .map(|list| u64::from(self.lru.len(list)));
        // `si_mem_available`: half of the files' pages, or the low watermark, are left.
        let marks = self.watermarks;
        let pages = |mark: i64| u64::try_from(mark).unwrap_or(0);
        let files = inactive_file + active_file;
        let available = free.saturating_sub(pages(marks.high)) + files - (files / 2).min(pages(marks.low));
        let swap = u64::from(self.slots.len());
        let swap_free = swap - u64::from(self.slots.used());
        let rows = [
            ("MemTotal", u64::from(self.spec.memory.0)),
            ("MemFree", free),
            ("MemAvailable", available),
            ("Buffers", 0),
            ("Cached", files),
            ("SwapCached", 0),
            ("Active", active_anon + active_file),
            ("Inactive", inactive_anon + inactive_file),
            ("Active(anon)", active_anon),
            ("Inactive(anon)", inactive_anon),
            ("Active(file)", active_file),
            ("Inactive(file)", inactive_file),
            ("Unevictable", u64::from(self.spec.pinned.0)),
            ("SwapTotal", swap),
            ("SwapFree", swap_free),
            ("Dirty", 0),
            ("Writeback", 0),
            ("AnonPages", inactive_anon + active_anon),
            ("Mapped", active_file),
            ("Slab", 0),
            ("Committed_AS", 0),
            ("PageTables", 0),
            ("VmallocTotal", 0),
            ("VmallocUsed", 0),
            ("VmallocChunk", 0),
        ];
        rows.map(|(name, pages)| format!("{:<16}{:>8} kB\n", format!("{name}:"), pages * KIB)).concat()
    }

    fn swaps(&self) -> String {
        let [size, used] = [self.slots.len(), self.slots.used()].map(|slots| u64::from(slots) * KIB);
        format!(
            "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/dev/zram{}                              partition\t{size}\t\t{used}\t\t100\n",
            self.dev
        )
    }
}

//! Devices of the simulated machine: how they are set up, and who has which slot.

/// How a device is set up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) algorithm: &'static str,
    /// MiB; 0: it is left as it is.
    pub(super) mebibytes: u64,
    /// What it may take, in MiB; 0: no limit.
    pub(super) limit: u64,
    /// Whether pages go to the backing device.
    pub(super) writeback: bool,
    pub(super) used_as: UsedAs,
}

/// What a device is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UsedAs {
    Nothing,
    Swap,
    Tmp,
}

impl Wanted {
    pub(super) fn slots(&self) -> u64 {
        self.mebibytes << 8
    }

    /// What is written to which attribute, in order.
    pub(super) fn attributes(&self, backing: &'static str) -> Vec<(&'static str, String)> {
        if self.mebibytes == 0 {
            return Vec::new();
        }
        let mut writes = vec![("comp_algorithm", self.algorithm.to_owned())];
        if self.writeback {
            writes.push(("recomp_algorithm", "algo=zstd priority=1".to_owned()));
            writes.push(("backing_dev", backing.to_owned()));
            writes.push(("compressed_writeback", "1".to_owned()));
        }
        writes.push(("disksize", format!("{}M", self.mebibytes)));
        if self.limit != 0 {
            writes.push(("mem_limit", format!("{}M", self.limit)));
        }
        if self.writeback {
            writes.push(("writeback_limit_enable", "1".to_owned()));
        }
        writes
    }

    pub(super) fn swap_line(&self, dev: u32) -> String {
        let size = (self.mebibytes << 10).saturating_sub(4);
        if self.used_as == UsedAs::Swap {
            format!("/dev/zram{dev}                              partition\t{size}\t{}\t100\n", size / 2)
        } else {
            String::new()
        }
    }

    pub(super) fn mount_line(&self, dev: u32) -> String {
        if self.used_as == UsedAs::Tmp {
            format!("{} 1 254:{dev} / /tmp rw,relatime - ext4 /dev/zram{dev} rw\n", 40 + dev)
        } else {
            String::new()
        }
    }
}

/// Which slots somebody uses.
#[derive(Clone, Debug)]
pub(super) struct Pages {
    taken: Vec<bool>,
    next: usize,
    used: usize,
}

impl Pages {
    pub(super) fn new(slots: u64) -> Self {
        Self { taken: vec![false; usize::try_from(slots).unwrap_or(0)], next: 1, used: 0 }
    }

    pub(super) fn len(&self) -> u64 {
        self.taken.len() as u64
    }

    /// Of a hundred, how many are used.
    pub(super) fn percent(&self) -> u64 {
        (self.used * 100).checked_div(self.taken.len()).unwrap_or(100) as u64
    }

    /// The next free one behind the last that was taken, as swap gives them out. Slot 0 is a header.
    pub(super) fn take(&mut self) -> Option<u64> {
        let len = self.taken.len();
        let free = (self.next..len).chain(1..self.next.min(len)).find(|at| !self.taken[*at])?;
        self.taken[free] = true;
        self.used += 1;
        self.next = free + 1;
        Some(free as u64)
    }

    /// The next one is taken from there on.
    pub(super) fn seek(&mut self, slot: u64) {
        self.next = usize::try_from(slot).unwrap_or(1).clamp(1, self.taken.len().max(1));
    }

    pub(super) fn free(&mut self, slot: u64) {
        let at = usize::try_from(slot).unwrap_or(usize::MAX);
        if let Some(taken) = self.taken.get_mut(at).filter(|taken| **taken) {
            *taken = false;
            self.used -= 1;
        }
    }
}

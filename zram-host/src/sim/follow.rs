//! Following: bios and notifications that a kernel was seen to make, carried out on the model.
//!
//! Swap and file systems are above zram, and which bios they make, of which slots and when, is theirs to
//! decide. Whoever watched a kernel can say what came; the model then says what zram did with it.

use nix::errno::Errno;
use zram_events::{BioOp, DeviceId, SlotIndex};
use zram_model::{Bio, Incoming, Memory, Segment};

use super::{SimHost, Surroundings, errno};

/// Bytes of a page; following is done on kernels with pages of 4 KiB.
const PAGE: u32 = 4096;

/// Sectors of a page.
const SECTORS: u64 = 8;

/// What was seen to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Followed {
    /// Reads that came one after the other. Later ones need not have waited for read-backs of those before.
    Reads {
        /// Their device.
        dev: u32,
        /// Of each the first sector, of 512 bytes, and its length in bytes.
        bios: Vec<(u64, u32)>,
    },
    /// A write.
    Write {
        /// Its device.
        dev: u32,
        /// Its first sector.
        sector: u64,
        /// What it carries, page by page.
        pages: Vec<Incoming>,
    },
    /// A bio without memory.
    Other {
        /// Its device.
        dev: u32,
        /// Its operation.
        op: BioOp,
        /// Its first sector.
        sector: u64,
        /// Its length in bytes.
        bytes: u32,
    },
    /// `swap_slot_free_notify`
    SlotFreeNotify {
        /// The device.
        dev: u32,
        /// The slot.
        slot: u32,
        /// Whether the slot's lock was held by somebody, so that nothing was freed.
        locked: bool,
    },
}

/// What the surroundings say when they are asked what comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Following {
    /// Nobody watched.
    Unknown,
    /// This.
    Next(Followed),
    /// Nothing more.
    End,
}

impl<E: Surroundings> SimHost<E> {
    /// Carries out everything that the surroundings saw come; `dev` is the device that is meant where nothing says so.
    /// Whether anybody watched.
    ///
    /// # Errors
    /// `ENOENT` if a device or slot is not there.
    pub fn follow(&mut self, dev: u32) -> Result<bool, Errno> {
        loop {
            match self.surroundings.follow(dev) {
                Following::Unknown => return Ok(false),
                Following::End => return Ok(true),
                Following::Next(followed) => self.carry_out(followed)?,
            }
        }
    }

    fn carry_out(&mut self, followed: Followed) -> Result<(), Errno> {
        match followed {
            Followed::SlotFreeNotify { dev, slot, locked } => self
                .call(|kernel, env| kernel.slot_free_notify(DeviceId(dev), SlotIndex(slot), locked, env))
                .map_err(errno),
            Followed::Write { dev, sector, pages } => {
                let first = SlotIndex(u32::try_from(sector / SECTORS).map_err(|_| Errno::EIO)?);
                // How it ended is the submitter's business; a failure is in the counters.
                let ended = self.call(|kernel, env| kernel.submit_told(DeviceId(dev), first, &pages, env));
                ended.map(|_| ()).map_err(errno)
            }
            Followed::Reads { dev, bios } => {
                let (bios, mut memory) = reads(&bios);
                self.call(|kernel, env| kernel.submit_all(DeviceId(dev), &bios, &mut memory, env));
                // What was read is the reader's business: nobody asks the model for it.
                self.seen.undetermined.clear();
                Ok(())
            }
            Followed::Other { dev, op, sector, bytes } => {
                let bio = Bio { op, sector, segments: Vec::new(), bytes };
                self.submit(dev, &bio, &mut Memory::default());
                Ok(())
            }
        }
    }

    /// Somebody takes the device into use, and has it open as long.
    ///
    /// # Errors
    /// The errno of the open.
    pub fn claim(&mut self, dev: u32) -> Result<(), Errno> {
        self.kernel.open(DeviceId(dev)).map_err(errno)
    }

    /// The device is no longer in use.
    ///
    /// # Errors
    /// `ENOENT` if there is no such device.
    pub fn unclaim(&mut self, dev: u32) -> Result<(), Errno> {
        self.kernel.close(DeviceId(dev)).map_err(errno)
    }
}

/// Reads, each into memory of its own.
fn reads(bios: &[(u64, u32)]) -> (Vec<Bio>, Memory) {
    let mut pages = 0;
    let bios = bios.iter().map(|(sector, bytes)| {
        let first = pages;
        pages += (bytes / PAGE) as usize;
        let segments = (first..pages).map(|page| Segment { page, offset: 0, len: PAGE }).collect();
        Bio { op: BioOp::Read, sector: *sector, segments, bytes: 0 }
    });
    let bios = bios.collect();
    (bios, Memory(vec![0; pages * PAGE as usize]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_do_not_share_memory() {
        let (bios, memory) = reads(&[(8, 2 * PAGE), (80, PAGE)]);
        assert_eq!(memory.0.len(), 3 * PAGE as usize);
        let pages: Vec<_> = bios.iter().flat_map(|bio| &bio.segments).map(|segment| segment.page).collect();
        assert_eq!(pages, [0, 1, 2]);
        assert_eq!((bios[1].sector, bios[1].size()), (80, PAGE));
    }
}

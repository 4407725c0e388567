//! A simulated machine with one zram device, driven by what a shell and the swap code do.
//!
//! The model keeps bytes here: its pool holds what a compressor made of each page, its disk what a pass left there,
//! and a page that is read has been decompressed from that.

use zram_events::{BioOp, DeviceId, SlotIndex};
use zram_model::{Bio, BioStatus, ClassView, Errno, Kernel, Memory, Profile, Segment, Storage};

use crate::{
    memory::PAGE,
    world::{DISK, World},
};

/// A kernel, its world, and `zram0`.
#[derive(Debug)]
pub struct Machine {
    kernel: Kernel,
    /// The world around the kernel.
    pub world: World,
    zram0: DeviceId,
    memory: Memory,
}

/// `mm_stat`, named.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mm {
    /// Bytes of the pages stored, before compression. Those on the disk are counted too: writeback does not change it.
    pub orig_data_size: u64,
    /// Bytes of the objects in memory.
    pub compr_data_size: u64,
    /// Bytes of memory taken.
    pub mem_used_total: u64,
    /// Pages that consist of one word.
    pub same_pages: u64,
    /// Pages freed by compaction, ever.
    pub pages_compacted: u64,
    /// Pages stored as they are.
    pub huge_pages: u64,
}

/// `bd_stat`, named; in pages of 4 KiB.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bd {
    /// On the disk.
    pub count: u64,
    /// Read from the disk, ever.
    pub reads: u64,
    /// Written to the disk, ever.
    pub writes: u64,
}

impl Machine {
    /// A kernel of this profile with a device of so many slots, and a disk of so many pages (0: none) behind it. `settings` are
    /// attributes to write before `disksize`.
    ///
    /// # Errors
    /// What the kernel says to a setting.
    pub fn new(
        profile: Profile,
        slots: u64,
        disk_pages: u64,
        settings: &[(&str, &str)],
    ) -> Result<Self, Errno> {
        let mut world = World::new(disk_pages);
        let mut kernel = Kernel::with_storage(profile, Storage::Bytes);
        let zram0 = kernel.hot_add(&mut world)?;
        let mut machine = Self { kernel, world, zram0, memory: Memory(vec![0; PAGE]) };
        for (attribute, value) in settings {
            machine.set(attribute, value)?;
        }
        if disk_pages != 0 {
            machine.set("backing_dev", DISK)?;
        }
        machine.set("disksize", &(slots * PAGE as u64).to_string())?;
        Ok(machine)
    }

    /// `echo VALUE > /sys/block/zram0/ATTRIBUTE`
    ///
    /// # Errors
    /// What the kernel says.
    pub fn set(&mut self, attribute: &str, value: &str) -> Result<(), Errno> {
        let line = format!("{value}\n");
        self.kernel.write_attr(self.zram0, attribute, line.as_bytes(), &mut self.world).map(|_taken| ())
    }

    /// A page goes out to a slot.
    ///
    /// # Errors
    /// An I/O error, as from a device whose memory is used up.
    pub fn write(&mut self, slot: u32, page: &[u8; PAGE]) -> Result<(), Errno> {
        self.memory.0.copy_from_slice(page);
        self.transfer(BioOp::Write, slot).into_result()
    }

    /// A slot comes back.
    ///
    /// # Errors
    /// An I/O error.
    pub fn read(&mut self, slot: u32, page: &mut [u8; PAGE]) -> Result<(), Errno> {
        self.transfer(BioOp::Read, slot).into_result()?;
        page.copy_from_slice(&self.memory.0);
        Ok(())
    }

    /// Swap needs the slot no more.
    ///
    /// # Errors
    /// If there is no such slot.
    pub fn free(&mut self, slot: u32) -> Result<(), Errno> {
        self.kernel.slot_free_notify(self.zram0, SlotIndex(slot), false, &mut self.world)
    }

    /// `cat /sys/block/zram0/mm_stat`
    ///
    /// # Errors
    /// None on a device with a size.
    pub fn mm_stat(&self) -> Result<Mm, Errno> {
        let [
            orig_data_size,
            compr_data_size,
            mem_used_total,
            _limit,
            _max,
            same_pages,
            pages_compacted,
            huge_pages,
        ] = self.numbers("mm_stat")?;
        Ok(Mm { orig_data_size, compr_data_size, mem_used_total, same_pages, pages_compacted, huge_pages })
    }

    /// `cat /sys/block/zram0/bd_stat`
    ///
    /// # Errors
    /// None on a device with a size.
    pub fn bd_stat(&self) -> Result<Bd, Errno> {
        let [count, reads, writes] = self.numbers("bd_stat")?;
        Ok(Bd { count, reads, writes })
    }

    /// `cat /sys/block/zram0/ATTRIBUTE`, a single number.
    ///
    /// # Errors
    /// If there is no such attribute.
    pub fn number(&self, attribute: &str) -> Result<u64, Errno> {
        self.numbers::<1>(attribute).map(|[number]| number)
    }

    /// The size classes, each merged one once, from small to large.
    ///
    /// # Errors
    /// None on a device with a size.
    pub fn classes(&self) -> Result<Vec<ClassView>, Errno> {
        let nominal = self.kernel.classes(self.zram0)?;
        Ok(nominal.into_iter().filter(|class| class.nominal == class.index).collect())
    }

    /// From which length on a page is stored as it is (`zs_huge_class_size`).
    #[must_use]
    pub fn huge_class_size(&self) -> u32 {
        self.kernel.huge_class_size()
    }

    fn transfer(&mut self, op: BioOp, slot: u32) -> BioStatus {
        let segments = vec![Segment { page: 0, offset: 0, len: PAGE as u32 }];
        let bio = Bio { op, sector: u64::from(slot) * (PAGE as u64 / 512), segments, bytes: 0 };
        self.kernel.submit(self.zram0, &bio, &mut self.memory, &mut self.world)
    }

    /// The first numbers of an attribute's text.
    fn numbers<const N: usize>(&self, attribute: &str) -> Result<[u64; N], Errno> {
        let text = self.kernel.read_attr(self.zram0, attribute)?;
        let text = String::from_utf8_lossy(&text);
        let mut words = text.split_ascii_whitespace().map(str::parse);
        let mut numbers = [0; N];
        for number in &mut numbers {
            *number = words.next().and_then(Result::ok).ok_or(Errno::EINVAL)?;
        }
        Ok(numbers)
    }
}

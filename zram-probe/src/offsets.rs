//! From a kernel's BTF to the [`Layout`] that the programs are given.
//!
//! Each field is listed with the size a program reads. A kernel in which it has another size does
//! not have the field that the program knows, and is said to lack it.

use zram_events::layout::{BitField, Bits, CLASS_FEW_STATS, CLASS_STATS, Field, Layout, Measure};

use crate::{
    btf::{Btf, BtfError},
    table::Home,
};

/// Where a field is looked for.
struct Wanted {
    field: Field,
    home: Home,
    structure: &'static str,
    /// Paths, newest kernel first.
    paths: &'static [&'static str],
    bytes: u32,
}

const fn want(
    field: Field,
    home: Home,
    structure: &'static str,
    paths: &'static [&'static str],
    bytes: u32,
) -> Wanted {
    Wanted { field, home, structure, paths, bytes }
}

use Home::{Zram, Zsmalloc};

/// Fields of the kernel proper are looked up with the driver's: a module's BTF includes the kernel's.
const FIELDS: &[Wanted] = &[
    want(Field::TaskFlags, Zram, "task_struct", &["flags"], 4),
    want(Field::BioBdev, Zram, "bio", &["bi_bdev"], 8),
    want(Field::BioOpf, Zram, "bio", &["bi_opf"], 4),
    want(Field::BioSector, Zram, "bio", &["bi_iter.bi_sector"], 8),
    want(Field::BioSize, Zram, "bio", &["bi_iter.bi_size"], 4),
    want(Field::BioStatus, Zram, "bio", &["bi_status"], 1),
    want(Field::BioPrivate, Zram, "bio", &["bi_private"], 8),
    want(Field::BdevDisk, Zram, "block_device", &["bd_disk"], 8),
    want(Field::BdevDevice, Zram, "block_device", &["bd_device"], 0),
    want(Field::DiskFirstMinor, Zram, "gendisk", &["first_minor"], 4),
    want(Field::DiskPrivate, Zram, "gendisk", &["private_data"], 8),
    want(Field::ZramTable, Zram, "zram", &["table"], 8),
    want(Field::ZramPool, Zram, "zram", &["mem_pool"], 8),
    want(Field::ZramDisk, Zram, "zram", &["disk"], 8),
    want(Field::ZramDisksize, Zram, "zram", &["disksize"], 8),
    want(Field::EntryHandle, Zram, "zram_table_entry", &["handle"], 8),
    // 32 bits, or a word of which the lower half has all of them (6.13 to 6.18).
    want(Field::EntryFlags, Zram, "zram_table_entry", &["attr.flags", "flags"], 0),
    want(Field::EntryTime, Zram, "zram_table_entry", &["attr.ac_time", "ac_time"], 4),
    want(Field::EntryNanoseconds, Zram, "zram_table_entry", &["ac_time"], 8),
    want(Field::WbBio, Zram, "zram_wb_req", &["bio"], 0),
    want(Field::WbBlock, Zram, "zram_wb_req", &["blk_idx"], 8),
    want(Field::WbSlot, Zram, "zram_wb_req", &["pps"], 8),
    want(Field::RbWork, Zram, "zram_rb_req", &["work"], 0),
    want(Field::RbIndex, Zram, "zram_rb_req", &["index"], 4),
    want(Field::RbLongIndex, Zram, "zram_rb_req", &["index"], 8),
    want(Field::RbBlock, Zram, "zram_rb_req", &["blk_idx"], 8),
    want(Field::PpIndex, Zram, "zram_pp_slot", &["index"], 8),
    want(Field::PoolClasses, Zsmalloc, "zs_pool", &["size_class"], 0),
    want(Field::ClassIndex, Zsmalloc, "size_class", &["index"], 4),
    want(Field::ClassSize, Zsmalloc, "size_class", &["size"], 4),
    want(Field::ClassObjects, Zsmalloc, "size_class", &["objs_per_zspage"], 4),
    want(Field::ClassPages, Zsmalloc, "size_class", &["pages_per_zspage"], 4),
    want(Field::ClassStats, Zsmalloc, "size_class", &["stats.objs"], 8 * CLASS_STATS as u32),
    want(Field::ClassFewStats, Zsmalloc, "size_class", &["stats.objs"], 8 * CLASS_FEW_STATS as u32),
    want(Field::ZspageInuse, Zsmalloc, "zspage", &["inuse"], 4),
    want(Field::CacheObjectSize, Zsmalloc, "kmem_cache", &["object_size"], 4),
];

const BIT_FIELDS: &[(BitField, &str, &str)] =
    &[(BitField::ZspageClass, "zspage", "class"), (BitField::ZspageHuge, "zspage", "huge")];

/// Bits of `zspage.fullness` where there are four groups (`FULLNESS_BITS`).
const FEW_GROUPS_BITS: u32 = 2;

/// The layout of a kernel; what it does not have is absent in it. `page_bytes` is the page size,
/// which BTF does not know.
///
/// # Errors
/// When the BTF is not well-formed.
pub fn layout(zram: &Btf<'_>, zsmalloc: &Btf<'_>, page_bytes: u32) -> Result<Layout, BtfError> {
    let btf = |home| match home {
        // A module's BTF includes the kernel's.
        Zram | Home::Kernel => zram,
        Zsmalloc => zsmalloc,
    };
    let mut layout = Layout::ABSENT;
    for wanted in FIELDS {
        for path in wanted.paths {
            // A size of 0 asks for the place alone.
            if let Some(member) = btf(wanted.home).member(wanted.structure, path)?
                && member.width.is_none()
                && (wanted.bytes == 0 || wanted.bytes == member.bytes)
            {
                layout.fields[wanted.field as usize] = member.bit / 8;
                break;
            }
        }
    }
    for (field, structure, path) in BIT_FIELDS {
        if let Some(member) = zsmalloc.member(structure, path)?
            && let Some(width) = member.width
            && member.bit % 32 + width < 32
        {
            let bits = Bits { word: member.bit / 32 * 4, shift: member.bit % 32, width };
            layout.bits[*field as usize] = bits;
        }
    }
    // Which bits of the object word are the index's is a matter of macros. What BTF shows is the zspage, whose group has two bits where
    // there are four groups: the kernels seen to have these have the tag in the word as well (6.1), and the others seen have neither (from 6.12 on).
    let fullness = zsmalloc.member("zspage", "fullness")?.and_then(|member| member.width);
    let tag = u32::from(fullness == Some(FEW_GROUPS_BITS));
    let elements = |structure, path| zsmalloc.member(structure, path).map(|member| member?.elements);
    let measures = &mut layout.measures;
    measures[Measure::PageBytes as usize] = page_bytes;
    measures[Measure::ObjectTagBits as usize] = tag;
    measures[Measure::EntryBytes as usize] = zram.size_of("zram_table_entry")?.unwrap_or(0);
    measures[Measure::NominalClasses as usize] = elements("zs_pool", "size_class")?.unwrap_or(0);
    Ok(layout)
}

//! Offsets from BTF made by hand: the places the programs are given are the places BTF names.

use crate::synthetic::{Builder, STRUCT, UNION};
use zram_events::layout::{BitField, Bits, Field, Measure};
use zram_probe::{btf::Btf, offsets::layout};

/// Slot table entries of 7.2 (`attr.flags`, seconds) and of 6.12 (`flags`, nanoseconds).
fn entry(new: bool) -> Builder {
    let mut b = Builder::kernel();
    let int = b.int("u32", 4);
    let long = b.int("unsigned long", 8);
    if new {
        let attr = b.aggregate(STRUCT, "attr", 8, false, &[("flags", int, 0), ("ac_time", int, 32)]);
        let lock = b.aggregate(UNION, "", 8, false, &[("__lock", long, 0), ("attr", attr, 0)]);
        b.aggregate(STRUCT, "zram_table_entry", 16, false, &[("handle", long, 0), ("", lock, 64)]);
    } else {
        let members = [("handle", long, 0), ("flags", int, 64), ("lock", int, 96), ("ac_time", long, 128)];
        b.aggregate(STRUCT, "zram_table_entry", 24, false, &members);
    }
    b
}

#[test]
fn a_field_is_found_under_its_newer_and_its_older_path() {
    for (new, flags, bytes) in [(true, 8, 16), (false, 8, 24)] {
        let blob = entry(new).bytes();
        let btf = Btf::parse(&blob, None).unwrap();
        let layout = layout(&btf, &btf, 4096).unwrap();
        assert_eq!(layout.field(Field::EntryHandle), Some(0));
        assert_eq!(layout.field(Field::EntryFlags), Some(flags));
        assert_eq!(layout.measure(Measure::EntryBytes), Some(bytes));
        assert_eq!(layout.measure(Measure::PageBytes), Some(4096));
    }
}

#[test]
fn a_field_of_another_size_is_not_the_field() {
    let time = |new| {
        let blob = entry(new).bytes();
        let btf = Btf::parse(&blob, None).unwrap();
        layout(&btf, &btf, 4096).unwrap().field(Field::EntryTime)
    };
    assert_eq!(time(true), Some(12));
    assert_eq!(time(false), None);
}

#[test]
fn bit_fields_carry_word_shift_and_width() {
    let mut b = Builder::kernel();
    let int = b.int("unsigned int", 4);
    // Placed after another word, and not at its beginning.
    let members = [("lock", int, 0), ("huge", int, 1 << 24 | 35), ("class", int, 9 << 24 | 40)];
    b.aggregate(STRUCT, "zspage", 8, true, &members);
    let blob = b.bytes();
    let btf = Btf::parse(&blob, None).unwrap();
    let layout = layout(&btf, &btf, 4096).unwrap();
    assert_eq!(layout.bit_field(BitField::ZspageHuge), Some(Bits { word: 4, shift: 3, width: 1 }));
    assert_eq!(layout.bit_field(BitField::ZspageClass), Some(Bits { word: 4, shift: 8, width: 9 }));
}

/// Where there are four fullness groups (6.1), the object word has a tag below the index.
#[test]
fn few_groups_go_with_a_tag_in_the_object_word() {
    for (width, tag) in [(2, 1), (4, 0)] {
        let mut b = Builder::kernel();
        let int = b.int("unsigned int", 4);
        b.aggregate(STRUCT, "zspage", 4, true, &[("huge", int, 1 << 24), ("fullness", int, width << 24 | 1)]);
        let blob = b.bytes();
        let btf = Btf::parse(&blob, None).unwrap();
        assert_eq!(layout(&btf, &btf, 4096).unwrap().measures[Measure::ObjectTagBits as usize], tag);
    }
}

#[test]
fn a_bit_field_across_words_is_not_read() {
    let mut b = Builder::kernel();
    let int = b.int("unsigned int", 4);
    b.aggregate(STRUCT, "zspage", 8, true, &[("class", int, 9 << 24 | 28)]);
    let blob = b.bytes();
    let btf = Btf::parse(&blob, None).unwrap();
    assert_eq!(layout(&btf, &btf, 4096).unwrap().bit_field(BitField::ZspageClass), None);
}

#[test]
fn zsmalloc_is_read_from_its_own_module() {
    let base = Builder::kernel();
    let mut zsmalloc = Builder::module(&base);
    let long = zsmalloc.int("unsigned long", 8);
    let pointer = zsmalloc.pointer(long);
    let classes = zsmalloc.array(pointer, 255);
    zsmalloc.aggregate(STRUCT, "zs_pool", 2048, false, &[("name", pointer, 0), ("size_class", classes, 64)]);
    let mut zram = Builder::module(&base);
    let long = zram.int("unsigned long", 8);
    zram.aggregate(STRUCT, "zram", 512, false, &[("disksize", long, 208 * 8)]);

    let (base, zsmalloc, zram) = (base.bytes(), zsmalloc.bytes(), zram.bytes());
    let base = Btf::parse(&base, None).unwrap();
    let zsmalloc = Btf::parse(&zsmalloc, Some(&base)).unwrap();
    let zram = Btf::parse(&zram, Some(&base)).unwrap();
    let layout = layout(&zram, &zsmalloc, 4096).unwrap();
    assert_eq!(layout.field(Field::PoolClasses), Some(8));
    assert_eq!(layout.measure(Measure::NominalClasses), Some(255));
    assert_eq!(layout.field(Field::ZramDisksize), Some(208));
    assert_eq!(layout.field(Field::ZramTable), None);
}

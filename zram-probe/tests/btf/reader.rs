//! The BTF reader, on blobs made by hand: what is right is found, what is wrong is an error.

use crate::synthetic::{Builder, STRUCT, TYPE_TAG, TYPEDEF, UNION};
use zram_probe::btf::{Btf, BtfError, Member, Shape};

/// A `zspage` as the kernel lays it out, a pool, and functions on them.
fn kernel() -> Builder {
    let mut b = Builder::kernel();
    let int = b.int("unsigned int", 4);
    let long = b.int("unsigned long", 8);
    let bits = b.aggregate(
        STRUCT,
        "",
        4,
        true,
        &[("huge", int, 1 << 24), ("fullness", int, 4 << 24 | 1), ("class", int, 9 << 24 | 5)],
    );
    let zspage =
        b.aggregate(STRUCT, "zspage", 16, false, &[("", bits, 0), ("inuse", int, 32), ("freeobj", int, 64)]);
    let alias = b.raw("zspage_t", TYPEDEF, 0, false, zspage, &[]);
    let tagged = b.raw("rcu", TYPE_TAG, 0, false, alias, &[]);
    let pointer = b.pointer(tagged);
    let classes = b.array(pointer, 255);
    let pool =
        b.aggregate(STRUCT, "zs_pool", 2048, false, &[("name", pointer, 0), ("size_class", classes, 64)]);
    let pool_pointer = b.pointer(pool);
    let anything = b.pointer(0);
    b.function("obj_malloc", long, &[pool_pointer, pointer, long]);
    b.function("zs_map", anything, &[pool, anything]);
    b
}

#[test]
fn fields_are_found_through_unnamed_members() {
    let bytes = kernel().bytes();
    let btf = Btf::parse(&bytes, None).unwrap();
    let member = |path| btf.member("zspage", path).unwrap();
    assert_eq!(member("class"), Some(Member { bit: 5, width: Some(9), bytes: 4, elements: None }));
    assert_eq!(member("huge"), Some(Member { bit: 0, width: Some(1), bytes: 4, elements: None }));
    assert_eq!(member("inuse"), Some(Member { bit: 32, width: None, bytes: 4, elements: None }));
    assert_eq!(member("magic"), None);
    assert_eq!(member("inuse.deeper"), None);
    assert_eq!(btf.member("nothing", "at_all").unwrap(), None);
}

#[test]
fn arrays_know_their_length_and_structures_their_size() {
    let bytes = kernel().bytes();
    let btf = Btf::parse(&bytes, None).unwrap();
    let classes = btf.member("zs_pool", "size_class").unwrap();
    assert_eq!(classes, Some(Member { bit: 64, width: None, bytes: 2040, elements: Some(255) }));
    assert_eq!(btf.size_of("zs_pool").unwrap(), Some(2048));
    assert_eq!(btf.size_of("nothing").unwrap(), None);
}

#[test]
fn prototypes_see_through_aliases() {
    let bytes = kernel().bytes();
    let btf = Btf::parse(&bytes, None).unwrap();
    let prototype = btf.prototype("obj_malloc").unwrap().unwrap();
    assert_eq!(prototype.returns, Shape::Number);
    assert_eq!(
        prototype.params,
        [Shape::Pointer("zs_pool".into()), Shape::Pointer("zspage".into()), Shape::Number]
    );
    let prototype = btf.prototype("zs_map").unwrap().unwrap();
    assert_eq!(prototype.to_string(), "pointer (aggregate, pointer)");
    assert_eq!(btf.prototype("nothing").unwrap(), None);
}

#[test]
fn a_module_continues_the_kernels_numbers() {
    let base = kernel();
    let mut module = Builder::module(&base);
    let long = module.int("module long", 8);
    let entry = module.aggregate(STRUCT, "zram_table_entry", 16, false, &[("handle", long, 0)]);
    let pointer = module.pointer(entry);
    // Type 1 is the kernel's `unsigned int`.
    let id = module.function("slot_free", 0, &[pointer, 1]);

    let (kernel_bytes, module_bytes) = (base.bytes(), module.bytes());
    let kernel = Btf::parse(&kernel_bytes, None).unwrap();
    let zram = Btf::parse(&module_bytes, Some(&kernel)).unwrap();
    assert_eq!(zram.function("slot_free"), Some(id));
    assert_eq!(
        zram.prototype("slot_free").unwrap().unwrap().to_string(),
        "void (zram_table_entry *, number)"
    );
    assert_eq!(zram.size_of("zram_table_entry").unwrap(), Some(16));
    // Structures of the kernel are seen from the module; functions are each blob's own, because
    // a program is loaded against one of them.
    assert_eq!(zram.size_of("zs_pool").unwrap(), Some(2048));
    assert_eq!(zram.function("obj_malloc"), None);
    assert_eq!(kernel.function("slot_free"), None);
}

#[test]
fn what_is_not_btf_is_refused() {
    assert_eq!(Btf::parse(b"", None).unwrap_err(), BtfError::Magic);
    assert_eq!(Btf::parse(&[0x9f], None).unwrap_err(), BtfError::Magic);
    assert_eq!(Btf::parse(&[0; 64], None).unwrap_err(), BtfError::Magic);
    let bytes = kernel().bytes();
    assert_eq!(Btf::parse(&bytes[..10], None).unwrap_err(), BtfError::Short { what: "the header", at: 10 });
}

#[test]
fn a_blob_cut_anywhere_is_an_error() {
    let bytes = kernel().bytes();
    for end in 0..bytes.len() {
        assert!(Btf::parse(&bytes[..end], None).is_err(), "cut at {end}");
    }
}

#[test]
fn no_single_wrong_byte_makes_it_panic() {
    let good = kernel().bytes();
    let mut refused = 0;
    for at in 0..good.len() {
        for wrong in [0x00, 0x01, 0x7f, 0xff] {
            let mut bytes = good.clone();
            bytes[at] = wrong;
            let Ok(btf) = Btf::parse(&bytes, None) else {
                refused += 1;
                continue;
            };
            for path in ["class", "inuse", "size_class", "name.x"] {
                let _ = btf.member("zspage", path);
                let _ = btf.member("zs_pool", path);
            }
            let _ = (btf.prototype("obj_malloc"), btf.prototype("zs_map"), btf.size_of("zs_pool"));
        }
    }
    assert!(refused > 0);
}

#[test]
fn an_unknown_kind_is_named() {
    let mut b = Builder::kernel();
    b.raw("new", 25, 0, false, 0, &[]);
    assert_eq!(Btf::parse(&b.bytes(), None).unwrap_err(), BtfError::Kind { id: 1, kind: 25 });
}

#[test]
fn types_that_contain_themselves_are_an_error() {
    let mut b = Builder::kernel();
    // Type 1 is a structure with an unnamed member of type 1; type 2 an alias of itself; type 3 an array of itself.
    b.aggregate(STRUCT, "endless", 8, false, &[("", 1, 0)]);
    b.raw("self", TYPEDEF, 0, false, 2, &[]);
    b.raw("", crate::synthetic::ARRAY, 0, false, 0, &[3, 0, 2]);
    b.aggregate(UNION, "holder", 8, false, &[("alias", 2, 0), ("array", 3, 0)]);
    let bytes = b.bytes();
    let btf = Btf::parse(&bytes, None).unwrap();
    assert!(matches!(btf.member("endless", "field"), Err(BtfError::Depth { .. })));
    assert!(matches!(btf.member("holder", "alias"), Err(BtfError::Depth { id: 2 })));
    assert!(matches!(btf.member("holder", "array"), Err(BtfError::Depth { id: 3 })));
}

#[test]
fn a_reference_to_nowhere_is_an_error() {
    let mut b = Builder::kernel();
    b.aggregate(STRUCT, "zram", 8, false, &[("disk", 77, 0)]);
    b.function("zram_add", 88, &[]);
    let bytes = b.bytes();
    let btf = Btf::parse(&bytes, None).unwrap();
    assert_eq!(btf.member("zram", "disk").unwrap_err(), BtfError::NoType { id: 77 });
    assert_eq!(btf.prototype("zram_add").unwrap_err(), BtfError::NoType { id: 88 });
}

//! The planner, on the function lists of three kernels.
//!
//! The lists say which functions can be probed, not what they take. Unless a test says otherwise a
//! function takes what the table asks for, so that the snapshots show what the lists decide.

use zram_events::{
    Kind,
    layout::{ABSENT, BitField, Field, Layout},
};
use zram_probe::{
    Unobservable,
    btf::{Prototype, Shape},
    plan::{Facts, Function, Plan, Wanted, plan},
    table::{PROBES, Target, Want},
};

const DEBIAN_7_2: &str = include_str!("data/debian-7.2.txt");
const CUSTOM_7_2: &str = include_str!("data/custom-7.2.txt");
const DEBIAN_6_1: &str = include_str!("data/debian-6.1.txt");
const DEBIAN_6_12: &str = include_str!("data/debian-6.12.txt");

fn shape(want: Want) -> Shape {
    match want {
        Want::To(name) => Shape::Pointer(name.into()),
        Want::Pointer => Shape::AnyPointer,
        Want::Number => Shape::Number,
        Want::Any => Shape::Void,
    }
}

fn as_asked(symbol: &str) -> Option<Prototype> {
    let fold = |old: Option<Prototype>, target: &Target| {
        let new = Prototype {
            params: target.params.iter().map(|want| shape(*want)).collect(),
            returns: shape(target.returns),
        };
        // Two rows may sit on one function, one of them not looking at what it returns.
        match old {
            Some(old) if old.returns != Shape::Void => Some(old),
            _ => Some(new),
        }
    };
    PROBES.iter().flat_map(|probe| probe.targets).filter(|target| target.symbol == symbol).fold(None, fold)
}

/// A kernel with the functions of a list and every field.
fn facts(list: &str) -> Facts {
    let mut facts = Facts {
        layout: Layout { fields: [0; _], bits: [zero_bits(); _], measures: [1; _] },
        ..Facts::default()
    };
    for line in list.lines() {
        let mut words = line.split_whitespace();
        let Some(name) = words.next() else { continue };
        let module = words.next().and_then(|word| word.strip_prefix('[')?.strip_suffix(']'));
        let function = Function {
            // `[vmlinux:zsmalloc]` is the lists' way of saying that it is built in.
            module: module.filter(|module| !module.starts_with("vmlinux")).map(str::to_owned),
            prototype: as_asked(name),
            copies: 1,
        };
        facts.functions.insert(name.to_owned(), function);
    }
    facts
}

fn zero_bits() -> zram_events::layout::Bits {
    zram_events::layout::Bits { word: 0, shift: 0, width: 1 }
}

fn render(plan: &Plan) -> String {
    let mut lines = Vec::new();
    for placement in &plan.placements {
        let module = placement.module.as_deref().map(|module| format!(" [{module}]")).unwrap_or_default();
        let kind = placement.kind.map_or("(snapshot)".to_owned(), |kind| format!("{kind:?}"));
        let hook = placement.hook.attach.name();
        lines.push(format!("{kind:<16} {hook:<6} {}{module}", placement.symbol));
    }
    for Unobservable { kind, reason } in &plan.unobservable {
        lines.push(format!("{:<16} -      {reason}", format!("{kind:?}")));
    }
    lines.extend(plan.missing.iter().map(|(program, reason)| format!("required: {program}: {reason}")));
    lines.extend(plan.no_snapshot.iter().map(|reason| format!("no snapshots: {reason}")));
    lines.join("\n")
}

#[test]
fn debian_7_2_shows_everything() {
    let plan = plan(&facts(DEBIAN_7_2));
    assert!(plan.unobservable.is_empty() && plan.missing.is_empty() && plan.no_snapshot.is_none());
    insta::assert_snapshot!(render(&plan));
}

#[test]
fn custom_7_2_shows_everything_built_in() {
    let plan = plan(&facts(CUSTOM_7_2));
    assert!(plan.placements.iter().all(|placement| placement.module.is_none()));
    insta::assert_snapshot!(render(&plan));
}

#[test]
fn debian_6_12_shows_less() {
    insta::assert_snapshot!(render(&plan(&facts(DEBIAN_6_12))));
}

#[test]
fn debian_6_1_shows_least() {
    let mut facts = facts(DEBIAN_6_1);
    facts.layout.fields[Field::ClassStats as usize] = ABSENT;
    // Its compressors are given the stream first, and no device.
    let stream = || Shape::Pointer("zcomp_strm".into());
    let takes = [
        ("zcomp_compress", vec![stream(), Shape::AnyPointer, Shape::AnyPointer]),
        ("zcomp_decompress", vec![stream(), Shape::AnyPointer, Shape::Number, Shape::AnyPointer]),
    ];
    for (symbol, params) in takes {
        let prototype = Prototype { params, returns: Shape::Number };
        facts.functions.get_mut(symbol).unwrap().prototype = Some(prototype);
    }
    let plan = plan(&facts);
    let programs: Vec<_> = plan.placements.iter().map(|placement| placement.hook.program).collect();
    assert!(programs.contains(&"compress_stream") && programs.contains(&"decompress_stream"));
    assert!(plan.missing.is_empty() && plan.no_snapshot.is_none());
    insta::assert_snapshot!(render(&plan));
}

#[test]
fn an_empty_kernel_is_told_what_it_lacks() {
    let plan = plan(&facts(""));
    assert!(plan.placements.is_empty());
    assert_eq!(plan.unobservable.len(), Kind::ALL.len());
    assert!(plan.missing.iter().any(|(program, _)| *program == "malloc"));
    assert!(plan.no_snapshot.is_some());
}

#[test]
fn where_freeing_is_inlined_the_lock_taken_before_stands_for_it() {
    // As on 7.3.
    let mut facts = facts(DEBIAN_7_2);
    let freed = facts.functions.remove("__free_zspage").unwrap();
    let prototype = as_asked("trylock_zspage");
    assert_eq!(plan(&facts).missing.iter().map(|(program, _)| *program).collect::<Vec<_>>(), ["zspage_free"]);
    facts.functions.insert("trylock_zspage".to_owned(), Function { prototype, ..freed });
    let plan = plan(&facts);
    assert!(plan.missing.is_empty() && plan.unobservable.is_empty());
    let placed = plan.placements.iter().find(|placement| placement.kind == Some(Kind::ZspageFree));
    let placed =
        placed.map(|placement| (placement.symbol, placement.hook.program, placement.hook.attach.name()));
    assert_eq!(placed, Some(("trylock_zspage", "zspage_taken", "fexit")));
}

fn reason_after(change: impl FnOnce(&mut Facts), program: &str) -> String {
    let mut facts = facts(DEBIAN_7_2);
    change(&mut facts);
    let plan = plan(&facts);
    assert!(
        !plan.placements.iter().any(|placement| placement.hook.program == program),
        "{program} is still there"
    );
    let mut reasons: Vec<String> =
        plan.unobservable.into_iter().map(|unobservable| unobservable.reason).collect();
    reasons.extend(plan.no_snapshot);
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    reasons.remove(0)
}

#[test]
fn an_older_function_is_read_with_its_own_program_and_fields() {
    let place = |change: &dyn Fn(&mut Facts)| {
        let mut facts = facts(DEBIAN_7_2);
        let older = facts.functions.remove("slot_free").unwrap();
        facts.functions.insert("zram_free_page".to_owned(), older);
        change(&mut facts);
        let plan = plan(&facts);
        plan.placements.into_iter().find(|placement| placement.kind == Some(Kind::SlotFree))
    };
    assert_eq!(place(&|_| ()).map(|placement| placement.symbol), Some("zram_free_page"));
    let without = |facts: &mut Facts| facts.layout.fields[Field::EntryFlags as usize] = ABSENT;
    assert_eq!(place(&without), None);
}

/// A kernel whose `zs_obj_read_begin` takes this after the pool.
fn reading(params: Vec<Shape>) -> impl Fn(&mut Facts) {
    move |facts: &mut Facts| {
        if let Some(function) = facts.functions.get_mut("zs_obj_read_begin") {
            function.prototype = Some(Prototype {
                params: [vec![Shape::Pointer("zs_pool".into())], params.clone()].concat(),
                returns: Shape::AnyPointer,
            });
        }
    }
}

#[test]
fn a_reader_that_names_no_length_has_its_own_program() {
    // As on 6.17 and 6.18.
    let mut facts = facts(DEBIAN_7_2);
    reading(vec![Shape::Number, Shape::AnyPointer])(&mut facts);
    let plan = plan(&facts);
    let placed = plan.placements.iter().find(|placement| placement.kind == Some(Kind::ReadBegin));
    assert_eq!(placed.map(|placement| placement.hook.program), Some("read_begin_whole"));
}

#[test]
fn a_function_that_takes_something_else_is_not_read() {
    let reason = reason_after(reading(vec![Shape::AnyPointer]), "read_begin");
    assert!(
        reason
            .contains("zs_obj_read_begin is not what the program reads: it is pointer (zs_pool *, pointer)"),
        "{reason}"
    );
}

#[test]
fn a_function_that_returns_something_else_is_not_read() {
    let change = |facts: &mut Facts| {
        let prototype = facts.functions.get_mut("read_from_zspool").unwrap().prototype.as_mut().unwrap();
        prototype.returns = Shape::Void;
    };
    assert!(reason_after(change, "read_from_pool").contains("it is void (zram *"));
}

#[test]
fn an_ambiguous_name_is_not_probed() {
    let reason = reason_after(|facts| facts.functions.get_mut("obj_free").unwrap().copies = 2, "obj_free");
    assert!(reason.starts_with("2 functions are called obj_free"), "{reason}");
}

#[test]
fn a_function_that_cannot_be_patched_is_not_probed() {
    let reason = reason_after(|facts| facts.functions.get_mut("slot_free").unwrap().copies = 0, "slot_free");
    assert!(reason.contains("not where the kernel lists functions"), "{reason}");
}

#[test]
fn a_function_without_btf_is_not_probed() {
    let reason =
        reason_after(|facts| facts.functions.get_mut("putback_zspage").unwrap().prototype = None, "putback");
    assert_eq!(reason, "BTF does not describe putback_zspage");
}

#[test]
fn a_missing_field_makes_a_kind_unobservable() {
    let reason = reason_after(|facts| facts.layout.fields[Field::RbWork as usize] = ABSENT, "read_back_work");
    assert!(reason.contains("RbWork"), "{reason}");
}

#[test]
fn a_missing_required_field_is_fatal() {
    let mut facts = facts(DEBIAN_7_2);
    facts.layout.bits[BitField::ZspageHuge as usize].word = ABSENT;
    let plan = plan(&facts);
    assert_eq!(plan.missing, [("obj_malloc", "this kernel lacks the bit-field ZspageHuge".to_owned())]);
}

/// Whoever wants a part gets that part, and no complaint about the rest.
#[test]
fn a_part_of_a_plan_is_what_was_asked_for() {
    let mut facts = facts(DEBIAN_7_2);
    facts.functions.remove("zs_malloc");
    let whole = plan(&facts);
    assert!(!whole.missing.is_empty() && whole.no_snapshot.is_none());
    let kinds = [Kind::Bio, Kind::Malloc];
    let part = whole.clone().only(Wanted { kinds: &kinds, snapshots: false });
    let placed: Vec<_> = part.placements.iter().map(|placement| placement.kind).collect();
    assert_eq!(placed, [Some(Kind::Bio)]);
    assert_eq!(part.unobservable.iter().map(|gap| gap.kind).collect::<Vec<_>>(), [Kind::Malloc]);
    assert!(part.missing.is_empty() && part.no_snapshot.is_some());
    let table = whole.only(Wanted { kinds: &[], snapshots: true });
    assert_eq!(
        table.placements.iter().map(|placement| placement.hook.program).collect::<Vec<_>>(),
        ["snapshot"]
    );
    assert!(table.missing.is_empty() && table.no_snapshot.is_none());
}

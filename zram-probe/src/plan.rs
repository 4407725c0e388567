//! Which probe attaches where on a given kernel: the planner.
//!
//! Pure: it takes what was read from the kernel as [`Facts`] and says what to do, so that it can be
//! tried on the lists of kernels that nobody has at hand. A function can be probed when it is in
//! the kernel under its own name, once, with the arguments that the program reads, where ftrace can
//! patch it; everything else is a reason to write down.

use std::collections::BTreeMap;

use zram_events::{Kind, layout::Layout};

use crate::{
    btf::{Prototype, Shape},
    coverage::Unobservable,
    table::{Attach, EITHER, Hook, Need, PROBES, Probe, Target, Want},
};

/// A function as the kernel shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// The module; none for the kernel proper.
    pub module: Option<String>,
    /// What BTF says of it; none if BTF does not know it.
    pub prototype: Option<Prototype>,
    /// How many functions of this name the kernel lists in that module, among those that can be
    /// patched where that list could be read.
    pub copies: usize,
}

/// What is known of a kernel.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Functions by name; those that the table names suffice.
    pub functions: BTreeMap<String, Function>,
    /// Where fields lie.
    pub layout: Layout,
    /// Whether it is known where the kernel counts its interrupts.
    pub interrupts: bool,
}

/// One program and the function it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The kind of record; none for the program that takes snapshots.
    pub kind: Option<Kind>,
    /// The function.
    pub symbol: &'static str,
    /// Its module.
    pub module: Option<String>,
    /// The program and how it is attached.
    pub hook: Hook,
}

/// What to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Programs to load and attach, in the order of the table.
    pub placements: Vec<Placement>,
    /// Kinds that cannot be observed.
    pub unobservable: Vec<Unobservable>,
    /// Rows without which nothing can be done: program and reason.
    pub missing: Vec<(&'static str, String)>,
    /// Why there are no snapshots, if so.
    pub no_snapshot: Option<String>,
}

fn fits(want: Want, shape: &Shape) -> bool {
    match want {
        Want::To(name) => matches!(shape, Shape::Pointer(found) if found == name),
        Want::Pointer => matches!(shape, Shape::Pointer(_) | Shape::AnyPointer),
        Want::Number => *shape == Shape::Number,
        Want::Any => true,
    }
}

fn suits(target: &Target, prototype: &Prototype) -> bool {
    prototype.params.len() >= target.params.len()
        && target.params.iter().zip(&prototype.params).all(|(want, shape)| fits(*want, shape))
        && fits(target.returns, &prototype.returns)
}

/// The module of the function that a target's program can go on, or why it cannot.
pub(crate) fn module_of(facts: &Facts, target: &Target) -> Result<Option<String>, String> {
    let symbol = target.symbol;
    let Some(function) = facts.functions.get(symbol) else {
        return Err(format!(
            "this kernel has no function {symbol} of its own (inlined, renamed, or not built in)"
        ));
    };
    if function.copies == 0 {
        return Err(format!("{symbol} is in BTF, but not where the kernel lists functions to be probed"));
    }
    if function.copies > 1 {
        return Err(format!(
            "{} functions are called {symbol}: which one would be probed is not defined",
            function.copies
        ));
    }
    match target.hook.attach {
        Attach::Fentry | Attach::Fexit | Attach::ModifyReturn => {
            let Some(prototype) = &function.prototype else {
                return Err(format!("BTF does not describe {symbol}"));
            };
            if !suits(target, prototype) {
                return Err(format!("{symbol} is not what the program reads: it is {prototype}"));
            }
        }
    }
    if let Some(field) = target.fields.iter().find(|field| facts.layout.field(**field).is_none()) {
        return Err(format!("this kernel lacks the field {field:?}, or has it in another size"));
    }
    if let Some(field) = target.bits.iter().find(|field| facts.layout.bit_field(**field).is_none()) {
        return Err(format!("this kernel lacks the bit-field {field:?}"));
    }
    Ok(function.module.clone())
}

/// The first target that works, or all the reasons.
fn place(facts: &Facts, probe: &Probe) -> Result<Placement, String> {
    let mut reasons = Vec::new();
    for target in probe.targets {
        match module_of(facts, target) {
            Ok(module) => {
                let (symbol, hook) = (target.symbol, target.hook);
                return Ok(Placement { kind: probe.kind, symbol, module, hook });
            }
            // One function may be read by several programs, and lack for all of them.
            Err(reason) if reasons.contains(&reason) => {}
            Err(reason) => reasons.push(reason),
        }
    }
    Err(reasons.join("; "))
}

impl Plan {
    /// Nothing but what was asked for. No row is required then: whoever picks kinds does without the others.
    #[must_use]
    pub fn only(mut self, wanted: Wanted<'_>) -> Self {
        let is_wanted = |kind: &Kind| wanted.kinds.contains(kind);
        self.placements.retain(|placement| placement.kind.as_ref().map_or(wanted.snapshots, is_wanted));
        self.unobservable.retain(|gap| is_wanted(&gap.kind));
        self.missing.clear();
        if !wanted.snapshots {
            self.no_snapshot = Some("it was not asked for".to_owned());
        }
        self
    }
}

/// What to attach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// Kinds of records.
    pub kinds: &'a [Kind],
    /// Whether snapshots are to be taken.
    pub snapshots: bool,
}

/// Holds the table against a kernel.
#[must_use]
pub fn plan(facts: &Facts) -> Plan {
    let mut plan = Plan::default();
    for probe in PROBES {
        match (place(facts, probe), probe.kind) {
            (Ok(placement), _) => plan.placements.push(placement),
            (Err(reason), None) => plan.no_snapshot = Some(reason),
            (Err(reason), Some(kind)) => {
                if probe.need == Need::Required {
                    let first = probe.targets.first();
                    plan.missing.extend(first.map(|target| (target.hook.program, reason.clone())));
                }
                plan.unobservable.push(Unobservable { kind, reason });
            }
        }
    }
    for (older, newer) in EITHER {
        let placed = |kind: &Kind| plan.placements.iter().any(|placement| placement.kind == Some(*kind));
        let (old, new) = (placed(older), newer.iter().any(placed));
        plan.unobservable.retain(|gap| !(gap.kind == *older && new || newer.contains(&gap.kind) && old));
    }
    plan
}

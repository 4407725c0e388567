//! From `hot_add` to `hot_remove`, with every step also taken at the wrong time.

use zram_agent::protocol::{Layout, Op};

use crate::generate::{
    configure::{Wanted, configure, too_early, too_late},
    draft::Draft,
    passes::{self, Mark},
};

/// Births, resets and removals.
pub(in crate::generate) fn lifecycle(draft: &mut Draft<'_>) {
    too_early(draft);
    // No capacity yet.
    draft.read(0, 1, Layout::default());
    let page = draft.content();
    draft.ops.push(Op::Write { dev: draft.dev, slot: 0, pages: vec![page], layout: Layout::default() });
    draft.ops.push(Op::Discard { dev: draft.dev, slot: 0, count: 1 });
    let slots = draft.dice.between(8, 40);
    configure(draft, Wanted { slots: Some(slots), backing: true, ..Wanted::default() });
    draft.set("disksize", "1M");
    too_late(draft);
    draft.churn(6);
    draft.idle_all();
    passes::by_mark(draft, Mark::Idle);
    draft.ops.push(Op::Hold { dev: draft.dev });
    draft.set("reset", "1");
    draft.churn(3);
    draft.ops.push(Op::Remove { text: draft.dev.to_string() });
    draft.ops.push(Op::Release { dev: draft.dev });
    draft.set_one_of("reset", &["0", "", "x", "-1", "65536", "1x"]);
    draft.set_one_of("reset", &["1", "1\n", "2", "65535"]);
    draft.filled.clear();
    draft.slots = 0;
    too_early(draft);
    let slots = draft.dice.between(8, 40);
    let again = draft.dice.chance(50);
    configure(draft, Wanted { slots: Some(slots), backing: again, ..Wanted::default() });
    draft.churn(6);
    for text in ["", "x", "-1", "77", "2147483648"] {
        if draft.dice.chance(50) {
            draft.ops.push(Op::Remove { text: text.to_owned() });
        }
    }
    second_device(draft);
    draft.ops.push(Op::Remove { text: format!("{}\n", draft.dev) });
    draft.ops.push(Op::Add {});
    draft.filled.clear();
    draft.size(8);
    draft.churn(4);
}

/// A neighbour comes and goes: numbers, pools and lives are not mixed up.
fn second_device(draft: &mut Draft<'_>) {
    let (first, other) = (draft.dev, draft.dev + 1);
    draft.another(other);
    draft.size(12);
    draft.churn(5);
    draft.turn_to(first);
    draft.churn(2);
    draft.ops.push(Op::Remove { text: other.to_string() });
    draft.forget(other);
}

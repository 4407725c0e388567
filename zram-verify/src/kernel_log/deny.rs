//! The deny list: what a kernel says when something is wrong with it.
//!
//! A mark is a piece of text that the kernel's own code prints in such a case and, as far as we know, in no other. What it
//! prints beside it all the same is on the [allow list](super::allow), with the reason. Every mark has a case in
//! `tests/kernel-log` that only it finds.

/// A piece of text that ends a run without a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The text.
    pub text: &'static str,
    /// What sort of complaint it is.
    pub kind: &'static str,
}

const fn mark(text: &'static str, kind: &'static str) -> Mark {
    Mark { text, kind }
}

/// Every mark, the more telling before the more general.
pub const DENY: &[Mark] = &[
    mark("BUG: KASAN:", "KASAN"),
    mark("BUG: KMSAN:", "KMSAN"),
    mark("BUG: KCSAN:", "KCSAN"),
    mark("BUG: KFENCE:", "KFENCE"),
    mark("UBSAN:", "UBSAN"),
    mark("new suspected memory leaks", "memory leak"),
    mark("possible circular locking", "lockdep"),
    mark("possible recursive locking", "lockdep"),
    mark("possible irq lock inversion", "lockdep"),
    mark("inconsistent lock state", "lockdep"),
    mark("bad unlock balance", "lockdep"),
    mark("held lock freed", "lockdep"),
    mark("lock held when returning to user space", "lockdep"),
    mark("Invalid wait context", "lockdep"),
    mark("trying to register non-static key", "lockdep"),
    mark("DEBUG_LOCKS_WARN_ON", "lockdep"),
    mark("Disabling lock debugging due to kernel taint", "lockdep went blind"),
    mark("suspicious RCU usage", "RCU"),
    mark("rcu: INFO:", "RCU stall"),
    mark("BUG: soft lockup", "soft lockup"),
    mark("hard LOCKUP", "hard lockup"),
    mark("BUG: workqueue lockup", "workqueue lockup"),
    mark("hogged CPU", "workqueue hog"),
    mark("blocked for more than", "hung task"),
    mark("blocked on a mutex likely owned by", "hung task"),
    mark("BUG: scheduling while atomic", "scheduling while atomic"),
    mark("BUG: sleeping function called", "sleeping in atomic context"),
    mark("BUG: Bad page state", "bad page state"),
    mark("BUG: Bad page map", "bad page map"),
    mark("BUG: Bad rss-counter state", "bad rss counter"),
    mark("BUG: unable to handle page fault", "page fault"),
    mark("BUG: kernel NULL pointer dereference", "null pointer"),
    mark("Unable to handle kernel", "page fault"),
    mark("general protection fault", "general protection fault"),
    mark("double fault:", "double fault"),
    mark("stack segment:", "stack fault"),
    mark("divide error:", "divide error"),
    mark("invalid opcode:", "invalid opcode"),
    mark("kernel BUG at", "BUG"),
    mark("BUG:", "BUG"),
    mark("Oops:", "Oops"),
    mark("Kernel panic", "panic"),
    mark("list_add corruption", "list corruption"),
    mark("list_del corruption", "list corruption"),
    mark("refcount_t:", "refcount"),
    mark("Slab cache still has objects", "slab leak"),
    mark("Out of memory:", "out of memory"),
    mark("oom-kill:", "out of memory"),
    mark("page allocation failure", "allocation failure"),
    mark("WARNING:", "WARNING"),
    mark("cut here ]", "WARNING"),
];

/// What the agent says in the log's place when it could not read all of it: a complaint may have been in what is missing.
pub const LOSSES: &[&str] =
    &["records of the kernel log were overwritten", "/dev/kmsg cannot be read any more"];

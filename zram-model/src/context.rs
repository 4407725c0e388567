//! What every kernel function needs at hand: the world, the profile, and the counters of lives.

use zram_events::{Event, HandleLife, PoolLife, ZspageLife};

use crate::zsmalloc::lock::Ledger;
use crate::{
    behaviours::Behaviours, environment::Environment, mutation::Mutation, profile::Profile, site::Site,
};

/// Ordinals of lives, counted over the whole module as the decoder of the probes' stream counts them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lives {
    pools: u32,
    zspages: u32,
    handles: u32,
}

impl Lives {
    pub(crate) fn pool(&mut self) -> PoolLife {
        PoolLife(next(&mut self.pools))
    }

    pub(crate) fn zspage(&mut self) -> ZspageLife {
        ZspageLife(next(&mut self.zspages))
    }

    pub(crate) fn handle(&mut self) -> HandleLife {
        HandleLife(next(&mut self.handles))
    }
}

fn next(counter: &mut u32) -> u32 {
    let life = *counter;
    *counter = counter.wrapping_add(1);
    life
}

/// A call into the module while it runs.
pub(crate) struct Call<'a, E: ?Sized> {
    pub(crate) env: &'a mut E,
    pub(crate) lives: &'a mut Lives,
    pub(crate) profile: &'a Profile,
    /// Whether this is another task's bio within a call: no third task comes into that.
    pub(crate) intruding: bool,
    /// Which of zsmalloc's locks this task holds.
    pub(crate) locks: Ledger,
}

impl<'a, E: Environment + ?Sized> Call<'a, E> {
    pub(crate) fn new(env: &'a mut E, lives: &'a mut Lives, profile: &'a Profile) -> Self {
        Self { env, lives, profile, intruding: false, locks: Ledger::default() }
    }

    /// Tells of an event, unless the profile says that nobody can see it there.
    pub(crate) fn emit(&mut self, site: Site, event: Event) {
        if !self.profile.silent.contains(site) {
            self.env.emit(event);
        }
    }

    /// What this kernel does differently from others.
    pub(crate) fn behaviours(&self) -> &'a Behaviours {
        &self.profile.behaviours
    }

    /// Whether this rule is broken on purpose.
    pub(crate) fn broken(&self, mutation: Mutation) -> bool {
        self.profile.broken == Some(mutation)
    }
}

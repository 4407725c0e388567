//! What must hold of a pool whatever is done to it.

use std::{collections::VecDeque, sync::Arc};

use proptest::prelude::*;
use zram_events::Event;

use super::{
    ClassTable, Handle, Pool,
    class::{ALLOCATED, INUSE},
    fullness::{FULL, GROUPS, group},
    handle::{Location, ZspageId},
    object::{Found, Written},
    storage::Storage,
};
use crate::{
    contention::Contention,
    context::{Call, Lives},
    environment::{BackingRequest, ClockUse, Codec, Completion, Environment},
    errno::Errno,
    page::{PageBytes, PageSize},
    profile::Profile,
    site::Site,
};

/// A world that notes events, and in which other tasks are in the way now and then.
#[derive(Default)]
struct Busy {
    events: Vec<Event>,
    contended: VecDeque<bool>,
}

impl Environment for Busy {
    fn emit(&mut self, event: Event) {
        self.events.push(event);
    }

    fn compress(&mut self, _: Codec, _: &PageBytes) -> Result<u32, Errno> {
        Err(Errno::EINVAL)
    }

    fn boot_seconds(&mut self, _: ClockUse) -> u32 {
        0
    }

    fn open_backing(&mut self, _: &str) -> Result<u64, Errno> {
        Err(Errno::ENOENT)
    }

    fn submit_backing(&mut self, _: BackingRequest) -> Completion {
        Completion::Now(0)
    }

    fn contended(&mut self, _: Contention) -> bool {
        self.contended.pop_front().unwrap_or(false)
    }
}

#[derive(Clone, Debug)]
enum Op {
    /// An object of so many 256ths of a page and some bytes.
    Malloc(u32, u32),
    Free(prop::sample::Index),
    Write(prop::sample::Index, u8),
    Compact,
    Shrink,
    Migrate(prop::sample::Index, u32),
    Worker,
}

fn op() -> impl Strategy<Value = Op> {
    let which = any::<prop::sample::Index>;
    // Few sizes, so that classes fill up and run dry.
    let size = prop_oneof![
        6 => (prop::sample::select(&[1_u32, 60, 90, 130, 200][..]), 0_u32..9),
        1 => (0_u32..256, 1_u32..17),
        1 => Just((256, 0)),
    ];
    prop_oneof![
        12 => size.prop_map(|(parts, bytes)| Op::Malloc(parts, bytes)),
        8 => which().prop_map(Op::Free),
        3 => (which(), any::<u8>()).prop_map(|(which, seed)| Op::Write(which, seed)),
        2 => Just(Op::Compact),
        1 => Just(Op::Shrink),
        2 => (which(), 0_u32..16).prop_map(|(which, page)| Op::Migrate(which, page)),
        1 => Just(Op::Worker),
    ]
}

/// A pool, what else it takes to call it, and what was stored in it.
struct Stage {
    pool: Pool,
    world: Busy,
    lives: Lives,
    profile: Profile,
    objects: Vec<(Handle, Vec<u8>)>,
}

impl Stage {
    fn new(
        storage: Storage,
        (page_size, chain_size, old): (PageSize, u32, bool),
        contended: &[bool],
    ) -> Self {
        let profile = if old { Profile::debian_6_1() } else { Profile::debian_7_2() };
        let table =
            Arc::new(ClassTable::new(page_size.bytes(), chain_size, profile.behaviours.chain_by_percent));
        let (mut world, mut lives) = (Busy::default(), Lives::default());
        let pool = Pool::create(&table, storage, &mut Call::new(&mut world, &mut lives, &profile)).unwrap();
        world.contended = contended.iter().copied().collect();
        Self { pool, world, lives, profile, objects: Vec::new() }
    }

    fn run(&mut self, op: &Op) {
        let mut call = Call::new(&mut self.world, &mut self.lives, &self.profile);
        let pool = &mut self.pool;
        match op {
            Op::Malloc(parts, bytes) => {
                let page = pool.table.page_size();
                let len = (page / 256 * parts + bytes).min(page);
                let Ok(handle) = pool.malloc(len, &mut call) else { return };
                self.objects.push((handle, vec![0; len as usize]));
                self.write(self.objects.len() - 1, handle.word().to_le_bytes()[4]);
            }
            Op::Free(_) | Op::Write(..) if self.objects.is_empty() => {}
            Op::Free(which) => {
                let (handle, _) = self.objects.swap_remove(which.index(self.objects.len()));
                pool.free(handle, Site::FreeSlot, &mut call);
                assert_eq!(pool.life_of(handle), None);
            }
            Op::Write(which, seed) => self.write(which.index(self.objects.len()), *seed),
            Op::Compact => drop(pool.compact(Site::Compact, &mut call)),
            Op::Shrink => drop(pool.shrinker_scan(&mut call)),
            Op::Migrate(which, page) => {
                let lives: Vec<_> = pool.zspages().map(|zspage| zspage.zspage).collect();
                if !lives.is_empty() {
                    let id = pool.find_zspage(lives[which.index(lives.len())]).unwrap();
                    let _ = pool.migrate_page(id, page % pool.shape(id).pages, &mut call);
                }
            }
            Op::Worker => pool.free_deferred(&mut call),
        }
    }

    fn write(&mut self, which: usize, seed: u8) {
        let (handle, content) = &mut self.objects[which];
        for (at, byte) in (0_u32..).zip(content.iter_mut()) {
            *byte = (at.wrapping_mul(u32::from(seed) | 1) >> 3) as u8 ^ seed;
        }
        let mut call = Call::new(&mut self.world, &mut self.lives, &self.profile);
        let written = Written { page: None, bytes: content };
        self.pool.write(*handle, content.len() as u32, written, Site::ObjWriteCompressed, &mut call);
    }

    fn check(&mut self) {
        self.recount();
        let mut call = Call::new(&mut self.world, &mut self.lives, &self.profile);
        for (handle, content) in &self.objects {
            let found = self.pool.read_begin(*handle, content.len() as u32, Site::ReadRaw, &mut call);
            match found.unwrap() {
                Found::Bytes(parts) => assert_eq!(parts.concat(), *content),
                Found::Unknown => {}
                Found::Page(_) => panic!("no pages were given"),
            }
            self.pool.read_end(*handle, content.len() as u32, Site::ReadRaw, &mut call);
        }
    }

    /// Counts everything anew, from the zspages and their objects.
    fn recount(&self) {
        let pool = &self.pool;
        let mut pages = 0;
        let mut used = 0;
        for (position, class) in (0..).zip(&pool.classes) {
            let shape = class.shape;
            let mut stats = [0; GROUPS + 2];
            for (number, zspage) in (0..).zip(&class.zspages).filter(|(_, zspage)| zspage.alive) {
                let id = ZspageId { class: position, number };
                let owners = (0..shape.objects)
                    .filter_map(|index| {
                        let at = Location { zspage: id, index };
                        pool.objects.owner(at, &shape).map(|owner| (at, Handle::from_word(owner).unwrap()))
                    })
                    .inspect(|(at, owner)| {
                        assert_eq!(pool.locate(*owner), Some(*at), "handle and header agree");
                    })
                    .count() as u32;
                assert_eq!(owners, u32::from(zspage.inuse));
                assert_eq!(
                    zspage.group,
                    group(owners, shape.objects, self.profile.behaviours.fullness, false)
                );
                assert_eq!(zspage.free_objects(id, &shape, &pool.objects), shape.objects - owners);
                stats[usize::from(zspage.group)] += 1;
                stats[ALLOCATED] += u64::from(shape.objects);
                stats[INUSE] += u64::from(owners);
                pages += u64::from(shape.pages);
                used += u64::from(owners);
            }
            assert_eq!(class.stats, stats);
            for group in 0..=FULL {
                assert_eq!(class.listed(group), stats[usize::from(group)], "the list of group {group}");
            }
        }
        assert_eq!((pool.total_pages(), used), (pages, self.objects.len() as u64));
        assert!(self.objects.iter().all(|(handle, _)| pool.life_of(*handle) == Some(handle.life())));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_handle_keeps_its_bytes_and_every_counter_its_count(
        ops in prop::collection::vec(op(), 1..48),
        chain in 4_u32..17,
        page_size in prop::sample::select(&[PageSize::KIB_4, PageSize::KIB_4, PageSize::KIB_4, PageSize::KIB_16, PageSize::KIB_64][..]),
        old in any::<bool>(),
        contended in prop::collection::vec(prop::bool::weighted(0.2), 0..40),
    ) {
        let mut bytes = Stage::new(Storage::Bytes, (page_size, chain, old), &contended);
        let mut sizes = Stage::new(Storage::Sizes, (page_size, chain, old), &contended);
        for op in &ops {
            bytes.run(op);
            sizes.run(op);
        }
        bytes.check();
        sizes.check();
        // The same events, which name every place, and the same places at the end.
        prop_assert_eq!(&bytes.world.events, &sizes.world.events);
        let places = |stage: &Stage| stage.objects.iter().map(|(handle, _)| stage.pool.locate(*handle)).collect::<Vec<_>>();
        prop_assert_eq!(places(&bytes), places(&sizes));
        prop_assert_eq!(bytes.pool.pages_compacted(), sizes.pool.pages_compacted());
    }
}

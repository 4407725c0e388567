//! Whatever programs and drivers do, the accounts of the machine agree with each other, and no page is lost.

use std::{collections::BTreeSet, time::Duration};

use proptest::{collection::vec, prelude::*};
use zram_host::{Machine, Port as _, machine::memory};

use super::{
    World,
    content::{Content, PAGE},
    lru::List,
    programs::Place,
    spec::{Pages, Spec},
    time::Until,
};
use crate::{
    config::Pressure,
    driver::{Driver, Occasion},
    simulate::workload::{Backing, Deed, OwnerId, RegionId, Step},
};

/// Does what it is told, one thing each minute.
struct Scripted(std::vec::IntoIter<(&'static str, String)>);

impl Driver for Scripted {
    fn wake(&mut self, machine: &mut dyn Machine, _occasion: Occasion) -> Option<Duration> {
        let (attribute, value) = self.0.next()?;
        for dev in machine.devices().unwrap() {
            // Whether the kernel takes it is not the question here.
            let _ = machine.write_attr(dev, attribute, value.as_bytes());
        }
        Some(Duration::from_secs(60))
    }
}

fn world(steps: Vec<Step>) -> World {
    // Nothing but time wakes the driver.
    let deaf = Pressure { memory_stall: Duration::from_secs(7200), ..Pressure::default() };
    let spec = Spec {
        memory: Pages(4096),
        pinned: Pages(512),
        swap: Pages(6000),
        backing: Pages(1500),
        recompression: vec!["zstd".to_owned()],
        ..Spec::small()
    };
    World::new(&spec, Box::new(steps.into_iter()), &deaf, Duration::from_secs(600)).unwrap()
}

fn run(world: &mut World) {
    world.run_until(Until { boot: u64::MAX, awake: world.awake() + 3_600_000_000_000, listens: false });
}

/// Each page is at one place, and each place knows it.
fn check(world: &mut World) {
    let mut resident = 0;
    let mut slots = BTreeSet::new();
    let mut used = 0;
    for page in &world.programs.pages {
        match page.place {
            Place::Memory => resident += 1,
            Place::Swap(slot) => {
                used += 1;
                assert!(slots.insert(slot), "slot {slot} twice");
            }
            Place::File => assert!(page.file),
            Place::Nowhere => {}
        }
    }
    let lists = [List::InactiveAnon, List::ActiveAnon, List::InactiveFile, List::ActiveFile];
    assert_eq!(world.resident, resident);
    assert_eq!(lists.map(|list| world.lru.len(list)).iter().sum::<u32>(), resident);
    assert_eq!(world.slots.used(), used);
    // The kernel has as many pages, and the header of the area; those on the disk are those that were sent there.
    let text = |world: &mut World, name: &str| {
        String::from_utf8(world.host.read_attr(world.dev, name).unwrap()).unwrap()
    };
    let field = |text: &str, at: usize| text.split_whitespace().nth(at).unwrap().parse::<u64>().unwrap();
    let mm_stat = text(world, "mm_stat");
    assert_eq!(field(&mm_stat, 0), (u64::from(used) + 1) * PAGE as u64, "{mm_stat}");
    let bd_stat = text(world, "bd_stat");
    assert_eq!(field(&bd_stat, 0), world.ledger.pages_away, "{bd_stat}");
    assert_eq!(field(&bd_stat, 1), world.ledger.read_backs.all, "{bd_stat}");
    assert_eq!(field(&bd_stat, 2), world.ledger.written, "{bd_stat}");
    // What is used and what is free is all.
    let said = memory(world).unwrap();
    let taken = u64::from(512 + resident) * PAGE as u64 + field(&mm_stat, 2);
    assert_eq!(said.free, (4096 * PAGE as u64).saturating_sub(taken));
    assert!(said.available.unwrap() >= said.free.saturating_sub(2 << 20));
    assert_eq!(said.swap_total - said.swap_free, u64::from(used) * PAGE as u64);
    assert_eq!(world.lost, None);
}

fn deed() -> impl Strategy<Value = Deed> {
    let region = || (0..12_u32).prop_map(RegionId);
    let content =
        prop_oneof![Just(Content::Heap), Just(Content::Media), Just(Content::Rows), Just(Content::Tab)];
    let backing = prop_oneof![4 => Just(Backing::Anon), 1 => Just(Backing::File)];
    prop_oneof![
        4 => (region(), 0..5_u32, 1..1500_u32, content, backing).prop_map(
            |(region, owner, pages, content, backing)| {
                Deed::Map { region, owner: OwnerId(owner), pages, content, backing }
            },
        ),
        20 => (region(), 0..1500_u32, 1..1500_u32, any::<bool>(), 0..500_u32).prop_map(
            |(region, first, pages, write, over)| Deed::Touch { region, first, pages, write, over },
        ),
        1 => region().prop_map(|region| Deed::Unmap { region }),
        1 => (0..100_000_u64).prop_map(|time| Deed::Suspend { time }),
    ]
}

fn told() -> impl Strategy<Value = (&'static str, String)> {
    let of = |attribute: &'static str, value: &'static str| Just((attribute, value.to_owned()));
    prop_oneof![
        of("idle", "all"),
        of("idle", "30"),
        of("writeback", "idle"),
        of("writeback", "huge"),
        (0..6000_u32, 0..2000_u32).prop_map(|(first, more)| (
            "writeback",
            format!("page_indexes={first}-{}", (first + more).min(5999))
        )),
        of("recompress", "type=idle"),
        of("compact", "1"),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn accounts_agree(deeds in vec(deed(), 1..200), script in vec(told(), 0..40)) {
        let steps = (0..).zip(deeds).map(|(at, deed)| Step { millis: at * 10_000, deed }).collect();
        let mut world = world(steps);
        world.drive(&mut Scripted(script.into_iter()), Duration::from_secs(3600)).unwrap();
        check(&mut world);
        // Everything that is somewhere is read, and compared on the way.
        let pages = world.programs.pages.len();
        for page in 0..pages {
            let page = super::lru::PageId(u32::try_from(page).unwrap());
            if matches!(world.programs.pages[page.at()].place, Place::Swap(_)) {
                world.touch(page, false);
            }
        }
        check(&mut world);
    }
}

/// 40 MiB in a machine of 16: it swaps, the pages that went to the disk come back, and what was written meanwhile is what is read.
#[test]
fn pages_come_back_from_the_disk() {
    let map = Deed::Map {
        region: RegionId(1),
        owner: OwnerId(1),
        pages: 5000,
        content: Content::Rows,
        backing: Backing::Anon,
    };
    let touch = |write| Deed::Touch { region: RegionId(1), first: 0, pages: 5000, write, over: 1000 };
    let steps = [map, touch(true), touch(true), touch(false)];
    let steps = (0..).zip(steps).map(|(at, deed)| Step { millis: at * 130_000, deed }).collect();
    let mut world = world(steps);
    // A minute apart: the last before the pages are touched again.
    let mut script = vec![("idle", "all".to_owned()); 4];
    script.push(("writeback", "idle".to_owned()));
    world.drive(&mut Scripted(script.into_iter()), Duration::from_secs(600)).unwrap();
    check(&mut world);
    assert_eq!(world.ledger.written, 1500);
    assert!(world.ledger.read_backs.all > 1000, "{:?}", world.ledger.read_backs);
    assert_eq!(world.ledger.kills, 0);
}

#[test]
fn a_program_is_ended_when_nothing_can_be_got() {
    let owners = 0..12;
    let deeds = owners.flat_map(|owner| {
        let region = RegionId(owner);
        [
            Deed::Map {
                region,
                owner: OwnerId(owner),
                pages: 1000,
                content: Content::Media,
                backing: Backing::Anon,
            },
            Deed::Touch { region, first: 0, pages: 1000, write: true, over: 500 },
        ]
    });
    let steps = (0..).zip(deeds).map(|(at, deed)| Step { millis: at * 1000, deed }).collect();
    let mut world = world(steps);
    run(&mut world);
    check(&mut world);
    assert!(world.ledger.kills > 0);
    // The first to be started is the first to be ended.
    let has = |owner: u32| {
        let region = world.programs.region(RegionId(owner)).unwrap();
        region.pages().any(|page| world.programs.pages[page.at()].place != Place::Nowhere)
    };
    assert!(!has(0) && has(10) && has(11));
}

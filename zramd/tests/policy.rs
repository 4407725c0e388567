//! What holds whatever is observed.

use std::time::Duration;

use proptest::prelude::*;
use zram_host::{
    DeviceNumber,
    device::{BdStat, MmStat, SlotState},
    machine::Clocks,
};
use zramd::{
    config::{Config, IdleAge, Writeback},
    ledger::{Ledger, Written},
    policy::{
        Action, DeviceView, Observation, State, Way,
        age::idle_age,
        census::{Ages, Cell, Census, Kind, Page, Sizes},
        classes::Classes,
        decide, idle_age_now,
        observation::{Backing, Sight},
        ranges::Ranges,
        supply::{Bar, Terms},
        wants_census,
    },
    units::{Permille, Units},
};

const HOUR: u64 = 3600;

fn at(seconds: u64) -> Clocks {
    let boot = Duration::from_secs(seconds);
    Clocks { boot, awake: boot, wall: boot + Duration::from_secs(1_700_000_000) }
}

/// A slot of any kind, used at any time before 100 hours after boot.
fn slots() -> impl Strategy<Value = Vec<SlotState>> {
    let slot = (0..100 * HOUR, any::<[bool; 4]>(), prop::bool::weighted(0.1), prop::bool::weighted(0.1));
    prop::collection::vec(slot, 0..300).prop_map(|slots| {
        let states = slots.into_iter().enumerate().filter(|(_, (.., hole))| !hole);
        let state = |(at, (second, [huge, idle, recompressed, incompressible], away, _)): (
            usize,
            (u64, [bool; 4], bool, bool),
        )| SlotState {
            slot: at as u64,
            accessed_micros: if recompressed { 0 } else { second * 1_000_000 },
            same: !huge && idle && incompressible,
            written_back: away,
            huge,
            idle,
            recompressed: Some(recompressed),
            incompressible: Some(incompressible),
        };
        states.map(state).collect()
    })
}

fn wanted() -> impl Strategy<Value = Config> {
    (0..50 * HOUR, 0..50 * HOUR, 0..2000_u64, 0..500_u64, 0..500_u64, any::<[bool; 3]>()).prop_map(
        |(min, more, per_day, least, more_round, [huge, incompressible, compressible])| Config {
            idle: IdleAge { min: Duration::from_secs(min), max: Duration::from_secs(min + more) },
            writeback: Writeback {
                per_day: Units(per_day),
                round_min: Units(least),
                round_max: Units(least + more_round),
                huge,
                incompressible,
                compressible,
                ..Writeback::default()
            },
            ..Config::default()
        },
    )
}

fn view(device: u32, slots: u64) -> DeviceView {
    DeviceView {
        device: DeviceNumber(device),
        slots,
        page: 4096,
        mm: MmStat {
            orig_data_size: slots * 4096,
            compr_data_size: slots * 1000,
            mem_used_total: slots * 1100,
            mem_limit: 0,
            mem_used_max: 0,
            same_pages: 0,
            pages_compacted: 0,
            huge_pages: Some(0),
            huge_pages_since: Some(0),
        },
        backing: Some(Backing { bd: BdStat { count: 0, reads: 0, writes: 0 }, size: Some(Units(100_000)) }),
        algorithms: Vec::new(),
        sight: Sight { states: true, times: true, ranges: true },
        census: None,
    }
}

fn page(slot: &SlotState, state: &State, now: Clocks) -> Page {
    let ages = Ages::new(now.boot, &state.sleeps, None, None);
    Page::of(slot, &ages, Sizes { page: 4096, mean: 1000 })
}

fn budget_left(spent: u64) -> State {
    let mut ledger = Ledger::new("boot", at(0));
    ledger.settle(DeviceNumber(0), Written { writes: Units(spent), limit: None });
    State::new(ledger)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    /// Whatever the slots: no more than the budget, the round and the disk have room for, only pages that are idle and of a wanted kind, and none twice.
    #[test]
    fn what_is_written_is_old_wanted_and_within_the_budget(
        slots in slots(),
        config in wanted(),
        spent in 0..1500_u64,
        used in 0..1200_u32,
    ) {
        let now = at(100 * HOUR);
        let mut state = budget_left(spent);
        let mut observation = Observation { utilisation: Some(Permille(used)), devices: vec![view(0, 300)], ..Observation::default() };
        state.note(&observation, &config, now);
        let left = state.ledger.left(config.writeback.per_day);
        if let Ok(classes) = wants_census(&observation, &observation.devices[0], &state, &config, now) {
            let mut census = Census::new(classes);
            slots.iter().for_each(|slot| census.count(page(slot, &state, now)));
            observation.devices[0].census = Some(census);
        }
        let told = idle_age_now(&observation, &observation.devices[0], &state, &config);
        prop_assert!(told >= config.idle.min && told <= config.idle.max.max(Duration::from_micros(1)), "{told:?}");
        let idle = idle_age(config.idle, Permille(used), Permille(1000));
        let decision = decide(&observation, &state, &config, now);
        for step in &decision.steps {
            prop_assert_eq!(step.device, DeviceNumber(0));
            let Action::WriteBack { way: Way::Chosen(choice), units } = &step.action else { continue };
            prop_assert!(*units <= left && *units <= config.writeback.round_max && *units >= config.writeback.round_min);
            let mut ranges = Ranges::new(choice.clone());
            slots.iter().for_each(|slot| ranges.slot(slot.slot, page(slot, &state, now)));
            let mut commands = ranges.finish();
            prop_assert_eq!(Units(choice.pages), *units);
            prop_assert_eq!(commands.pages(), choice.offered);
            prop_assert!(choice.offered >= choice.pages);
            let mut seen = std::collections::BTreeSet::new();
            while let Some((text, _)) = commands.next(7) {
                for word in text.split(' ') {
                    let (first, last) = word.strip_prefix("page_indexes=").unwrap().split_once('-').unwrap();
                    for slot in first.parse::<u64>().unwrap()..=last.parse::<u64>().unwrap() {
                        prop_assert!(seen.insert(slot), "{slot} twice");
                        let slot = slots.iter().find(|it| it.slot == slot).expect("one that holds something");
                        let Page::Here { kind, age: Some(age), .. } = page(slot, &state, now) else {
                            return Err(TestCaseError::fail(format!("{slot:?} is not in memory, or of no known age")));
                        };
                        prop_assert!(Duration::from(age) >= idle, "{age:?} is younger than {idle:?}");
                        prop_assert!(config.writeback.takes(kind));
                    }
                }
            }
        }
    }

    /// Several devices together have no more than the budget.
    #[test]
    fn devices_share_one_budget(counts in prop::collection::vec(0..400_u64, 1..5), config in wanted(), spent in 0..1500_u64) {
        let now = at(100 * HOUR);
        let mut state = budget_left(spent);
        let mut observation = Observation::default();
        for (device, count) in counts.iter().enumerate() {
            let mut view = view(device as u32, 400);
            let mut census = Census::new(Classes::of(config.idle));
            for _ in 0..*count {
                census.count(Page::Here { kind: Kind::Compressible, age: Some((config.idle.max * 2 + Duration::from_secs(1)).into()), size: 1000 });
            }
            view.census = Some(census);
            observation.devices.push(view);
        }
        state.note(&observation, &config, now);
        let left = state.ledger.left(config.writeback.per_day);
        let granted: Units = decide(&observation, &state, &config, now)
            .steps
            .iter()
            .filter_map(|step| match &step.action {
                Action::WriteBack { units, .. } => Some(*units),
                _ => None,
            })
            .sum();
        prop_assert!(granted <= left, "{granted:?} of {left:?}");
        // As long as there is enough of both, somebody writes.
        let enough = |units: Units| units >= config.writeback.round_min && units > Units(0);
        let wanted = config.writeback.compressible && config.writeback.round_max > Units(0);
        let most = counts.iter().copied().max().map(Units).unwrap_or_default().min(config.writeback.round_max);
        prop_assert_eq!(enough(granted), wanted && enough(left) && enough(most));
    }

    /// Whatever there is to write: a page that is idle makes every larger and every older one so; the age stays between its ends; and a larger budget takes no page back.
    #[test]
    fn what_is_idle_is_worth_more_than_what_is_not(
        pages in prop::collection::vec((0..3_usize, 1..4097_u32, 0..60 * HOUR, 1..500_u64), 0..40),
        least in 0..30 * HOUR,
        awake in 0..25 * HOUR,
        budget in 0..20_000_u64,
        more in 0..20_000_u64,
    ) {
        let ages = IdleAge { min: Duration::from_secs(1200), max: Duration::from_secs(25 * HOUR) };
        let kinds = [Kind::Huge, Kind::Incompressible, Kind::Compressible];
        let mut census = Census::new(Classes::of(ages));
        for (kind, size, age, count) in pages {
            let page = Page::Here { kind: kinds[kind], size, age: Some(Duration::from_secs(age).into()) };
            (0..count).for_each(|_| census.count(page));
        }
        let seconds = Duration::from_secs;
        let terms = Terms { least: seconds(least), most: ages.max, horizon: seconds(6 * HOUR), awake: seconds(awake), pages: budget };
        let wanted = Writeback::default();
        let bar = Bar::of(&census, &wanted, terms);
        let lower = Bar::of(&census, &wanted, Terms { pages: budget + more, ..terms });
        for row in Cell::rows() {
            prop_assert!(bar.age(row) >= ages.min.max(seconds(least).min(ages.max)).into() && bar.age(row) <= ages.max.into());
            prop_assert!(lower.age(row) <= bar.age(row));
            prop_assert!((bar.first(row)..Classes::COUNT).all(|class| bar.takes(row.at(class))));
            prop_assert!(!(0..bar.first(row)).any(|class| bar.takes(row.at(class))));
            let larger = Cell::rows().filter(|other| other.bytes() >= row.bytes());
            prop_assert!(larger.into_iter().all(|other| bar.age(other) <= bar.age(row)));
        }
    }

    /// The same question has the same answer.
    #[test]
    fn a_decision_is_a_function(config in wanted(), spent in 0..1500_u64, used in 0..1200_u32) {
        let now = at(100 * HOUR);
        let state = budget_left(spent);
        let observation = Observation { utilisation: Some(Permille(used)), devices: vec![view(0, 300)], ..Observation::default() };
        prop_assert_eq!(decide(&observation, &state, &config, now), decide(&observation, &state, &config, now));
    }

    /// Memory that fills and empties, pages that come back or do not: the factor turns round at most twice an hour, and the age stays between its ends.
    #[test]
    fn the_idle_age_does_not_swing(traffic in prop::collection::vec((0..2000_u64, 0..2000_u64, 1..1200_u64), 1..200)) {
        let config = Config::default();
        let mut state = budget_left(0);
        let (mut second, mut bd) = (1000, BdStat { count: 0, reads: 0, writes: 0 });
        let mut factors = Vec::new();
        for (reads, writes, pause) in traffic {
            second += pause;
            bd.reads += reads;
            bd.writes += writes;
            let mut device = view(0, 300);
            device.backing = Some(Backing { bd, size: None });
            let observation = Observation { devices: vec![device], ..Observation::default() };
            state.note(&observation, &config, at(second));
            let factor = state.devices[&DeviceNumber(0)].regret.factor();
            prop_assert!(factor >= config.regret.least && factor <= config.regret.most);
            let age = idle_age(config.idle, Permille(500), factor);
            prop_assert!(age >= config.idle.min && age <= config.idle.max);
            factors.push((second, factor));
        }
        let moves: Vec<(u64, bool)> = factors.windows(2).filter(|two| two[0].1 != two[1].1).map(|two| (two[1].0, two[0].1 < two[1].1)).collect();
        let turns: Vec<u64> = moves.windows(2).filter(|two| two[0].1 != two[1].1).map(|two| two[1].0).collect();
        prop_assert!(turns.windows(3).all(|three| three[2] - three[0] >= HOUR), "{turns:?}");
    }
}

#[test]
fn where_nobody_can_count_a_budget_that_runs_out_makes_it_patient_unless_somebody_waits() {
    let config = Config::default();
    let age = |spent: u64, pressed| {
        let observation = Observation {
            utilisation: Some(Permille(900)),
            pressed,
            devices: vec![view(0, 300)],
            ..Observation::default()
        };
        idle_age_now(&observation, &observation.devices[0], &budget_left(spent), &config)
    };
    let half = config.writeback.per_day.0 / 2;
    assert!(age(half, false) > age(0, false) * 4, "{:?} {:?}", age(half, false), age(0, false));
    assert_eq!(age(half, true), age(0, true));
}

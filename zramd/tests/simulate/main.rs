//! The simulated machine as its drivers and its readers meet it.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::{collections::BTreeMap, time::Duration};

use zram_host::{
    Machine,
    machine::{Resource, memory, pressure, swaps},
};
use zramd::{
    config::Config,
    driver::{Driver, Occasion},
    simulate::{Broken, Outcome, Settings, Workload, ours, rivals, run, workload::trace},
    units::Units,
};

fn settings(days: u64, seed: u64) -> Settings {
    Settings { days, seed, samples: 48, ..Settings::default() }
}

fn hours(hours: u64) -> Duration {
    Duration::from_secs(3600 * hours)
}

fn json(outcome: &Outcome) -> String {
    serde_json::to_string(outcome).unwrap()
}

#[test]
fn the_same_seed_has_the_same_outcome() -> Result<(), Broken> {
    let workload = Workload::find("phone").unwrap();
    let budget = Units(4000);
    let once =
        |seed| run(&mut rivals::fixed(workload.machine(), budget, hours(1)), &workload, &settings(2, seed));
    let first = once(1)?;
    assert_eq!(json(&first), json(&once(1)?));
    assert_ne!(json(&first), json(&once(2)?));
    assert!(first.written > 0 && first.read_backs.all > 0, "{first:?}");
    Ok(())
}

#[test]
fn a_recorded_workload_is_the_workload() {
    let workload = Workload::find("phone").unwrap();
    let mut text = Vec::new();
    trace::write(&mut text, workload.name(), workload.machine(), workload.steps(1, 5)).unwrap();
    let recorded = Workload::parse("recorded", std::str::from_utf8(&text).unwrap()).unwrap();
    let outcome = |workload: &Workload| {
        let mut driver = rivals::chromeos(workload.machine(), Units(4000));
        json(&run(&mut driver, workload, &settings(1, 5)).unwrap())
    };
    assert_eq!(outcome(&workload), outcome(&recorded));
}

/// Days of the rivals, and of the daemon, under budgets that are much too small for them.
#[test]
fn budgets_hold() {
    let workload = Workload::find("phone").unwrap();
    let spec = workload.machine();
    for budget in [Units(0), Units(1500)] {
        let drivers: [(&str, Box<dyn Driver>); 4] = [
            ("mmd", Box::new(rivals::mmd(spec, budget))),
            ("chromeos", Box::new(rivals::chromeos(spec, budget))),
            ("1h", Box::new(rivals::fixed(spec, budget, hours(1)))),
            ("zramd", Box::new(ours::Ours::new(ours::scaled(&Config::default(), spec, budget)))),
        ];
        for (policy, mut driver) in drivers {
            let outcome = run(driver.as_mut(), &workload, &settings(4, 1)).unwrap();
            assert!(outcome.most_in_day <= budget.bytes(), "{policy}, {budget:?}: {outcome:?}");
            // A day awake, which mmd waits for, has not passed.
            assert!(
                budget == Units(0) || policy == "mmd" || outcome.written > 0,
                "{policy}: nothing written"
            );
        }
    }
}

/// Looks, and takes its time.
#[derive(Default)]
struct Looker {
    occasions: BTreeMap<Occasion, u32>,
    pressed_at: Vec<Duration>,
    free: Vec<u64>,
    totals: Vec<u64>,
}

impl Driver for Looker {
    fn wake(&mut self, machine: &mut dyn Machine, occasion: Occasion) -> Option<Duration> {
        *self.occasions.entry(occasion).or_default() += 1;
        let before = machine.clocks();
        if occasion == Occasion::MemoryPressure {
            self.pressed_at.push(before.awake);
        }
        let memory = memory(machine).unwrap();
        assert_eq!(memory.total, 128 << 20);
        assert!(memory.free <= memory.total && memory.available.unwrap() <= memory.total);
        self.free.push(memory.free);
        let [swap] = swaps(machine).unwrap().try_into().unwrap();
        assert_eq!(swap.usage.used, memory.swap_total - memory.swap_free);
        let some = pressure(machine, Resource::Memory).unwrap().some;
        assert!(self.totals.last().is_none_or(|last| *last <= some.total));
        self.totals.push(some.total);
        machine.pause(Duration::from_secs(7));
        let after = machine.clocks();
        let paused = after.awake.saturating_sub(before.awake);
        assert!((7.0..8.0).contains(&paused.as_secs_f64()), "{paused:?}");
        Some(Duration::from_secs(900))
    }
}

#[test]
fn a_driver_sees_the_machine_change() {
    let workload = Workload::find("phone").unwrap();
    let mut looker = Looker::default();
    let outcome = run(&mut looker, &workload, &settings(2, 1)).unwrap();
    assert_eq!(looker.occasions[&Occasion::Start], 1);
    // It sleeps most of the day, and timers with it.
    let awake = outcome.seconds - outcome.suspended_seconds;
    let times = u64::from(looker.occasions[&Occasion::Time] + looker.occasions[&Occasion::MemoryPressure]);
    assert!((awake / 1000..=awake / 60).contains(&times), "{times} in {awake} s");
    assert!(outcome.suspended_seconds > 86_400);
    let (least, most) = (looker.free.iter().min().unwrap(), looker.free.iter().max().unwrap());
    assert!(*most > 50 << 20 && *least < 8 << 20, "{least} to {most}");
    assert!(looker.totals.last().unwrap() > &100_000);
    assert_eq!(outcome.written, 0);
}

/// Where zram is slow, tasks wait, and the driver is woken for it, once a minute at most; it may come late, by what is under way.
#[test]
fn pressure_wakes_a_driver() {
    let mut workload = Workload::find("phone").unwrap();
    let times = &mut workload.machine_mut().times;
    times.decompress *= 10;
    let mut looker = Looker::default();
    run(&mut looker, &workload, &settings(1, 1)).unwrap();
    assert!(looker.occasions[&Occasion::MemoryPressure] > 5, "{:?}", looker.occasions);
    let apart = |two: &[Duration]| two[1].saturating_sub(two[0]);
    assert!(
        looker.pressed_at.windows(2).map(apart).all(|apart| apart >= Duration::from_secs(55)),
        "{:?}",
        looker.pressed_at
    );
}

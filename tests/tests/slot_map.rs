//! Two programs look at the same device at the same moment, and see the same slots.
#![expect(clippy::unwrap_used, reason = "a machine that cannot be looked at is a failed test")]

use clap::Parser as _;
use serde_json::Value;
use zramctl_rs::cli::Cli;
use zramtop::{
    sample::Flags,
    source::{
        Attention, Source as _,
        sim::{Sim, Workload},
    },
    state::{Event, Look, State, update},
};

/// What `zramctl-rs slots --json` says.
fn listed(sim: &mut Sim) -> Value {
    let cli = Cli::try_parse_from(["zramctl-rs", "slots", "zram0", "--json"]).unwrap();
    let mut out = Vec::new();
    zramctl_rs::run(&cli, sim.machine(), &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

/// Whatever went on before, and in whatever windows it was looked at: what the map has of a slot is what is listed of it.
#[test]
fn the_map_shows_what_is_listed() {
    for workload in [Workload::Desktop, Workload::Phone] {
        let mut sim = Sim::new(workload, 7).unwrap();
        let mut state = State::new(Look::default(), (80, 24));
        // In parts, as on a screen; and once all of it, so that nothing is old.
        for look in 0..40 {
            let attention = Attention { everything: look == 39, ..Attention::default() };
            let moment = sim.look(&attention).unwrap();
            update(&mut state, Event::Moment(Box::new(moment)));
        }
        let listed = listed(&mut sim);
        let states = listed["states"].as_array().unwrap();
        let table = &state.devices[&0].table;
        assert_eq!((table.len(), table.known()), (listed["slots"].as_u64().unwrap(), table.len()));
        let mut held = 0;
        for slot in 0..table.len() {
            let (flags, second) = table.slot(slot).unwrap();
            if !flags.has(Flags::HELD) {
                continue;
            }
            let said = &states[held];
            held += 1;
            assert_eq!(said["slot"], slot, "{workload}");
            for (name, flag) in [
                ("same", Flags::SAME),
                ("written_back", Flags::WRITTEN_BACK),
                ("huge", Flags::HUGE),
                ("idle", Flags::IDLE),
                ("recompressed", Flags::RECOMPRESSED),
                ("incompressible", Flags::INCOMPRESSIBLE),
            ] {
                assert_eq!(said[name], flags.has(flag), "{workload}: {name} of slot {slot}");
            }
            let micros = said["accessed_micros"].as_u64().unwrap();
            assert_eq!(micros / 1_000_000, u64::from(second.unwrap_or(0)), "{workload}: slot {slot}");
        }
        assert_eq!(held, states.len(), "{workload}");
        assert!(held > 1000, "{workload}: only {held} slots hold something");
        let away = states.iter().filter(|slot| slot["written_back"] == true).count();
        assert_eq!(u64::from(table.total().flag(Flags::WRITTEN_BACK)), away as u64);
        assert!(away > 100, "{workload}: only {away} slots are written back");
    }
}

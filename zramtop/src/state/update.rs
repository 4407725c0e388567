//! Taking events in.

use super::{Device, Effect, Event, State, View, geometry, keys};
use crate::{
    sample::{Moment, SECOND},
    source::Attention,
};

/// Takes an event in. What somebody else is to do about it.
pub fn update(state: &mut State, event: Event) -> Vec<Effect> {
    let before = attention(state);
    let mut effects = match event {
        Event::Source(about) => {
            state.about = Some(about);
            Vec::new()
        }
        Event::Moment(moment) => {
            take_in(state, *moment);
            Vec::new()
        }
        Event::Failed(why) => {
            state.problem = Some(why);
            Vec::new()
        }
        Event::Ended => {
            state.ended = true;
            Vec::new()
        }
        Event::Key(key) => keys::pressed(state, key),
        Event::Mouse(mouse) => {
            keys::pointed(state, mouse);
            Vec::new()
        }
        Event::Resize(width, height) => {
            state.size = (width, height);
            Vec::new()
        }
        Event::Clock(clock) => {
            state.clock = clock;
            Vec::new()
        }
        Event::Quit => vec![Effect::Quit],
    };
    let after = attention(state);
    if after != before {
        effects.push(Effect::Attend(after));
    }
    effects
}

/// What is to be looked at for what is shown.
#[must_use]
pub fn attention(state: &State) -> Attention {
    let mut attention = Attention::default();
    if state.view == View::Slots
        && let Some(layout) = state.layout()
    {
        attention.slots = Some((state.selected, layout.first, layout.end()));
        attention.contents = layout.shift == 0;
    }
    attention.timed = state.view == View::Latency;
    attention
}

fn take_in(state: &mut State, moment: Moment) {
    let Moment { boot_micros, took_micros, samples, told } = moment;
    let is_first = state.moment.is_none();
    state.came = Some(state.clock);
    state.moment = Some((boot_micros, took_micros));
    state.problem = None;
    let mut log = std::mem::take(&mut state.log);
    for told in told {
        log.add(told);
    }
    let gone: Vec<u32> = state
        .devices
        .keys()
        .filter(|device| !samples.iter().any(|sample| sample.device == **device))
        .copied()
        .collect();
    for device in gone {
        if let Some(was) = state.devices.remove(&device) {
            log.compare(boot_micros, device, Some(&was.sample.attributes), None);
        }
    }
    for sample in samples {
        let device = sample.device;
        match state.devices.get_mut(&device) {
            Some(known) => {
                log.compare(boot_micros, device, Some(&known.sample.attributes), Some(&sample.attributes));
                known.see(sample, boot_micros);
            }
            None => {
                if !is_first {
                    log.compare(boot_micros, device, None, Some(&sample.attributes));
                }
                state.devices.insert(device, Device::new(sample, boot_micros));
            }
        }
    }
    state.log = log;
    if !state.devices.contains_key(&state.selected) {
        let in_use = state.devices.values().find(|device| device.sample.attributes.initialised);
        let first = in_use.or_else(|| state.devices.values().next());
        state.selected = first.map_or(0, |device| device.sample.device);
        state.place = super::Place::default();
    }
    follow(state);
}

/// The cursor goes where something changed, if it is to.
fn follow(state: &mut State) {
    let Some(device) = state.devices.get(&state.selected) else { return };
    if state.place.follow
        && let Some(changed) = device.table.changed()
    {
        state.place.cursor = changed;
    }
    state.place.cursor = state.place.cursor.min(device.table.len().saturating_sub(1));
}

/// How long ago the machine was booted when the last moment was, as a person says it.
#[must_use]
pub fn uptime(boot_micros: u64) -> String {
    let minutes = boot_micros / SECOND / 60;
    let (days, hours) = (minutes / 1440, minutes / 60 % 24);
    if days > 0 { format!("{days}d {hours}h") } else { format!("{hours}h {:02}m", minutes % 60) }
}

/// How many lines a list has room for.
#[must_use]
pub(super) fn page(state: &State) -> usize {
    usize::from(geometry::screen(state.size).body.height.saturating_sub(3)).max(1)
}

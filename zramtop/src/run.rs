//! The program on a terminal: events come from the keyboard, from the thread that looks, from signals and from a clock; after each, or after
//! all that came at once, the screen is drawn.

use std::{
    io::{self, IsTerminal as _},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use ratatui::crossterm::{event, terminal::size};

use crate::{
    cli::Cli,
    collector::{Collector, Rhythm},
    state::{Effect, Event, State, update},
    terminal::Screen,
    view,
};

/// How often the screen is drawn when nothing happens, so that it says how old it is.
const CLOCK: Duration = Duration::from_secs(1);

/// How long a source may take to say whether it can be had at all.
const FIRST: Duration = Duration::from_secs(2);

/// Runs until somebody has enough.
///
/// # Errors
/// When there is no terminal, or nothing to look at, in a sentence.
pub fn run(cli: &Cli) -> anyhow::Result<()> {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        bail!("standard input and output must be a terminal: `zramtop --once` prints a single look");
    }
    let (events, happened) = channel();
    let signal = events.clone();
    ctrlc::set_handler(move || {
        // Nobody listens at the end.
        let _ = signal.send(Event::Quit);
    })
    .context("cannot take note of signals")?;
    let rhythm = Rhythm { interval: Duration::from_secs_f64(cli.interval), paused: cli.paused };
    let wanted = cli.source();
    let collector =
        Collector::start(move || wanted.make(), rhythm, events.clone()).context("cannot start a thread")?;
    let mut state = State::new(cli.look(|name| std::env::var(name).ok()), size().unwrap_or((80, 24)));
    state.pace.paused = cli.paused;
    if let Some(device) = cli.device {
        state.selected = device.0;
    }
    begin(&mut state, cli, &collector, &happened)?;
    let mut screen = Screen::take(cli.mouse).context("cannot draw on this terminal")?;
    thread::Builder::new().name("keys".to_owned()).spawn(move || listen(&events))?;
    drawn(&mut state, &mut screen, &collector, &happened)
}

/// Waits for the first moment, so that what cannot be had is said as any program says it.
fn begin(
    state: &mut State,
    cli: &Cli,
    collector: &Collector,
    happened: &Receiver<Event>,
) -> anyhow::Result<()> {
    let until = Instant::now() + FIRST;
    while state.moment.is_none() {
        let Ok(event) = happened.recv_timeout(until.saturating_duration_since(Instant::now())) else { break };
        for effect in update(state, event) {
            collector.order(effect);
        }
        if let Some(problem) = &state.problem {
            bail!("{problem}");
        }
    }
    match cli.device {
        Some(device) if state.moment.is_some() && !state.devices.contains_key(&device.0) => {
            bail!("there is no {device}")
        }
        _ => Ok(()),
    }
}

fn drawn(
    state: &mut State,
    screen: &mut Screen,
    collector: &Collector,
    happened: &Receiver<Event>,
) -> anyhow::Result<()> {
    let started = Instant::now();
    loop {
        screen.terminal().draw(|frame| view::draw(frame, state)).context("cannot draw on this terminal")?;
        let mut next = match happened.recv_timeout(CLOCK) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => bail!("nobody listens to the keyboard any more"),
        };
        update(state, Event::Clock(started.elapsed()));
        while let Some(event) = next {
            for effect in update(state, event) {
                match effect {
                    Effect::Quit => return Ok(()),
                    other => collector.order(other),
                }
            }
            next = happened.try_recv().ok();
        }
    }
}

/// Hands over what the terminal says.
fn listen(events: &Sender<Event>) {
    loop {
        let event = match event::read() {
            Ok(event::Event::Key(key)) => Event::Key(key),
            Ok(event::Event::Mouse(mouse)) => Event::Mouse(mouse),
            Ok(event::Event::Resize(width, height)) => Event::Resize(width, height),
            Ok(_) => continue,
            // The terminal is gone.
            Err(_) => Event::Quit,
        };
        let is_end = matches!(event, Event::Quit);
        if events.send(event).is_err() || is_end {
            return;
        }
    }
}

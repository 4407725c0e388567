//! The thread that looks.
//!
//! A read of an attribute can hang for as long as a writeback pass holds the device, which may be minutes. So whoever looks does nothing
//! else, and whoever draws never waits for it: orders go one way, events the other.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread,
    time::{Duration, Instant},
};

use crate::{
    source::{Attention, Source, SourceError},
    state::{Effect, Event},
};

/// How looks follow each other.
#[derive(Clone, Copy, Debug)]
pub struct Rhythm {
    /// From one to the next, at usual speed, where the source has no time of its own.
    pub interval: Duration,
    /// Whether only the first is taken, until somebody asks.
    pub paused: bool,
}

/// Whoever has this can give orders. When it is dropped, the thread ends, as soon as the kernel lets it.
#[derive(Debug)]
pub struct Collector(Sender<Effect>);

impl Collector {
    /// Starts looking, with a source that is made in the thread.
    ///
    /// # Errors
    /// When there can be no thread.
    pub fn start(
        make: impl FnOnce() -> anyhow::Result<Box<dyn Source>> + Send + 'static,
        rhythm: Rhythm,
        events: Sender<Event>,
    ) -> std::io::Result<Self> {
        let (orders, ordered) = channel();
        thread::Builder::new().name("looks".to_owned()).spawn(move || match make() {
            Ok(source) => collect(source, rhythm, &ordered, &events),
            Err(error) => {
                // Nobody draws any more if this is not heard.
                let _ = events.send(Event::Failed(format!("{error:#}")));
                let _ = events.send(Event::Ended);
            }
        })?;
        Ok(Self(orders))
    }

    /// Gives an order. It is carried out after the look that is under way.
    pub fn order(&self, effect: Effect) {
        // If the thread has ended, its source has, and that was said.
        let _ = self.0.send(effect);
    }
}

/// Until nobody listens any more.
fn collect(mut source: Box<dyn Source>, rhythm: Rhythm, orders: &Receiver<Effect>, events: &Sender<Event>) {
    let mut attention = Attention::default();
    let (mut paused, mut speed) = (rhythm.paused, 1.0_f64);
    if events.send(Event::Source(source.about())).is_err() {
        return;
    }
    let mut last = Instant::now();
    let mut due = Duration::ZERO;
    // The first look is taken in any case.
    let mut steps = 1_u32;
    let mut ended = false;
    loop {
        let now = Instant::now();
        let wait = (last + due.div_f64(speed)).saturating_duration_since(now);
        let is_due = !ended && (steps > 0 || !paused && wait.is_zero());
        if is_due {
            steps = steps.saturating_sub(1);
            last = now;
            let event = match source.look(&attention) {
                Ok(moment) => Event::Moment(Box::new(moment)),
                Err(SourceError::End) => {
                    ended = true;
                    Event::Ended
                }
                Err(SourceError::Failed(why)) => Event::Failed(why),
            };
            if events.send(event).is_err() {
                return;
            }
            due = source.due().unwrap_or(rhythm.interval);
        }
        let idle = ended || paused && steps == 0;
        let wait = (last + due.div_f64(speed)).saturating_duration_since(Instant::now());
        let wait = if idle {
            Duration::from_secs(3600)
        } else if steps > 0 {
            Duration::ZERO
        } else {
            wait
        };
        match orders.recv_timeout(wait) {
            Ok(Effect::Attend(wanted)) => {
                // Somebody looks somewhere else: what is there is shown soon, and not at the end of an interval.
                let is_new = wanted != attention;
                attention = wanted;
                let soon = (last + due.div_f64(speed)).saturating_duration_since(Instant::now());
                if is_new && !paused && source.about().kind == "live" && soon > SOON {
                    due = last.elapsed().mul_f64(speed) + SOON.mul_f64(speed);
                }
            }
            Ok(Effect::Pause(wanted)) => paused = wanted,
            Ok(Effect::Step) => steps += 1,
            Ok(Effect::Speed(wanted)) => speed = wanted.max(0.01),
            Ok(Effect::Quit) | Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// So long is waited when somebody moves about in the map, so that holding a key does not read the table all the time.
const SOON: Duration = Duration::from_millis(150);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{sample::Moment, source::About};

    /// Hangs until it is let go.
    struct Hangs(Receiver<()>, u64);

    impl Source for Hangs {
        fn about(&self) -> About {
            About { kind: "test", what: String::new() }
        }

        fn look(&mut self, _: &Attention) -> Result<Moment, SourceError> {
            if self.0.recv().is_err() {
                return Err(SourceError::End);
            }
            self.1 += 1;
            Ok(Moment { boot_micros: self.1, took_micros: 0, samples: Vec::new(), told: Vec::new() })
        }
    }

    const PATIENCE: Duration = Duration::from_secs(20);

    #[test]
    fn a_look_that_hangs_holds_nobody_up() {
        let (events, happened) = channel();
        let (let_go, held) = channel();
        let rhythm = Rhythm { interval: Duration::from_millis(1), paused: true };
        let make = move || Ok(Box::new(Hangs(held, 0)) as Box<dyn Source>);
        let collector = Collector::start(make, rhythm, events).unwrap();
        assert!(matches!(happened.recv_timeout(PATIENCE), Ok(Event::Source(_))));
        // It hangs; orders are taken, and nothing comes.
        collector.order(Effect::Speed(2.0));
        assert!(happened.try_recv().is_err());
        let_go.send(()).unwrap();
        assert!(
            matches!(happened.recv_timeout(PATIENCE), Ok(Event::Moment(moment)) if moment.boot_micros == 1)
        );
        // It is paused: the second comes when it is asked for, and the third when it goes on.
        let_go.send(()).unwrap();
        let_go.send(()).unwrap();
        assert!(happened.recv_timeout(Duration::from_millis(100)).is_err());
        collector.order(Effect::Step);
        assert!(
            matches!(happened.recv_timeout(PATIENCE), Ok(Event::Moment(moment)) if moment.boot_micros == 2)
        );
        collector.order(Effect::Pause(false));
        assert!(
            matches!(happened.recv_timeout(PATIENCE), Ok(Event::Moment(moment)) if moment.boot_micros == 3)
        );
        drop(let_go);
        assert!(matches!(happened.recv_timeout(PATIENCE), Ok(Event::Ended)));
        drop(collector);
        assert!(happened.recv_timeout(PATIENCE).is_err(), "the thread has ended");
    }
}

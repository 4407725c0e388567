//! Every order of a pass and its completions.
//!
//! Some mistakes no run on a kernel can be made to show: they need a completion to be interrupted between two of its own instructions,
//! and then memory is used that was freed, which no comparison sees. The model can be led through all orders instead: it asks
//! whenever something asynchronous may come first, so that running a scenario again and again, with the answers counted up
//! like the digits of an odometer, takes each order exactly once. What must not happen in any of them is a [`Hazard`].

use zram_events::{DeviceId, Event, SlotIndex};
use zram_model::{
    BackingRequest, ClockUse, Codec, Completion, Environment, Errno, Hazard, Kernel, PageBytes, Profile,
    Step, Storage, Stored,
};

/// Slots that the pass writes back: with two there is a last completion and one before it.
const SLOTS: u32 = 2;

/// Blocks of the backing device: as many.
const BLOCKS: u64 = 2;

/// Where it is.
const BACKING: &str = "/dev/backing";

/// More orders than the scenario has, so that a model that asks without end is noticed.
const ENOUGH: usize = 100_000;

/// What a walk through all orders came upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walk {
    /// How many orders were taken.
    pub orders: usize,
    /// The first of them, counted from 1, that leads to a hazard, and to which.
    pub hazard: Option<(usize, Hazard)>,
    /// Operations of the scenario.
    pub operations: usize,
}

/// Leads a kernel of this profile through every order of a writeback pass over two slots whose writes complete later.
///
/// # Errors
/// When the profile has no writeback, or there are too many orders.
pub fn writeback(profile: Profile) -> Result<Walk, Errno> {
    let mut setting = Answers::default();
    let mut kernel = Kernel::with_storage(profile, Storage::Sizes);
    let dev = kernel.hot_add(&mut setting)?;
    kernel.write_attr(dev, "backing_dev", BACKING.as_bytes(), &mut setting)?;
    kernel.write_attr(dev, "disksize", b"64K", &mut setting)?;
    let pages = (0..SLOTS).map(|slot| (SlotIndex(slot), Stored::Compressed(600)));
    kernel.store_all(dev, pages, &mut setting)?;
    kernel.write_attr(dev, "idle", b"all", &mut setting)?;
    // The device, two attributes, the slots, the mark, the pass.
    let operations = 3 + SLOTS as usize + 2;

    let mut hazard = None;
    let mut given = Vec::new();
    for orders in 1..=ENOUGH {
        let mut answers = Answers { given, ..Answers::default() };
        pass(&kernel, dev, &mut answers)?;
        if let (None, Some(first)) = (&hazard, answers.hazards.first()) {
            hazard = Some((orders, *first));
        }
        match next(answers.asked) {
            Some(answers) => given = answers,
            None => return Ok(Walk { orders, hazard, operations }),
        }
    }
    Err(Errno::E2BIG)
}

/// The pass, on a copy of the kernel.
fn pass(kernel: &Kernel, dev: DeviceId, answers: &mut Answers) -> Result<(), Errno> {
    kernel.clone().write_attr(dev, "writeback", b"idle", answers).map(|_| ())
}

/// The next sequence of answers; none if that was the last.
fn next(mut asked: Vec<(usize, usize)>) -> Option<Vec<usize>> {
    while let Some((answer, among)) = asked.pop() {
        if answer + 1 < among {
            let mut given: Vec<_> = asked.into_iter().map(|(answer, _)| answer).collect();
            given.push(answer + 1);
            return Some(given);
        }
    }
    None
}

/// Answers to the model's questions: those given, then always the first.
#[derive(Debug, Default)]
struct Answers {
    given: Vec<usize>,
    /// Each answer, and how many there were to choose from.
    asked: Vec<(usize, usize)>,
    hazards: Vec<Hazard>,
}

impl Answers {
    fn answer(&mut self, among: usize) -> usize {
        let answer = self.given.get(self.asked.len()).copied().unwrap_or(0);
        self.asked.push((answer, among));
        answer
    }
}

impl Environment for Answers {
    fn emit(&mut self, _event: Event) {}

    fn compress(&mut self, _codec: Codec, _page: &PageBytes) -> Result<u32, Errno> {
        Err(Errno::EINVAL)
    }

    fn boot_seconds(&mut self, _asked: ClockUse) -> u32 {
        1
    }

    fn open_backing(&mut self, path: &str) -> Result<u64, Errno> {
        if path == BACKING { Ok(BLOCKS) } else { Err(Errno::ENOENT) }
    }

    fn submit_backing(&mut self, _request: BackingRequest) -> Completion {
        Completion::Later
    }

    fn choose(&mut self, ready: &[Step]) -> usize {
        self.answer(ready.len())
    }

    fn listed(&mut self, reported: &[BackingRequest]) -> usize {
        reported.len() - self.answer(reported.len() + 1)
    }

    fn endio_returned(&mut self, _request: BackingRequest) -> bool {
        self.answer(2) == 0
    }

    fn hazard(&mut self, hazard: Hazard) {
        self.hazards.push(hazard);
    }
}

#[cfg(test)]
mod tests {
    use zram_model::Mutation;

    use super::*;

    #[test]
    fn every_order_is_taken_once() {
        let mut seen = Vec::new();
        let mut given = Some(Vec::new());
        while let Some(answers) = given {
            let mut answers = Answers { given: answers, ..Answers::default() };
            let order = [answers.answer(2), answers.answer(3)];
            seen.push(order);
            given = next(answers.asked);
        }
        assert_eq!(seen, [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]);
    }

    #[test]
    fn the_pass_is_safe_where_its_control_block_is_guarded() {
        let walk = writeback(Profile::debian_7_2()).unwrap();
        assert_eq!(walk.hazard, None);
        assert!(walk.orders > 2, "{walk:?}");
        for unguarded in
            [Profile::seed_patch(), Profile::debian_7_2().with_broken(Mutation::ControlBlockFreedEarly)]
        {
            let walk = writeback(unguarded).unwrap();
            assert!(matches!(walk.hazard, Some((_, Hazard::ControlBlockFreed))), "{walk:?}");
        }
    }
}

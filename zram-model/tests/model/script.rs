//! Answers to the model's questions, one after the other.

/// The answers of one run: those given before, then always the first; and how many there were to choose from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    pub(crate) given: Vec<usize>,
    pub(crate) asked: Vec<(usize, usize)>,
    /// Whether the backing device's statuses are among the questions.
    pub(crate) failing: bool,
}

impl Script {
    pub(crate) fn answer(&mut self, among: usize) -> usize {
        let answer = self.given.get(self.asked.len()).copied().unwrap_or(0);
        self.asked.push((answer, among));
        answer
    }
}

//! One of the two kernels: its agent, and what it says, made comparable.

use std::collections::BTreeMap;

use serde::Serialize;
use zram_agent::protocol::{Hello, Op};
use zram_events::{Decoder, Kind};

use crate::{
    abilities::Abilities,
    agent::{Agent, Patience, Target},
    checker::lost,
    compare::slots::{Word, describe_flags, word},
    observed::Observed,
    profiles,
    trouble::Trouble,
};

/// How often a machine that died is started again.
const MOST_RESTARTS: u32 = 3;

/// Who answers on a side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Introduction {
    /// The target's name.
    pub name: String,
    /// `uname -r`, or which model.
    pub release: String,
    /// Whether there are probes; without, events and slot table are not seen.
    pub probes: bool,
    /// Kinds of events that its probes see.
    #[serde(skip)]
    pub sees: Vec<Kind>,
    /// zram's attributes.
    #[serde(skip)]
    pub attributes: Vec<String>,
    /// What may be asked of it.
    #[serde(skip)]
    pub abilities: Abilities,
    /// How often the machine was started again.
    pub restarts: u32,
}

/// A row of the slot table in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) flags: String,
    pub(super) word: String,
    /// Whether the time of its last access is another than 0.
    pub(super) accessed: bool,
}

/// An answer, its records decoded and its addresses made into lives.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) observed: Observed,
    /// Rows of the slot tables, by device and slot. None: nobody looked.
    pub(super) rows: Option<BTreeMap<(u32, u32), Row>>,
}

/// A kernel and its agent.
#[derive(Debug)]
pub(super) struct Side {
    target: Target,
    verbose: bool,
    agent: Option<Agent>,
    decoder: Decoder,
    /// The first greeting: what is started again must greet alike.
    hello: Option<Hello>,
    restarts: u32,
    /// Operations answered.
    answered: usize,
}

impl Side {
    pub(super) fn new(target: Target, verbose: bool) -> Self {
        Self { target, verbose, agent: None, decoder: Decoder::new(), hello: None, restarts: 0, answered: 0 }
    }

    /// Who answers here.
    pub(super) fn introduction(&mut self) -> Result<Introduction, Trouble> {
        let hello = self.agent()?.hello().clone();
        let coverage = hello.coverage.as_ref();
        let sees = |kind: &Kind| coverage.is_some_and(|coverage| coverage.observes(*kind));
        Ok(Introduction {
            name: self.target.name.clone(),
            probes: coverage.is_some(),
            sees: Kind::ALL.iter().copied().filter(sees).collect(),
            abilities: Abilities::new(
                &profiles::for_kernel(&hello.kernel, &hello.attributes).profile,
                &hello,
            ),
            attributes: hello.attributes,
            release: hello.kernel,
            restarts: self.restarts,
        })
    }

    /// Its agent, started if there is none.
    fn agent(&mut self) -> Result<&mut Agent, Trouble> {
        loop {
            // Taken out and put back: the loop would hold on to a borrow otherwise.
            if let Some(agent) = self.agent.take() {
                return Ok(self.agent.insert(agent));
            }
            match Agent::start(&self.target, Patience::default(), self.verbose) {
                Ok(agent) => {
                    self.same_as_before(agent.hello())?;
                    self.hello.get_or_insert_with(|| agent.hello().clone());
                    self.agent = Some(agent);
                }
                Err(trouble) => self.survive(trouble)?,
            }
        }
    }

    fn same_as_before(&self, hello: &Hello) -> Result<(), Trouble> {
        let changed = |what| Err(Trouble::Changed { target: self.target.name.clone(), what });
        match &self.hello {
            Some(first) if first.kernel != hello.kernel => changed("kernel"),
            Some(first) if first.coverage != hello.coverage => changed("coverage by its probes"),
            Some(first) if first.attributes != hello.attributes => changed("set of attributes"),
            _ => Ok(()),
        }
    }

    /// Gets over the death of the machine, if it may.
    pub(super) fn survive(&mut self, trouble: Trouble) -> Result<(), Trouble> {
        self.agent = None;
        if !trouble.is_worth_a_retry() || self.restarts >= MOST_RESTARTS {
            return Err(trouble);
        }
        self.restarts += 1;
        Ok(())
    }

    /// Starts afresh with the next operation: the agent refused one and has gone.
    pub(super) fn restart(&mut self) {
        self.agent = None;
    }

    pub(super) fn send(&mut self, op: &Op) -> Result<(), Trouble> {
        self.agent()?.send(op)
    }

    /// The answer to the operation sent last but those that are still outstanding.
    pub(super) fn receive(&mut self, op: &Op) -> Result<Seen, Trouble> {
        let operation = self.answered;
        self.answered += 1;
        let observation = self.agent()?.receive()?;
        lost(&observation, operation, 0)?;
        let observed = Observed::new(op, observation, &mut self.decoder)
            .map_err(|reason| Trouble::Unusable { operation, reason })?;
        let rows = self.rows(&observed);
        Ok(Seen { observed, rows })
    }

    /// Takes an answer that nobody wants; if there is none, the next operation will find out.
    pub(super) fn drain(&mut self) {
        if let Some(agent) = &mut self.agent {
            let _ = agent.receive();
        }
    }

    /// Ends the conversation.
    pub(super) fn end(&mut self) -> Result<(), Trouble> {
        self.agent.take().map_or(Ok(()), Agent::end)
    }

    fn rows(&self, observed: &Observed) -> Option<BTreeMap<(u32, u32), Row>> {
        let life = |address: u64| self.decoder.handle(address).map(|life| life.0);
        let mut all = BTreeMap::new();
        for (dev, view) in &observed.observation.devices {
            for row in view.slots.iter().flatten() {
                let word = match word(row, &life) {
                    Word::NoHandle(_) => "an address that no living handle has".to_owned(),
                    other => format!("{other:?}"),
                };
                let flags = describe_flags(row.flags);
                all.insert((*dev, row.slot), Row { flags, word, accessed: row.time != 0 });
            }
        }
        self.hello.as_ref()?.coverage.is_some().then_some(all)
    }
}

//! Which algorithms a device has, and with which parameters: `comp_algorithm`, `recomp_algorithm`,
//! `algorithm_params`.
//!
//! All three can be written only before the device has a size. Nothing is checked there but names:
//! whether a backend accepts its parameters comes out when `disksize` is written.

use std::fmt::Write;

use super::{args::Args, number, text::sysfs_streq};
use crate::{
    behaviours::{AlgorithmNames, ParamsTarget},
    context::Call,
    environment::Environment,
    errno::Errno,
    mutation::Mutation,
    profile::Profile,
    zram::{
        codec::{NOT_SET, Params, Priority},
        device::{Device, State},
    },
};

/// Longest name of an algorithm and one (`ZRAM_MAX_ALGO_NAME_SZ`, before that `CRYPTO_MAX_ALG_NAME`).
const MAX_ALGORITHM_NAME: usize = 128;

impl Device {
    /// `comp_algorithm_store`
    pub(super) fn comp_algorithm_store(
        &mut self,
        text: &[u8],
        call: &Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        self.set_algorithm(Priority::PRIMARY, text, call)
    }

    /// `recomp_algorithm_store`: without a priority the first after the primary one.
    pub(super) fn recomp_algorithm_store(
        &mut self,
        text: &[u8],
        call: &Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        let (mut algorithm, mut priority) = (None, None);
        for arg in Args::new(text) {
            let value = arg.value().ok_or(Errno::EINVAL)?;
            match arg.name.as_slice() {
                b"algo" => algorithm = Some(value.to_vec()),
                b"priority" => priority = Some(number::int(value, 10)?),
                _ => {}
            }
        }
        let algorithm = algorithm.ok_or(Errno::EINVAL)?;
        let priority = match priority {
            Some(number) => Priority::new(number, Priority::SECONDARY, call.profile).ok_or(Errno::EINVAL)?,
            None => Priority::SECONDARY,
        };
        self.set_algorithm(priority, &algorithm, call)
    }

    /// `__comp_algorithm_store`: a good name first, then whether it may be set.
    fn set_algorithm(
        &mut self,
        priority: Priority,
        text: &[u8],
        call: &Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        let keeps_newline = call.behaviours().algorithm_keeps_newline;
        let backends = call.profile.backends;
        let (known, text) = match call.behaviours().algorithm_names {
            AlgorithmNames::Crypto => {
                let text = &text[..text.len().min(MAX_ALGORITHM_NAME - 1)];
                let text = text.strip_suffix(b"\n").unwrap_or(text);
                let mut names = backends.iter().chain(call.profile.unlisted);
                (names.find(|name| name.as_bytes() == text), text)
            }
            AlgorithmNames::Backends => {
                if text.len() >= MAX_ALGORITHM_NAME {
                    return Err(Errno::E2BIG);
                }
                let text = if keeps_newline { text.strip_suffix(b"\n").unwrap_or(text) } else { text };
                (backends.iter().find(|name| sysfs_streq(text, name.as_bytes())), text)
            }
        };
        let name = known.ok_or(Errno::EINVAL)?;
        if self.disk.is_some() {
            return Err(Errno::EBUSY);
        }
        self.state.algorithms[priority.at()] = Some(name);
        self.state.newlines[priority.at()] = keeps_newline && text.ends_with(b"\n");
        if call.behaviours().algorithm_resets_params {
            self.state.params[priority.at()] = Params::default();
        }
        Ok(())
    }

    /// `algorithm_params_store`: whatever is not given goes back to its default.
    pub(super) fn algorithm_params_store(
        &mut self,
        text: &[u8],
        call: &mut Call<'_, impl Environment + ?Sized>,
    ) -> Result<(), Errno> {
        let mut params = Params::default();
        let (mut priority, mut algorithm, mut dictionary) = (None, None, None);
        for arg in Args::new(text) {
            let value = arg.value().ok_or(Errno::EINVAL)?;
            match arg.name.as_slice() {
                b"priority" => priority = Some(number::int(value, 10)?),
                b"level" => params.level = number::int(value, 10)?,
                b"algo" => algorithm = Some(value.to_vec()),
                b"dict" => dictionary = Some(value.to_vec()),
                b"deflate.winbits" if call.behaviours().params_target != ParamsTarget::Loose => {
                    params.winbits = number::int(value, 10)?;
                }
                _ => {}
            }
        }
        let given = if call.behaviours().params_target == ParamsTarget::Strict {
            if self.disk.is_some() {
                return Err(Errno::EBUSY);
            }
            priority
        } else {
            // A name that is found overrides the number.
            priority.filter(|_| algorithm.is_none())
        };
        let priority =
            self.state.which_algorithm(given, algorithm.as_deref(), Priority::PRIMARY, call.profile)?;
        let before = std::mem::take(&mut self.state.params[priority.at()]);
        if let Some(path) = dictionary {
            let told = call.behaviours().dictionary_errno;
            let size = call.env.read_dictionary(&String::from_utf8_lossy(&path));
            let size = size.map_err(|errno| if told { errno } else { Errno::EINVAL })?;
            params.dictionary = if size > 0 { size } else { return Err(Errno::EINVAL) };
        }
        if priority != Priority::PRIMARY && call.broken(Mutation::ParamsMerged) {
            params.merge(before);
        }
        self.state.params[priority.at()] = params;
        Ok(())
    }
}

impl State {
    /// Which algorithm is meant by a priority, a name, or both (`validate_algo_priority`,
    /// `lookup_algo_priority`); by neither, the `least` that could be.
    pub(crate) fn which_algorithm(
        &self,
        priority: Option<i32>,
        name: Option<&[u8]>,
        least: Priority,
        profile: &Profile,
    ) -> Result<Priority, Errno> {
        let has =
            |at: &Priority, name: &[u8]| self.spelt_algorithm(*at).is_some_and(|set| set.as_bytes() == name);
        let given = match priority {
            Some(number) => Some(Priority::new(number, least, profile).ok_or(Errno::EINVAL)?),
            None => None,
        };
        match (given, name) {
            (Some(at), Some(name)) if !has(&at, name) => Err(Errno::EINVAL),
            (Some(at), _) => Ok(at),
            (None, Some(name)) => least.and_above().find(|at| has(at, name)).ok_or(Errno::EINVAL),
            (None, None) => Ok(least),
        }
    }

    /// `comp_algorithm_show`
    pub(super) fn comp_algorithm_show(&self, profile: &Profile) -> String {
        available(self.spelt_algorithm(Priority::PRIMARY).unwrap_or(""), profile)
    }

    /// `recomp_algorithm_show`: a line for each algorithm after the primary one; nothing if there is none.
    pub(super) fn recomp_algorithm_show(&self, profile: &Profile) -> String {
        let mut text = String::new();
        for priority in Priority::SECONDARY.and_above() {
            if self.algorithm(priority).is_some() {
                let name = self.spelt_algorithm(priority).unwrap_or("");
                // Writing to a String cannot fail.
                let _ = write!(text, "#{}: ", priority.number());
                let before = text.len();
                text.push_str(&available(name, profile));
                if profile.behaviours.recomp_algorithm_padded {
                    // `zcomp_available_show` answers with the position it has come to, which is added to the position.
                    text.extend(std::iter::repeat_n('\0', before));
                }
            }
        }
        text
    }
}

impl Params {
    /// What is not given stays as it was, as no kernel does.
    fn merge(&mut self, before: Self) {
        if self.level == NOT_SET {
            self.level = before.level;
        }
        if self.winbits == NOT_SET {
            self.winbits = before.winbits;
        }
        if self.dictionary == 0 {
            self.dictionary = before.dictionary;
        }
    }
}

/// The backends, the chosen one in brackets; one of the crypto interface's that is none of them comes last (`zcomp_available_show`).
fn available(chosen: &str, profile: &Profile) -> String {
    let mut text = String::new();
    for name in profile.backends {
        // Writing to a String cannot fail.
        let _ = if *name == chosen { write!(text, "[{name}] ") } else { write!(text, "{name} ") };
    }
    if profile.unlisted.contains(&chosen) {
        let _ = write!(text, "[{chosen}] ");
    }
    text.push('\n');
    text
}

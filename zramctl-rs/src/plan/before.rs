//! How a device was before a plan, to be held against how it is after the plan was undone.
//!
//! What a reset takes back differs from kernel to kernel, and others write to devices too. So that everything is as it was is not
//! concluded from writes that succeeded; it is looked at.

use zram_host::{DeviceNumber, Machine, Survey, survey};

use super::Step;

/// What of a device a plan sets, by the attributes that show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings(Vec<(&'static str, String)>);

impl Settings {
    /// How it is now. `None`: there is no such device, or it does not say.
    pub(super) fn of(device: DeviceNumber, machine: &mut dyn Machine) -> Option<Self> {
        survey(machine, device).ok().map(|survey| Self::shown(&survey))
    }

    fn shown(survey: &Survey) -> Self {
        let mut settings = vec![("disksize", survey.disksize.to_string())];
        let chosen = survey.algorithms.as_ref().and_then(|algorithms| algorithms.chosen.clone());
        settings.extend(chosen.map(|name| ("comp_algorithm", name)));
        let chosen = survey.recompression.iter().flat_map(|one| one.algorithms.chosen.clone());
        settings.push(("recomp_algorithm", or_none(chosen.collect::<Vec<_>>().join(" "))));
        settings.extend(survey.mm_stat.map(|mm| ("mem_limit", mm.mem_limit.to_string())));
        if let Some(writeback) = &survey.writeback {
            let flag = |flag: Option<bool>| flag.map(|flag| u8::from(flag).to_string());
            let number = |number: Option<u64>| number.map(|number| number.to_string());
            let of = [
                ("backing_dev", Some(or_none(writeback.backing_dev.clone().unwrap_or_default()))),
                ("writeback_limit", number(writeback.limit)),
                ("writeback_limit_enable", flag(writeback.limit_enabled)),
                ("writeback_batch_size", number(writeback.batch_size)),
                ("compressed_writeback", flag(writeback.compressed)),
            ];
            settings.extend(of.into_iter().filter_map(|(attribute, value)| Some((attribute, value?))));
        }
        Self(settings)
    }

    /// What of that which these steps set is another than it was, in words. The rest is the affair of others.
    pub(super) fn changed(&self, now: &Self, steps: &[Step]) -> Vec<String> {
        let is_set = |name: &str| {
            steps.iter().any(|step| match step {
                Step::Set { attribute, .. } => *attribute == name,
                Step::Back(_) => name == "backing_dev",
                _ => false,
            })
        };
        let differs = |((name, was), (_, is)): (&(&str, String), &(&str, String))| {
            (was != is && is_set(name)).then(|| format!("{name} is {is:?} and was {was:?}"))
        };
        self.0.iter().zip(&now.0).filter_map(differs).collect()
    }
}

fn or_none(text: String) -> String {
    if text.is_empty() { "none".to_owned() } else { text }
}

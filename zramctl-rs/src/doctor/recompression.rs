//! Recompression, and marks for nobody.

use super::{Check, Finding, Patient};
use crate::severity::Severity;

pub(super) fn findings(patient: &Patient) -> Vec<Finding> {
    [never_run(patient), marks_unused(patient)].into_iter().flatten().collect()
}

fn never_run(patient: &Patient) -> Option<Finding> {
    let device = patient.number();
    let recompression = &patient.device.survey.recompression;
    let slots = patient.slots.as_ref()?;
    if recompression.is_empty() || slots.tried_again? != 0 || slots.in_memory == 0 {
        return None;
    }
    let names: Vec<&str> =
        recompression.iter().filter_map(|line| line.algorithms.chosen.as_deref()).collect();
    Some(Finding {
        check: Check::RecompressionNeverRun,
        severity: Severity::Waste,
        device: Some(device),
        seen: format!(
            "{device} has {} for recompression, and none of its {} pages in memory was tried with it.",
            names.join(", "),
            slots.in_memory
        ),
        why: "The kernel recompresses nothing by itself: somebody has to tell it what and when.".to_owned(),
        mend: format!(
            "`zramctl-rs idle {device} --older 1h && zramctl-rs recompress {device} --idle`, from a timer"
        ),
    })
}

fn marks_unused(patient: &Patient) -> Option<Finding> {
    let device = patient.number();
    let survey = &patient.device.survey;
    let has_backing = survey.writeback.as_ref().is_some_and(|to| to.backing_dev.is_some());
    let idle = patient.slots.as_ref()?.idle;
    (idle > 0 && !has_backing && survey.recompression.is_empty()).then(|| Finding {
        check: Check::IdleMarksUnused,
        severity: Severity::Note,
        device: Some(device),
        seen: format!("{device}: {idle} pages are marked as idle."),
        why: "Marks are for writeback and recompression, and the device is set up for neither.".to_owned(),
        mend: "a backing device or an algorithm for recompression, when it is next set up; or mark no pages"
            .to_owned(),
    })
}

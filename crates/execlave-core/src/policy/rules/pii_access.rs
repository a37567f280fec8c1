//! `pii_access`: fires when the input and the tools' outputs together hold at least `minCount` findings of
//! the denied types.

use crate::policy::error::PolicyError;
use crate::policy::fields::{Fields, NAMES};
use crate::policy::rule::{Checked, Rule, Subject};
use crate::request::texts::{Match, PiiType, Text};

#[derive(Debug)]
pub(super) struct PiiAccess {
    /// Empty means all.
    denied: Vec<PiiType>,
    min_count: u64,
    scan_input: bool,
    scan_tool_outputs: bool,
    scan_output: bool,
}

pub(super) fn read(fields: &mut Fields) -> Result<PiiAccess, PolicyError> {
    let rule = PiiAccess {
        denied: fields.words("deniedPiiTypes", NAMES)?.unwrap_or_default(),
        min_count: fields.integer("minCount", 1, 1_000_000)?.unwrap_or(1),
        scan_input: fields.flag("scanInput", true)?,
        scan_tool_outputs: fields.flag("scanToolOutputs", true)?,
        scan_output: fields.flag("scanOutput", true)?,
    };
    Ok(rule)
}

impl Rule for PiiAccess {
    fn check(&self, subject: &Subject<'_>, checked: &mut Checked) {
        let input = subject.texts.input().filter(|_| self.scan_input);
        let outputs = if self.scan_tool_outputs { subject.texts.outputs() } else { &[] };
        let found: Vec<(&Text<'_>, &Match)> = input
            .into_iter()
            .chain(outputs)
            .chain(subject.texts.output().filter(|_| self.scan_output))
            .flat_map(|text| text.pii().iter().map(move |found| (text, found)))
            .filter(|(_, found)| self.denied.is_empty() || self.denied.contains(&found.pii_type))
            .collect();
        let Some((text, first)) = found.first() else { return };
        if u64::try_from(found.len()).unwrap_or(u64::MAX) < self.min_count {
            return;
        }
        let message = format!(
            "personal data in {}: {}; mask or remove it before the action (the SDK's `privacy` option does)",
            places(&found),
            counts(&found)
        );
        checked.hit(first.pii_type.as_str(), message, Some(text.evidence(first.range())));
    }
}

fn places(found: &[(&Text<'_>, &Match)]) -> String {
    let mut places: Vec<String> = Vec::new();
    for (text, _) in found {
        let place = format!("`{}`", text.field());
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places.join(", ")
}

fn counts(found: &[(&Text<'_>, &Match)]) -> String {
    let count =
        |pii_type: PiiType| found.iter().filter(|(_, found)| found.pii_type == pii_type).count();
    let counts = PiiType::ALL.iter().map(|pii_type| (pii_type, count(*pii_type)));
    counts
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect::<Vec<_>>()
        .join(", ")
}

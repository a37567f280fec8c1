//! `pii_access`: fires when the input, the tools' outputs and the output together hold at least `minCount`
//! findings of the denied types.

use crate::policy::error::PolicyError;
use crate::policy::field::{Field, Spec};
use crate::policy::fields::Fields;
use crate::policy::rule::{Checked, Rule, Subject};
use crate::request::texts::{Match, PiiType, Text};

pub(super) const SPEC: Spec = Spec::new(&[
    Field::words::<PiiType>("deniedPiiTypes", "which personal data; none means all"),
    Field::integer("minCount", 1, 1_000_000, Some(1), "how many findings it takes"),
    Field::flag("scanInput", true, "read the input"),
    Field::flag("scanToolOutputs", true, "read what tools answered"),
    Field::flag("scanOutput", true, "read the output, on traces"),
]);

#[derive(Debug)]
pub(super) struct PiiAccess {
    /// Empty means all.
    denied: Vec<PiiType>,
    min_count: u64,
    scan_input: bool,
    scan_tool_outputs: bool,
    scan_output: bool,
}

pub(super) fn read(fields: &Fields) -> Result<PiiAccess, PolicyError> {
    Ok(PiiAccess {
        denied: fields.words("deniedPiiTypes"),
        min_count: fields.integer("minCount").unwrap_or(1),
        scan_input: fields.flag("scanInput"),
        scan_tool_outputs: fields.flag("scanToolOutputs"),
        scan_output: fields.flag("scanOutput"),
    })
}

impl Rule for PiiAccess {
    fn check(&self, subject: &Subject<'_>, checked: &mut Checked) {
        let texts = &subject.texts;
        let input = texts.input().filter(|_| self.scan_input);
        let outputs = if self.scan_tool_outputs { texts.outputs() } else { &[] };
        let output = texts.output().filter(|_| self.scan_output);
        let found: Vec<(&Text<'_>, &Match)> = input
            .into_iter()
            .chain(outputs)
            .chain(output)
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

    fn never_fires(&self) -> Option<&'static str> {
        (!(self.scan_input || self.scan_tool_outputs || self.scan_output))
            .then_some("every `scan…` is off: turn one on")
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

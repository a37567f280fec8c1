//! `injection_scan`: fires when a text's risk of prompt injection reaches the threshold, or when one of the
//! policy's own patterns matches. What an allow pattern covers does not count.
//!
//! The user's turns are read one by one and, with the input, as one text, so that an instruction split over
//! several turns is seen.

use std::ops::Range;

use crate::policy::error::PolicyError;
use crate::policy::field::{Field, PATTERNS, Spec};
use crate::policy::fields::Fields;
use crate::policy::patterns::Patterns;
use crate::policy::rule::{Checked, Rule, Subject};
use crate::request::texts::{Finding, RiskLevel, Text, risk_of};

pub(super) const SPEC: Spec = Spec::new(&[
    Field::word_of::<RiskLevel>(
        "threshold",
        &["low", "medium", "high", "critical"],
        Some("medium"),
        "the risk from which on it fires",
    ),
    Field::flag("scanInput", true, "read the input"),
    Field::flag("scanHistory", true, "read the user's earlier turns"),
    Field::flag("scanToolOutputs", true, "read what tools answered"),
    Field::flag("scanOutput", false, "read the output, on traces"),
    Field::texts("patterns", PATTERNS, "regular expressions that fire as well"),
    Field::texts("allowPatterns", PATTERNS, "what one of these covers does not count"),
]);

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "one for each place that can be read")]
pub(super) struct InjectionScan {
    threshold: RiskLevel,
    scan_input: bool,
    scan_history: bool,
    scan_tool_outputs: bool,
    scan_output: bool,
    patterns: Patterns,
    allow_patterns: Patterns,
}

pub(super) fn read(fields: &Fields) -> Result<InjectionScan, PolicyError> {
    Ok(InjectionScan {
        threshold: fields.word("threshold").unwrap_or(RiskLevel::Medium),
        scan_input: fields.flag("scanInput"),
        scan_history: fields.flag("scanHistory"),
        scan_tool_outputs: fields.flag("scanToolOutputs"),
        scan_output: fields.flag("scanOutput"),
        patterns: Patterns::read(fields, "patterns")?,
        allow_patterns: Patterns::read(fields, "allowPatterns")?,
    })
}

/// Why one text fires.
struct Fired {
    rule: String,
    reason: String,
    range: Range<usize>,
}

impl Rule for InjectionScan {
    fn check(&self, subject: &Subject<'_>, checked: &mut Checked) {
        let texts = &subject.texts;
        let input = texts.input().filter(|_| self.scan_input);
        let turns = if self.scan_history { texts.turns() } else { &[] };
        let outputs = if self.scan_tool_outputs { texts.outputs() } else { &[] };
        let output = texts.output().filter(|_| self.scan_output);
        for text in input.into_iter().chain(turns).chain(outputs).chain(output) {
            if let Some(fired) = self.fires_on(text) {
                let message = message(&fired.reason, text.field());
                checked.hit(fired.rule, message, Some(text.evidence(fired.range)));
            }
        }
        if checked.hit.is_some() || !(self.scan_input && self.scan_history) {
            return;
        }
        let Some(conversation) = texts.conversation() else { return };
        if let Some(fired) = self.fires_on(&conversation.whole) {
            let message = message(&fired.reason, "the user's turns and the input together");
            checked.hit(fired.rule, message, texts.evidence_in(conversation, fired.range));
        }
    }

    fn never_fires(&self) -> Option<&'static str> {
        (!(self.scan_input || self.scan_history || self.scan_tool_outputs || self.scan_output))
            .then_some("every `scan…` is off: turn one on")
    }
}

impl InjectionScan {
    fn fires_on(&self, text: &Text<'_>) -> Option<Fired> {
        let allowed = self.allowed(text.as_str());
        let covered = |range: &Range<usize>| {
            allowed.iter().any(|allowed| allowed.start <= range.start && range.end <= allowed.end)
        };
        let findings: Vec<Finding> =
            text.injection().iter().filter(|finding| !covered(&finding.range())).cloned().collect();
        let risk = risk_of(&findings);
        if risk >= self.threshold {
            // The heaviest finding tells the most; of equals the first.
            let first = findings.iter().reduce(|heaviest, finding| {
                if finding.weight > heaviest.weight { finding } else { heaviest }
            })?;
            return Some(Fired {
                rule: short(first.rule_id).into(),
                reason: format!("{risk} risk of prompt injection ({})", names(&findings)),
                range: first.range(),
            });
        }
        let (index, range) =
            self.patterns.find_iter(text.as_str()).find(|(_, range)| !covered(range))?;
        Some(Fired {
            rule: "pattern".into(),
            reason: format!("`patterns[{index}]` of this policy matches"),
            range,
        })
    }

    fn allowed(&self, text: &str) -> Vec<Range<usize>> {
        if self.allow_patterns.is_empty() {
            return Vec::new();
        }
        self.allow_patterns.find_iter(text).map(|(_, range)| range).collect()
    }
}

fn message(reason: &str, place: &str) -> String {
    format!(
        "{reason} in {place}; remove what reads like an instruction to the model, or cover it with \
         `allowPatterns` if it is expected"
    )
}

fn short(rule_id: &str) -> &str {
    rule_id.split_once('.').map_or(rule_id, |(_, short)| short)
}

fn names(findings: &[Finding]) -> String {
    let mut names: Vec<String> = Vec::new();
    for finding in findings {
        let name = short(finding.rule_id).replace('_', " ");
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

//! From findings to a score, and from the score to a level of risk.

use serde::{Deserialize, Serialize};

use super::Finding;
use crate::words::words;

/// How dangerous a text is; more dangerous compares greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum RiskLevel {
    /// A score under 0.1.
    None,
    /// From 0.1: a weak sign, or a strong one that is quoted or discussed.
    Low,
    /// From 0.4: one strong sign or two weak ones.
    Medium,
    /// From 0.9: four strong signs.
    High,
    /// From 0.97: five strong signs and a weak one.
    Critical,
}

words!(
    RiskLevel,
    "risk level",
    None = "none",
    Low = "low",
    Medium = "medium",
    High = "high",
    Critical = "critical",
);

impl RiskLevel {
    /// The level of a score from 0 to 1.
    pub fn of_score(score: f64) -> Self {
        match score {
            0.97.. => Self::Critical,
            0.9.. => Self::High,
            0.4.. => Self::Medium,
            0.1.. => Self::Low,
            _ => Self::None,
        }
    }
}

/// The level of risk of a set of findings.
pub fn risk_of(findings: &[Finding]) -> RiskLevel {
    RiskLevel::of_score(score_of(findings))
}

/// Findings of one rule say the same, so each rule counts once, with its heaviest finding. What is left to 1
/// shrinks by each rule's weight in turn: the order does not matter, and 1 is never reached.
pub(super) fn score_of(findings: &[Finding]) -> f64 {
    let mut heaviest: Vec<(&str, f64)> = Vec::new();
    for finding in findings {
        match heaviest.iter_mut().find(|seen| seen.0 == finding.rule_id) {
            Some(seen) => seen.1 = seen.1.max(finding.weight),
            None => heaviest.push((finding.rule_id, finding.weight)),
        }
    }
    // Sorted, so that the same set gives the same last digit.
    heaviest.sort_by(|one, other| one.0.cmp(other.0));
    let innocent: f64 = heaviest.iter().map(|(_, weight)| 1.0 - weight).product();
    let score = 1.0 - innocent;
    (score * 1e6).round() / 1e6
}

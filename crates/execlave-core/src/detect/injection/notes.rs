//! What the rules found in one reading, kept short.

use super::FINDINGS_PER_RULE;
use super::rule::{Found, Rule};

/// A rule's match in a reading.
#[derive(Debug, Clone)]
pub(super) struct Match {
    pub(super) rule_id: &'static str,
    pub(super) category: &'static str,
    pub(super) weight: f64,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The matches so far.
#[derive(Debug, Default)]
pub(super) struct Notes {
    matches: Vec<Match>,
    /// For each rule that matched its latest match, and how many it has.
    rules: Vec<Latest>,
}

#[derive(Debug)]
struct Latest {
    rule_id: &'static str,
    place: usize,
    count: usize,
}

impl Notes {
    /// Adds a match. Of two of one rule that overlap the heavier stays: they are the same passage in other words.
    pub(super) fn add(&mut self, rule: &Rule, found: Found) {
        let place = self.matches.len();
        let Found { start, end, weight } = found;
        match self.rules.iter_mut().find(|known| known.rule_id == rule.id) {
            None => self.rules.push(Latest { rule_id: rule.id, place, count: 1 }),
            Some(known) => {
                if let Some(latest) = self.matches.get_mut(known.place)
                    && start < latest.end
                {
                    if weight > latest.weight {
                        (latest.start, latest.end, latest.weight) = (start, end, weight);
                    }
                    return;
                }
                if known.count >= FINDINGS_PER_RULE {
                    return;
                }
                known.place = place;
                known.count = known.count.saturating_add(1);
            }
        }
        self.matches.push(Match { rule_id: rule.id, category: rule.category, weight, start, end });
    }

    /// The same words count once: leaves out what lies within a match of another rule that says as much or more.
    pub(super) fn finish(mut self) -> Vec<Match> {
        let mut kept: Vec<Match> = Vec::with_capacity(self.matches.len());
        // The heaviest first, then the longest, so that one pass over what is kept is enough.
        self.matches.sort_by(|one, other| {
            let length = |found: &Match| found.end.saturating_sub(found.start);
            other.weight.total_cmp(&one.weight).then(length(other).cmp(&length(one)))
        });
        for found in self.matches {
            let inside = |known: &Match| known.start <= found.start && found.end <= known.end;
            if !kept.iter().any(inside) {
                kept.push(found);
            }
        }
        kept
    }
}

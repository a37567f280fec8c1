//! Policies that wait for the outcome of other policies.
//!
//! Prerequisites form a graph without cycles; [`find_cycle`] refuses one when a policy is saved. Should a
//! cycle exist all the same, its policies run as if they had no prerequisites: a governance rule that never
//! runs would be the worse mistake.

use std::collections::{HashMap, HashSet};

use super::document::ChainTrigger;
use crate::ids::PolicyId;

/// A cycle among prerequisites, if there is one: each policy waits for the next, the last for the first.
pub fn find_cycle(prerequisites: &[(PolicyId, Vec<PolicyId>)]) -> Option<Vec<PolicyId>> {
    let mut graph: HashMap<PolicyId, HashSet<PolicyId>> =
        prerequisites.iter().map(|(id, needs)| (*id, needs.iter().copied().collect())).collect();
    let ids: HashSet<PolicyId> = graph.keys().copied().collect();
    // Policies that wait for nothing (left) cannot be part of a cycle; take them away until none is left.
    loop {
        for needs in graph.values_mut() {
            needs.retain(|id| ids.contains(id));
        }
        let free: Vec<PolicyId> =
            graph.iter().filter(|(_, needs)| needs.is_empty()).map(|(id, _)| *id).collect();
        if free.is_empty() {
            break;
        }
        for id in &free {
            graph.remove(id);
        }
        for needs in graph.values_mut() {
            needs.retain(|id| !free.contains(id));
        }
    }
    // What is left always waits for something that is left, so walking must return to where it was.
    let mut path = vec![*graph.keys().min()?];
    loop {
        let next = *graph.get(path.last()?)?.iter().min()?;
        if let Some(start) = path.iter().position(|id| *id == next) {
            return Some(path.split_off(start));
        }
        path.push(next);
    }
}

/// How one policy of a set waits for others of the set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chain {
    pub(super) trigger: ChainTrigger,
    /// Places in the set.
    pub(super) needs: Vec<usize>,
}

impl Chain {
    /// Whether the policy runs, given which policies fired.
    pub(super) fn open(&self, fired: impl Fn(usize) -> bool) -> bool {
        let any = self.needs.iter().any(|place| fired(*place));
        match self.trigger {
            ChainTrigger::AllPassed => !any,
            ChainTrigger::AnyViolated => any,
            ChainTrigger::Always => true,
        }
    }
}

/// The places of a set in an order in which every policy comes after its prerequisites. Policies on a cycle,
/// and those that wait for one, lose their chain.
pub(super) fn arrange(chains: &mut [Option<Chain>]) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::with_capacity(chains.len());
    let mut placed = vec![false; chains.len()];
    loop {
        let before = order.len();
        for (place, chain) in chains.iter().enumerate() {
            let done = |place: &usize| placed.get(*place).copied().unwrap_or(true);
            if !done(&place) && chain.as_ref().is_none_or(|chain| chain.needs.iter().all(done)) {
                order.push(place);
                if let Some(mark) = placed.get_mut(place) {
                    *mark = true;
                }
            }
        }
        if order.len() == chains.len() {
            return order;
        }
        if order.len() == before {
            for (chain, placed) in chains.iter_mut().zip(&placed) {
                if !placed {
                    *chain = None;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> PolicyId {
        PolicyId::from(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn cycles_are_found_and_trees_are_not() {
        let tree = [(id(1), vec![id(2), id(3)]), (id(2), vec![id(3), id(9)]), (id(3), vec![])];
        assert_eq!(find_cycle(&tree), None);
        let ring = [(id(1), vec![id(2)]), (id(2), vec![id(3)]), (id(3), vec![id(2)])];
        assert_eq!(find_cycle(&ring), Some(vec![id(2), id(3)]));
        assert_eq!(find_cycle(&[(id(1), vec![id(1)])]), Some(vec![id(1)]));
    }

    #[test]
    fn policies_on_a_cycle_still_run() {
        let needs = |places: &[usize]| {
            Some(Chain { trigger: ChainTrigger::AnyViolated, needs: places.to_vec() })
        };
        let mut chains = vec![needs(&[1]), needs(&[0]), needs(&[3]), None];
        assert_eq!(arrange(&mut chains), [3, 2, 0, 1]);
        assert_eq!(chains, [None, None, needs(&[3]), None]);
    }
}

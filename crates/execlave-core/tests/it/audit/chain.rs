//! A chain is followed entry by entry.

use execlave_core::audit::merkle::Frontier;
use execlave_core::audit::{Chain, Entry, Problem};

use super::{entries, head, key, org};

fn follow(entries: &[Entry]) -> Result<(), Problem> {
    let mut chain = Chain::new(org(), Vec::new());
    entries.iter().try_for_each(|entry| chain.push(entry))
}

#[test]
fn each_field_is_covered_by_the_hash() {
    let edits: [fn(&mut Entry); 6] = [
        |entry| entry.actor.push('x'),
        |entry| entry.at += 1,
        |entry| entry.body["more"] = 1.into(),
        |entry| entry.event.push('x'),
        |entry| entry.subject.push('x'),
        |entry| entry.hash = entry.prev_hash,
    ];
    for edit in edits {
        let mut changed = entries(3);
        edit(&mut changed[1]);
        assert_eq!(follow(&changed), Err(Problem::Changed));
    }
    let mut relinked = entries(3);
    relinked[1].prev_hash = relinked[2].hash;
    assert_eq!(follow(&relinked), Err(Problem::NotLinked));
    let mut foreign = entries(3);
    let other = uuid::Uuid::from_u128(2).into();
    foreign[1].organization_id = other;
    assert_eq!(follow(&foreign), Err(Problem::OtherOrganization(other)));
}

#[test]
fn a_head_of_the_size_where_the_chain_ends_is_compared_too() {
    let entries = entries(4);
    for (size, expected) in
        [(4, Ok(4)), (3, Ok(4)), (5, Err(Problem::Truncated { expected: 5, found: 4 }))]
    {
        let heads = vec![head(&super::entries(size), &key())];
        let mut chain = Chain::new(org(), heads);
        entries.iter().try_for_each(|entry| chain.push(entry)).expect("whole");
        assert_eq!(chain.end().map(Frontier::size), expected);
    }
}

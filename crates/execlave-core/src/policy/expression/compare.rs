//! Equality and order of values. Numbers of all kinds compare by what they are, not by how they are kept.

use std::cmp::Ordering;

use super::value::{List, Map, Val};

/// Deeper values are not compared; nobody writes them on purpose.
const DEPTH: usize = 64;

/// `None` when the values are too deep.
pub(super) fn equal(one: &Val<'_>, other: &Val<'_>) -> Option<bool> {
    equal_within(one, other, DEPTH)
}

fn equal_within(one: &Val<'_>, other: &Val<'_>, depth: usize) -> Option<bool> {
    let depth = depth.checked_sub(1)?;
    Some(match (one, other) {
        (Val::Null, Val::Null) => true,
        (Val::Bool(one), Val::Bool(other)) => one == other,
        (Val::Text(one), Val::Text(other)) => one == other,
        (Val::Time(one), Val::Time(other)) => one == other,
        (Val::Span(one), Val::Span(other)) => one == other,
        (Val::List(one), Val::List(other)) => return lists(one, other, depth),
        (Val::Map(one), Val::Map(other)) => return maps(one, other, depth),
        _ => numbers(one, other) == Some(Ordering::Equal),
    })
}

fn lists(one: &List<'_>, other: &List<'_>, depth: usize) -> Option<bool> {
    if one.len() != other.len() {
        return Some(false);
    }
    for (one, other) in one.iter().zip(other.iter()) {
        if !equal_within(&one, &other, depth)? {
            return Some(false);
        }
    }
    Some(true)
}

fn maps(one: &Map<'_>, other: &Map<'_>, depth: usize) -> Option<bool> {
    if one.len() != other.len() {
        return Some(false);
    }
    for key in one.keys() {
        let Val::Text(key) = key else { return Some(false) };
        let (Some(one), Some(other)) = (one.get(&key), other.get(&key)) else {
            return Some(false);
        };
        if !equal_within(&one, &other, depth)? {
            return Some(false);
        }
    }
    Some(true)
}

/// `None` for values without an order, NaN among them.
pub(super) fn order(one: &Val<'_>, other: &Val<'_>) -> Result<Option<Ordering>, ()> {
    match (one, other) {
        (Val::Bool(one), Val::Bool(other)) => Ok(Some(one.cmp(other))),
        (Val::Text(one), Val::Text(other)) => Ok(Some(one.cmp(other))),
        (Val::Time(one), Val::Time(other)) => Ok(Some(one.cmp(other))),
        (Val::Span(one), Val::Span(other)) => Ok(Some(one.cmp(other))),
        _ if is_number(one) && is_number(other) => Ok(numbers(one, other)),
        _ => Err(()),
    }
}

pub(super) fn is_number(value: &Val<'_>) -> bool {
    matches!(value, Val::Int(_) | Val::Uint(_) | Val::Double(_))
}

fn numbers(one: &Val<'_>, other: &Val<'_>) -> Option<Ordering> {
    let whole = |value: &Val<'_>| match value {
        Val::Int(number) => Some(i128::from(*number)),
        Val::Uint(number) => Some(i128::from(*number)),
        _ => None,
    };
    match (one, other) {
        (Val::Double(one), Val::Double(other)) => one.partial_cmp(other),
        (Val::Double(one), other) => mixed(whole(other)?, *one).map(Ordering::reverse),
        (one, Val::Double(other)) => mixed(whole(one)?, *other),
        (one, other) => Some(whole(one)?.cmp(&whole(other)?)),
    }
}

/// A whole number against a fraction, exactly.
fn mixed(whole: i128, fraction: f64) -> Option<Ordering> {
    if fraction.is_nan() {
        return None;
    }
    if fraction.abs() >= 1e30 {
        return Some(if fraction > 0.0 { Ordering::Less } else { Ordering::Greater });
    }
    #[expect(clippy::cast_possible_truncation, reason = "below 2^127")]
    let floor = fraction.floor() as i128;
    let rest = fraction.fract().abs() > 0.0;
    Some(match whole.cmp(&floor) {
        Ordering::Equal if rest => Ordering::Less,
        order => order,
    })
}

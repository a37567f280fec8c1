//! What a detector is: where it wants to look, and a function that looks there.

use std::ops::Range;

use crate::detect::candidates::assignment::Assignment;
use crate::detect::candidates::number::Number;
use crate::detect::source::Source;

/// A detector of one type: everything the table holds about it.
#[derive(Debug)]
pub(crate) struct Detector {
    /// The places it is shown.
    pub(crate) reads: &'static [Reads],
}

/// A kind of place that the one pass over a text recognises, with the function that judges it. No function
/// looks further than a fixed number of bytes beyond what it is shown, which keeps the whole pass linear.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reads {
    /// At every `@`.
    At(fn(Source<'_>, usize) -> Option<Hit>),
    /// At every `:`.
    Colon(fn(Source<'_>, usize) -> Option<Hit>),
    /// Every value that a `=` or `:` gives to a name that ends like a word for a secret.
    Assignment(fn(&Assignment<'_>) -> Option<Hit>),
    /// At every `-----`.
    Dashes(fn(Source<'_>, usize) -> Option<Hit>),
    /// From every run of digits on, however short.
    ShortNumber(fn(&Number<'_>) -> Option<Hit>),
    /// From every run of digits on, if six digits or more follow each other.
    Number(fn(&Number<'_>) -> Option<Hit>),
    /// Every run of ASCII letters and digits that has both.
    Word(fn(Source<'_>, Range<usize>) -> Option<Hit>),
    /// Wherever a word starts with this literal and goes on with a digit, hyphen or underscore somewhere.
    Prefix(&'static str, fn(Source<'_>, usize) -> Option<Hit>),
    /// Behind this phrase, in any case; only when names are asked for.
    Phrase(&'static str, fn(Source<'_>, usize) -> Option<Hit>),
}

/// A place where a detector recognises its type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hit {
    /// The bytes.
    pub(crate) range: Range<usize>,
    /// How sure, from 0 to 1.
    pub(crate) confidence: f32,
    /// Whether a check digit or an unmistakable prefix says so, and not the shape alone.
    pub(crate) proven: bool,
}

impl Hit {
    /// A check digit fits, or the prefix is used for nothing else.
    pub(crate) fn proven(range: Range<usize>, confidence: f32) -> Self {
        Self { range, confidence, proven: true }
    }

    /// It looks like one.
    pub(crate) fn likely(range: Range<usize>, confidence: f32) -> Self {
        Self { range, confidence, proven: false }
    }
}

/// Hits below this confidence are not reported.
pub(crate) const THRESHOLD: f32 = 0.5;

/// What one telling word near a candidate adds to its confidence.
pub(crate) const RAISED: f32 = 0.4;

/// What one misleading word takes away.
pub(crate) const LOWERED: f32 = 0.3;

/// A confidence with what stands around the candidate taken into account.
pub(crate) fn weigh(base: f32, raised: bool, lowered: bool) -> f32 {
    let raised = if raised { RAISED } else { 0.0 };
    let lowered = if lowered { LOWERED } else { 0.0 };
    (base + raised - lowered).clamp(0.0, 1.0)
}

//! The readings of a text: as it stands, and with each disguise undone for which there is a sign.
//!
//! Every reading knows the way back to the original, so that what is found in it can be shown where it was hidden. A reading of a
//! disguise holds the places that gave a sign, with their context, and not the whole text again. What comes out of one disguise is
//! looked through for the next.
//!
//! The plain reading folds letters that people and models read alike into one form: NFKC, no invisible characters, no marks on Latin, Greek
//! and Cyrillic letters, lower case outside ASCII. All further readings are folded as well.
//!
//! The work is bounded whatever the text: at most [`READINGS`] readings, at most [`DEPTH`] disguises deep, and all readings after the
//! first hold together at most [`GROWTH`] times the text and [`ALLOWANCE`] bytes. Shallow readings come first, so that a flood of
//! nested ones cannot push them out. A clean ASCII text has one reading, which borrows it.

use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

use super::decode::{codes, entities, escapes, markup, morse, percent, quoted_printable, radix};

pub(in crate::detect) mod area;
pub(in crate::detect) mod map;
pub(in crate::detect) mod signs;

mod hidden;
mod layer;
mod leet;
mod lexicon;
mod lookalikes;
mod plain;
mod respace;
mod spaced;
mod split;
mod turned;

use layer::Layer;
use map::{Draft, Map};
use plain::Case;
use signs::{Areas, Signs};

/// The most readings of one text, the plain one included.
pub const READINGS: usize = 32;
/// The most disguises that are undone one after the other.
pub const DEPTH: usize = 4;
/// How many times the text all further readings may hold.
pub const GROWTH: usize = 4;
/// What they may hold beyond that, in bytes: short texts may be nested as deep as long ones.
pub const ALLOWANCE: usize = 16 * 1024;

/// One reading of a text.
#[derive(Debug, Clone)]
pub struct View<'t> {
    /// The text all readings come from.
    given: &'t str,
    /// What was read in it last; `None` for the text as it stands.
    layer: Option<Rc<Layer>>,
    undone: Vec<&'static str>,
}

impl View<'_> {
    /// The reading. ASCII letters may be in either case and white space may come in runs; the rest is folded:
    /// see [`view`](self).
    pub fn text(&self) -> &str {
        self.layer.as_ref().map_or(self.given, |layer| layer.text())
    }

    /// The byte range of the original text behind a byte range of the reading.
    pub fn origin(&self, reading: Range<usize>) -> Range<usize> {
        self.layer.as_ref().map_or(reading.clone(), |layer| layer.origin(reading))
    }

    /// How the reading was obtained, in order, such as `["base64", "leet"]`; empty for the plain reading.
    pub fn undone(&self) -> &[&'static str] {
        &self.undone
    }
}

impl Drop for View<'_> {
    fn drop(&mut self) {
        if let Some(layer) = self.layer.take() {
            Layer::give_back(layer);
        }
    }
}

/// The plain reading first, then each further one there is reason to make.
pub fn views(text: &str) -> impl Iterator<Item = View<'_>> {
    let first = View { given: text, layer: None, undone: Vec::new() };
    let bytes_left = text.len().saturating_mul(GROWTH).saturating_add(ALLOWANCE);
    Views {
        first: Some(first),
        raw: None,
        waiting: VecDeque::new(),
        readings_left: READINGS,
        bytes_left,
    }
}

struct Views<'t> {
    first: Option<View<'t>>,
    /// The last view given, as it was before folding, not yet looked through.
    raw: Option<Unread<'t>>,
    /// Readings that were made and not yet given.
    waiting: VecDeque<View<'t>>,
    readings_left: usize,
    bytes_left: usize,
}

/// A view and its folded form.
struct Unread<'t> {
    raw: View<'t>,
    folded: View<'t>,
}

impl<'t> Iterator for Views<'t> {
    type Item = View<'t>;

    fn next(&mut self) -> Option<View<'t>> {
        if let Some(Unread { raw, folded }) = self.raw.take() {
            self.look_through(&raw, &folded);
        }
        let raw = self.first.take().or_else(|| self.waiting.pop_front())?;
        let folded = match plain::fold(raw.text(), Case::Folded) {
            Some(folded) => raw.layer(folded, None),
            None => raw.clone(),
        };
        self.raw = Some(Unread { raw, folded: folded.clone() });
        Some(folded)
    }
}

impl<'t> View<'t> {
    /// A reading of this one.
    fn layer(&self, (text, map): (String, Map), name: Option<&'static str>) -> View<'t> {
        let layer = Layer::new(text, map, self.layer.clone());
        let mut undone = self.undone.clone();
        undone.extend(name);
        View { given: self.given, layer: Some(layer), undone }
    }
}

/// Notes where in an area a disguise is likely, cheaply.
type Seen = fn(&str, &Range<usize>, &mut Areas);

/// Writes an area of a text without a disguise, and says whether it was there.
type Undo = fn(&str, Range<usize>, &mut Draft) -> bool;

struct Disguise {
    name: &'static str,
    signs: fn(&Signs) -> &Areas,
    seen: Seen,
    undo: Undo,
    /// Whether it may be undone again in what it gave.
    nests: bool,
}

const fn once(name: &'static str, signs: fn(&Signs) -> &Areas, seen: Seen, undo: Undo) -> Disguise {
    Disguise { name, signs, seen, undo, nests: false }
}

const fn nesting(
    name: &'static str,
    signs: fn(&Signs) -> &Areas,
    seen: Seen,
    undo: Undo,
) -> Disguise {
    Disguise { name, signs, seen, undo, nests: true }
}

/// For signs that are rare enough to go by.
fn everywhere(_: &str, area: &Range<usize>, places: &mut Areas) {
    signs::add(places, area);
}

/// In the order their readings are made.
const DISGUISES: &[Disguise] = &[
    nesting("base64", |signs| &signs.long, radix::seen_base64, radix::base64),
    nesting("base32", |signs| &signs.long, radix::seen_base32, radix::base32),
    nesting("hex", |signs| &signs.long, radix::seen_hex, radix::hex),
    nesting("hex", |signs| &signs.codes, codes::seen_hex, codes::hex),
    nesting("binary", |signs| &signs.codes, codes::seen_binary, codes::binary),
    nesting("decimal", |signs| &signs.codes, codes::seen_decimal, codes::decimal),
    nesting("percent", |signs| &signs.percent, everywhere, percent::undo),
    nesting("entities", |signs| &signs.entities, everywhere, entities::undo),
    nesting("escapes", |signs| &signs.backslashes, everywhere, escapes::backslashes),
    nesting("escapes", |signs| &signs.code_points, everywhere, escapes::code_points),
    nesting("quoted_printable", |signs| &signs.equals, everywhere, quoted_printable::undo),
    once("markup", |signs| &signs.markup, everywhere, markup::undo),
    once("morse", |signs| &signs.dashes, everywhere, morse::undo),
    once("rot13", |signs| &signs.rotated, turned::seen_rotated, turned::rotated),
    once("reversed", |signs| &signs.reversed, everywhere, turned::backwards),
    once("reversed_words", |signs| &signs.reversed, everywhere, turned::words_backwards),
    once("spacing", |signs| &signs.spaced, everywhere, spaced::undo),
    once("spacing", |signs| &signs.chunked, everywhere, spaced::undo),
    once("spacing", |signs| &signs.chunked, everywhere, respace::chunked),
    once("spacing", |signs| &signs.long, respace::seen, respace::compact),
    once("split", |signs| &signs.split, split::seen, split::undo),
    once("leet", |signs| &signs.leet, leet::seen, leet::undo),
];

/// Writes what a text hides, if anything.
type Read = fn(&str, &mut Draft);

/// Text that is there without being seen; read before folding drops it.
const HIDDEN: &[(&str, Read)] = &[
    ("tag_characters", hidden::tags),
    ("variation_selectors", hidden::selectors),
    ("zero_width_bits", hidden::bits),
    ("bidi_override", hidden::overridden),
];

impl<'t> Views<'t> {
    /// Makes the readings of one reading.
    fn look_through(&mut self, raw: &View<'t>, folded: &View<'t>) {
        if raw.undone.len() >= DEPTH {
            return;
        }
        if !raw.text().is_ascii() {
            let hidden = if hidden::is_likely(raw.text()) { HIDDEN } else { &[] };
            for (name, read) in hidden {
                let mut draft = Draft::new(self.bytes_left);
                read(raw.text(), &mut draft);
                self.keep(raw, draft.finish(), name);
            }
            if !folded.undone.contains(&"lookalikes")
                && let Some(latin) = self.without_lookalikes(raw)
            {
                self.waiting_view(latin);
            }
        }
        let signs = Signs::of(folded.text());
        if !signs.is_empty() {
            self.undo_disguises(folded, &signs);
        }
        signs.give_back();
    }

    /// Makes a reading for each disguise that there is a sign for.
    fn undo_disguises(&mut self, folded: &View<'t>, signs: &Signs) {
        for disguise in DISGUISES {
            let areas = (disguise.signs)(signs);
            if areas.is_empty() || (!disguise.nests && folded.undone.contains(&disguise.name)) {
                continue;
            }
            let mut places = Areas::new();
            for area in areas {
                (disguise.seen)(folded.text(), area, &mut places);
            }
            if places.is_empty() {
                continue;
            }
            let mut draft = Draft::new(self.bytes_left);
            for area in area::widen(folded.text(), &places) {
                let mark = draft.mark();
                draft.gap(area.start);
                if !(disguise.undo)(folded.text(), area, &mut draft) {
                    draft.reset(mark);
                }
            }
            self.keep(folded, draft.finish(), disguise.name);
        }
    }

    fn without_lookalikes(&self, raw: &View<'t>) -> Option<View<'t>> {
        if lookalikes::seen(raw.text()).is_empty() {
            return None;
        }
        let cased = match plain::fold(raw.text(), Case::Kept) {
            Some(cased) => raw.layer(cased, None),
            None => raw.clone(),
        };
        let latin = lookalikes::undo(cased.text(), self.bytes_left)?;
        Some(cased.layer(latin, Some("lookalikes")))
    }

    fn keep(&mut self, from: &View<'t>, (text, map): (String, Map), name: &'static str) {
        if !text.is_empty() && text != from.text() {
            self.waiting_view(from.layer((text, map), Some(name)));
        }
    }

    /// Keeps a reading if the budget allows it.
    fn waiting_view(&mut self, view: View<'t>) {
        let length = view.text().len();
        if self.readings_left > 1 && length <= self.bytes_left {
            self.readings_left = self.readings_left.saturating_sub(1);
            self.bytes_left = self.bytes_left.saturating_sub(length);
            self.waiting.push_back(view);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_text_has_one_reading_that_borrows_it() {
        let text = "The library stays open on Saturdays. ".repeat(100);
        let views: Vec<View<'_>> = views(&text).collect();
        assert_eq!(views.len(), 1);
        assert!(views[0].layer.is_none());
    }

    #[test]
    fn the_budget_holds() {
        let inner =
            "%41".repeat(3000) + &"i g n o r e  a l l ".repeat(2000) + &"1gn0r3 ".repeat(3000);
        let text = inner.replace('%', "%2525");
        let all: Vec<View<'_>> = views(&text).collect();
        assert!(all.len() <= READINGS);
        let further: usize = all.iter().skip(1).map(|view| view.text().len()).sum();
        assert!(further <= text.len() * GROWTH + ALLOWANCE, "{further} of {}", text.len());
        assert!(all.iter().all(|view| view.undone().len() <= DEPTH));
    }
}

//! What was read in a text, one reading on top of another.
//!
//! Most texts need one reading at a time, and ordinary text with a few letters outside ASCII always one: each thread keeps the memory of
//! the last for the next.

use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;

use super::map::Map;

/// A reading of a reading.
#[derive(Debug, Default)]
pub(super) struct Layer {
    text: String,
    map: Map,
    behind: Option<Rc<Layer>>,
}

thread_local! {
    /// One that nobody reads, without its text.
    static SPARE: Cell<Option<Rc<Layer>>> = const { Cell::new(None) };
}

impl Layer {
    pub(super) fn new(text: String, map: Map, behind: Option<Rc<Self>>) -> Rc<Self> {
        let layer = Self { text, map, behind };
        let Some(mut spare) = SPARE.take() else { return Rc::new(layer) };
        match Rc::get_mut(&mut spare) {
            Some(place) => *place = layer,
            None => return Rc::new(layer),
        }
        spare
    }

    /// Keeps the memory of a layer that nobody else reads.
    pub(super) fn give_back(mut layer: Rc<Self>) {
        if let Some(last) = Rc::get_mut(&mut layer) {
            let Self { text, map, behind } = std::mem::take(last);
            drop(behind);
            map.give_back(text);
            SPARE.set(Some(layer));
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What of the text as it was given is behind a range of the reading.
    pub(super) fn origin(&self, reading: Range<usize>) -> Range<usize> {
        let range = self.map.origin(reading);
        let behind = std::iter::successors(self.behind.as_ref(), |layer| layer.behind.as_ref());
        behind.fold(range, |range, layer| layer.map.origin(range))
    }
}

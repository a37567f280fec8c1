//! The first look at a reading: which parts of it may hold a wording at all.
//!
//! Of every wording the two places are known that ordinary text seldom holds together: its opening and its
//! cue. Only where the cue comes as shortly after the opening as it may is a reading read for wordings.

use std::ops::Range;

use super::batch::Batch;
use super::phrase::Pair;
use super::rule::{Mark, Rule};
use super::words::Word;

/// Half words in a stretch; no wording of spaced words reaches farther.
pub(super) const STRETCH: u32 = 64;

/// Stretches that a wording can reach over at most: unspaced words are up to four times as wide as spaced ones.
const STRETCHES: usize = 3;

/// How many sets of words there may be that a cue has to follow.
pub(super) const OPENINGS: usize = 512;

/// Some of the [`OPENINGS`]: each bit of 256 stands for two. A cheap way to say that none was seen.
#[derive(Debug, Default, Clone, Copy)]
struct Openings {
    low: u128,
    high: u128,
}

impl Openings {
    fn of(numbers: impl IntoIterator<Item = u16>) -> Self {
        let mut openings = Self::default();
        for number in numbers {
            let half = if number & 128 == 0 { &mut openings.low } else { &mut openings.high };
            *half |= 1 << (number % 128);
        }
        openings
    }

    #[inline]
    fn join(&mut self, other: &Self) {
        self.low |= other.low;
        self.high |= other.high;
    }

    #[inline]
    fn meets(&self, other: &Self) -> bool {
        (self.low & other.low) | (self.high & other.high) != 0
    }
}

/// What one word of the lexicon means to the first look.
#[derive(Debug, Default)]
pub(super) struct Cue {
    /// The openings it is in.
    opens: Box<[u16]>,
    opens_mask: Openings,
    /// The openings it may follow, and within how many half words.
    follows: Box<[(u16, u32)]>,
    follows_mask: Openings,
    /// How far a wording that it is in may begin before it and end behind it, in half words.
    around: (u32, u32),
    /// The rules that look at the signs around it.
    pub(super) marks: Box<[(&'static Rule, &'static Mark)]>,
}

impl Cue {
    /// `follows` gives for each wording it is the cue of the opening, and how far the wording reaches.
    pub(super) fn new(
        opens: Box<[u16]>,
        follows: impl IntoIterator<Item = (u16, Pair)>,
        marks: Box<[(&'static Rule, &'static Mark)]>,
    ) -> Self {
        let mut reaches: Vec<(u16, u32)> = Vec::new();
        let mut around = (0, 0);
        for (opening, Pair { reach, around: (before, behind), .. }) in follows {
            around = (before.max(around.0), behind.max(around.1));
            match reaches.iter_mut().find(|known| known.0 == opening) {
                Some(known) => known.1 = known.1.max(reach),
                None => reaches.push((opening, reach)),
            }
        }
        Self {
            opens_mask: Openings::of(opens.iter().copied()),
            follows_mask: Openings::of(reaches.iter().map(|(opening, _)| *opening)),
            follows: reaches.into(),
            around,
            opens,
            marks,
        }
    }

    /// Whether the first look has to stop at it.
    pub(super) fn is_needed(&self) -> bool {
        !self.opens.is_empty() || !self.follows.is_empty() || !self.marks.is_empty()
    }

    #[inline(never)]
    fn is_marked(&self, text: &str, word: &Word) -> bool {
        self.marks.iter().any(|(_, mark)| (mark.check)(text, word).is_some())
    }
}

/// The first look, while it goes on.
#[derive(Debug)]
pub(super) struct Watch {
    /// The stretch of [`STRETCH`] half words that is being read.
    stretch: u32,
    /// Where this stretch and those before it start, in bytes, the latest first.
    starts: [usize; STRETCHES],
    /// The openings seen in each of them, and in any.
    recent: [Openings; STRETCHES],
    lately: Openings,
    /// For each opening the position after the last word in it.
    last: [u32; OPENINGS],
    /// Where the part that is to be read begins, in bytes, and the position it reaches to.
    open: Option<(usize, u32)>,
    parts: Vec<Range<usize>>,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            stretch: 0,
            starts: [0; STRETCHES],
            recent: [Openings::default(); STRETCHES],
            lately: Openings::default(),
            // Before the first word, out of every reach.
            last: [u32::MAX / 2; OPENINGS],
            open: None,
            parts: Vec::new(),
        }
    }
}

/// The stretch in which a word ends.
#[inline]
pub(super) fn stretch_of(word: &Word) -> u32 {
    word.to / STRETCH
}

impl Watch {
    /// The stretch that is being read.
    pub(super) fn stretch(&self) -> u32 {
        self.stretch
    }

    /// Takes note of where a word stands. Words come in the order in which they end, so that no stretch comes twice.
    #[inline]
    pub(super) fn pass(&mut self, word: &Word) {
        let stretch = stretch_of(word);
        if stretch != self.stretch {
            self.turn(stretch, word.start);
        }
    }

    #[inline(never)]
    fn turn(&mut self, stretch: u32, start: usize) {
        // What lies before an empty stretch is out of every reach.
        if stretch != self.stretch.wrapping_add(1) {
            self.starts = [start; STRETCHES];
            self.recent = [Openings::default(); STRETCHES];
        }
        self.starts.rotate_right(1);
        self.recent.rotate_right(1);
        self.starts[0] = start;
        self.recent[0] = Openings::default();
        self.lately = Openings::default();
        self.recent.iter().for_each(|recent| self.lately.join(recent));
        self.stretch = stretch;
    }

    /// Takes note of a known word of a batch, and of whether a wording may be complete with it.
    #[inline]
    pub(super) fn note(&mut self, text: &str, batch: &Batch, word: &Word, cue: &Cue) {
        if self.lately.meets(&cue.follows_mask) && self.follows(word, cue) {
            self.open_part(batch, word, cue.around);
        }
        if !cue.marks.is_empty() && cue.is_marked(text, word) {
            self.open_part(batch, word, (0, 0));
        }
        let [latest, ..] = &mut self.recent;
        latest.join(&cue.opens_mask);
        self.lately.join(&cue.opens_mask);
        for opening in &cue.opens {
            if let Some(last) = self.last.get_mut(usize::from(*opening)) {
                *last = word.to;
            }
        }
    }

    /// Whether an opening that the word may follow is near enough.
    fn follows(&self, word: &Word, cue: &Cue) -> bool {
        let width = word.to.wrapping_sub(word.at);
        cue.follows.iter().any(|&(opening, reach)| {
            let last = self.last.get(usize::from(opening)).copied().unwrap_or(0);
            word.to.wrapping_sub(last) <= reach.saturating_add(width)
        })
    }

    /// As far before and behind a word as a wording reaches.
    #[inline(never)]
    fn open_part(&mut self, batch: &Batch, word: &Word, (before, behind): (u32, u32)) {
        self.close(batch);
        let [.., earliest] = self.starts;
        let mut from = batch.start_of(word.at.saturating_sub(before)).unwrap_or(earliest);
        let mut to = word.to.saturating_add(behind);
        if let Some(open) = self.open {
            (from, to) = (from.min(open.0), to.max(open.1));
        }
        while let Some(part) = self.parts.pop_if(|part| part.end >= from) {
            from = from.min(part.start);
        }
        self.open = Some((from, to));
    }

    /// Ends the part that is open if the words of a batch lead out of it.
    #[inline]
    pub(super) fn close(&mut self, batch: &Batch) {
        if let Some((from, to)) = self.open
            && let Some(end) = batch.start_of(to)
        {
            self.parts.push(from..end);
            self.open = None;
        }
    }

    /// The parts of a reading of `length` bytes that are to be read for wordings, in order; no two meet.
    pub(super) fn finish(&mut self, length: usize) -> Vec<Range<usize>> {
        self.parts.extend(self.open.take().map(|(from, _)| from..length));
        std::mem::take(&mut self.parts)
    }
}

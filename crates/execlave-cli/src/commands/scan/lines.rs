//! JSON lines in, JSON lines out, on all processors and in order.

use execlave_core::detect::report::{Report, report};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::num::NonZero;
use std::thread;

use super::Progress;
use crate::output;

/// How much input is taken at a time, in bytes. It bounds memory together with the longest line.
pub(super) const BUFFER: usize = 4 * 1024 * 1024;

/// One line of input; other fields are allowed and ignored.
#[derive(Deserialize)]
struct Question<'l> {
    #[serde(borrow)]
    id: Option<&'l RawValue>,
    text: String,
}

/// One line of output.
#[derive(Serialize)]
struct Answer<'l> {
    id: Option<&'l RawValue>,
    #[serde(flatten)]
    report: Report<'l>,
}

/// The lines of an input, read in batches.
#[derive(Debug)]
pub(super) struct Lines<R> {
    input: BufReader<R>,
    /// Complete lines, one after the other.
    batch: Vec<u8>,
    /// How many lines were read before the batch.
    before: usize,
}

/// What one thread made of its share of a batch.
#[derive(Default)]
struct Answers {
    output: Vec<u8>,
    problems: Vec<u8>,
    bad: usize,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(input: BufReader<R>) -> Self {
        Self { input, batch: Vec::new(), before: 0 }
    }

    /// Scans all lines and returns how many could not be read. Stops early when nobody reads the answers.
    pub(super) fn scan(&mut self, mut progress: Progress) -> io::Result<usize> {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let mut bad = 0;
        while self.read_batch()? {
            let read_by = self.answer(threads, &mut bad);
            progress.advance(self.batch.len());
            if !read_by {
                break;
            }
        }
        progress.end();
        Ok(bad)
    }

    /// Takes the lines that are there: at least one, and no more than can be had without waiting.
    fn read_batch(&mut self) -> io::Result<bool> {
        self.batch.clear();
        while self.batch.len() < BUFFER {
            let waiting = self.input.buffer();
            if !self.batch.is_empty() && !waiting.contains(&b'\n') {
                break;
            }
            if self.input.read_until(b'\n', &mut self.batch)? == 0 {
                break;
            }
        }
        Ok(!self.batch.is_empty())
    }

    fn answer(&mut self, threads: usize, bad: &mut usize) -> bool {
        let lines: Vec<&[u8]> = self.batch.split_inclusive(|byte| *byte == b'\n').collect();
        let share = lines.len().div_ceil(threads).max(1);
        let first = self.before + 1;
        let answers: Vec<Answers> = thread::scope(|scope| {
            let shares = lines.chunks(share).enumerate();
            let workers: Vec<_> = shares
                .map(|(index, lines)| {
                    scope.spawn(move || Answers::of(lines, first + index * share))
                })
                .collect();
            workers
                .into_iter()
                .map(|worker| worker.join().expect("scanning does not panic"))
                .collect()
        });
        self.before += lines.len();
        let mut read_by = true;
        for answers in answers {
            *bad += answers.bad;
            // Nobody may be there to be told.
            let _told = io::stderr().write_all(&answers.problems);
            read_by &= output::write(&answers.output);
        }
        read_by
    }
}

impl Answers {
    /// Scans some lines, the first of which has a number.
    fn of(lines: &[&[u8]], first: usize) -> Self {
        let mut answers = Self::default();
        for (number, line) in (first..).zip(lines) {
            if line.trim_ascii().is_empty() {
                continue;
            }
            if let Err(problem) = answers.add(line) {
                answers.bad += 1;
                writeln!(answers.problems, "line {number}: {problem}").expect("writing to memory");
            }
        }
        answers
    }

    fn add(&mut self, line: &[u8]) -> Result<(), String> {
        let line = std::str::from_utf8(line).map_err(|error| format!("not UTF-8: {error}"))?;
        let Question { id, text } =
            serde_json::from_str(line).map_err(|error| error.to_string())?;
        let answer = Answer { id, report: report(&text) };
        serde_json::to_writer(&mut self.output, &answer).expect("a report has string keys");
        self.output.push(b'\n');
        Ok(())
    }
}

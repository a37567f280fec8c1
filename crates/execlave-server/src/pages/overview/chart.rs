//! The bar chart of decisions per hour, laid out here so that it needs no script and no inline style.

use crate::pages::amount;

/// Decisions by outcome.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) allow: i64,
    pub(crate) approval: i64,
    pub(crate) block: i64,
}

impl Counts {
    /// All of them, as shown.
    pub(crate) fn total(&self) -> String {
        amount::count(self.sum())
    }

    fn sum(&self) -> i64 {
        self.allow + self.approval + self.block
    }
}

/// The chart in a view box of 960 by 144: 24 hours of 40 units each.
#[derive(Clone, Debug)]
pub(crate) struct Chart {
    pub(crate) hours: Vec<Hour>,
    /// What the top line stands for.
    pub(crate) top: String,
    pub(crate) middle: String,
    pub(crate) labels: Vec<String>,
    /// The chart in a sentence, for those who do not see it.
    pub(crate) summary: String,
}

/// One hour's column.
#[derive(Clone, Debug)]
pub(crate) struct Hour {
    pub(crate) x: u32,
    pub(crate) label: String,
    pub(crate) title: String,
    pub(crate) counts: Counts,
    pub(crate) bars: Vec<Bar>,
}

/// One outcome's part of a column.
#[derive(Clone, Debug)]
pub(crate) struct Bar {
    pub(crate) kind: &'static str,
    pub(crate) x: u32,
    pub(crate) y: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

const HEIGHT: u32 = 144;
const COLUMN: u32 = 40;
/// A single blocked action among thousands must still be seen.
const LEAST: u32 = 3;

impl Chart {
    /// `hours` oldest first; the last one, starting at hour `last` of the day (UTC), is still running.
    pub(crate) fn new(counts: &[Counts; 24], last: u32) -> Self {
        let most = counts.iter().map(Counts::sum).max().unwrap_or_default();
        let top = round_up(most);
        let start = |index: u32| (last + 1 + index) % 24;
        let hours = (0_u32..)
            .zip(counts)
            .map(|(index, &counts)| {
                let label = format!("{:02}:00", start(index));
                let title = format!(
                    "{label} UTC: {} allowed, {} sent for approval, {} blocked",
                    amount::count(counts.allow),
                    amount::count(counts.approval),
                    amount::count(counts.block)
                );
                Hour {
                    x: index * COLUMN,
                    label,
                    title,
                    counts,
                    bars: bars(index * COLUMN, counts, top),
                }
            })
            .collect();
        let sum = |pick: fn(&Counts) -> i64| amount::count(counts.iter().map(pick).sum());
        Self {
            hours,
            top: amount::count(top),
            middle: amount::count(top / 2),
            labels: (0..24).step_by(4).map(|index| format!("{:02}:00", start(index))).collect(),
            summary: format!(
                "{} allowed, {} sent for approval, {} blocked in 24 hours",
                sum(|hour| hour.allow),
                sum(|hour| hour.approval),
                sum(|hour| hour.block)
            ),
        }
    }
}

fn bars(x: u32, counts: Counts, top: i64) -> Vec<Bar> {
    let mut floor = HEIGHT;
    [("allow", counts.allow), ("wait", counts.approval), ("block", counts.block)]
        .into_iter()
        .filter(|(_, number)| *number > 0)
        .map(|(kind, number)| {
            let share = u32::try_from(number.saturating_mul(i64::from(HEIGHT)) / top.max(1))
                .unwrap_or(HEIGHT);
            let height = share.clamp(LEAST, floor.max(LEAST));
            floor = floor.saturating_sub(height);
            Bar { kind, x: x + 5, y: floor, width: COLUMN - 10, height }
        })
        .collect()
}

/// The next number a scale may end with; each can be halved, for the line in the middle.
fn round_up(number: i64) -> i64 {
    let mut power = 1_i64;
    loop {
        for step in [4, 6, 8, 10, 12, 16, 20, 30] {
            if let Some(top) = power.checked_mul(step)
                && top >= number
            {
                return top;
            }
        }
        let Some(next) = power.checked_mul(10) else { return i64::MAX };
        power = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scale_ends_on_a_round_number() {
        let tops: Vec<i64> = [0, 3, 7, 41, 99, 260].into_iter().map(round_up).collect();
        assert_eq!(tops, [4, 4, 8, 60, 100, 300]);
    }

    #[test]
    fn one_blocked_action_among_thousands_is_seen() {
        let drawn = bars(0, Counts { allow: 9_000, approval: 0, block: 1 }, 10_000);
        assert_eq!(
            drawn.iter().map(|bar| (bar.kind, bar.height)).collect::<Vec<_>>(),
            [("allow", 129), ("block", 3)]
        );
    }

    #[test]
    fn columns_stay_inside_the_chart() {
        let drawn = bars(0, Counts { allow: 100, approval: 1, block: 1 }, 100);
        assert!(drawn.iter().all(|bar| bar.y + bar.height <= HEIGHT));
    }
}

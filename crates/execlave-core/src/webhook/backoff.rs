//! When a delivery that failed is tried again: after 10 seconds, then after twice as long as before, at most 6 hours, and a little later
//! than that, so that receivers that came back are not met by everybody at once.

/// How often a delivery is tried at most. The pauses between the tries add up to 23.4 hours, with all jitter to 29.2.
pub const ATTEMPTS: u32 = 15;

const FIRST_MS: i64 = 10_000;
const LONGEST_MS: i64 = 6 * 3_600_000;

/// The most that jitter adds: a quarter.
const JITTER_PARTS: i64 = 4;

/// How long to wait after the `attempts`th try, the first being 1, has failed; `None` when it was the last. `jitter` is any random
/// number: its place among all numbers of its type is that of the answer between the pause and a quarter more.
pub fn delay_ms(attempts: u32, jitter: u32) -> Option<i64> {
    if attempts >= ATTEMPTS {
        return None;
    }
    let doublings = attempts.saturating_sub(1);
    let pause = 2_i64.saturating_pow(doublings).saturating_mul(FIRST_MS).min(LONGEST_MS);
    let most = pause.checked_div(JITTER_PARTS).unwrap_or_default();
    // Both factors are below 2^33, so the product fits.
    let more = most.saturating_mul(i64::from(jitter)).checked_div(i64::from(u32::MAX));
    Some(pause.saturating_add(more.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_six_hours_and_end_after_a_day() {
        let pauses: Vec<i64> = (1..=ATTEMPTS).filter_map(|tries| delay_ms(tries, 0)).collect();
        let seconds: Vec<i64> = pauses.iter().map(|pause| pause / 1_000).collect();
        assert_eq!(
            seconds,
            [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120, 10240, 20480, 21600, 21600]
        );
        let day = |jitter| {
            (1..=ATTEMPTS).filter_map(|tries| delay_ms(tries, jitter)).sum::<i64>() / 1_000
        };
        assert_eq!((day(0), day(u32::MAX)), (84_150, 105_187));
        assert_eq!(delay_ms(ATTEMPTS, 0), None);
        assert_eq!(delay_ms(u32::MAX, u32::MAX), None);
        assert_eq!(delay_ms(0, 0), Some(10_000));
    }

    #[test]
    fn jitter_adds_up_to_a_quarter() {
        assert_eq!(delay_ms(1, u32::MAX / 2), Some(11_249));
        assert_eq!(delay_ms(1, u32::MAX), Some(12_500));
        assert_eq!(delay_ms(14, u32::MAX), Some(27_000_000));
    }
}

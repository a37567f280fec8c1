//! Numbers as a page shows them: money, counts and durations, with as many digits as are of use.

/// Nano-USD as dollars: cents from a dollar on, more digits below, where model calls live.
pub(crate) fn usd(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let decimals: u32 = match nanos {
        0 => return "$0".to_owned(),
        1..1_000 => return format!("{sign}<$0.000001"),
        1_000..10_000_000 => 6,
        10_000_000..1_000_000_000 => 4,
        _ => 2,
    };
    let unit = 10_u64.pow(9 - decimals);
    let rounded = nanos.saturating_add(unit / 2) / unit;
    let scale = 10_u64.pow(decimals);
    let mut fraction = format!("{:0width$}", rounded % scale, width = decimals as usize);
    while fraction.len() > 2 && fraction.ends_with('0') {
        fraction.pop();
    }
    format!("{sign}${}.{fraction}", grouped(rounded / scale))
}

/// `1,284`.
pub(crate) fn count(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", grouped(number.unsigned_abs()))
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `840 ms`, `2.4 s`, `3 min 20 s`.
pub(crate) fn milliseconds(ms: i64) -> String {
    match ms {
        ..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        60_000..3_600_000 => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
        _ => format!("{} h {} min", count(ms / 3_600_000), ms % 3_600_000 / 60_000),
    }
}

/// `0.31 ms`: what deciding takes.
pub(crate) fn microseconds(us: i64) -> String {
    if us < 10_000 {
        format!("{}.{:02} ms", us / 1_000, us % 1_000 / 10)
    } else {
        milliseconds(us / 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_the_digits_that_matter() {
        let said: Vec<String> =
            [0, 1, 45_000, 4_500_000, 120_000_000, 4_234_999_999, 1_234_567_000_000_000]
                .into_iter()
                .map(usd)
                .collect();
        assert_eq!(
            said,
            ["$0", "<$0.000001", "$0.000045", "$0.0045", "$0.12", "$4.23", "$1,234,567.00"]
        );
    }

    #[test]
    fn durations_change_unit_with_size() {
        let said: Vec<String> =
            [0, 840, 2_430, 200_000, 7_260_000].into_iter().map(milliseconds).collect();
        assert_eq!(said, ["0 ms", "840 ms", "2.4 s", "3 min 20 s", "2 h 1 min"]);
        assert_eq!(microseconds(312), "0.31 ms");
    }

    #[test]
    fn counts_are_grouped() {
        assert_eq!([count(7), count(1_284), count(-1_000_000)], ["7", "1,284", "-1,000,000"]);
    }
}

//! Arithmetic, conversions and functions on values. Whatever has no result is an error, never a wrap-around.

use std::borrow::Cow;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::value::{List, Map, Val};

/// Why there is no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    NoSuchKey,
    NoSuchIndex,
    WrongType,
    Overflow,
    DivisionByZero,
    NotConvertible,
    TooExpensive,
}

impl Problem {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::NoSuchKey => "there is no such key; ask with `has` first",
            Self::NoSuchIndex => "there is no such place in the list",
            Self::WrongType => "the value has another type than this operation needs",
            Self::Overflow => "the result is out of range",
            Self::DivisionByZero => "division by zero",
            Self::NotConvertible => "the value cannot be converted",
            Self::TooExpensive => "the action is too large for this expression",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

pub(super) fn arithmetic<'a>(
    operator: Arithmetic,
    one: Val<'a>,
    other: Val<'a>,
) -> Result<Val<'a>, Problem> {
    use Arithmetic::{Add, Divide, Multiply, Remainder, Subtract};
    let zero = matches!(&other, Val::Int(0) | Val::Uint(0));
    if zero && matches!(operator, Divide | Remainder) && !matches!(one, Val::Double(_)) {
        return Err(Problem::DivisionByZero);
    }
    match (one, other) {
        (Val::Int(one), Val::Int(other)) => match operator {
            Add => one.checked_add(other),
            Subtract => one.checked_sub(other),
            Multiply => one.checked_mul(other),
            Divide => one.checked_div(other),
            Remainder => one.checked_rem(other),
        }
        .map(Val::Int)
        .ok_or(Problem::Overflow),
        (Val::Uint(one), Val::Uint(other)) => match operator {
            Add => one.checked_add(other),
            Subtract => one.checked_sub(other),
            Multiply => one.checked_mul(other),
            Divide => one.checked_div(other),
            Remainder => one.checked_rem(other),
        }
        .map(Val::Uint)
        .ok_or(Problem::Overflow),
        (Val::Double(one), Val::Double(other)) => match operator {
            Add => Ok(Val::Double(one + other)),
            Subtract => Ok(Val::Double(one - other)),
            Multiply => Ok(Val::Double(one * other)),
            Divide => Ok(Val::Double(one / other)),
            Remainder => Err(Problem::WrongType),
        },
        (one, other) => match operator {
            Add => add(one, other),
            Subtract => subtract(&one, &other),
            Multiply | Divide | Remainder => Err(Problem::WrongType),
        },
    }
}

fn add<'a>(one: Val<'a>, other: Val<'a>) -> Result<Val<'a>, Problem> {
    match (one, other) {
        (Val::Text(one), Val::Text(other)) => {
            let mut text = one.into_owned();
            text.push_str(&other);
            Ok(Val::Text(text.into()))
        }
        (Val::List(one), Val::List(other)) => {
            Ok(Val::list(one.iter().chain(other.iter()).collect()))
        }
        (Val::Time(time), Val::Span(span)) | (Val::Span(span), Val::Time(time)) => {
            time.checked_add(span).map(Val::Time).map_err(|_| Problem::Overflow)
        }
        (Val::Span(one), Val::Span(other)) => {
            one.checked_add(other).map(Val::Span).ok_or(Problem::Overflow)
        }
        _ => Err(Problem::WrongType),
    }
}

fn subtract<'a>(one: &Val<'a>, other: &Val<'a>) -> Result<Val<'a>, Problem> {
    match (one, other) {
        (Val::Time(one), Val::Time(other)) => Ok(Val::Span(one.duration_since(*other))),
        (Val::Time(time), Val::Span(span)) => {
            time.checked_sub(*span).map(Val::Time).map_err(|_| Problem::Overflow)
        }
        (Val::Span(one), Val::Span(other)) => {
            one.checked_sub(*other).map(Val::Span).ok_or(Problem::Overflow)
        }
        _ => Err(Problem::WrongType),
    }
}

pub(super) fn negate(value: &Val<'_>) -> Result<Val<'static>, Problem> {
    match value {
        Val::Int(number) => number.checked_neg().map(Val::Int).ok_or(Problem::Overflow),
        Val::Double(number) => Ok(Val::Double(-number)),
        _ => Err(Problem::WrongType),
    }
}

/// Functions of one or two values; `matches` is apart, because its expression is compiled beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Size,
    Contains,
    StartsWith,
    EndsWith,
    LowerAscii,
    UpperAscii,
    Trim,
    ToInt,
    ToUint,
    ToDouble,
    ToText,
    ToTime,
    ToSpan,
    FullYear,
    Month,
    DayOfMonth,
    DayOfWeek,
    Hours,
    Minutes,
    Seconds,
}

pub(super) fn call<'a>(
    function: Function,
    value: Val<'a>,
    argument: Option<&Val<'_>>,
) -> Result<Val<'a>, Problem> {
    use Function::{
        Contains, EndsWith, LowerAscii, Size, StartsWith, ToDouble, ToInt, ToSpan, ToText, ToTime,
        ToUint, Trim, UpperAscii,
    };
    match function {
        Size => size(&value),
        Contains | StartsWith | EndsWith => {
            let (Val::Text(text), Some(Val::Text(part))) = (&value, argument) else {
                return Err(Problem::WrongType);
            };
            let found = match function {
                Contains => text.contains(part.as_ref()),
                StartsWith => text.starts_with(part.as_ref()),
                _ => text.ends_with(part.as_ref()),
            };
            Ok(Val::Bool(found))
        }
        LowerAscii | UpperAscii | Trim => {
            let Val::Text(text) = value else { return Err(Problem::WrongType) };
            Ok(Val::Text(match function {
                LowerAscii => Cow::Owned(text.to_ascii_lowercase()),
                UpperAscii => Cow::Owned(text.to_ascii_uppercase()),
                _ => Cow::Owned(text.trim().to_owned()),
            }))
        }
        ToInt => to_int(&value).map(Val::Int),
        ToUint => to_uint(&value).map(Val::Uint),
        ToDouble => to_double(&value).map(Val::Double),
        ToText => to_text(value).map(Val::Text),
        ToTime => to_time(&value).map(Val::Time),
        ToSpan => to_span(&value).map(Val::Span),
        _ => part_of(function, &value),
    }
}

fn size(value: &Val<'_>) -> Result<Val<'static>, Problem> {
    let size = match value {
        Val::Text(text) => text.chars().count(),
        Val::List(list) => list.len(),
        Val::Map(map) => map.len(),
        _ => return Err(Problem::WrongType),
    };
    i64::try_from(size).map(Val::Int).map_err(|_| Problem::Overflow)
}

fn to_int(value: &Val<'_>) -> Result<i64, Problem> {
    match value {
        Val::Int(number) => Ok(*number),
        Val::Uint(number) => i64::try_from(*number).map_err(|_| Problem::Overflow),
        Val::Double(number) if number.abs() < 9.223_372_036_854_775e18 => {
            #[expect(clippy::cast_possible_truncation, reason = "the range was just checked")]
            let whole = *number as i64;
            Ok(whole)
        }
        Val::Double(_) => Err(Problem::Overflow),
        Val::Text(text) => text.parse().map_err(|_| Problem::NotConvertible),
        Val::Time(time) => Ok(time.as_second()),
        _ => Err(Problem::WrongType),
    }
}

fn to_uint(value: &Val<'_>) -> Result<u64, Problem> {
    match value {
        Val::Uint(number) => Ok(*number),
        Val::Int(number) => u64::try_from(*number).map_err(|_| Problem::Overflow),
        Val::Double(number) if (0.0..1.844_674_407_370_955e19).contains(number) => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "the range was just checked"
            )]
            let whole = *number as u64;
            Ok(whole)
        }
        Val::Double(_) => Err(Problem::Overflow),
        Val::Text(text) => text.parse().map_err(|_| Problem::NotConvertible),
        _ => Err(Problem::WrongType),
    }
}

#[expect(clippy::cast_precision_loss, reason = "that is what `double` of a large number means")]
fn to_double(value: &Val<'_>) -> Result<f64, Problem> {
    match value {
        Val::Double(number) => Ok(*number),
        Val::Int(number) => Ok(*number as f64),
        Val::Uint(number) => Ok(*number as f64),
        Val::Text(text) => text.parse().map_err(|_| Problem::NotConvertible),
        _ => Err(Problem::WrongType),
    }
}

fn to_text(value: Val<'_>) -> Result<Cow<'_, str>, Problem> {
    Ok(match value {
        Val::Text(text) => text,
        Val::Bool(flag) => flag.to_string().into(),
        Val::Int(number) => number.to_string().into(),
        Val::Uint(number) => number.to_string().into(),
        Val::Double(number) => number.to_string().into(),
        Val::Time(time) => time.to_string().into(),
        _ => return Err(Problem::WrongType),
    })
}

fn to_time(value: &Val<'_>) -> Result<Timestamp, Problem> {
    match value {
        Val::Time(time) => Ok(*time),
        Val::Text(text) => text.parse().map_err(|_| Problem::NotConvertible),
        Val::Int(seconds) => Timestamp::from_second(*seconds).map_err(|_| Problem::Overflow),
        _ => Err(Problem::WrongType),
    }
}

fn to_span(value: &Val<'_>) -> Result<SignedDuration, Problem> {
    match value {
        Val::Span(span) => Ok(*span),
        Val::Text(text) => span_of(text).ok_or(Problem::NotConvertible),
        _ => Err(Problem::WrongType),
    }
}

/// `1h30m`, `-1.5s`, `250ms`: numbers with units, as CEL writes durations.
fn span_of(text: &str) -> Option<SignedDuration> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut total = SignedDuration::ZERO;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let number =
            rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let (amount, tail) = rest.split_at_checked(number)?;
        let unit = tail
            .find(|character: char| character.is_ascii_digit() || character == '.')
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(unit)?;
        let seconds = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        let amount: f64 = amount.parse().ok()?;
        let part = SignedDuration::try_from_secs_f64(amount * seconds).ok()?;
        total = total.checked_add(part)?;
        rest = tail;
    }
    if negative { total.checked_neg() } else { Some(total) }
}

/// Parts of a moment (in UTC) or of a duration. Months and days of the month count from 0, days of the week
/// from Sunday, as CEL has it.
fn part_of(function: Function, value: &Val<'_>) -> Result<Val<'static>, Problem> {
    use Function::{DayOfMonth, DayOfWeek, FullYear, Hours, Minutes, Month, Seconds};
    let number = match value {
        Val::Time(time) => {
            let moment = TimeZone::UTC.to_datetime(*time);
            match function {
                FullYear => i64::from(moment.year()),
                Month => i64::from(moment.month()).saturating_sub(1),
                DayOfMonth => i64::from(moment.day()).saturating_sub(1),
                DayOfWeek => i64::from(moment.weekday().to_sunday_zero_offset()),
                Hours => i64::from(moment.hour()),
                Minutes => i64::from(moment.minute()),
                Seconds => i64::from(moment.second()),
                _ => return Err(Problem::WrongType),
            }
        }
        Val::Span(span) => match function {
            Hours => span.as_hours(),
            Minutes => span.as_mins(),
            Seconds => span.as_secs(),
            _ => return Err(Problem::WrongType),
        },
        _ => return Err(Problem::WrongType),
    };
    Ok(Val::Int(number))
}

/// `value in list`, `key in map`.
pub(super) fn contains(value: &Val<'_>, whole: &Val<'_>) -> Result<Val<'static>, Problem> {
    match (value, whole) {
        (Val::Text(text), Val::List(List::Texts(head, tail))) => {
            let mut texts = head.iter().chain(tail.iter());
            Ok(Val::Bool(texts.any(|entry| entry == text.as_ref())))
        }
        (value, Val::List(list)) => {
            for entry in list.iter() {
                if super::compare::equal(value, &entry).ok_or(Problem::TooExpensive)? {
                    return Ok(Val::Bool(true));
                }
            }
            Ok(Val::Bool(false))
        }
        (Val::Text(key), Val::Map(map)) => Ok(Val::Bool(map.get(key).is_some())),
        (Val::Bool(_) | Val::Int(_) | Val::Uint(_) | Val::Double(_), Val::Map(_)) => {
            Ok(Val::Bool(false))
        }
        _ => Err(Problem::WrongType),
    }
}

/// `list[0]`, `map["key"]`.
pub(super) fn index<'a>(whole: &Val<'a>, place: &Val<'_>) -> Result<Val<'a>, Problem> {
    match (whole, place) {
        (Val::List(list), Val::Int(_) | Val::Uint(_)) => {
            let place = to_uint(place).map_err(|_| Problem::NoSuchIndex)?;
            let place = usize::try_from(place).map_err(|_| Problem::NoSuchIndex)?;
            list.get(place).ok_or(Problem::NoSuchIndex)
        }
        (Val::Map(map), Val::Text(key)) => map.get(key).ok_or(Problem::NoSuchKey),
        (Val::Map(_), _) => Err(Problem::NoSuchKey),
        _ => Err(Problem::WrongType),
    }
}

/// `value.name`.
pub(super) fn select<'a>(value: &Val<'a>, name: &str) -> Result<Val<'a>, Problem> {
    match value {
        Val::Map(map) => map.get(name).ok_or(Problem::NoSuchKey),
        _ => Err(Problem::WrongType),
    }
}

/// The map of `entries`, if no key comes twice.
pub(super) fn map_of<'a>(entries: Vec<(Val<'a>, Val<'a>)>) -> Result<Val<'a>, Problem> {
    for (place, (key, _)) in entries.iter().enumerate() {
        let mut before = entries.iter().take(place);
        if before.any(|(other, _)| super::compare::equal(key, other) == Some(true)) {
            return Err(Problem::WrongType);
        }
    }
    Ok(Val::Map(Map::Owned(std::rc::Rc::new(entries))))
}

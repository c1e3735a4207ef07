//! Spans of time as a fleet file writes them: `30s`, `1min 30s`, `500ms`.

use std::time::Duration;

use super::Pace;

/// The units, the largest first, in milliseconds.
const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1)];

/// What a span of time is made of, for a hint.
pub(super) const FORM: &str = "a number and a unit, such as \"30s\" or \"1min 30s\"; the units are `h`, `min`, `s` and \
                               `ms`, each at most once and in this order";

/// Why a text is no span of time that a fleet may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A number stands alone: nobody knows of what.
    NoUnit,
    /// It is something else.
    Malformed,
    /// It is longer than [`Pace::LONGEST`].
    TooLong,
}

/// Reads whole numbers, each with a unit behind it, from the largest unit to the smallest.
pub(super) fn parse(text: &str) -> Result<Duration, Fault> {
    let mut rest = text.trim();
    let mut units = UNITS.iter();
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return Err(Fault::Malformed);
    }
    while !rest.is_empty() {
        let (number, after) = split(rest, |letter| letter.is_ascii_digit());
        let (unit, next) = split(after.trim_start(), |letter| letter.is_ascii_alphabetic());
        match (number.is_empty(), unit.is_empty(), next.is_empty()) {
            (false, true, true) => return Err(Fault::NoUnit),
            (true, ..) | (_, true, _) => return Err(Fault::Malformed),
            _ => {}
        }
        // What was passed over cannot come later.
        let (_, milliseconds) = units.find(|(name, _)| *name == unit).ok_or(Fault::Malformed)?;
        let term = number.parse::<u64>().ok().and_then(|number| number.checked_mul(*milliseconds));
        let sum = term.and_then(|term| total.checked_add(Duration::from_millis(term)));
        total = sum.filter(|sum| *sum <= Pace::LONGEST).ok_or(Fault::TooLong)?;
        rest = next.trim_start();
    }
    Ok(total)
}

/// The text up to the first letter that does not belong, and the rest.
fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|letter| !belongs(letter)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_numbers_with_units() {
        for (text, milliseconds) in [
            ("0s", 0),
            ("250ms", 250),
            ("30s", 30_000),
            ("30 s", 30_000),
            (" 30s ", 30_000),
            ("90s", 90_000),
            ("2min", 120_000),
            ("1min 30s", 90_000),
            ("1min30s", 90_000),
            ("1h 1min 1s 1ms", 3_661_001),
            ("24h", 86_400_000),
            ("23h 60min", 86_400_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
    }

    #[test]
    fn a_number_without_a_unit_is_refused() {
        for text in ["0", "30", " 30 ", "1min 30"] {
            assert_eq!(parse(text), Err(Fault::NoUnit), "{text}");
        }
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for text in [
            "",
            " ",
            "s",
            "-1s",
            "+1s",
            "1.5s",
            "1,5s",
            "30m",
            "30S",
            "30sec",
            "1d",
            "30s 1min",
            "30s 30s",
            "1min, 30s",
            "30s!",
            "{{ s }}",
            "٣s",
            "30s\u{0}",
            "infinity",
        ] {
            assert_eq!(parse(text), Err(Fault::Malformed), "{text}");
        }
    }

    #[test]
    fn more_than_a_day_is_refused_however_large() {
        for text in ["24h 1ms", "25h", "86401s", "18446744073709551615h", "99999999999999999999ms"] {
            assert_eq!(parse(text), Err(Fault::TooLong), "{text}");
        }
    }
}

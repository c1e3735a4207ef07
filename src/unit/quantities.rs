//! Times, sizes and shares, as systemd.time(7) and systemd.syntax(7) write them.

const TIME_UNITS: [&str; 30] = [
    "seconds", "second", "sec", "s", "minutes", "minute", "min", "months", "month", "M", "msec", "ms", "m", "hours",
    "hour", "hr", "h", "days", "day", "d", "weeks", "week", "w", "years", "year", "y", "usec", "us", "μs", "µs",
];

const SIZE_UNITS: [&str; 7] = ["B", "K", "M", "G", "T", "P", "E"];

/// Whether it is a span of time: numbers with units, added up; seconds without one.
pub(super) fn is_span(text: &str) -> bool {
    text == "infinity" || is_sum(text, &TIME_UNITS)
}

/// Whether it is a number of bytes, perhaps with a unit of a power of 1024.
pub(super) fn is_size(text: &str) -> bool {
    is_sum(text, &SIZE_UNITS)
}

/// Whether it is a percentage, perhaps with two decimals.
pub(super) fn is_percentage(text: &str) -> bool {
    let Some(number) = text.strip_suffix('%') else { return false };
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    is_digits(whole) && is_digits(decimals) && decimals.len() <= 2
}

/// Whether it is nothing but digits.
pub(super) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Numbers, each with at most one of the units behind it, one after the other.
fn is_sum(text: &str, units: &[&str]) -> bool {
    let mut rest = text.trim();
    let mut terms = 0;
    while !rest.is_empty() {
        let Some(after) = strip_number(rest) else { return false };
        let after = after.trim_start();
        let end = after.find(|next: char| next.is_ascii_digit() || next.is_whitespace()).unwrap_or(after.len());
        let (unit, next) = after.split_at(end);
        if !(unit.is_empty() || units.contains(&unit)) {
            return false;
        }
        rest = next.trim_start();
        terms += 1;
    }
    terms > 0
}

/// What follows a number; digits stand behind a point, and before it or not.
fn strip_number(text: &str) -> Option<&str> {
    let digits = |text: &str| text.len() - text.trim_start_matches(|digit: char| digit.is_ascii_digit()).len();
    let (whole, rest) = text.split_at(digits(text));
    match rest.strip_prefix('.') {
        Some(decimals) => {
            let end = digits(decimals);
            (end > 0).then(|| &decimals[end..])
        }
        None => (!whole.is_empty()).then_some(rest),
    }
}

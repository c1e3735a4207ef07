//! How long the steps of a pool may take.

use std::time::Duration;

use super::super::Pace;
use super::super::span::{self, Fault};
use crate::document::{Section, shown};

pub(super) fn pace(section: &Section<'_>) -> Pace {
    let default = Pace::default();
    Pace {
        drain: some_time(section, "drain-timeout", default.drain),
        websocket: time(section, "websocket-timeout").unwrap_or(default.websocket),
        stop: some_time(section, "stop-timeout", default.stop),
        healthy: some_time(section, "healthy-timeout", default.healthy),
        healthy_count: answers(section).unwrap_or(default.healthy_count),
        healthy_for: time(section, "healthy-for").unwrap_or(default.healthy_for),
    }
}

/// A span of time, which may be zero.
fn time(section: &Section<'_>, key: &'static str) -> Option<Duration> {
    let text = section.text_or(key, "write it in quotes and with its unit, such as \"30s\"")?;
    let given = shown(text.value.trim());
    let (message, hint) = match span::parse(&text.value) {
        Ok(time) => return Some(time),
        Err(Fault::NoUnit) => (format!("`{key}` is `{given}`, without a unit"), format!("such as \"{given}s\"")),
        Err(Fault::Malformed) => (format!("`{key}` is `{given}`, which is no span of time"), span::FORM.to_owned()),
        Err(Fault::TooLong) => (format!("`{key}` is `{given}`, longer than a day"), "at most \"24h\"".to_owned()),
    };
    section.refuse(text.place, message, &hint)
}

/// A span of time that is not zero: nothing ends well that gets no time at all.
fn some_time(section: &Section<'_>, key: &'static str, default: Duration) -> Duration {
    match time(section, key) {
        None => default,
        Some(Duration::ZERO) => {
            let place = section.text(key).map_or_else(|| section.place(), |text| text.place);
            section.refuse::<()>(place, format!("`{key}` is zero"), "give it some time, such as \"30s\"");
            default
        }
        Some(time) => time,
    }
}

fn answers(section: &Section<'_>) -> Option<u32> {
    let key = "healthy-count";
    if !section.has(key) {
        return None;
    }
    let range = format!("from 1 to {}", Pace::MOST_ANSWERS);
    let answers = section.number::<u32>(key, "3", &range)?;
    if (1..=Pace::MOST_ANSWERS).contains(&answers.value) {
        return Some(answers.value);
    }
    section.refuse(answers.place, format!("`{key}` is not a whole number {range}"), "")
}

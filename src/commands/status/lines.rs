//! The table, and what is under it.

use super::words::{Age, moment};
use crate::Result;
use crate::rollout::census::{Census, Container, Health, InstanceCensus, PoolCensus, Share, Work, called, shown};
use crate::rollout::journal::{Course, Journal};
use crate::ui::{Console, Table};
use jiff::Timestamp;

const TITLES: [&str; 10] =
    ["POOL", "INSTANCE", "RELEASE", "IMAGE", "SINCE", "STATE", "HAPROXY", "HEALTH", "PREV", "NEXT"];

pub(super) fn print(census: &Census, console: &Console) -> Result<()> {
    let mut table = Table::new(TITLES);
    for pool in &census.pools {
        pool.instances.iter().for_each(|instance| table.row(row(pool, instance, census.taken)));
    }
    table.print(console)?;
    let works = census.pools.iter().filter_map(|pool| Some((&pool.pool, pool.work.as_ref()?)));
    works.flat_map(|(pool, work)| work_lines(pool, work, census.taken)).try_for_each(|line| console.result(&line))
}

fn row(pool: &PoolCensus, instance: &InstanceCensus, now: Timestamp) -> [String; 10] {
    let dash = || "-".to_owned();
    let runs = instance.runs.as_ref();
    let release = runs.map(|runs| runs.release.as_str()).filter(|release| !release.is_empty());
    let image = runs.and_then(|runs| runs.fingerprint.get(..12));
    [
        pool.pool.clone(),
        instance.instance.clone(),
        release.map_or_else(dash, shown),
        image.map_or_else(dash, str::to_owned),
        instance.since.map_or_else(dash, |since| moment(since, now)),
        instance.state.clone(),
        Share::in_words(&instance.haproxy),
        match &instance.health {
            Health::Ok => "ok".to_owned(),
            Health::Failing { why } => why.clone(),
            Health::NotAsked { why } => format!("not asked: {why}"),
        },
        prev(instance),
        instance.next.as_ref().map(|next| beside(next, now)).unwrap_or_default(),
    ]
}

/// The way back, and how many there are from longer ago.
fn prev(instance: &InstanceCensus) -> String {
    let prev = instance.prev.as_ref().map_or_else(|| "-".to_owned(), holds);
    match instance.older.len() {
        0 => prev,
        more => format!("{prev} +{more}"),
    }
}

fn beside(next: &Container, now: Timestamp) -> String {
    let what = if next.comes { "staged" } else { "left over" };
    format!("{} {what}, made {} ago", holds(next), Age::between(next.created, now))
}

fn holds(container: &Container) -> String {
    let release = if container.is_ours { called(&container.release) } else { "foreign".to_owned() };
    match container.state.as_str() {
        "stopped" => release,
        state => format!("{release} ({state})"),
    }
}

/// Who works on a pool, and how far that is.
fn work_lines(pool: &str, work: &Work, now: Timestamp) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(holder) = &work.holder {
        let (user, host, pid, verb) = (&holder.user, &holder.host, holder.pid, &holder.verb);
        let (since, renewed) = (moment(holder.since, now), Age::between(holder.renewed, now));
        let is = if work.is_held { "is locked" } else { "was locked" };
        let gone = if work.is_held { "" } else { ", and is gone" };
        lines.push(format!(
            "pool `{pool}` {is} by `{user}` on `{host}` (process {pid}), who runs `vezaimg {verb}` since {since}, renewed \
             it {renewed} ago{gone}"
        ));
    }
    if let Some(journal) = &work.operation {
        let (verb, started) = (journal.kind.verb(), moment(journal.started, now));
        let release =
            if journal.release.is_empty() { String::new() } else { format!(" to {}", shown(&journal.release)) };
        let courses = courses(journal);
        let is = if work.is_held { "is going on" } else { "is unfinished, and nobody goes on with it" };
        lines.push(format!("pool `{pool}`: a {verb}{release}, begun {started}, {is}: {courses}"));
    }
    if let Some(command) = &work.goes_on {
        lines.push(format!("pool `{pool}`: `{command}` goes on with it, from any machine"));
    }
    lines
}

fn courses(journal: &Journal) -> String {
    let course = |(instance, course): (&String, &Course)| match course {
        Course::Waiting => format!("`{instance}` waiting"),
        Course::Forward => format!("`{instance}` on its way"),
        Course::Back(why) => format!("`{instance}` on its way back, since {}", shown(why)),
        Course::Done => format!("`{instance}` done"),
        Course::Restored(why) => format!("`{instance}` restored, since {}", shown(why)),
        Course::GivenUp(why) => format!("`{instance}` given up, since {}", shown(why)),
    };
    let courses: Vec<_> = journal.instances.iter().map(course).collect();
    if courses.is_empty() { "no instance is touched".to_owned() } else { courses.join(", ") }
}

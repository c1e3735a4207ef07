//! Several subjects that are worked on, a line each: live on a terminal, a line a change elsewhere.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::Console;

/// Elsewhere than on a terminal, how often a detail is told that changes all the time.
const SELDOM: Duration = Duration::from_secs(10);

/// The lines.
pub struct Tracks<'c> {
    console: &'c Console,
    live: Option<MultiProgress>,
    width: usize,
    lines: RefCell<BTreeMap<String, Line>>,
}

struct Line {
    bar: Option<ProgressBar>,
    step: String,
    /// What is said of the step, and when it was told last elsewhere than on a terminal.
    detail: String,
    told: Instant,
    /// When the subject was begun, and how long it is thought to take.
    began: Option<Instant>,
    estimate: Duration,
}

impl<'c> Tracks<'c> {
    /// A line for each subject, in this order, and how long each is thought to take.
    pub fn new(console: &'c Console, subjects: &[(String, Duration)]) -> Self {
        let live = (!console.is_quiet() && std::io::stderr().is_terminal()).then(MultiProgress::new);
        let width = subjects.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        let style = ProgressStyle::with_template("  {prefix}  {wide_msg}").ok();
        let line = |(name, estimate): &(String, Duration)| {
            let bar = live.as_ref().map(|live| {
                let bar = live.add(ProgressBar::new_spinner());
                if let Some(style) = &style {
                    bar.set_style(style.clone());
                }
                bar.set_prefix(format!("{name:width$}"));
                bar.set_message("waiting");
                bar
            });
            let line = Line {
                bar,
                step: String::new(),
                detail: String::new(),
                told: Instant::now(),
                began: None,
                estimate: *estimate,
            };
            (name.clone(), line)
        };
        let lines = RefCell::new(subjects.iter().map(line).collect());
        Self { console, live, width, lines }
    }

    /// A step of a subject began.
    pub fn step(&self, subject: &str, step: &str) {
        self.change(subject, |line| {
            line.began.get_or_insert_with(Instant::now);
            line.detail.clear();
            let is_another = line.step != step;
            if is_another {
                step.clone_into(&mut line.step);
                line.told = Instant::now();
            }
            is_another
        });
    }

    /// What there is to say of the step.
    pub fn detail(&self, subject: &str, detail: &str) {
        self.change(subject, |line| {
            let is_due = line.told.elapsed() >= SELDOM && line.detail != detail;
            detail.clone_into(&mut line.detail);
            if is_due {
                line.told = Instant::now();
            }
            is_due
        });
    }

    /// A subject is done with.
    pub fn end(&self, subject: &str, text: &str) {
        if let Some(line) = self.lines.borrow_mut().get_mut(subject) {
            line.step = text.to_owned();
            line.detail.clear();
            line.began = None;
            match &line.bar {
                Some(bar) => bar.abandon_with_message(text.to_owned()),
                None => self.console.line(&format!("{subject:width$}  {text}", width = self.width)),
            }
        }
    }

    /// Prints above the lines.
    pub fn above(&self, print: impl FnOnce(&Console)) {
        match &self.live {
            Some(live) => live.suspend(|| print(self.console)),
            None => print(self.console),
        }
    }

    fn change(&self, subject: &str, change: impl FnOnce(&mut Line) -> bool) {
        let mut lines = self.lines.borrow_mut();
        let Some(line) = lines.get_mut(subject) else { return };
        let is_due = change(line);
        match &line.bar {
            Some(bar) => {
                bar.set_message(line.text());
                bar.tick();
            }
            None if is_due => {
                let text = match line.detail.as_str() {
                    "" => line.step.clone(),
                    detail => format!("{}: {detail}", line.step),
                };
                self.console.line(&format!("{subject:width$}  {text}", width = self.width));
            }
            None => {}
        }
    }
}

impl Line {
    fn text(&self) -> String {
        let elapsed = self.began.map(|began| began.elapsed()).unwrap_or_default();
        let left = match self.estimate.checked_sub(elapsed) {
            Some(left) if left.as_secs() > 0 => format!(", about {} s left", left.as_secs()),
            _ => String::new(),
        };
        let detail = if self.detail.is_empty() { String::new() } else { format!(": {}", self.detail) };
        format!("{}{detail}  ({} s{left})", self.step, elapsed.as_secs())
    }
}

//! What a person sees: results on stdout, everything else on stderr.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Read, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::printable::ascii_where_unprintable;
use super::{Event, Listener, diagnostics, printable};
use crate::diagnostic::Problem;
use crate::error::Class;
use crate::{Error, Result};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const NOTE: Style = AnsiColor::Cyan.on_default().bold();
const FAINT: Style = Style::new().dimmed();

/// The terminal, or the pipe, that the command was started from. Colours are dropped where they do not belong
/// (`NO_COLOR`, a pipe); a live progress bar appears only on a terminal, a line a stage elsewhere.
#[derive(Debug)]
pub struct Console {
    quiet: bool,
    bar: RefCell<Option<ProgressBar>>,
}

impl Console {
    /// A console; `quiet` leaves only warnings, errors and the result.
    pub fn new(quiet: bool) -> Self {
        Self { quiet, bar: RefCell::new(None) }
    }

    /// Prints a line of the result to stdout. A reader that went away, as `head` does, is no error of ours.
    ///
    /// # Errors
    /// It cannot be written, as to a file on a full disk.
    pub fn result(&self, line: &str) -> Result<()> {
        self.end_stage();
        match writeln!(anstream::stdout(), "{line}") {
            Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => {
                Err(Error::failed("cannot write the result to stdout").cause(cause))
            }
            _ => Ok(()),
        }
    }

    /// Prints a line of the result that holds words of an image, [`printable`](fn@printable).
    ///
    /// # Errors
    /// As [`result`](Self::result).
    pub fn words(&self, line: &str) -> Result<()> {
        self.result(&printable(line))
    }

    /// Prints the result as one line of JSON, in which nothing moves the cursor either.
    ///
    /// # Errors
    /// As [`result`](Self::result).
    pub fn json(&self, object: &impl Serialize) -> Result<()> {
        let line = serde_json::to_string(object).map_err(|error| Error::failed("cannot write JSON").cause(error))?;
        self.json_line(line)
    }

    /// Prints a line of JSON as [`json`](Self::json) does.
    ///
    /// # Errors
    /// As [`result`](Self::result).
    pub fn json_line(&self, line: String) -> Result<()> {
        self.result(&ascii_where_unprintable(line))
    }

    /// Copies bytes to stdout as they are; messages call them `what`. A reader that went away is no error of ours.
    ///
    /// # Errors
    /// They cannot be read or written.
    pub fn bytes(&self, content: &mut dyn Read, what: &str) -> Result<()> {
        self.end_stage();
        let mut stdout = io::stdout().lock();
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = match content.read(&mut buffer) {
                Ok(read) => read,
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
                Err(cause) => return Err(Error::failed(format!("cannot read {what}")).cause(cause)),
            };
            let written = match read {
                0 => stdout.flush(),
                _ => stdout.write_all(buffer.get(..read).unwrap_or_default()),
            };
            match written {
                Err(cause) if cause.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                Err(cause) => return Err(Error::failed("cannot write the result to stdout").cause(cause)),
                Ok(()) if read == 0 => return Ok(()),
                Ok(()) => {}
            }
        }
    }

    /// Prints what clap has to say, help or a usage error, and gives the exit code that goes with it.
    pub fn stop(text: &str, is_error: bool) -> std::process::ExitCode {
        if is_error {
            let _ = write!(anstream::stderr(), "{text}");
            return std::process::ExitCode::from(Class::Invalid as u8);
        }
        let _ = write!(anstream::stdout(), "{text}");
        std::process::ExitCode::SUCCESS
    }

    /// Prints a line about the result to stderr: a label and what it says.
    pub fn detail(&self, label: &str, text: &str) {
        if !self.quiet {
            self.say(&format!("{FAINT}{label:>12}{FAINT:#}  {}", lines(text)));
        }
    }

    /// Prints a line of progress to stderr.
    pub fn line(&self, text: &str) {
        if !self.quiet {
            self.say(&lines(text));
        }
    }

    /// Whether only warnings, errors and the result are printed.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Prints a problem with its source line, and an empty line below.
    pub fn problem(&self, problem: &Problem) {
        self.say(&diagnostics::render(problem));
        self.say("");
    }

    /// Prints an error: its places, the sentence, the causes and the hints.
    pub fn error(&self, error: &Error) {
        self.end_stage();
        error.places().iter().for_each(|problem| self.problem(problem));
        self.say(&format!("{ERROR}error{ERROR:#}: {}", lines(error.message())));
        for cause in error.causes() {
            self.say(&format!("  {FAINT}cause{FAINT:#}: {}", lines(cause)));
        }
        for hint in error.hints() {
            self.say(&format!("  {NOTE}hint{NOTE:#}: {}", lines(hint)));
        }
    }

    /// Takes the progress bar away.
    pub fn end_stage(&self) {
        if let Some(bar) = self.bar.borrow_mut().take() {
            bar.finish_and_clear();
        }
    }

    /// Prints a line to stderr, above the progress bar where there is one.
    fn say(&self, line: &str) {
        let print = || {
            let _ = writeln!(anstream::stderr(), "{line}");
        };
        match &*self.bar.borrow() {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    fn stage(&self, text: String) {
        if self.quiet {
            return;
        }
        self.end_stage();
        if !std::io::stderr().is_terminal() {
            self.say(&text);
            return;
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}  {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message(text);
        bar.enable_steady_tick(Duration::from_millis(100));
        *self.bar.borrow_mut() = Some(bar);
    }

    fn progress(&self, done: u64, total: Option<u64>) {
        let bar = self.bar.borrow();
        let Some(bar) = &*bar else { return };
        if bar.length().is_none()
            && let Some(total) = total
        {
            let template = "{spinner} {wide_msg}  [{bar:10}] {decimal_bytes}/{decimal_total_bytes}  {decimal_bytes_per_sec}  {eta} left";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_length(total);
        }
        bar.set_position(done);
    }
}

impl Listener for Console {
    fn event(&self, event: Event) {
        match event {
            Event::Stage(text) => self.stage(lines(&text)),
            Event::Progress { done, total } => self.progress(done, total),
            Event::Note(_) if self.quiet => {}
            Event::Note(text) => self.say(&format!("{NOTE}note{NOTE:#}: {}", lines(&text))),
            Event::Warning(text) => self.say(&format!("{WARNING}warning{WARNING:#}: {}", lines(&text))),
        }
    }
}

/// What may quote others, [`printable`](fn@printable) but for the ends of its lines.
fn lines(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

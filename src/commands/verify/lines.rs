//! The checks as a person reads them.

use crate::Result;
use crate::ui::Console;
use crate::verify::{Check, Verdict};

pub(super) fn print(check: &Check, console: &Console) -> Result<()> {
    let word = match check.verdict {
        Verdict::Good => "good",
        Verdict::Bad => "BAD",
        Verdict::Open => "-",
    };
    console.words(&format!("{:<12} {word:<5} {}", check.check, check.found))?;
    check.faults.iter().try_for_each(|fault| console.words(&format!("{:18} {fault}", "")))
}

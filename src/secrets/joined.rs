//! The lines of a text, those that go on in the next as one.

use std::borrow::Cow;

use super::assignments::LONGEST;

/// What texts of other systems begin with.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The lines with their numbers, from 1; one that was put together has the number of its first part. `joins` tells whether a
/// line ends in a backslash that takes the next one to it.
pub(super) fn lines<'t>(
    content: &'t [u8],
    joins: impl Fn(&[u8]) -> bool,
) -> impl Iterator<Item = (usize, Cow<'t, [u8]>)> {
    let content = content.strip_prefix(BYTE_ORDER_MARK).unwrap_or(content);
    let mut parts = content.split(|byte| *byte == b'\n').zip(1..);
    std::iter::from_fn(move || {
        let (line, number) = parts.next()?;
        if !joins(line) {
            return Some((number, Cow::Borrowed(line)));
        }
        let mut whole = before_backslash(line).to_vec();
        for (line, _) in parts.by_ref() {
            let goes_on = joins(line);
            whole.push(b' ');
            let part = if goes_on { before_backslash(line) } else { line };
            whole.extend(part.iter().take(LONGEST.saturating_sub(whole.len())));
            if !goes_on {
                break;
            }
        }
        Some((number, Cow::Owned(whole)))
    })
}

fn before_backslash(line: &[u8]) -> &[u8] {
    let line = line.trim_ascii_end();
    line.strip_suffix(b"\\").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_goes_on_has_the_number_of_its_first_part() {
        let joins = |line: &[u8]| line.ends_with(b"\\");
        let all = |text: &str| {
            let line = |(number, line): (usize, Cow<'_, [u8]>)| format!("{number} {}", String::from_utf8_lossy(&line));
            lines(text.as_bytes(), joins).map(line).collect::<Vec<_>>()
        };
        assert_eq!(all("a\nb \\\nc\\\n d\ne"), ["1 a", "2 b  c  d", "5 e"]);
        assert_eq!(all("\u{feff}a\nb\\"), ["1 a", "2 b"]);
        assert_eq!(all(""), ["1 "]);
    }
}

//! Tables of the runtime API: columns by name, wherever a version puts them, and others in between.

use std::borrow::Cow;
use std::str::FromStr;

use super::answer::{malformed, unexpected};
use super::{Failure, Kind, Result};

/// More columns than any version has (2.6 has 114 in `show stat`), so that a line of commas costs no memory.
const MOST_COLUMNS: usize = 1024;

/// The columns' names.
pub(super) struct Header<'a> {
    table: &'static str,
    names: Vec<Cow<'a, str>>,
}

/// A line of a table.
pub(super) struct Row<'h, 'a> {
    header: &'h Header<'a>,
    cells: Vec<Cow<'a, str>>,
}

impl<'a> Header<'a> {
    /// The header of CSV: `# pxname,svname,…`; and what follows.
    pub(super) fn of_csv(table: &'static str, text: &'a str) -> Result<(Self, &'a str)> {
        let rest = text.strip_prefix("# ").ok_or_else(|| unexpected(text))?;
        let (names, rest) = csv_line(table, rest)?;
        Ok((Self { table, names }, rest))
    }

    /// The header of a table of words: `# be_id be_name …`.
    pub(super) fn of_words(table: &'static str, line: &'a str) -> Result<Self> {
        let rest = line.strip_prefix("# ").ok_or_else(|| unexpected(line))?;
        Ok(Self { table, names: words(table, rest)? })
    }

    /// The next line of CSV, and what follows it.
    pub(super) fn csv_row<'h>(&'h self, text: &'a str) -> Result<(Row<'h, 'a>, &'a str)> {
        let (cells, rest) = csv_line(self.table, text)?;
        Ok((Row { header: self, cells }, rest))
    }

    /// A line of words.
    pub(super) fn word_row<'h>(&'h self, line: &'a str) -> Result<Row<'h, 'a>> {
        Ok(Row { header: self, cells: words(self.table, line)? })
    }
}

impl Row<'_, '_> {
    /// The text of a column; none where the table has no such column, or the line ends before it.
    pub(super) fn find(&self, column: &str) -> Option<&str> {
        let index = self.header.names.iter().position(|name| name == column)?;
        self.cells.get(index).map(AsRef::as_ref)
    }

    /// The text of a column that must be there.
    pub(super) fn text(&self, column: &str) -> Result<&str> {
        self.find(column).ok_or_else(|| {
            Failure::new(Kind::NotHaproxy, format!("the answer to `{}` has no `{column}`", self.header.table))
        })
    }

    /// The number in a column; none where it is empty, or there is no such column.
    pub(super) fn number<N: FromStr>(&self, column: &str) -> Result<Option<N>> {
        match self.find(column) {
            None | Some("") => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| self.malformed(column, text)),
        }
    }

    /// The number in a column that must be there.
    pub(super) fn required<N: FromStr>(&self, column: &str) -> Result<N> {
        let text = self.text(column)?;
        text.parse().map_err(|_| self.malformed(column, text))
    }

    pub(super) fn malformed(&self, column: &str, value: &str) -> Failure {
        malformed(&format!("the column `{column}` of `{}`", self.header.table), value)
    }
}

fn words<'a>(table: &str, line: &'a str) -> Result<Vec<Cow<'a, str>>> {
    let words: Vec<_> = line.split_ascii_whitespace().take(MOST_COLUMNS + 1).map(Cow::Borrowed).collect();
    if words.len() > MOST_COLUMNS { Err(too_wide(table)) } else { Ok(words) }
}

/// One line of CSV, and what follows it. A field that holds a quote, a comma or a line's end stands in quotes, which
/// are doubled inside: `csv_enc_append` of HAProxy's `src/tools.c`.
fn csv_line<'a>(table: &str, text: &'a str) -> Result<(Vec<Cow<'a, str>>, &'a str)> {
    let mut cells = Vec::new();
    let mut rest = text;
    loop {
        let (cell, after) = csv_cell(rest).ok_or_else(|| malformed(&format!("a field of `{table}`"), rest))?;
        cells.push(cell);
        if cells.len() > MOST_COLUMNS {
            return Err(too_wide(table));
        }
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => return Ok((cells, after.strip_prefix('\n').unwrap_or(after))),
        }
    }
}

/// One field, and what follows it: a comma, a line's end or nothing.
fn csv_cell(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        return text
            .split_at_checked(text.find([',', '\n']).unwrap_or(text.len()))
            .map(|(cell, rest)| (cell.into(), rest));
    };
    let mut cell = String::new();
    let mut rest = quoted;
    loop {
        let (part, after) = rest.split_once('"')?;
        cell.push_str(part);
        match after.strip_prefix('"') {
            Some(next) => {
                cell.push('"');
                rest = next;
            }
            None if after.is_empty() || after.starts_with([',', '\n']) => return Some((cell.into(), after)),
            None => return None,
        }
    }
}

fn too_wide(table: &str) -> Failure {
    Failure::new(Kind::NotHaproxy, format!("the answer to `{table}` has more than {MOST_COLUMNS} columns"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_fields_hold_commas_quotes_and_lines() {
        let (header, rest) = Header::of_csv("t", "# a,b,c,\n\"x,\"\"y\"\"\n\nz\",,7,\n1,2,3,4,5\n").unwrap();
        let (row, rest) = header.csv_row(rest).unwrap();
        assert_eq!((row.text("a").unwrap(), row.text("b").unwrap()), ("x,\"y\"\n\nz", ""));
        assert_eq!((row.number::<u64>("b").unwrap(), row.required::<u64>("c").unwrap()), (None, 7));
        let (row, rest) = header.csv_row(rest).unwrap();
        assert_eq!((row.text("c").unwrap(), rest), ("3", ""));
    }

    #[test]
    fn a_missing_column_is_not_an_empty_one() {
        let header = Header::of_words("show x", "# a b").unwrap();
        let row = header.word_row("1").unwrap();
        assert_eq!((row.find("a"), row.find("b"), row.find("c")), (Some("1"), None, None));
        let failure = row.text("c").unwrap_err();
        assert_eq!(failure.to_string(), "the answer to `show x` has no `c`");
    }

    #[test]
    fn numbers_that_are_none_are_refused() {
        let header = Header::of_words("show x", "# a").unwrap();
        for text in ["-1", "1.5", "18446744073709551616", "x"] {
            let failure = header.word_row(text).unwrap().required::<u64>("a").unwrap_err();
            assert_eq!(failure.kind(), Kind::NotHaproxy, "{text}");
        }
    }

    #[test]
    fn a_line_of_commas_is_refused_before_it_takes_memory() {
        let text = format!("# {}", ",".repeat(1 << 20));
        assert_eq!(Header::of_csv("t", &text).err().unwrap().kind(), Kind::NotHaproxy);
        assert_eq!(Header::of_words("t", &"a ".repeat(1 << 20)).err().unwrap().kind(), Kind::NotHaproxy);
    }

    #[test]
    fn a_quote_that_does_not_end_is_refused() {
        let (header, _) = Header::of_csv("t", "# a,b\n").unwrap();
        for text in ["\"x", "\"x\"y,", "\"x\"\""] {
            assert_eq!(header.csv_row(text).err().unwrap().kind(), Kind::NotHaproxy, "{text}");
        }
    }
}

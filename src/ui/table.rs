//! Rows of text in columns, as `incus list --format compact` has them.

use super::Console;
use crate::Result;

/// A table of the result.
#[derive(Clone, Debug)]
pub struct Table<const COLUMNS: usize> {
    rows: Vec<[String; COLUMNS]>,
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    /// A table with its titles.
    pub fn new(titles: [&str; COLUMNS]) -> Self {
        Self { rows: vec![titles.map(str::to_owned)] }
    }

    /// Adds a row.
    pub fn row(&mut self, row: [String; COLUMNS]) {
        self.rows.push(row);
    }

    /// The lines, without white space at their ends.
    pub fn lines(&self) -> Vec<String> {
        let mut widths = [0; COLUMNS];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let line = |row: &[String; COLUMNS]| {
            let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            cells.join("  ").trim_end().to_owned()
        };
        self.rows.iter().map(line).collect()
    }

    /// Prints it to stdout.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn print(&self, console: &Console) -> Result<()> {
        self.lines().iter().try_for_each(|line| console.result(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(["NAME", "STATE"]);
        table.row(["backend-api-1".to_owned(), "UP".to_owned()]);
        table.row(["ä".to_owned(), String::new()]);
        assert_eq!(table.lines(), ["NAME           STATE", "backend-api-1  UP", "ä"]);
    }
}

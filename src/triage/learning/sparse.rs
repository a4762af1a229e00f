//! Many texts as rows of one sparse table.

use std::collections::HashMap;

/// Rows of (column, value), their columns numbered anew without gaps.
#[derive(Debug, Default)]
pub struct Sparse {
    starts: Vec<usize>,
    cells: Vec<(u32, f32)>,
    /// What each column was called before, ascending.
    pub columns: Vec<u32>,
}

impl Sparse {
    /// The rows without the columns that fewer than `least` of them have: those cannot be told from chance.
    pub fn of<'a, Row>(rows: &'a [Row], cells: impl Fn(&'a Row) -> &'a [(u32, f32)], least: u32) -> Self {
        let mut count: HashMap<u32, u32> = HashMap::new();
        for (column, _) in rows.iter().flat_map(&cells) {
            *count.entry(*column).or_default() += 1;
        }
        let mut columns: Vec<u32> =
            count.iter().filter(|(_, count)| **count >= least).map(|(column, _)| *column).collect();
        columns.sort_unstable();
        let places: HashMap<u32, u32> = columns.iter().zip(0..).map(|(column, place)| (*column, place)).collect();
        let mut table = Self { starts: vec![0], cells: Vec::new(), columns };
        for row in rows {
            let kept = cells(row).iter().filter_map(|(column, value)| Some((*places.get(column)?, *value)));
            table.cells.extend(kept);
            table.starts.push(table.cells.len());
        }
        table
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The cells of a row.
    pub fn row(&self, row: usize) -> &[(u32, f32)] {
        match (self.starts.get(row), self.starts.get(row + 1)) {
            (Some(start), Some(end)) => self.cells.get(*start..*end).unwrap_or_default(),
            _ => &[],
        }
    }
}

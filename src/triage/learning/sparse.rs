//! Many texts as rows of one sparse table.

use super::cell::Cell;

/// No place.
const NONE: u32 = u32::MAX;

/// Rows of (column, value), their columns numbered anew without gaps, the commonest first: what is needed in nearly every row
/// then lies together in memory.
#[derive(Debug, Default)]
pub struct Sparse {
    starts: Vec<usize>,
    cells: Vec<Cell>,
    /// What each column was called before, ascending, and its number now.
    names: Vec<(u32, u32)>,
}

impl Sparse {
    /// The rows without the columns that fewer than `least` of them have: those cannot be told from chance. Rows are drawn
    /// twice, so that they need not all be held at once.
    pub fn of<Row, Rows>(draw: impl Fn() -> Rows, least: u32) -> Self
    where
        Row: AsRef<[(u32, f32)]>,
        Rows: Iterator<Item = Row>,
    {
        let mut counts: Vec<u32> = Vec::new();
        for row in draw() {
            for (column, _) in row.as_ref() {
                let column = *column as usize;
                if counts.len() <= column {
                    counts.resize(column + 1, 0);
                }
                counts.get_mut(column).into_iter().for_each(|count| *count += 1);
            }
        }
        let count = |column: u32| counts.get(column as usize).copied().unwrap_or(0);
        let mut columns: Vec<u32> = (0..counts.len() as u32).filter(|column| count(*column) >= least.max(1)).collect();
        columns.sort_by_key(|column| std::cmp::Reverse(count(*column)));
        let kept = columns.iter().map(|column| count(*column) as usize).sum();
        // From here on a column's number among those kept.
        counts.fill(NONE);
        for (column, place) in columns.iter().zip(0..) {
            counts.get_mut(*column as usize).into_iter().for_each(|slot| *slot = place);
        }
        let place = |column: u32| counts.get(column as usize).copied().filter(|place| *place != NONE);
        let mut names: Vec<(u32, u32)> = columns.into_iter().zip(0..).collect();
        names.sort_unstable();
        let mut table = Self { starts: vec![0], cells: Vec::with_capacity(kept), names };
        for row in draw() {
            let start = table.cells.len();
            let cells = row.as_ref().iter();
            table.cells.extend(cells.filter_map(|(column, value)| Some(Cell::new(place(*column)?, *value))));
            table.cells.get_mut(start..).into_iter().for_each(|row| row.sort_unstable_by_key(|cell| cell.column()));
            table.starts.push(table.cells.len());
        }
        table
    }

    /// Some of the rows, one after the other, an empty one for each that is not there, without the columns that none of them has; and
    /// the numbers that the columns left had. The fewer there are, the nearer they lie together.
    pub fn only(&self, rows: &[usize]) -> (Self, Vec<u32>) {
        let mut places = vec![NONE; self.columns()];
        for cell in rows.iter().flat_map(|row| self.row(*row)) {
            places.get_mut(cell.column() as usize).into_iter().for_each(|place| *place = 0);
        }
        let mut kept = Vec::new();
        for (place, number) in places.iter_mut().zip(0..).filter(|(place, _)| **place != NONE) {
            *place = kept.len() as u32;
            kept.push(number);
        }
        let moved = |cell: &Cell| Some(cell.in_column(*places.get(cell.column() as usize)?));
        let mut part = Self { starts: vec![0], cells: Vec::new(), names: (0..).zip(0..).take(kept.len()).collect() };
        for row in rows {
            part.cells.extend(self.row(*row).iter().filter_map(moved));
            part.starts.push(part.cells.len());
        }
        (part, kept)
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.names.len()
    }

    /// What each column was called before, ascending, and its number now.
    pub fn names(&self) -> impl Iterator<Item = (u32, usize)> {
        self.names.iter().map(|(name, place)| (*name, *place as usize))
    }

    /// The number now of what was called so before.
    pub fn place(&self, name: u32) -> Option<usize> {
        let at = self.names.binary_search_by_key(&name, |(name, _)| *name).ok()?;
        self.names.get(at).map(|(_, place)| *place as usize)
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
    pub fn row(&self, row: usize) -> &[Cell] {
        match (self.starts.get(row), self.starts.get(row + 1)) {
            (Some(start), Some(end)) => self.cells.get(*start..*end).unwrap_or_default(),
            _ => &[],
        }
    }
}

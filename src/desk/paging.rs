//! Long lists in pages: nothing ends at the last row of the first one.

use serde::{Deserialize, Serialize};

/// Rows on one page.
const ROWS: usize = 200;
/// Nobody turns so many.
const MOST_PAGES: usize = 10_000;

/// Which page of a list is asked for, the first being 0.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Paging {
    #[serde(default)]
    page: usize,
}

/// The pages beside this one.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Beside {
    before: Option<usize>,
    after: Option<usize>,
}

impl Paging {
    fn page(&self) -> usize {
        self.page.min(MOST_PAGES)
    }

    /// How many rows from the first on are to be read: one more than are shown, to know whether there are more.
    pub fn wanted(&self) -> usize {
        (self.page() + 1) * ROWS + 1
    }

    /// This page of the rows that were read.
    pub fn cut<T>(&self, rows: Vec<T>) -> (Vec<T>, Beside) {
        let page = self.page();
        let after = (rows.len() >= self.wanted()).then_some(page + 1);
        let rows = rows.into_iter().skip(page * ROWS).take(ROWS).collect();
        (rows, Beside { before: page.checked_sub(1), after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_on_one_page() {
        let all: Vec<usize> = (0..450).collect();
        let mut seen = Vec::new();
        let mut next = Some(0);
        while let Some(page) = next {
            let paging = Paging { page };
            let (rows, beside) = paging.cut(all.iter().copied().take(paging.wanted()).collect());
            assert_eq!(beside.before, page.checked_sub(1));
            seen.extend(rows);
            next = beside.after;
        }
        assert_eq!(seen, all);
        let exact = Paging::default();
        assert_eq!(exact.cut(vec![0; 200]).1, Beside { before: None, after: None });
        assert!(Paging { page: usize::MAX }.wanted() > 0);
    }
}

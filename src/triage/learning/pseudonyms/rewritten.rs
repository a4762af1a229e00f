//! A text after replacements, which remembers where everything went.

use std::ops::Range;

use super::Change;

/// A rewritten text.
#[derive(Debug, Clone)]
pub struct Rewritten {
    /// The new text.
    pub text: String,
    /// Stretches in order: where they stood and where they stand, and whether they were replaced.
    pieces: Vec<(Range<usize>, Range<usize>, bool)>,
}

impl Rewritten {
    /// Puts the stand-ins into `original`; the changes do not overlap.
    pub(super) fn new(original: &str, mut changes: Vec<Change>) -> Self {
        changes.sort_by_key(|(range, _)| range.start);
        let mut made = Self { text: String::with_capacity(original.len()), pieces: Vec::new() };
        let mut at = 0;
        for (range, stand_in) in changes {
            made.push(at..range.start, original.get(at..range.start).unwrap_or_default(), false);
            at = range.end;
            made.push(range, &stand_in, true);
        }
        made.push(at..original.len(), original.get(at..).unwrap_or_default(), false);
        made
    }

    fn push(&mut self, from: Range<usize>, words: &str, replaced: bool) {
        let start = self.text.len();
        self.text.push_str(words);
        self.pieces.push((from, start..self.text.len(), replaced));
    }

    /// What stands now where `range` of the original stood; a stand-in that it holds a part of is whole.
    pub fn words(&self, range: Range<usize>) -> String {
        let touched = self.pieces.iter().filter(|(from, _, _)| from.start < range.end && range.start < from.end);
        let bounds = touched.map(|(from, to, replaced)| {
            let inside = |at: usize| to.start + (at.clamp(from.start, from.end) - from.start);
            if *replaced { to.clone() } else { inside(range.start)..inside(range.end) }
        });
        let whole = bounds.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end));
        whole.and_then(|range| self.text.get(range)).unwrap_or_default().to_owned()
    }
}

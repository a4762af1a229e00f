//! Occurrences of features in the order of their columns. A mail has some two thousand of them, and columns are small numbers:
//! two passes over them take less time than comparing them with each other.

use super::{BITS, Entry};

/// Bits of a column that one pass goes by.
const DIGIT: u32 = BITS / 2;
const _: () = assert!(2 * DIGIT == BITS, "two passes see all of a column");
/// Fewer occurrences are compared: a pass goes over all its digits, however few occurrences there are.
const FEW: usize = 512;

/// Places of occurrences by column; those of one column stay in their order. The room is kept for the next mail.
#[derive(Debug, Default)]
pub(super) struct ByColumn {
    /// A column above the place of an occurrence.
    keys: Vec<u64>,
    room: Vec<u64>,
}

impl ByColumn {
    /// Room for so many.
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { keys: Vec::with_capacity(capacity), room: Vec::with_capacity(capacity) }
    }

    /// The places of the entries.
    pub(super) fn places(&mut self, entries: &[Entry]) -> impl Iterator<Item = usize> {
        self.keys.clear();
        self.keys.extend(entries.iter().zip(0..).map(|(entry, place): (_, u64)| u64::from(entry.column) << 32 | place));
        if self.keys.len() < FEW {
            self.keys.sort_unstable();
        } else {
            self.room.clear();
            self.room.resize(self.keys.len(), 0);
            pass(&self.keys, &mut self.room, 0);
            pass(&self.room, &mut self.keys, DIGIT);
        }
        self.keys.iter().map(|key| *key as u32 as usize)
    }
}

/// Copies the keys in the order of one digit of their columns.
fn pass(from: &[u64], into: &mut [u64], digit: u32) {
    const DIGITS: usize = 1 << DIGIT;
    let digit = |key: u64| (key >> (32 + digit)) as usize % DIGITS;
    let mut next = [0_u32; DIGITS];
    from.iter().for_each(|key| next[digit(*key)] += 1);
    let mut sum = 0;
    for count in &mut next {
        (*count, sum) = (sum, sum + *count);
    }
    for key in from {
        let place = &mut next[digit(*key)];
        if let Some(slot) = into.get_mut(*place as usize) {
            *slot = *key;
        }
        *place += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::Block;
    use super::*;
    use crate::triage::hit::Part;

    #[test]
    fn few_and_many_are_put_in_the_same_order() {
        let entry = |column| Entry { column, value: 1.0, block: Block::Words, part: Part::Body, tokens: 0..1 };
        let columns = |count: u32| (0..count).map(|n| n.wrapping_mul(0x9e37_79b9) % 300 * 3491 % (1 << BITS));
        for count in [0, 1, FEW as u32 - 1, FEW as u32, 3000] {
            let entries: Vec<Entry> = columns(count).map(entry).collect();
            let mut expected: Vec<usize> = (0..entries.len()).collect();
            expected.sort_by_key(|place| entries[*place].column);
            assert_eq!(ByColumn::default().places(&entries).collect::<Vec<_>>(), expected, "{count}");
        }
    }
}

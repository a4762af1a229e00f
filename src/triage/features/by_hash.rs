//! What is known by the hash of a word. Most words and nearly all beginnings of words are not known, and a bit each says so
//! before the map is asked.

use std::collections::HashMap;

use super::hash::{self, Hash};

/// Binary logarithm of the number of bits; with some thirty thousand known hashes one in seventeen unknown ones gets past them.
const BITS: u32 = 19;

/// A map that says quickly that something is not in it.
#[derive(Debug)]
pub(super) struct ByHash<V> {
    there: Box<[u64]>,
    known: HashMap<Hash, V, hash::Plain>,
}

impl<V> Default for ByHash<V> {
    fn default() -> Self {
        Self { there: vec![0; 1 << (BITS - u64::BITS.ilog2())].into(), known: HashMap::default() }
    }
}

impl<V> ByHash<V> {
    /// What is known under a hash.
    pub(super) fn get(&self, hash: Hash) -> Option<&V> {
        if self.may_hold(hash) { self.known.get(&hash) } else { None }
    }

    fn may_hold(&self, hash: Hash) -> bool {
        let (word, bit) = place(hash);
        self.there.get(word).is_some_and(|bits| bits & bit != 0)
    }

    /// What is known under a hash, to be changed; the default where nothing was.
    pub(super) fn at(&mut self, hash: Hash) -> &mut V
    where
        V: Default,
    {
        let (word, bit) = place(hash);
        self.there.get_mut(word).into_iter().for_each(|bits| *bits |= bit);
        self.known.entry(hash).or_default()
    }
}

/// The word and the bit in it that speak for a hash. FNV-1a spreads best over its lower half.
fn place(hash: Hash) -> (usize, u64) {
    let at = hash ^ (hash >> BITS);
    ((at & ((1 << BITS) - 1)) as usize >> u64::BITS.ilog2(), 1 << (at & u64::from(u64::BITS - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_found_and_nothing_else() {
        let mut known = ByHash::default();
        let words: Vec<String> = (0..20_000).map(|n| format!("word{n}")).collect();
        words.iter().for_each(|word| *known.at(hash::text(word)) = word.len());
        assert!(words.iter().all(|word| known.get(hash::text(word)) == Some(&word.len())));
        let others: Vec<Hash> = (0..20_000).map(|n| hash::text(&format!("other{n}"))).collect();
        assert!(others.iter().all(|other| known.get(*other).is_none()));
        let asked = others.iter().filter(|other| known.may_hold(**other)).count();
        assert!(asked < others.len() / 10, "{asked} get past the bits");
    }
}

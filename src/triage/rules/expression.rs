//! A rule's regular expression, tried where a match may begin.
//!
//! Such places are few and short, and rules are many. Automata that are built while they are used would have to be fetched from memory
//! for every mail, or built anew, for counted gaps (`.{0,40}`) have a state for every byte; a backtracker with the few states that it
//! comes by is several times as fast. Only long stretches are left to automata.

use std::ops::Range;

use regex_automata::nfa::thompson::backtrack::{BoundedBacktracker, Cache};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, meta};

/// Bytes of an expression's automaton at most: what operators write stays far below.
const SIZE: usize = 1 << 22;
/// Bytes that may be kept of an automaton that is built while it is used.
const KEPT: usize = 1 << 18;

/// See above.
#[derive(Debug, Clone)]
pub(super) struct Expression {
    near: BoundedBacktracker,
    far: meta::Regex,
}

impl Expression {
    /// Of what the operator wrote.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn of(pattern: &str) -> Result<Self, String> {
        let bytes = syntax::Config::new().unicode(false).utf8(false);
        // Where it is tried, there is nothing to skip.
        let settings = meta::Config::new().nfa_size_limit(Some(SIZE)).hybrid_cache_capacity(KEPT).auto_prefilter(false);
        let far = meta::Builder::new().configure(settings).syntax(bytes).build(pattern);
        let far = far.map_err(|error| error.syntax_error().map_or_else(|| error.to_string(), ToString::to_string))?;
        let near = BoundedBacktracker::builder().syntax(bytes).build(pattern).map_err(|error| error.to_string())?;
        Ok(Self { near, far })
    }

    /// What [`Self::find`] remembers while it looks, for any expression.
    pub fn cache(&self) -> Cache {
        self.near.create_cache()
    }

    /// The first match that begins in a range and ends by `end`.
    pub fn find(&self, text: &str, begins: Range<usize>, end: usize, cache: &mut Cache) -> Option<Range<usize>> {
        let begins = begins.start..begins.end.min(end);
        if begins.is_empty() {
            return None;
        }
        let anchored = if begins.len() == 1 { Anchored::Yes } else { Anchored::No };
        let found = self.first(&Input::new(text).range(begins.start..end).anchored(anchored), cache);
        found.filter(|found| found.start < begins.end)
    }

    fn first(&self, input: &Input<'_>, cache: &mut Cache) -> Option<Range<usize>> {
        let mut slots = [None; 2];
        cache.reset(&self.near);
        match self.near.try_search_slots(cache, input, &mut slots) {
            Ok(found) => {
                let [from, to] = slots.map(|slot| slot.map(|at| at.get()));
                found.and(from.zip(to)).map(|(from, to)| from..to)
            }
            // Too long for it.
            Err(_) => self.far.find(input.clone()).map(|found| found.range()),
        }
    }
}

//! Where in a text a match of a rule may begin: near the words that it cannot do without, and nowhere else.

use std::ops::Range;

use super::marked::marked;
use super::needles::{Chain, SETS};
use super::opening::Opening;
use crate::triage::word_finder::WordFinder;

/// Longer texts are not looked at word by word: nobody writes them, and what a hostile one holds of needles must not fill the memory.
const LONG: usize = 1 << 16;

/// Beginnings of one unit in one text that are tried one by one; more are searched together.
const MANY: usize = 64;

/// Most texts have fewer places.
const SOME: usize = 32;

/// One branch of one of a rule's expressions.
#[derive(Debug, Clone)]
struct Unit {
    rule: usize,
    /// How many needles it wants, one of each set.
    links: usize,
    /// From the beginning of a match to its first needle, at least and at most.
    head: (u32, u32),
    opening: Opening,
    /// How far at most each begins behind the one before.
    reaches: [u32; SETS],
    before: u32,
    after: u32,
    within_sentence: bool,
}

/// Where a match of a rule may lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub rule: usize,
    /// Where it may begin.
    pub begins: Range<usize>,
    /// Where it ends at the latest.
    pub end: usize,
}

/// A needle of a unit stands near enough behind the others.
struct Near {
    /// Where a match with them may begin at the earliest.
    from: u32,
    /// Where the last of them stands.
    last: u32,
    /// Where a match ends at the latest.
    to: u32,
}

/// A needle that a unit wants stands in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Sighting {
    unit: u32,
    at: u32,
    link: u8,
}

/// All needles of all rules, looked for in one pass.
#[derive(Debug, Clone)]
pub(super) struct Places {
    units: Vec<Unit>,
    /// The rules of those that want no needle.
    everywhere: Vec<usize>,
    needles: WordFinder,
    /// For each needle, where in `owned` those who want it begin; one more for the end.
    owners: Vec<u32>,
    /// Unit, and which of its needles.
    owned: Vec<(u32, u8)>,
}

impl Places {
    /// Of the chains of each rule.
    pub(super) fn of<'a>(rules: impl Iterator<Item = &'a Vec<Chain>>) -> Result<Self, String> {
        let mut units = Vec::new();
        let mut wanted: Vec<(Vec<u8>, u32, u8)> = Vec::new();
        for (rule, chains) in rules.enumerate() {
            for chain in chains {
                for (link, place) in chain.links.iter().zip(0..) {
                    wanted.extend(link.needles.iter().map(|needle| (needle.clone(), units.len() as u32, place)));
                }
                units.push(Unit::of(rule, chain));
            }
        }
        wanted.sort();
        let words: Vec<&[u8]> =
            wanted.chunk_by(|a, b| a.0 == b.0).filter_map(|same| Some(same.first()?.0.as_slice())).collect();
        let owners = std::iter::once(0).chain(wanted.chunk_by(|a, b| a.0 == b.0).scan(0, |sum, same| {
            *sum += same.len() as u32;
            Some(*sum)
        }));
        let owners = owners.collect();
        let needles = WordFinder::of(&words)?;
        let owned = wanted.iter().map(|(_, unit, link)| (*unit, *link)).collect();
        let everywhere = units.iter().filter(|unit: &&Unit| unit.links == 0).map(|unit| unit.rule).collect();
        Ok(Self { units, everywhere, needles, owners, owned })
    }

    /// Where rules may match, for their words stand there: by rule, then by beginning, without overlaps of these.
    pub(super) fn within(&self, text: &str) -> Vec<Place> {
        let mut places = if text.len() > LONG { self.anywhere(text) } else { self.near_words(text) };
        places.extend(self.everywhere.iter().map(|rule| Place::anywhere(*rule, text)));
        places.sort_unstable_by_key(|place| (place.rule, place.begins.start));
        places.dedup_by(|next, kept| {
            let one = next.rule == kept.rule && next.begins.start < kept.begins.end;
            if one {
                kept.begins.end = kept.begins.end.max(next.begins.end);
                kept.end = kept.end.max(next.end);
            }
            one
        });
        places
    }

    /// The whole text for each unit all of whose needles stand somewhere.
    fn anywhere(&self, text: &str) -> Vec<Place> {
        let (marked, _) = marked(text);
        let mut there = vec![0_u8; self.units.len()];
        for (needle, _) in self.needles.find(&marked) {
            self.note(needle, &mut there);
        }
        let found = self.units.iter().zip(there).filter(|(unit, there)| unit.links > 0 && unit.is_complete(*there));
        found.map(|(unit, _)| Place::anywhere(unit.rule, text)).collect()
    }

    fn near_words(&self, text: &str) -> Vec<Place> {
        let ends = text.bytes().zip(0..).filter(|(byte, _)| matches!(byte, b'.' | b'!' | b'?'));
        let ends: Vec<u32> = ends.map(|(_, at)| at).collect();
        let mut places = Vec::with_capacity(SOME);
        let mut near = Vec::with_capacity(SOME);
        for sightings in self.sightings(text).chunk_by(|a, b| a.unit == b.unit) {
            let unit = sightings.first().and_then(|first| self.units.get(first.unit as usize));
            if let Some(unit) = unit {
                near.clear();
                unit.follow(sightings, &ends, text.len() as u32, |one| near.push(one));
                unit.begin(text, sightings, &near, &mut places);
            }
        }
        places
    }

    /// Notes with the units that want it that a needle stands somewhere.
    fn note(&self, needle: usize, there: &mut [u8]) {
        for (unit, link) in self.wanted_by(needle) {
            if let Some(links) = there.get_mut(*unit as usize) {
                *links |= 1 << link;
            }
        }
    }

    /// Of the units all of whose needles stand somewhere: by unit, then by place.
    fn sightings(&self, text: &str) -> Vec<Sighting> {
        let (marked, origins) = marked(text);
        let found = self.needles.find(&marked);
        let mut standing: Vec<(usize, u32)> = Vec::with_capacity(text.len() / 2);
        standing.extend(found.filter_map(|(needle, range)| Some((needle, *origins.get(range.start)?))));
        let mut there = vec![0_u8; self.units.len()];
        standing.iter().for_each(|(needle, _)| self.note(*needle, &mut there));
        let complete = |number: u32| {
            let unit = self.units.get(number as usize).zip(there.get(number as usize));
            unit.is_some_and(|(unit, there)| unit.is_complete(*there))
        };
        let mut sightings: Vec<Sighting> = Vec::with_capacity(standing.len());
        for (needle, at) in &standing {
            let units = self.wanted_by(*needle).iter().filter(|(unit, _)| complete(*unit));
            sightings.extend(units.map(|(unit, link)| Sighting { unit: *unit, at: *at, link: *link }));
        }
        sightings.sort_unstable();
        sightings
    }

    fn wanted_by(&self, needle: usize) -> &[(u32, u8)] {
        match (self.owners.get(needle), self.owners.get(needle + 1)) {
            (Some(from), Some(to)) => self.owned.get(*from as usize..*to as usize).unwrap_or_default(),
            _ => &[],
        }
    }
}

impl Place {
    fn anywhere(rule: usize, text: &str) -> Self {
        Self { rule, begins: 0..text.len(), end: text.len() }
    }
}

impl Unit {
    fn of(rule: usize, chain: &Chain) -> Self {
        let bound = |length: Option<usize>| length.and_then(|length| u32::try_from(length).ok()).unwrap_or(u32::MAX);
        let mut reaches = [u32::MAX; SETS];
        for (place, link) in reaches.iter_mut().zip(&chain.links) {
            *place = bound(link.reach);
        }
        Self {
            rule,
            links: chain.links.len(),
            head: (bound(Some(chain.head.least)), bound(chain.head.most)),
            opening: chain.opening.clone(),
            reaches,
            before: bound(chain.before),
            after: bound(chain.after),
            within_sentence: chain.within_sentence,
        }
    }

    /// Whether all its needles are there, a bit each.
    fn is_complete(&self, there: u8) -> bool {
        there == (1 << self.links) - 1
    }

    /// Every place in which its needles stand in their order and near enough. Of each needle only the last that continues the
    /// chain is remembered: whatever an earlier one could be continued by, the last one can.
    fn follow(&self, sightings: &[Sighting], ends: &[u32], length: u32, mut found: impl FnMut(Near)) {
        let mut reached: [Option<u32>; SETS] = [None; SETS];
        for seen in sightings {
            let link = usize::from(seen.link);
            let near = |from: u32| {
                let reach = self.reaches.get(link).copied().unwrap_or(0);
                seen.at - from <= reach && !(self.within_sentence && ends_between(ends, from, seen.at))
            };
            let before = link.checked_sub(1).and_then(|before| reached.get(before).copied().flatten());
            if link > 0 && !before.is_some_and(near) {
                continue;
            }
            if let Some(place) = reached.get_mut(link) {
                *place = Some(seen.at);
            }
            if link + 1 == self.links {
                let (mut from, mut to) =
                    (seen.at.saturating_sub(self.before), seen.at.saturating_add(self.after).min(length));
                if self.within_sentence {
                    let number = ends.partition_point(|end| *end < seen.at);
                    let start = number.checked_sub(1).and_then(|before| ends.get(before)).map_or(0, |end| end + 1);
                    from = from.max(start);
                    to = to.min(ends.get(number).copied().unwrap_or(length));
                }
                found(Near { from, last: seen.at, to });
            }
        }
    }

    /// Where matches with these needles may begin: so far before the first of them as it may stand, if that is known, else anywhere
    /// near. `near` ascends in all it holds.
    fn begin(&self, text: &str, sightings: &[Sighting], near: &[Near], places: &mut Vec<Place>) {
        let before = places.len();
        let mut next = 0;
        let mut add = |from: u32, last: u32| {
            for at in from.max(next)..=last {
                let reaching =
                    near.partition_point(|near| near.from <= at).checked_sub(1).and_then(|last| near.get(last));
                if let Some(near) =
                    reaching.filter(|near| at <= near.last && self.opening.is_at(text.as_bytes(), at as usize))
                {
                    let at = at as usize;
                    places.push(Place { rule: self.rule, begins: at..at + 1, end: near.to as usize });
                }
            }
            next = next.max(last.saturating_add(1));
        };
        let (least, most) = self.head;
        for first in sightings.iter().filter(|seen| seen.link == 0 && most < u32::MAX) {
            if let Some(last) = first.at.checked_sub(least) {
                add(first.at.saturating_sub(most), last);
            }
        }
        for near in near.iter().filter(|_| most == u32::MAX) {
            add(near.from, near.last);
        }
        self.join(before, places);
    }

    /// Makes one of the places from `before` on where they are many: each might be looked at up to its end, which may be far.
    fn join(&self, before: usize, places: &mut Vec<Place>) {
        let Some((first, others)) = places.get(before..).and_then(<[Place]>::split_first) else { return };
        if others.len() < MANY {
            return;
        }
        let reach = |sum: (usize, usize), one: &Place| (sum.0.max(one.begins.end), sum.1.max(one.end));
        let (last, end) = others.iter().fold((first.begins.end, first.end), reach);
        let begins = first.begins.start..last;
        places.truncate(before);
        places.push(Place { rule: self.rule, begins, end });
    }
}

fn ends_between(ends: &[u32], from: u32, to: u32) -> bool {
    ends.get(ends.partition_point(|end| *end < from)).is_some_and(|end| *end < to)
}

#[cfg(test)]
mod tests {
    use super::super::needles;
    use super::*;

    /// Where matches of each of the expressions may begin, a rule each, as the text from there to where they end.
    fn places<'a>(patterns: &[&str], text: &'a str) -> Vec<(usize, &'a str)> {
        let chains: Vec<Vec<Chain>> =
            patterns.iter().map(|pattern| needles::chains(&needles::parse(pattern).unwrap())).collect();
        let places = Places::of(chains.iter()).unwrap().within(text);
        places.into_iter().map(|place| (place.rule, &text[place.begins.start..place.end])).collect()
    }

    #[test]
    fn an_expression_is_tried_around_its_words_alone() {
        let text = "a long story first, and then a refund of it all, of every single penny, please, and thank you for all that";
        assert_eq!(places(&[r"\brefund\b.{0,9}\bplease\b"], text), []);
        let [(0, place)] = places(&[r"\brefund\b.{0,45}\bplease\b"], text)[..] else { panic!("one place") };
        assert!(place.contains("refund of it all, of every single penny, please") && place.len() < 80, "{place}");
        assert_eq!(places(&[r"\bplease\b.{0,45}\brefund\b"], text), [], "in this order");
    }

    #[test]
    fn what_stays_within_a_sentence_is_not_tried_across_two() {
        let pattern = [r"\brefund\b[^.!?]{0,40}\bplease\b"];
        assert_eq!(places(&pattern, "the refund. please"), []);
        assert_eq!(places(&pattern, "no. the refund please. bye"), [(0, "refund please")]);
        let nearer = "refund. refund please. please";
        assert_eq!(places(&pattern, nearer), [(0, "refund please")]);
    }

    #[test]
    fn places_of_a_rule_that_overlap_are_one() {
        let found = places(&[r"\brefund\b|\brefund me\b", r"\bme\b"], "refund me");
        assert_eq!(found, [(0, "refund me"), (1, "me")]);
        assert_eq!(places(&[r"\b(?:scam|fraud)\b"], "scam, that is all it is: fraud").len(), 2);
    }

    #[test]
    fn many_beginnings_are_one_place() {
        for pattern in [r"[0-9][0-9 ]*[^.]{0,20}\bpaid\b", r"\brefund.*please[0-9]", r"[a-z ]*refund[0-9]"] {
            for text in ["1 refund ".repeat(5000) + "paid please refund", "a".repeat(60_000) + " refund paid"] {
                let found = places(&[pattern], &text);
                assert!(found.len() <= MANY, "{pattern}: {}", found.len());
            }
        }
    }

    #[test]
    fn a_text_that_nobody_writes_is_looked_at_as_a_whole() {
        let text = "! ".repeat(LONG) + "refund, please";
        let found = places(&[r"\brefund\b.{0,9}\bplease\b", r"\bscam\b", r"!"], &text);
        assert_eq!(
            found.iter().map(|(rule, place)| (*rule, place.len())).collect::<Vec<_>>(),
            [(0, text.len()), (2, text.len())]
        );
    }

    #[test]
    fn an_expression_without_words_is_tried_everywhere() {
        assert_eq!(places(&[r"\d+"], "order 12"), [(0, "order 12")]);
    }
}

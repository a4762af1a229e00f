//! What the models see of words that may be a fact: themselves, and what stands round them.

use std::ops::Range;

use super::gloss::Gloss;
use super::lexicon::Idea;
use super::notions::Meanings;
use super::tokens::{Kind, Token, Tokens};
use super::{Block, Cells, Entry, Features, Sink, hash};
use crate::domain::Fact;
use crate::triage::facts::vocabulary::Vocabulary;
use crate::triage::facts::{Candidate, Candidates, CueNear};

/// Words between a number and what it is called, at most.
const LABEL_WITHIN: usize = 6;
/// Words that make the word beside them a label.
const NUMBERED: &[&str] =
    &["n", "no", "nr", "num", "number", "numbers", "numero", "numeros", "ref", "reference", "id", "code"];
/// Words that may stand between.
const BETWEEN: &[&str] = &[
    "is",
    "was",
    "the",
    "my",
    "our",
    "your",
    "of",
    "a",
    "it",
    "est",
    "etait",
    "le",
    "la",
    "les",
    "l",
    "de",
    "du",
    "des",
    "d",
    "mon",
    "ma",
    "notre",
    "votre",
    "mes",
    "bien",
    "suivant",
    "following",
];
/// Words looked at on either side.
const REACH: usize = 7;
/// Words that begin another clause.
const CLAUSE: &[&str] = &[
    "and", "but", "then", "when", "while", "because", "so", "or", "which", "who", "that", "et", "mais", "puis",
    "quand", "lorsque", "alors", "car", "donc", "ou", "qui", "que", "dont",
];

/// A candidate among those for the same fact in its mail.
#[derive(Debug, Clone, Copy)]
pub(super) struct Company {
    /// Better ones by the rules' score.
    pub(super) rank: usize,
    /// All of them.
    pub(super) rivals: usize,
    /// Those found before it.
    pub(super) nth: usize,
}

impl Company {
    /// That of one of the candidates.
    pub(super) fn of(one: &Candidate, candidates: &Candidates) -> Self {
        let rivals = || candidates.of(one.fact);
        Self {
            rank: rivals().filter(|other| other.score > one.score).count(),
            rivals: rivals().count(),
            nth: rivals().take_while(|other| !std::ptr::eq(*other, one)).count(),
        }
    }
}

/// The features of one of the candidates, in the place of what `sink` holds. `tokens` and `gloss` are those of its part.
pub(super) fn extract(
    candidate: &Candidate,
    all: &Candidates,
    tokens: &Tokens<'_>,
    gloss: &Gloss,
    vocabulary: &Vocabulary,
    sink: &mut Sink,
) {
    sink.restart(candidate.part);
    let company = Company::of(candidate, all);
    let meanings = gloss.meanings();
    let inside = tokens.within(&candidate.span);
    // Where a candidate's features stand is never asked; that they do makes them counts.
    let here = 0..1;
    let sentence = tokens.list.get(inside.start).map(|token| token.sentence);
    surroundings(tokens, gloss, &inside, sink);
    for notion in meanings.within(inside.clone()) {
        sink.add(Block::Notions, hash::byte(notion, b'I'), here.clone());
    }
    let before = (0..inside.start).rev().take(REACH);
    let after = (inside.end..tokens.list.len()).take(REACH);
    meant_beside(tokens, meanings, before, b'B', sentence, sink);
    meant_beside(tokens, meanings, after, b'A', sentence, sink);
    if matches!(candidate.fact, Fact::PurchaseDate | Fact::AnnouncedDate) {
        let others =
            all.of(candidate.fact).filter(|other| other.part == candidate.part && other.span != candidate.span);
        clause(tokens, meanings, &inside, &others.map(|other| other.span.clone()).collect::<Vec<_>>(), sink);
    }
    for (at, token) in tokens.list.iter().enumerate().take(inside.end).skip(inside.start) {
        sink.add(Block::Words, hash::byte(token.hash, b'I'), here.clone());
        for idea in gloss.ideas(at).iter().filter(|_| token.kind == Kind::Word) {
            sink.add(Block::Ideas, hash::byte(hash::byte(hash::START, *idea), b'I'), here.clone());
        }
    }
    let own = tokens.list.iter().enumerate().filter(|(_, token)| Some(token.sentence) == sentence);
    for idea in own.take(60).flat_map(|(at, _)| gloss.ideas(at)) {
        sink.add(Block::Ideas, hash::byte(hash::byte(hash::START, *idea), b's'), here.clone());
    }
    for near in &candidate.context {
        // By name: its number changes whenever the operator adds a cue.
        let Some(cue) = vocabulary.cues().get(usize::from(near.cue)) else {
            continue;
        };
        let key = hash::join(hash::text(&cue.name), u64::from(near.before));
        sink.add(Block::Rules, key, here.clone());
        sink.add(Block::Rules, hash::byte(key, near.distance.min(4)), here.clone());
    }
    nearest_cues(candidate, vocabulary, sink);
    if candidate.fact == Fact::Product {
        written(tokens, &inside, sink);
    }
    if candidate.fact == Fact::OrderNumber {
        label(candidate, tokens, meanings, &inside, sink);
    }
    let own = |token: &&Token| Some(token.sentence) == sentence;
    let asked = tokens.list.iter().filter(own).any(|token| tokens.text(token) == "?");
    let mut flag = |name: &str, value: usize| {
        sink.add_value(Block::Shape, hash::join(hash::text(name), value as u64), 1.0);
    };
    flag("shape", hash::text(&candidate.shape) as usize);
    flag("part", candidate.part as usize);
    flag("rank", company.rank.min(3));
    flag("rivals", company.rivals.min(5));
    flag("nth", company.nth.min(4));
    flag("last", usize::from(company.nth + 1 == company.rivals));
    flag("asked", usize::from(asked));
    flag("words", inside.len().min(6));
    flag("place", (inside.start * 4).checked_div(tokens.list.len()).unwrap_or(0));
    for step in -6_i8..6 {
        if candidate.score >= f32::from(step) / 2.0 {
            flag("score", (i32::from(step) + 6) as usize);
        }
    }
    sink.count();
}

/// The nearest cue on either side, and both together: the verb that a date or thing most likely belongs to.
fn nearest_cues(candidate: &Candidate, vocabulary: &Vocabulary, sink: &mut Sink) {
    let name = |before: bool| {
        let side = candidate.context.iter().filter(|near| near.before == before);
        let nearest = side.min_by_key(|near| near.distance)?;
        vocabulary.cues().get(usize::from(nearest.cue)).map(|cue| hash::text(&cue.name))
    };
    let (before, after) = (name(true).unwrap_or(hash::START), name(false).unwrap_or(hash::START));
    sink.add(Block::Rules, hash::join(hash::text("nearest before"), before), 0..1);
    sink.add(Block::Rules, hash::join(hash::text("nearest after"), after), 0..1);
    sink.add(Block::Rules, hash::join(before, after), 0..1);
}

/// How a phrase is spelled: capitals, and the ends of its first and last word ("-age", "-euse", "-er").
fn written(tokens: &Tokens<'_>, inside: &Range<usize>, sink: &mut Sink) {
    let words = tokens.list.get(inside.clone()).unwrap_or_default();
    for (place, token) in [(b'f', words.first()), (b'l', words.last())] {
        let Some(token) = token.filter(|token| token.kind == Kind::Word) else {
            continue;
        };
        let text = tokens.text(token).trim_end_matches('s');
        for length in 2..=4 {
            if let Some(end) = text.len().checked_sub(length).and_then(|from| text.get(from..)) {
                sink.add(Block::Letters, hash::byte(hash::text(end), place), 0..1);
            }
        }
    }
    let capitals = words.iter().filter(|token| tokens.capital(token)).count();
    sink.add_value(Block::Shape, hash::join(hash::text("capitals"), capitals.min(3) as u64), 1.0);
}

/// What a number is called: "member" in "my member no. is 88-4091", "contrat" in "numéro de contrat : 4410". Whether any list
/// knows that word counts too: numbers are called many things, and only a few of them are a purchase.
fn label(candidate: &Candidate, tokens: &Tokens<'_>, meanings: &Meanings, inside: &Range<usize>, sink: &mut Sink) {
    let sentence = tokens.list.get(inside.start).map(|token| token.sentence);
    let mut numbered = false;
    for at in (0..inside.start).rev().take(LABEL_WITHIN) {
        let Some(token) = tokens.list.get(at).filter(|token| Some(token.sentence) == sentence) else { return };
        let text = tokens.text(token);
        if NUMBERED.contains(&text) {
            numbered = true;
        } else if token.kind == Kind::Word && !BETWEEN.contains(&text) {
            let near = |side: &CueNear| side.before && usize::from(side.distance) <= LABEL_WITHIN;
            let known = candidate.context.iter().any(near);
            let class = usize::from(numbered) * 2 + usize::from(known);
            sink.add_value(Block::Shape, hash::join(hash::text("label"), class as u64), 1.0);
            sink.add(Block::Words, hash::byte(token.hash, b'L'), 0..1);
            if let Some(notion) = meanings.at(at) {
                sink.add(Block::Notions, hash::byte(notion, b'L'), 0..1);
            }
            return;
        }
    }
}

fn surroundings(tokens: &Tokens<'_>, gloss: &Gloss, inside: &Range<usize>, sink: &mut Sink) {
    let before = (0..inside.start).rev().take(REACH);
    let after = (inside.end..tokens.list.len()).take(REACH);
    let own = tokens.list.get(inside.start).map(|token| token.sentence);
    let words = tokens.list.as_ref();
    on_side(before.filter_map(|at| Some((words.get(at)?, gloss.ideas(at)))), b'B', own, sink);
    on_side(after.filter_map(|at| Some((words.get(at)?, gloss.ideas(at)))), b'A', own, sink);
}

/// The words on one side of a candidate, the nearest first.
fn on_side<'a>(words: impl Iterator<Item = (&'a Token, &'a [Idea])>, side: u8, own: Option<u32>, sink: &mut Sink) {
    let mut nearer: Option<hash::Hash> = None;
    for (distance, (token, ideas)) in words.enumerate() {
        let this = hash::byte(token.hash, side);
        let span = || 0..1;
        sink.add(Block::Words, this, span());
        if distance < 3 {
            sink.add(Block::Words, hash::byte(this, distance as u8), span());
        }
        if let Some(nearer) = nearer.filter(|_| distance < 4) {
            sink.add(Block::Words, hash::join(nearer, this), span());
        }
        nearer = Some(this);
        let same = Some(token.sentence) == own;
        let close = distance < 3;
        for idea in ideas {
            let key = hash::byte(hash::byte(hash::START, *idea), side);
            sink.add(Block::Ideas, key, span());
            if same {
                sink.add(Block::Ideas, hash::byte(key, b's'), span());
            }
            if close {
                sink.add(Block::Ideas, hash::byte(key, b'c'), span());
            }
        }
    }
}

/// What the words on one side of a candidate mean, the nearest first, and each two neighbours; other sentences apart.
fn meant_beside(
    tokens: &Tokens<'_>,
    meanings: &Meanings,
    places: impl Iterator<Item = usize>,
    side: u8,
    own: Option<u32>,
    sink: &mut Sink,
) {
    let same = |at: usize| tokens.list.get(at).map(|token| token.sentence) == own;
    let meant = places.filter_map(|at| Some((meanings.at(at)?, same(at))));
    let mut nearer: Option<hash::Hash> = None;
    for (distance, (notion, same)) in meant.enumerate() {
        let this = hash::byte(hash::byte(notion, side), u8::from(same));
        sink.add(Block::Notions, this, 0..1);
        if distance < 2 {
            sink.add(Block::Notions, hash::byte(this, b'0' + distance as u8), 0..1);
        }
        if let Some(nearer) = nearer {
            sink.add(Block::Notions, hash::join(nearer, this), 0..1);
        }
        nearer = Some(this);
    }
}

/// What the words of a date's own clause mean: of "you confirmed on 3 May, but I paid on 5 June" each day has its verb. A clause
/// reaches as far as a comma, a bracket, a word that begins another clause, or another date.
fn clause(tokens: &Tokens<'_>, meanings: &Meanings, inside: &Range<usize>, others: &[Range<usize>], sink: &mut Sink) {
    let mut noted = 0;
    for at in clause_of(tokens, inside, others).filter(|at| !inside.contains(at)) {
        let Some(notion) = meanings.at(at) else { continue };
        let key = hash::byte(notion, b'K');
        sink.add(Block::Notions, key, 0..1);
        sink.add(Block::Notions, hash::byte(key, if at < inside.start { b'B' } else { b'A' }), 0..1);
        noted += 1;
    }
    sink.add_value(Block::Shape, hash::join(hash::text("clause"), noted.min(6)), 1.0);
}

/// The tokens of a date's clause, with the word that begins it.
fn clause_of(tokens: &Tokens<'_>, inside: &Range<usize>, others: &[Range<usize>]) -> Range<usize> {
    const MARKS: [char; 6] = [',', '(', ')', ':', ';', '-'];
    let list = tokens.list.as_ref();
    let together = |first: &Token, second: &Token| {
        let between = tokens.between(first, second);
        // "84,90" and "avez-vous" are whole.
        first.sentence == second.sentence && !(between.contains(MARKS) && between.contains(' '))
    };
    let other = |token: &Token| others.iter().any(|span| span.contains(&token.span.start));
    let begins = |token: &Token| CLAUSE.contains(&tokens.text(token));
    let (mut start, mut end) = (inside.start, inside.end);
    while inside.start - start < 2 * REACH
        && let Some([earlier, this]) = start.checked_sub(1).and_then(|at| list.get(at..at + 2))
        && together(earlier, this)
        && !other(earlier)
        && (start == inside.start || !begins(this))
    {
        start -= 1;
    }
    while end - inside.end < 2 * REACH
        && let Some([this, later]) = end.checked_sub(1).and_then(|at| list.get(at..at + 2))
        && together(this, later)
        && !other(later)
        && !begins(later)
    {
        end += 1;
    }
    start..end
}

/// The few features of the whole mail that each of its candidates has too.
pub(super) fn of_mail(mail: &Features) -> Cells {
    let whole = mail.entries.iter().filter(|entry| entry.block == Block::Rules);
    let cell = |entry: &Entry| {
        let column = super::column(Block::Rules, hash::join(hash::text("mail"), u64::from(entry.column)));
        (column, entry.value * 0.5)
    };
    let mut whole: Cells = whole.map(cell).collect();
    whole.sort_by_key(|(column, _)| *column);
    whole
}

/// Both together; where columns are equal the candidate's own stays.
pub(super) fn with_mail(own: &[Entry], mail: &[(u32, f32)]) -> Cells {
    let mut cells = Vec::with_capacity(own.len() + mail.len());
    let mut mail = mail.iter().peekable();
    for entry in own {
        while let Some(earlier) = mail.next_if(|(column, _)| *column < entry.column) {
            cells.push(*earlier);
        }
        cells.push((entry.column, entry.value));
    }
    cells.extend(mail);
    cells.dedup_by_key(|(column, _)| *column);
    cells
}

#[cfg(test)]
mod tests {
    use super::super::{extract, extract_candidates};
    use super::*;
    use crate::triage::facts::facts;
    use crate::triage::hit::Part;
    use crate::triage::prepared::PreparedText;
    use crate::triage::rules::RuleSet;

    #[test]
    fn of_equal_columns_the_candidates_own_stays() {
        let own = |column, value| Entry { column, value, block: Block::Words, part: Part::Body, tokens: 0..1 };
        let own = [own(3, 0.3), own(5, 0.5)];
        let mail = [(1, 1.0), (3, 3.0), (4, 4.0), (5, 5.0), (9, 9.0)];
        assert_eq!(with_mail(&own, &mail), [(1, 1.0), (3, 0.3), (4, 4.0), (5, 0.5), (9, 9.0)]);
        assert_eq!((with_mail(&[], &mail), with_mail(&own, &[])), (mail.to_vec(), vec![(3, 0.3), (5, 0.5)]));
    }

    #[test]
    fn a_candidate_is_seen_as_if_no_other_had_been_looked_at() {
        let cue = "name = 'date'\npattern = '\\d+ (?:may|june)'\npurchase_date = 1.0\nmust_match = ['3 may']\n";
        let pack = crate::domain::Asset {
            name: "50-test.toml".into(),
            origin: "50-test.toml".into(),
            bytes: format!("[[date]]\n{cue}").into_bytes(),
        };
        let rules = RuleSet::load(&[pack]).unwrap();
        let text =
            PreparedText::new("Order of 3 May", "It came on 4 June. Where is the refund? I wrote on 5 June!", &[]);
        let all = facts(&rules, &text, &[]);
        assert!(all.all.len() > 4, "{:?}", all.all);
        let seen = extract(&text, &[]);
        let of = |facts: &[Fact]| extract_candidates(&text, &seen.glosses, &seen.mail, &all, rules.vocabulary(), facts);
        let dates_alone = of(&[Fact::PurchaseDate]);
        let (glosses, of_mail) = (&seen.glosses, of_mail(&seen.mail));
        for ((one, seen), alone) in all.all.iter().zip(&of(Fact::ALL)).zip(&dates_alone) {
            let asked = one.fact == Fact::PurchaseDate;
            assert_eq!(alone.as_slice(), if asked { seen.as_slice() } else { &[] }, "{one:?}");
            let (gloss, mut sink) = (glosses.part(one.part), Sink::new(0));
            let tokens = gloss.tokens(text.part(one.part));
            super::extract(one, &all, &tokens, gloss, rules.vocabulary(), &mut sink);
            assert_eq!(&with_mail(&sink.counted, &of_mail), seen, "{one:?}");
        }
    }

    #[test]
    fn a_candidate_is_ranked_among_those_for_its_fact() {
        let candidate = |fact, score| Candidate {
            fact,
            part: Part::Body,
            span: 0..1,
            words: "x".into(),
            score,
            shape: "any".into(),
            context: Vec::new(),
        };
        let dates = [1.0, 3.0, 2.0].map(|score| candidate(Fact::PurchaseDate, score));
        let mut all = Candidates { all: dates.to_vec() };
        all.all.insert(1, candidate(Fact::Product, 9.0));
        let company = |at: usize| {
            let Company { rank, rivals, nth } = Company::of(&all.all[at], &all);
            (rank, rivals, nth)
        };
        assert_eq!([company(0), company(1), company(2), company(3)], [(2, 3, 0), (0, 1, 0), (0, 3, 1), (1, 3, 2)]);
    }

    #[test]
    fn a_clause_ends_at_marks_joining_words_and_other_dates() {
        let text = "I paid £84.90 on 3 May, you confirmed before 4 June and I waited 5 July 6 July. Avez-vous reçu (le 7 mai) ?";
        let text = crate::triage::prepared::Folded::new(text);
        let tokens = Tokens::cut(&text);
        let words = |range: Range<usize>| {
            let words: Vec<&str> = tokens.list.get(range).unwrap().iter().map(|token| tokens.text(token)).collect();
            words.join(" ")
        };
        let of = |date: &str, others: &[&str]| {
            let span = |words: &str| text.original().find(words).map(|at| at..at + words.len()).unwrap();
            let others: Vec<Range<usize>> = others.iter().map(|other| span(other)).collect();
            words(clause_of(&tokens, &tokens.within(&span(date)), &others))
        };
        assert_eq!(of("3 May", &[]), "i paid £ 84 90 on 3 may");
        assert_eq!(of("4 June", &[]), "you confirmed before 4 june");
        assert_eq!(of("5 July", &["6 July"]), "and i waited 5 july");
        assert_eq!(of("6 July", &["5 July"]), "6 july");
        assert_eq!(of("reçu", &[]), "avez vous recu");
        assert_eq!(of("7 mai", &[]), "le 7 mai");
    }
}

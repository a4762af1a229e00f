//! Which facts the message gives: candidates with their scores and surroundings, and the rules' own choice.

mod dates;
mod numbers;
mod products;
mod scene;
pub mod vocabulary;

use std::ops::Range;

use self::scene::Scene;
use super::hit::{Part, RuleHit};
use super::prepared::{Folded, PreparedText};
use super::rules::RuleSet;
use crate::domain::{Fact, Given, Intent, Reason};

/// A candidate scored at least this is taken for the fact when no model says otherwise.
pub const THRESHOLD: f32 = 1.0;

/// Candidates looked at for one fact in one part of a mail: each is weighed against all words about it, and
/// nobody's own words hold more.
const MOST: usize = 60;

/// A cue near a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CueNear {
    /// Index of [`vocabulary::Vocabulary::cues`].
    pub cue: u16,
    /// It stands before the candidate.
    pub before: bool,
    /// Words between them; commas, brackets and other candidates set further apart.
    pub distance: u8,
}

/// What the surroundings say about a candidate.
#[derive(Debug, Default)]
struct Weighing {
    score: f32,
    near: Vec<CueNear>,
}

/// Words that may be a fact.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Which fact.
    pub fact: Fact,
    /// Where.
    pub part: Part,
    /// Byte range in that part's original text.
    pub span: Range<usize>,
    /// The customer's words.
    pub words: String,
    /// What the rules think of it; [`THRESHOLD`] and above is a yes.
    pub score: f32,
    /// The name of the shape or list it was found by.
    pub shape: String,
    /// Cues round it, a cue possibly more than once.
    pub context: Vec<CueNear>,
}

impl Candidate {
    fn new(fact: Fact, part: Part, folded: &Folded, range: Range<usize>, shape: &str) -> Self {
        Self {
            fact,
            part,
            span: folded.original_span(range.clone()),
            words: folded.words(range).to_owned(),
            score: 0.0,
            shape: shape.to_owned(),
            context: Vec::new(),
        }
    }

    fn weighed(mut self, bias: f32, weighing: Weighing) -> Self {
        self.score = bias + weighing.score;
        self.context = weighing.near;
        self
    }
}

/// Every candidate of a message.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Candidates {
    /// Subject first, then body, then attachments; within a part by fact and place.
    pub all: Vec<Candidate>,
}

impl Candidates {
    /// The candidates for one fact.
    pub fn of(&self, fact: Fact) -> impl Iterator<Item = &Candidate> {
        self.all.iter().filter(move |candidate| candidate.fact == fact)
    }

    /// The best candidate for one fact, whatever its score; the first among equals.
    pub fn best(&self, fact: Fact) -> Option<&Candidate> {
        self.of(fact).fold(None, |best: Option<&Candidate>, next| match best {
            Some(best) if best.score >= next.score => Some(best),
            _ => Some(next),
        })
    }

    /// The words of the best candidate, when the rules say yes.
    fn words(&self, fact: Fact) -> Option<String> {
        self.best(fact).filter(|best| best.score >= THRESHOLD).map(|best| best.words.clone())
    }
}

/// Finds the candidates for order number, purchase date, announced date and product.
pub fn facts(rules: &RuleSet, text: &PreparedText, _hits: &[RuleHit]) -> Candidates {
    let mut all = Vec::new();
    for part in [Part::Subject, Part::Body, Part::Attachment] {
        let scene = Scene::new(text.part(part), rules.vocabulary());
        let dates = dates::find(&scene);
        let numbers = numbers::candidates(&scene, part, &dates, &mut all);
        if part != Part::Attachment {
            dates::candidates(&scene, part, &dates, &numbers, &mut all);
            products::candidates(&scene, part, &mut all);
        }
    }
    Candidates { all }
}

/// The facts given, as the rules decide. `reason` is the verdict's.
pub fn given(candidates: &Candidates, intent: Intent, reason: Option<Reason>) -> Given {
    Given {
        order_number: candidates.words(Fact::OrderNumber),
        purchase_date: candidates.words(Fact::PurchaseDate),
        product: candidates.words(Fact::Product),
        reason: reason.filter(|reason| intent == Intent::RefundRequest && *reason != Reason::Unspecified),
        announced_date: candidates.words(Fact::AnnouncedDate).filter(|_| intent == Intent::RefundNotReceived),
    }
}

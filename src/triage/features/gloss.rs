//! What is known of the words of one part by themselves, found out once for all who ask.

use super::lexicon::{Idea, LEXICON};
use super::notions::Meanings;
use super::tokens::{Token, Tokens};
use crate::triage::hit::Part;
use crate::triage::prepared::{Folded, PreparedText};

/// The words of a part, with what each means and the lexicon's ideas of it.
#[derive(Debug, Clone, Default)]
pub struct Gloss {
    list: Vec<Token>,
    meanings: Meanings,
    ideas: Vec<Idea>,
    /// Where in `ideas` those of each word end.
    ends: Vec<u32>,
}

impl Gloss {
    /// Of a whole part.
    pub fn of(text: &Folded) -> Self {
        let tokens = Tokens::cut(text);
        let meanings = Meanings::of(&tokens);
        let mut ideas = Vec::with_capacity(tokens.list.len());
        let mut ends = Vec::with_capacity(tokens.list.len());
        for token in tokens.list.iter() {
            LEXICON.of_word(tokens.text(token), |idea| ideas.push(idea));
            ends.push(ideas.len() as u32);
        }
        Self { list: tokens.list.into_owned(), meanings, ideas, ends }
    }

    /// Its words; `text` is the part that it was made of.
    pub fn tokens<'a>(&'a self, text: &'a Folded) -> Tokens<'a> {
        Tokens::again(text, &self.list)
    }

    pub(super) fn meanings(&self) -> &Meanings {
        &self.meanings
    }

    /// The ideas of the word at a place by itself.
    pub(super) fn ideas(&self, at: usize) -> &[Idea] {
        let end = |at: usize| self.ends.get(at).map_or(0, |end| *end as usize);
        let start = at.checked_sub(1).map_or(0, end);
        self.ideas.get(start..end(at)).unwrap_or_default()
    }
}

/// Those of a mail's parts.
#[derive(Debug, Clone, Default)]
pub struct Glosses {
    subject: Gloss,
    body: Gloss,
    attachments: Gloss,
}

impl Glosses {
    /// Of all parts.
    pub fn of(text: &PreparedText) -> Self {
        let [subject, body, attachments] =
            [Part::Subject, Part::Body, Part::Attachment].map(|part| Gloss::of(text.part(part)));
        Self { subject, body, attachments }
    }

    /// That of one part.
    pub fn part(&self, part: Part) -> &Gloss {
        match part {
            Part::Subject => &self.subject,
            Part::Body => &self.body,
            Part::Attachment => &self.attachments,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_words_is_what_asking_anew_says() {
        let text = PreparedText::new(
            "Colis cassé ?",
            "Le vase est arrivé brisé, je veux être remboursé. AB-12",
            &["facture.pdf".into()],
        );
        let glosses = Glosses::of(&text);
        for part in [Part::Subject, Part::Body, Part::Attachment] {
            let (gloss, anew) = (glosses.part(part), Tokens::cut(text.part(part)));
            assert_eq!(gloss.tokens(text.part(part)).list, anew.list);
            let ideas = |at: usize| {
                let mut ideas = Vec::new();
                LEXICON.of_word(anew.text(&anew.list[at]), |idea| ideas.push(idea));
                ideas
            };
            assert!((0..anew.list.len()).all(|at| gloss.ideas(at) == ideas(at)), "{part:?}");
            assert!(gloss.ideas(anew.list.len()).is_empty(), "behind the last word");
        }
        assert!((0..9).any(|at| !glosses.part(Part::Body).ideas(at).is_empty()), "the lexicon knows some of them");
    }
}

//! Words, numbers and marks of a text, with their places in it.

use std::borrow::Cow;
use std::ops::Range;

use super::hash::{self, Hash};
use crate::triage::prepared::Folded;

/// What a token is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Letters.
    Word,
    /// Digits only, or digits with separators.
    Number,
    /// Letters and digits together.
    Code,
    /// One of `! ? € $ £ % >` and quotation marks.
    Mark,
}

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Byte range in the customer's text.
    pub span: Range<usize>,
    /// Byte range in the folded text.
    pub folded: Range<usize>,
    /// What it is made of.
    pub kind: Kind,
    /// Holds an accent that folding removed.
    pub accented: bool,
    /// Two capital letters or more, and no small one.
    pub shouted: bool,
    /// Counted from 0.
    pub sentence: u32,
    /// The hash of it as a word: numbers and codes by their shape, since they never come again.
    pub hash: Hash,
}

/// A folded text cut up.
#[derive(Debug, Clone)]
pub struct Tokens<'a> {
    text: &'a Folded,
    /// In the order of the text.
    pub list: Cow<'a, [Token]>,
}

/// Bytes looked at, and so more than the tokens found, whose places fit 16 bits. Longer texts are judged by
/// their beginning; a customer's own words are far shorter.
const LONGEST: usize = 16_000;

impl<'a> Tokens<'a> {
    /// Cuts a text up.
    pub fn cut(text: &'a Folded) -> Self {
        let mut list: Vec<Token> = Vec::with_capacity(text.text().len().min(LONGEST) / 4);
        let mut sentence = 0;
        let mut breaks = text.breaks().iter().copied().peekable();
        let mut chars = text.text().char_indices().take_while(|(at, _)| *at < LONGEST).peekable();
        while let Some((start, first)) = chars.next() {
            let mut ends = breaks.next_if(|at| *at <= start).is_some();
            if first.is_alphanumeric() {
                let mut end = start + first.len_utf8();
                while let Some((at, next)) = chars.next_if(|(_, next)| next.is_alphanumeric()) {
                    end = at + next.len_utf8();
                }
                list.push(word(text, start..end, sentence));
            } else if is_mark(first) {
                let folded = start..start + first.len_utf8();
                let span = text.original_span(folded.clone());
                let hash = hash_of(text, Kind::Mark, &folded);
                list.push(Token { span, folded, kind: Kind::Mark, accented: false, shouted: false, sentence, hash });
            }
            ends |= match first {
                '.' | ';' => chars.peek().is_none_or(|(_, next)| next.is_whitespace()),
                '!' | '?' => chars.peek().is_none_or(|(_, next)| !is_mark(*next)),
                _ => false,
            };
            if ends && list.last().is_some_and(|last| last.sentence == sentence) {
                sentence += 1;
            }
        }
        Self { text, list: Cow::Owned(list) }
    }

    /// A text with what it was cut into before.
    pub(super) fn again(text: &'a Folded, list: &'a [Token]) -> Self {
        Self { text, list: Cow::Borrowed(list) }
    }

    /// A token's folded text.
    pub fn text(&self, token: &Token) -> &'a str {
        self.text.text().get(token.folded.clone()).unwrap_or_default()
    }

    /// What stands between two tokens, folded.
    pub fn between(&self, first: &Token, second: &Token) -> &'a str {
        self.text.text().get(first.folded.end..second.folded.start).unwrap_or_default()
    }

    /// Whether the customer began a token with a capital letter.
    pub fn capital(&self, token: &Token) -> bool {
        let written = self.text.original().get(token.span.clone()).unwrap_or_default();
        written.starts_with(char::is_uppercase)
    }

    /// The tokens that a byte range of the customer's text touches; never empty.
    pub fn within(&self, span: &Range<usize>) -> Range<usize> {
        let start = self.list.partition_point(|token| token.span.end <= span.start);
        let length = self.list.iter().skip(start).take_while(|token| token.span.start < span.end).count();
        start..start + length.max(1)
    }

    /// Number of sentences.
    pub fn sentences(&self) -> u32 {
        self.list.last().map_or(0, |last| last.sentence + 1)
    }
}

fn word(text: &Folded, folded: Range<usize>, sentence: u32) -> Token {
    let span = text.original_span(folded.clone());
    let written = text.original().get(span.clone()).unwrap_or_default();
    let (mut letters, mut digits, mut capitals, mut small, mut accented) = (false, false, 0, false, false);
    for c in written.chars() {
        digits |= c.is_numeric();
        letters |= c.is_alphabetic();
        capitals += u32::from(c.is_uppercase());
        small |= c.is_lowercase();
        accented |= !c.is_ascii() && c.is_alphabetic();
    }
    let kind = match (letters, digits) {
        (true, true) => Kind::Code,
        (false, true) => Kind::Number,
        _ => Kind::Word,
    };
    let hash = hash_of(text, kind, &folded);
    Token { span, folded, kind, accented, shouted: capitals >= 2 && !small, sentence, hash }
}

fn hash_of(text: &Folded, kind: Kind, folded: &Range<usize>) -> Hash {
    match kind {
        Kind::Number => hash::join(hash::text("#"), folded.len().min(5) as u64),
        Kind::Code => hash::text("#code"),
        Kind::Word | Kind::Mark => hash::text(text.text().get(folded.clone()).unwrap_or_default()),
    }
}

fn is_mark(c: char) -> bool {
    matches!(c, '!' | '?' | '€' | '$' | '£' | '%' | '"' | '>')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_and_keep_their_places() {
        let text = Folded::new("Où est-il ? L'ÉTÉ, 45€ ! Réf AB12");
        let tokens = Tokens::cut(&text);
        let words: Vec<&str> = tokens.list.iter().map(|token| tokens.text(token)).collect();
        assert_eq!(words, ["ou", "est", "il", "?", "l", "ete", "45", "€", "!", "ref", "ab12"]);
        for token in tokens.list.iter() {
            assert!(text.original().get(token.span.clone()).is_some());
        }
        let ete = tokens.list.get(5).unwrap();
        assert!(ete.accented && ete.shouted && ete.sentence == 1);
        assert_eq!(tokens.list.last().unwrap().kind, Kind::Code);
        assert_eq!(tokens.sentences(), 3);
    }

    #[test]
    fn a_line_of_its_own_is_a_sentence() {
        let text = Folded::new("Order 12\nPaid 3 May\n\nBob");
        assert_eq!(Tokens::cut(&text).sentences(), 3);
    }

    #[test]
    fn hostile_text_does_no_harm() {
        for text in ["", "\u{0}", "\u{301}\u{301}", "ﬀ𝔸", &"é".repeat(20_000), "İI"] {
            Tokens::cut(&Folded::new(text));
        }
    }
}

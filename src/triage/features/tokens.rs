//! Words, numbers and marks of a text, with their places in it.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

/// What a token is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Letters.
    Word,
    /// Digits only, or digits with separators.
    Number,
    /// Letters and digits together.
    Code,
    /// One of `! ? … € $ £ %` and quotation marks.
    Mark,
}

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Byte range in the text it was cut from.
    pub span: Range<usize>,
    /// Byte range in [`Tokens::folded`].
    pub folded: Range<usize>,
    /// What it is made of.
    pub kind: Kind,
    /// Holds an accent that folding removed.
    pub accented: bool,
    /// Two capital letters or more, and no small one.
    pub shouted: bool,
    /// Counted from 0.
    pub sentence: u32,
}

/// A text cut up.
#[derive(Debug, Clone, Default)]
pub struct Tokens {
    /// The tokens' folded texts, one after the other.
    pub folded: String,
    /// In the order of the text.
    pub list: Vec<Token>,
}

/// Longer texts are judged by their beginning; a customer's own words are far shorter.
const LONGEST: usize = 16_000;

impl Tokens {
    /// Cuts a text up.
    pub fn cut(text: &str) -> Self {
        let mut tokens = Self::default();
        let mut sentence = 0;
        let mut chars = text.char_indices().take_while(|(at, _)| *at < LONGEST).peekable();
        while let Some((start, first)) = chars.next() {
            if first.is_alphanumeric() {
                let mut end = start + first.len_utf8();
                while let Some((at, next)) = chars.next_if(|(_, next)| next.is_alphanumeric()) {
                    end = at + next.len_utf8();
                }
                tokens.push(text.get(start..end).unwrap_or_default(), start, sentence);
            } else if is_mark(first) {
                let folded = tokens.folded.len();
                tokens.folded.push(first);
                tokens.list.push(Token {
                    span: start..start + first.len_utf8(),
                    folded: folded..tokens.folded.len(),
                    kind: Kind::Mark,
                    accented: false,
                    shouted: false,
                    sentence,
                });
            }
            let ends = match first {
                '.' | ';' => chars.peek().is_none_or(|(_, next)| next.is_whitespace()),
                '!' | '?' | '…' => chars.peek().is_none_or(|(_, next)| !is_mark(*next)),
                '\n' => true,
                _ => false,
            };
            if ends && tokens.list.last().is_some_and(|last| last.sentence == sentence) {
                sentence += 1;
            }
        }
        tokens
    }

    /// A token's folded text.
    pub fn text(&self, token: &Token) -> &str {
        self.folded.get(token.folded.clone()).unwrap_or_default()
    }

    /// Number of sentences.
    pub fn sentences(&self) -> u32 {
        self.list.last().map_or(0, |last| last.sentence + 1)
    }

    fn push(&mut self, word: &str, start: usize, sentence: u32) {
        let from = self.folded.len();
        let (mut letters, mut digits, mut capitals, mut small, mut accented) = (false, false, 0, false, false);
        for c in word.chars() {
            digits |= c.is_numeric();
            letters |= !c.is_numeric();
            capitals += u32::from(c.is_uppercase());
            small |= c.is_lowercase();
            accented |= self.fold(c);
        }
        let kind = match (letters, digits) {
            (true, true) => Kind::Code,
            (false, true) => Kind::Number,
            _ => Kind::Word,
        };
        self.list.push(Token {
            span: start..start + word.len(),
            folded: from..self.folded.len(),
            kind,
            accented,
            shouted: capitals >= 2 && !small,
            sentence,
        });
    }

    /// Appends a letter without case and accent; tells whether it had an accent.
    fn fold(&mut self, c: char) -> bool {
        if c.is_ascii() {
            self.folded.push(c.to_ascii_lowercase());
            return false;
        }
        match c {
            'œ' | 'Œ' => self.folded.push_str("oe"),
            'æ' | 'Æ' => self.folded.push_str("ae"),
            'ß' => self.folded.push_str("ss"),
            _ => {
                let base = std::iter::once(c).nfd().next().unwrap_or(c);
                self.folded.extend(base.to_lowercase());
                return base != c;
            }
        }
        true
    }
}

fn is_mark(c: char) -> bool {
    matches!(c, '!' | '?' | '…' | '€' | '$' | '£' | '%' | '«' | '»' | '"' | '“' | '”' | '>')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_and_keep_their_places() {
        let text = "Où est-il ? L'ÉTÉ, 45€ ! Réf AB12";
        let tokens = Tokens::cut(text);
        let words: Vec<&str> = tokens.list.iter().map(|token| tokens.text(token)).collect();
        assert_eq!(words, ["ou", "est", "il", "?", "l", "ete", "45", "€", "!", "ref", "ab12"]);
        for token in &tokens.list {
            assert!(text.get(token.span.clone()).is_some());
        }
        let ete = tokens.list.get(5).unwrap();
        assert!(ete.accented && ete.shouted && ete.sentence == 1);
        assert_eq!(tokens.list.last().unwrap().kind, Kind::Code);
        assert_eq!(tokens.sentences(), 3);
    }

    #[test]
    fn hostile_text_does_no_harm() {
        for text in ["", "\u{0}", "\u{301}\u{301}", "ﬀ𝔸", &"é".repeat(20_000), "İI"] {
            Tokens::cut(text);
        }
    }
}

//! The text that triage looks at, in the customer's spelling and in a folded one.
//!
//! Rules, facts and features all match on the folded copy (lower case, no accents, plain quotes, one space),
//! so that `REMBOURSEZ-MOI`, `remboursez moi` and `Remboursez‑moi` are one thing; a byte map leads back to the
//! customer's own words.

use std::ops::Range;

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

use super::hit::Part;

/// A line at most this long was ended by the writer; a longer one may have been wrapped by the mail program.
const WRAPPED_FROM: usize = 45;

/// A text with its folded copy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Folded {
    original: String,
    folded: String,
    /// For every byte of `folded`, and one past its end: where its character starts in `original`. Training holds those of all mails.
    origins: Vec<u32>,
    /// Offsets in `folded` of the spaces that stand for a line break the writer made.
    breaks: Vec<usize>,
}

impl Folded {
    /// Folds a text.
    pub fn new(original: &str) -> Self {
        let mut folding = Folding::with_capacity(original.len());
        for (at, c) in original.char_indices() {
            folding.push(at, c);
        }
        let (folded, mut origins, breaks) = (folding.folded, folding.origins, folding.breaks);
        origins.push(original.trim_end().len() as u32);
        Self { original: original.to_owned(), folded, origins, breaks }
    }

    /// The text as the customer wrote it.
    pub fn original(&self) -> &str {
        &self.original
    }

    /// Lower case, no accents, straight quotes and hyphens, single spaces; neither starts nor ends with one.
    pub fn text(&self) -> &str {
        &self.folded
    }

    /// Offsets in [`Self::text`] of the spaces where the writer began a new line or paragraph, ascending.
    pub fn breaks(&self) -> &[usize] {
        &self.breaks
    }

    /// The range of the original that a range of the folded copy came from.
    pub fn original_span(&self, folded: Range<usize>) -> Range<usize> {
        let at = |offset: usize| self.origins.get(offset).map_or(self.original.len(), |at| *at as usize);
        let start = at(folded.start);
        if folded.end <= folded.start {
            return start..start;
        }
        // Half of a character that folds to two bytes ("œ") is taken whole.
        let last = at(folded.end - 1);
        let whole =
            self.original.get(last..).and_then(|rest| rest.chars().next()).map_or(last, |c| last + c.len_utf8());
        let end = at(folded.end).max(whole);
        start..end.max(start)
    }

    /// The customer's words for a range of the folded copy.
    pub fn words(&self, folded: Range<usize>) -> &str {
        self.original.get(self.original_span(folded)).unwrap_or_default().trim()
    }
}

struct Folding {
    folded: String,
    origins: Vec<u32>,
    breaks: Vec<usize>,
    /// Start and number of line ends of the white space just read.
    space: Option<(usize, usize)>,
    /// Characters since the last line end.
    line: usize,
}

impl Folding {
    fn with_capacity(bytes: usize) -> Self {
        Self {
            folded: String::with_capacity(bytes),
            origins: Vec::with_capacity(bytes + 1),
            breaks: Vec::new(),
            space: None,
            line: 0,
        }
    }

    fn push(&mut self, at: usize, c: char) {
        if c.is_ascii_whitespace() || (!c.is_ascii() && c.is_whitespace()) {
            let (_, ends) = self.space.get_or_insert((at, 0));
            *ends += usize::from(c == '\n');
            return;
        }
        if c.is_ascii() {
            if !c.is_ascii_control() {
                self.put(at, c.to_ascii_lowercase());
            }
            return;
        }
        match c {
            '’' | '‘' | 'ʼ' | '´' | '′' => self.put(at, '\''),
            '«' | '»' | '“' | '”' | '„' | '″' => self.put(at, '"'),
            '‐' | '‑' | '‒' | '–' | '—' | '−' => self.put(at, '-'),
            'œ' | 'Œ' => self.put_str(at, "oe"),
            'æ' | 'Æ' => self.put_str(at, "ae"),
            'ß' => self.put_str(at, "ss"),
            '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{ad}' => {}
            '№' => self.put_str(at, "n°"),
            '°' | 'º' => self.put(at, '°'),
            _ => self.put_decomposed(at, c),
        }
    }

    fn put_decomposed(&mut self, at: usize, c: char) {
        decompose_compatible(c, |part| {
            if is_combining_mark(part) {
                return;
            }
            for lower in part.to_lowercase() {
                self.put(at, lower);
            }
        });
    }

    fn put_str(&mut self, at: usize, text: &str) {
        text.chars().for_each(|c| self.put(at, c));
    }

    fn put(&mut self, at: usize, c: char) {
        if let Some((start, ends)) = self.space.take() {
            if !self.folded.is_empty() {
                if ends > 1 || (ends == 1 && self.line <= WRAPPED_FROM) {
                    self.breaks.push(self.folded.len());
                }
                self.folded.push(' ');
                self.origins.push(start as u32);
            }
            self.line = if ends > 0 { 0 } else { self.line + 1 };
        }
        self.line += 1;
        self.folded.push(c);
        self.origins.extend(std::iter::repeat_n(at as u32, c.len_utf8()));
    }
}

/// Subject, newest text and attachment names, original and folded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PreparedText {
    /// The subject line.
    pub subject: Folded,
    /// What the customer wrote this time.
    pub body: Folded,
    /// File names of attachments, one a line.
    pub attachments: Folded,
}

impl PreparedText {
    /// Prepares a message's parts.
    pub fn new(subject: &str, newest_text: &str, attachments: &[String]) -> Self {
        Self {
            subject: Folded::new(subject),
            body: Folded::new(newest_text),
            attachments: Folded::new(&attachments.join("\n")),
        }
    }

    /// One part of it.
    pub fn part(&self, part: Part) -> &Folded {
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
    fn folding_forgets_case_accents_and_typography() {
        let folded = Folded::new("  J’ai REÇU\u{a0}: «\u{202f}l’œuf\u{202f}» — e\u{301}té  ");
        assert_eq!(folded.text(), "j'ai recu : \" l'oeuf \" - ete");
    }

    #[test]
    fn the_customers_own_words_come_back() {
        let folded = Folded::new("Je veux  être\nREMBOURSÉ ! cœur");
        let at = folded.text().find("etre rembourse").unwrap();
        assert_eq!(folded.words(at..at + "etre rembourse".len()), "être\nREMBOURSÉ");
        let o = folded.text().find("oeur").unwrap();
        assert_eq!(folded.words(o..o + 1), "œ");
    }

    #[test]
    fn line_breaks_of_the_writer_are_told_from_wrapping() {
        let wrapped = "This line is long enough to have been wrapped by\nthe mail program.";
        assert!(Folded::new(wrapped).breaks().is_empty());
        let folded = Folded::new("Order 12\nPaid 3 May\n\nBob");
        assert_eq!(folded.breaks().len(), 2);
    }

    #[test]
    fn any_range_maps_into_the_text() {
        let folded = Folded::new("ﬁn Ǆ e\u{301}\u{301} 👍🏽 ½");
        for start in 0..=folded.text().len() + 2 {
            for end in start..=folded.text().len() + 2 {
                let _ = folded.words(start..end);
            }
        }
    }
}

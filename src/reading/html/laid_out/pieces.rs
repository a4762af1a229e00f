//! Text and tags in order, so that numbers can be masked across the tags.

use super::names::Place;
use crate::reading::lines::is_invisible;
use crate::reading::mask;

enum Piece {
    Text(String),
    Tag(String, Place),
    /// Words of ours, which cut no number into pieces.
    Note(String),
}

/// What will be written.
#[derive(Default)]
pub(super) struct Pieces(Vec<Piece>);

impl Pieces {
    /// Text as read, entities decoded. Control, zero-width and direction characters do not come through.
    pub(super) fn text(&mut self, text: &str) {
        let text = text.chars().filter(|c| matches!(c, '\n' | '\t') || !is_invisible(*c));
        match self.0.last_mut() {
            Some(Piece::Text(last)) => last.extend(text),
            _ => self.0.push(Piece::Text(text.collect())),
        }
    }

    /// A tag of ours.
    pub(super) fn tag(&mut self, tag: &str, place: Place) {
        self.0.push(Piece::Tag(tag.to_owned(), place));
    }

    /// The number of an address in the list below, or what a picture says of itself. It is not masked.
    pub(super) fn note(&mut self, note: &str) {
        self.0.push(Piece::Note(note.chars().filter(|c| !is_invisible(*c)).collect()));
    }

    /// Masks card numbers and IBANs as a reader sees them: runs of white space are one blank, inline tags are nothing.
    pub(super) fn mask(&mut self) {
        let mut seen = String::new();
        // For each character of `seen` where it stands: piece and character.
        let mut places: Vec<(usize, usize)> = Vec::new();
        for (at, piece) in self.0.iter().enumerate() {
            let gap = |seen: &mut String, places: &mut Vec<(usize, usize)>, c: char| {
                if !seen.ends_with(char::is_whitespace) {
                    seen.push(c);
                    places.push((at, usize::MAX));
                }
            };
            match piece {
                Piece::Tag(_, Place::Inline) | Piece::Note(_) => {}
                Piece::Tag(_, Place::Cell) => gap(&mut seen, &mut places, ' '),
                Piece::Tag(_, Place::Block) => {
                    seen.push('\n');
                    places.push((at, usize::MAX));
                }
                Piece::Text(text) => {
                    for (n, c) in text.chars().enumerate() {
                        if c.is_whitespace() {
                            gap(&mut seen, &mut places, ' ');
                        } else {
                            seen.push(c);
                            places.push((at, n));
                        }
                    }
                }
            }
        }
        let before = seen.clone();
        mask::mask(&mut seen);
        let changed = before.chars().zip(seen.chars()).zip(&places).filter(|((old, new), _)| old != new);
        let mut hidden: Vec<Vec<usize>> = Vec::new();
        for (_, (at, n)) in changed {
            hidden.resize_with(hidden.len().max(at + 1), Vec::new);
            if let Some(list) = hidden.get_mut(*at) {
                list.push(*n);
            }
        }
        for (piece, hidden) in self.0.iter_mut().zip(&hidden).filter(|(_, hidden)| !hidden.is_empty()) {
            let Piece::Text(text) = piece else { continue };
            let hides = |n: usize| hidden.binary_search(&n).is_ok();
            *text = text.chars().enumerate().map(|(n, c)| if hides(n) { '*' } else { c }).collect();
        }
    }

    /// All of it as HTML.
    pub(super) fn html(&self) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Tag(tag, _) => out.push_str(tag),
                Piece::Text(text) | Piece::Note(text) => {
                    for c in text.chars() {
                        match c {
                            '&' => out.push_str("&amp;"),
                            '<' => out.push_str("&lt;"),
                            '>' => out.push_str("&gt;"),
                            _ => out.push(c),
                        }
                    }
                }
            }
        }
        out
    }
}

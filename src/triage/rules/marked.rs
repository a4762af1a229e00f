//! Texts and expressions with their word boundaries made visible: "con" is not looked for within "contact".

use regex_syntax::hir::{Hir, HirKind, Look, Repetition};

/// Stands for a word boundary, in needles and in the text they are looked for in; folded text holds no such byte.
pub(super) const BOUNDARY: u8 = 1;

/// A text so. Boundaries are those of `\b` without Unicode. For each byte, how many of the text's own stand before it.
pub(super) fn marked(text: &str) -> (Vec<u8>, Vec<u32>) {
    let mut marked = Vec::with_capacity(text.len() + text.len() / 2);
    let mut origins = Vec::with_capacity(marked.capacity());
    let mut within = false;
    for (byte, at) in text.bytes().zip(0..) {
        if is_word(byte) != within {
            marked.push(BOUNDARY);
            origins.push(at);
            within = !within;
        }
        marked.push(byte);
        origins.push(at);
    }
    if within {
        marked.push(BOUNDARY);
        origins.push(text.len() as u32);
    }
    (marked, origins)
}

/// Whether words are made of it.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// How many of these bytes are the text's own.
pub(super) fn own(literal: &[u8]) -> usize {
    literal.iter().filter(|byte| **byte != BOUNDARY).count()
}

/// The expression over marked text, as far as its literals go: `\b` is a byte of its own, at both ends of each branch
/// of an alternation that it stands beside.
pub(super) fn bounded(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Look(Look::WordAscii) => Hir::literal([BOUNDARY]),
        HirKind::Look(_) => Hir::empty(),
        HirKind::Repetition(repetition) => {
            Hir::repetition(Repetition { sub: Box::new(bounded(&repetition.sub)), ..repetition.clone() })
        }
        HirKind::Capture(capture) => bounded(&capture.sub),
        HirKind::Alternation(branches) => Hir::alternation(branches.iter().map(branch).collect()),
        HirKind::Concat(parts) => {
            let looks = |at: Option<usize>| {
                let look = at.and_then(|at| parts.get(at)).map(Hir::kind);
                look.is_some_and(|kind| matches!(kind, HirKind::Look(Look::WordAscii)))
            };
            let mark = |there: bool| {
                if there { Hir::literal([BOUNDARY]) } else { Hir::empty() }
            };
            let part = |(at, part): (usize, &Hir)| {
                let inside = bounded(part);
                let HirKind::Alternation(branches) = inside.kind() else {
                    return inside;
                };
                let (before, after) = (looks(at.checked_sub(1)), looks(Some(at + 1)));
                let branch = |branch: &Hir| Hir::concat(vec![mark(before), branch.clone(), mark(after)]);
                Hir::alternation(branches.iter().map(branch).collect())
            };
            Hir::concat(parts.iter().enumerate().map(part).collect())
        }
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) => hir.clone(),
    }
}

/// A branch of an alternation. A boundary by itself is one byte, and would become a member of a class with others.
fn branch(hir: &Hir) -> Hir {
    let inside = bounded(hir);
    if is_boundary(&inside) { Hir::literal([BOUNDARY; 2]) } else { inside }
}

/// Whether an expression over marked text is boundaries and nothing else.
pub(super) fn is_boundary(hir: &Hir) -> bool {
    matches!(hir.kind(), HirKind::Literal(literal) if own(&literal.0) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_are_marked_on_either_side_of_a_word() {
        assert_eq!(marked("con, l'un").0, b"\x01con\x01, \x01l\x01'\x01un\x01");
        assert_eq!(marked("a b").1, [0, 0, 1, 1, 2, 2, 3]);
    }
}

//! Whether words stand between quotation marks: then somebody else said them, or they are held up at a distance.

use std::ops::Range;

use crate::triage::prepared::Folded;

/// Bytes between an opening mark and its closing one, at most: a mark without a partner quotes nothing.
const LONGEST: usize = 400;

/// Whether a range of the folded text is quoted, in double or single marks, within its paragraph.
pub(super) fn quoted(folded: &Folded, range: &Range<usize>) -> bool {
    let text = folded.text();
    let breaks = folded.breaks();
    let next = breaks.partition_point(|at| *at <= range.start);
    let begin = next.checked_sub(1).and_then(|last| breaks.get(last)).copied().unwrap_or(0);
    let end = breaks.get(next).copied().unwrap_or(text.len()).max(range.end);
    let (Some(before), Some(after)) = (text.get(begin..range.start), text.get(range.end..end)) else { return false };
    let (before, after) = (before.as_bytes(), after.as_bytes());
    let mark = |byte: &&u8| **byte == b'"';
    let opened = before.iter().filter(mark).count() % 2 == 1 && before.iter().rev().take(LONGEST).any(|b| *b == b'"');
    let doubled = opened && after.iter().take(LONGEST).any(|byte| *byte == b'"');
    doubled || in_single_marks(before, after)
}

/// An apostrophe opens where a word begins after a blank, and closes where a word ends before none.
fn in_single_marks(before: &[u8], after: &[u8]) -> bool {
    let letter = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii());
    let mark = |bytes: &[u8], at: usize| bytes.get(at) == Some(&b'\'');
    let earlier = |at: usize| at.checked_sub(1).and_then(|at| before.get(at));
    let opens = |at: usize| mark(before, at) && matches!(earlier(at), None | Some(b' ' | b'('));
    let closes = |bytes: &[u8], at: usize| {
        let last = at.checked_sub(1).and_then(|at| bytes.get(at));
        mark(bytes, at) && !letter(bytes.get(at + 1)) && !matches!(last, Some(b' '))
    };
    let from = before.len().saturating_sub(LONGEST);
    let Some(open) = (from..before.len()).rev().find(|at| opens(*at)) else { return false };
    let closed = (open + 1..before.len()).any(|at| closes(before, at));
    !closed && (0..after.len().min(LONGEST)).any(|at| closes(after, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_quoted(text: &str, word: &str) -> bool {
        let folded = Folded::new(text);
        let at = folded.text().find(word).unwrap();
        quoted(&folded, &(at..at + word.len()))
    }

    #[test]
    fn what_stands_between_marks_is_quoted() {
        assert!(is_quoted("Votre agent a dit « c’est inadmissible » et a raccroché", "inadmissible"));
        assert!(is_quoted("your driver shouted \"thief\" at me", "thief"));
        assert!(is_quoted("he said 'this is unacceptable', no less", "unacceptable"));
    }

    #[test]
    fn what_stands_beside_them_is_not() {
        assert!(!is_quoted("Votre « service » est inadmissible", "inadmissible"));
        assert!(!is_quoted("L'attente, c'est inadmissible, d'autant qu'on m'a menti", "inadmissible"));
        assert!(!is_quoted("an 11\" tablet that is unacceptable", "unacceptable"));
        assert!(!is_quoted("'Tomorrow', they said. Unacceptable. It's the dogs' bed.", "unacceptable"));
        assert!(!is_quoted("Il a dit \"demain\n\nC'est inadmissible\n\nVoir \"facture\"", "inadmissible"));
    }
}

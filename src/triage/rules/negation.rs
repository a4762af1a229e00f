//! Whether a match stands in the scope of a negation: "je ne veux pas de remboursement", "I am not asking for…".

/// Words looked back over, at most.
const SCOPE: usize = 6;

/// French "ne" and its short forms: they open a scope by themselves, close to the verb only.
const NE: &[&str] = &["ne", "n"];
const NEGATORS: &[&str] = &[
    "pas",
    "jamais",
    "aucun",
    "aucune",
    "sans",
    "ni",
    "nullement",
    "guere",
    "not",
    "never",
    "without",
    "cannot",
    "no",
    "nor",
    "neither",
    "dont",
    "doesnt",
    "didnt",
    "cant",
    "wont",
    "isnt",
    "wasnt",
    "havent",
    "hasnt",
    "wouldnt",
    "nt",
];
/// A new clause begins here: what is denied before it is not denied after it.
const CLAUSE: &[&str] = &[
    "mais",
    "but",
    "car",
    "donc",
    "alors",
    "so",
    "because",
    "parce",
    "puisque",
    "et",
    "and",
    "je",
    "j",
    "i",
    "we",
    "nous",
    "si",
    "if",
    "sinon",
    "otherwise",
    "until",
    "unless",
    "jusqu",
    "tant",
    "since",
    "depuis",
    "just",
    "rather",
    "plutot",
];

/// Looks back from `start` in a folded text, within the clause.
pub(super) fn negated(text: &str, start: usize) -> bool {
    let Some(before) = text.get(..start) else { return false };
    let mut end = before.len();
    for distance in 0..SCOPE {
        let Some((word, from, gap)) = last_word(before, end) else { return false };
        if gap.bytes().any(|b| matches!(b, b'.' | b',' | b';' | b':' | b'!' | b'?' | b'(' | b')')) {
            return false;
        }
        end = from;
        if CLAUSE.contains(&word) {
            return false;
        }
        if is_negator(before, word, from, distance) {
            return true;
        }
    }
    false
}

/// Whether a text's own first word denies.
pub(super) fn begins_with_negation(text: &str) -> bool {
    let first = text.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty());
    first.is_some_and(|word| NE.contains(&word) || NEGATORS.contains(&word))
}

fn is_negator(before: &str, word: &str, from: usize, distance: usize) -> bool {
    let earlier = before.get(..from).unwrap_or_default();
    let rest = before.get(from + word.len()..).unwrap_or_default();
    if NE.contains(&word) {
        return distance < 3 && !rest.contains(" que ") && !rest.contains(" qu'");
    }
    if word == "plus" {
        let near = earlier.char_indices().rev().nth(24).map_or(0, |(at, _)| at);
        let near = earlier.get(near..).unwrap_or_default();
        return near.contains(" ne ") || near.contains("n'") || near.starts_with("ne ");
    }
    // "can't": the apostrophe parts the words, "t" is what is left.
    let contracted = word == "t" && earlier.ends_with("n'");
    if !contracted && !NEGATORS.contains(&word) {
        return false;
    }
    let question = contracted && rest.starts_with(" you") || earlier.trim_end().ends_with("-vous");
    let only = rest.starts_with(" only") || rest.starts_with(" seulement") || rest.starts_with(" hesit");
    let hesitate = earlier.ends_with("hesitez ") || earlier.ends_with("hesite ");
    let why = earlier.ends_with("why ") || earlier.ends_with("pourquoi ");
    !(question || only || hesitate || why)
}

/// The last word before `end`, where it starts, and what stands between it and `end`.
fn last_word(text: &str, end: usize) -> Option<(&str, usize, &str)> {
    let bytes = text.as_bytes();
    let word_byte = |b: &u8| b.is_ascii_alphanumeric() || !b.is_ascii();
    let last = bytes.get(..end)?.iter().rposition(word_byte)?;
    let from = bytes.get(..last)?.iter().rposition(|b| !word_byte(b)).map_or(0, |at| at + 1);
    Some((text.get(from..=last)?, from, text.get(last + 1..end)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(text: &str, word: &str) -> bool {
        negated(text, text.find(word).unwrap())
    }

    #[test]
    fn french_and_english_negations_reach_over_their_clause() {
        assert!(denied("je ne veux pas de remboursement", "remboursement"));
        assert!(denied("ne me remboursez surtout pas", "remboursez"));
        assert!(denied("je n'ai jamais demande de remboursement", "remboursement"));
        assert!(denied("i don't want a refund", "refund"));
        assert!(denied("i am not asking for a refund", "refund"));
        assert!(denied("je ne veux plus de remboursement", "remboursement"));
        assert!(denied("sans remboursement", "remboursement"));
    }

    #[test]
    fn the_next_clause_is_not_denied() {
        assert!(!denied("je ne suis pas content, remboursez-moi", "remboursez"));
        assert!(!denied("i am not happy and want a refund", "refund"));
        assert!(!denied("it does not work so refund me", "refund"));
        assert!(!denied("n'hesitez pas a me rembourser", "rembourser"));
        assert!(!denied("can't you refund me", "refund"));
        assert!(!denied("je veux en plus un remboursement", "remboursement"));
        assert!(!denied("je ne veux que mon remboursement", "remboursement"));
    }
}

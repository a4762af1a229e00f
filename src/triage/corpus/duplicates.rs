//! Finds mails that are nearly the same, by the share of five-word shingles they have in common.

use std::collections::{BTreeSet, HashMap};

use super::Row;

/// Words in a shingle. Mails with fewer ("remboursement svp") have none: people do write them alike.
const SHINGLE: usize = 5;

/// Fewer shared shingles than this say nothing: two people may well write "still nothing on my account".
const ENOUGH: usize = 3;

/// Two mails and how alike they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Id of the one that stands first.
    pub first: String,
    /// Id of the other.
    pub second: String,
    /// Shared shingles over all shingles of the two (Jaccard), 0 to 1.
    pub likeness: f32,
}

/// Every pair of mails at least as alike as `threshold` (0 to 1).
pub fn near_duplicates(rows: &[Row], threshold: f32) -> Vec<Pair> {
    let shingles: Vec<BTreeSet<String>> = rows.iter().map(|row| shingles(&row.body)).collect();
    let mut holders: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut pairs = Vec::new();
    for (index, (row, mine)) in rows.iter().zip(&shingles).enumerate() {
        let mut shared: HashMap<usize, usize> = HashMap::new();
        for shingle in mine {
            let earlier = holders.entry(shingle).or_default();
            for other in earlier.iter() {
                *shared.entry(*other).or_default() += 1;
            }
            earlier.push(index);
        }
        for (other, count) in shared {
            let Some((first, theirs)) = rows.get(other).zip(shingles.get(other)) else { continue };
            let likeness = count as f32 / (mine.len() + theirs.len() - count) as f32;
            if count >= ENOUGH && likeness >= threshold {
                pairs.push(Pair { first: first.id.clone(), second: row.id.clone(), likeness });
            }
        }
    }
    pairs.sort_by(|a, b| (&a.first, &a.second).cmp(&(&b.first, &b.second)));
    pairs
}

fn shingles(text: &str) -> BTreeSet<String> {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.windows(SHINGLE).map(|window| window.join(" ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Anger, Intent};
    use crate::triage::corpus::{GivenWords, Split};

    fn row(id: &str, body: &str) -> Row {
        Row {
            id: id.into(),
            lang: "en".into(),
            subject: String::new(),
            body: body.into(),
            attachments: Vec::new(),
            intent: Intent::Other,
            anger: Anger::Calm,
            reason: None,
            given: GivenWords::default(),
            signals: None,
            hard: Vec::new(),
            split: Split::Train,
        }
    }

    #[test]
    fn a_mail_with_one_word_changed_is_found_and_another_is_not() {
        let one = "I ordered a red lamp from you two weeks ago and it never came, please tell me where it is now";
        let rows = [row("a", one), row("b", &one.replace("now", "today")), row("c", "Thanks!"), row("d", "")];
        let pairs = near_duplicates(&rows, 0.6);
        assert_eq!(pairs.len(), 1);
        let pair = pairs.first().unwrap();
        assert_eq!((pair.first.as_str(), pair.second.as_str()), ("a", "b"));
        assert!(pair.likeness > 0.8);
    }
}

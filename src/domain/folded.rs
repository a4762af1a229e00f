//! Text in the form words are compared in: lower case, without accents, with plain apostrophes and spaces.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// `Ça n’est PAS arrivé` → `ca n'est pas arrive`.
pub fn fold(text: &str) -> String {
    let plain = |c: char| match c {
        '’' | '‘' | 'ʼ' | '´' => '\'',
        '–' | '—' | '‑' => '-',
        c if c.is_whitespace() => ' ',
        c => c,
    };
    text.nfd().filter(|c| !is_combining_mark(*c)).map(plain).flat_map(char::to_lowercase).collect()
}

/// Its words: runs of letters and digits.
pub fn words(text: &str) -> Vec<String> {
    fold(text).split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Whether the words of `phrase` stand in `text` one after the other, each allowing a plural's ending (`chocolats`).
pub fn names(text: &str, phrase: &str) -> bool {
    let (text, phrase) = (words(text), words(phrase));
    let alike = |said: &String, asked: &String| said.strip_prefix(asked.as_str()).is_some_and(|end| end.len() <= 2);
    !phrase.is_empty()
        && text.windows(phrase.len()).any(|run| run.iter().zip(&phrase).all(|(said, asked)| alike(said, asked)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_case_and_apostrophes_do_not_matter() {
        assert_eq!(fold("Ça n’est PAS arrivé"), "ca n'est pas arrive");
        assert_eq!(words("  l’été : 2 thés "), ["l", "ete", "2", "thes"]);
    }

    #[test]
    fn a_phrase_is_found_as_whole_words() {
        assert!(names("Coffret de Chocolats noirs", "chocolat noir"));
        assert!(!names("Coffret de chocolats au lait", "chocolat noir"));
        assert!(!names("bathé", "thé"), "a word within a word is another word");
        assert!(!names("anything", ""));
    }
}

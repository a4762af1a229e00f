//! `format=flowed` (RFC 3676): soft line breaks joined.

use super::lines::{Line, SIGNATURE_DELIMITER, clean};

/// Joins flowed lines. `source` is the text the lines were made of: the soft break is its trailing
/// blank, which the lines no longer have.
pub(super) fn joined(lines: Vec<Line>, source: &str, delete_space: bool) -> Vec<Line> {
    let source = clean(source);
    let mut out: Vec<Line> = Vec::with_capacity(lines.len());
    let mut open = false;
    for (line, original) in lines.into_iter().zip(source.lines()) {
        let is_delimiter = unstuffed(original.trim_start_matches('>')) == SIGNATURE_DELIMITER;
        // RFC 3676 §4.4: a stuffed blank before the text is not part of it.
        let text = match line.depth {
            0 if is_delimiter => SIGNATURE_DELIMITER.to_owned(),
            0 => unstuffed(original).trim_end().to_owned(),
            _ => line.text,
        };
        match out.last_mut().filter(|last| open && last.depth == line.depth && !is_delimiter) {
            Some(last) => {
                if !delete_space && !last.text.ends_with(' ') {
                    last.text.push(' ');
                }
                last.text.push_str(&text);
            }
            None => out.push(Line { text, ..line }),
        }
        open = original.ends_with(' ') && !is_delimiter;
    }
    out
}

fn unstuffed(line: &str) -> &str {
    line.strip_prefix(' ').unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::lines::of_plain;

    fn flow(text: &str, delete_space: bool) -> Vec<(usize, String)> {
        let lines = joined(of_plain(text), text, delete_space);
        lines.into_iter().map(|line| (line.depth, line.text)).collect()
    }

    #[test]
    fn soft_breaks_are_joined_and_hard_ones_kept() {
        assert_eq!(
            flow("Je voudrais \nêtre remboursé.\nMerci", false),
            [(0, "Je voudrais être remboursé.".to_owned()), (0, "Merci".to_owned())]
        );
        assert_eq!(flow("rem \nboursé", true), [(0, "remboursé".to_owned())]);
    }

    #[test]
    fn neither_quotes_nor_the_signature_delimiter_flow_into_text() {
        assert_eq!(
            flow("> quoted \n> more\nown \n-- \nMarie", false),
            [(1, "quoted more".to_owned()), (0, "own".to_owned()), (0, "-- ".to_owned()), (0, "Marie".to_owned())]
        );
    }
}

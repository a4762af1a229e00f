//! A body as lines that know how they were quoted, whether they came from plain text or HTML.

/// What a mail client's HTML says about a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Mark {
    /// Nothing.
    #[default]
    None,
    /// "On … X wrote:", in the element the client keeps for it.
    Attribution,
    /// In the block that heads or holds an earlier message (Outlook's header lines, Yahoo's copy).
    History,
    /// In the client's signature element.
    Signature,
}

/// One line of text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Line {
    /// Without its quote signs and without trailing blanks.
    pub text: String,
    /// How often it is quoted.
    pub depth: usize,
    /// What its HTML said.
    pub mark: Mark,
}

impl Line {
    /// Nothing visible on it.
    pub(super) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// What stands above a signature (RFC 3676 §4.3).
pub(super) const SIGNATURE_DELIMITER: &str = "-- ";

/// Most lines of a body that are looked at.
const MAX_LINES: usize = 20_000;

/// Splits plain text, counting `>` signs (RFC 3676 §4.5 and the habit of leaving blanks between them).
pub(super) fn of_plain(text: &str) -> Vec<Line> {
    clean(text).lines().take(MAX_LINES).map(plain_line).collect()
}

fn plain_line(line: &str) -> Line {
    let mut depth = 0;
    let mut rest = line;
    loop {
        let next = rest.trim_start_matches(' ');
        // Four blanks and more are indented text, not a quote sign's distance.
        let Some(after) = next.strip_prefix('>').filter(|_| rest.len() - next.len() <= 3) else { break };
        depth += 1;
        rest = after;
    }
    let text = if depth > 0 { rest.strip_prefix(' ').unwrap_or(rest) } else { line };
    // The blank of the signature delimiter tells it from a rule somebody drew (RFC 3676 §4.3).
    let text = if text == SIGNATURE_DELIMITER { text } else { text.trim_end() };
    Line { text: text.to_owned(), depth, mark: Mark::None }
}

/// Line ends as `\n`; no control, zero-width and direction characters; no-break spaces stay.
pub(super) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                if chars.peek() != Some(&'\n') {
                    out.push('\n');
                }
            }
            '\n' | '\t' => out.push(c),
            '\u{2028}' | '\u{2029}' | '\u{85}' => out.push('\n'),
            _ if is_invisible(c) => {}
            _ => out.push(c),
        }
    }
    out
}

/// Control characters, and the zero-width characters that senders hide text or break words with.
pub(super) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// The lines as text, quoted ones behind `> `, runs of blank lines as one.
pub(super) fn join(lines: &[Line]) -> String {
    let mut out = String::new();
    let mut blanks = 0;
    for line in lines {
        if line.is_blank() && line.depth == 0 {
            blanks += 1;
            continue;
        }
        if !out.is_empty() {
            out.push_str(if blanks > 0 { "\n\n" } else { "\n" });
        }
        blanks = 0;
        // A quote sign a level is enough for a reader; the sender chooses the depth.
        for _ in 0..line.depth.min(20) {
            out.push_str("> ");
        }
        out.push_str(if out.ends_with('\n') || out.is_empty() { line.text.trim_end() } else { line.text.trim() });
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quote_signs_are_counted() {
        let lines = of_plain("a\n> b\r\n>> c\n> > d\n     > no quote");
        let depths: Vec<usize> = lines.iter().map(|line| line.depth).collect();
        assert_eq!(depths, [0, 1, 2, 2, 0]);
        assert_eq!(lines[3].text, "d");
    }

    #[test]
    fn invisible_characters_do_not_survive() {
        assert_eq!(clean("rem\u{200b}bour\u{ad}sé\0\u{202e}\r\nfin"), "remboursé\nfin");
    }

    #[test]
    fn blank_runs_become_one() {
        assert_eq!(join(&of_plain("a\n\n\n\nb\n> c\n\n")), "a\n\nb\n> c");
    }
}

//! Text as a terminal may safely show it.

/// Without control characters, which mail could use to speak to the terminal; line ends and tabs stay.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && !matches!(c, '\n' | '\t') { '\u{fffd}' } else { c }).collect()
}

/// One line of at most `width` characters.
pub(super) fn line(text: &str, width: usize) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().count() <= width {
        return text;
    }
    let mut cut: String = text.chars().take(width.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// Rows under a heading, columns as wide as their widest cell; the last one is not padded.
pub(super) fn table(heading: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(heading.get(column).map(|cell| cell.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heading.len()).map(width).collect();
    let heading = heading.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
    let mut out = String::new();
    for row in std::iter::once(&heading).chain(rows) {
        let mut text = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let gap = width.saturating_sub(cell.chars().count()) + 2;
            text.push_str(cell);
            text.extend(std::iter::repeat_n(' ', gap));
        }
        out.push_str(text.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_cannot_speak_to_the_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\n\tc\u{9b}"), "a\u{fffd}[2Jb\n\tc\u{fffd}");
        assert_eq!(line("a\nb\u{7}c", 10), "a b c");
        assert_eq!(line("abcdef", 4), "abc…");
    }

    #[test]
    fn columns_line_up() {
        let rows = vec![vec!["a".into(), "é".into(), "x".into()], vec!["bbb".into(), "cc".into(), String::new()]];
        assert_eq!(table(&["1", "2", "3"], &rows), "1    2   3\na    é   x\nbbb  cc\n");
    }
}

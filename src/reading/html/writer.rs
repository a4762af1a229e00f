//! Runs of text and breaks → lines.

use crate::reading::lines::{Line, Mark, is_invisible};

/// Most lines written.
const MAX_LINES: usize = 20_000;
/// A longer line is broken.
const MAX_LINE: usize = 20_000;

/// Collects lines. White space is collapsed as a browser does.
#[derive(Debug, Default)]
pub(super) struct Writer {
    lines: Vec<Line>,
    current: String,
    depth: usize,
    mark: Mark,
    /// A blank has to stand before the next character.
    space: bool,
    /// A blank line has to stand before the next line.
    margin: bool,
    /// What the next text of a list item begins with.
    prefix: String,
}

impl Writer {
    /// Adds a run of text.
    pub(super) fn text(&mut self, text: &str, depth: usize, mark: Mark, pre: bool) {
        for c in text.chars() {
            match c {
                '\n' if pre => self.line_break(),
                '\r' if pre => {}
                ' ' | '\t' if pre && !self.current.is_empty() => self.current.push(c),
                ' ' | '\t' | '\n' | '\r' | '\u{c}' => self.space = true,
                _ if is_invisible(c) => {}
                _ => self.character(c, depth, mark),
            }
        }
    }

    fn character(&mut self, c: char, depth: usize, mark: Mark) {
        if self.current.is_empty() || self.depth != depth {
            self.flush();
            self.depth = depth;
            self.mark = mark;
            self.space = false;
            self.current.push_str(&std::mem::take(&mut self.prefix));
        } else if self.mark != mark && mark != Mark::None {
            self.mark = mark;
        }
        if std::mem::take(&mut self.space) {
            self.current.push(' ');
        }
        self.current.push(c);
        if self.current.len() > MAX_LINE {
            self.flush();
        }
    }

    /// `<br>`: ends the line, an empty one too.
    pub(super) fn line_break(&mut self) {
        if self.current.is_empty() {
            self.push(Line { text: String::new(), depth: self.depth, mark: self.mark });
        } else {
            self.flush();
        }
        self.space = false;
    }

    /// The start or end of a block: ends a line that has text. `margin`: with a blank line.
    pub(super) fn block(&mut self, margin: bool) {
        self.flush();
        self.space = false;
        self.margin |= margin;
    }

    /// `<hr>`.
    pub(super) fn rule(&mut self) {
        self.block(true);
        let (depth, mark) = (self.depth, self.mark);
        self.push(Line { text: "________".into(), depth, mark });
    }

    /// The distance between two cells of a table's row.
    pub(super) fn gap(&mut self) {
        self.space = true;
    }

    /// What a list item begins with.
    pub(super) fn prefix(&mut self, prefix: String) {
        self.prefix = prefix;
    }

    fn flush(&mut self) {
        if self.current.is_empty() {
            return;
        }
        let text = std::mem::take(&mut self.current);
        let text = text.trim_end();
        // A no-break space alone is how HTML editors keep an empty line.
        let text = if text.trim().is_empty() { String::new() } else { text.replace('\u{a0}', " ") };
        let (depth, mark) = (self.depth, self.mark);
        self.push(Line { text, depth, mark });
    }

    fn push(&mut self, line: Line) {
        if self.lines.len() >= MAX_LINES {
            return;
        }
        if std::mem::take(&mut self.margin)
            && !line.is_blank()
            && self.lines.last().is_some_and(|last| !last.is_blank())
        {
            let depth = self.lines.last().map_or(0, |last| last.depth.min(line.depth));
            self.lines.push(Line { depth, ..Line::default() });
        }
        self.lines.push(line);
    }

    /// The lines, without blank ones at either end.
    pub(super) fn finish(mut self) -> Vec<Line> {
        self.flush();
        while self.lines.last().is_some_and(Line::is_blank) {
            self.lines.pop();
        }
        let first = self.lines.iter().position(|line| !line.is_blank()).unwrap_or(0);
        self.lines.split_off(first)
    }
}

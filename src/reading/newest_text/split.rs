//! Lines → the writer's own segments and the earlier message below them.

use crate::domain::address::Address;
use crate::reading::lines::{Line, Mark};

use super::{attribution, header_block, signature};

/// The earlier message that stands unquoted below (or instead of) the writer's words.
#[derive(Debug)]
pub(super) struct Earlier {
    /// Its sender, where a header line names one.
    pub from: Option<Address>,
    /// The first line of its text.
    pub start: usize,
    /// A line says that it was forwarded, not answered.
    pub forwarded: bool,
}

/// What [`split`] found.
#[derive(Debug, Default)]
pub(super) struct Split {
    /// The writer's own lines; more than one segment when answers stand between quotes.
    pub segments: Vec<Vec<Line>>,
    /// The unquoted earlier message.
    pub earlier: Option<Earlier>,
}

/// Separates own lines from quoted ones.
pub(super) fn split(lines: &[Line]) -> Split {
    let mut found = Split::default();
    let mut segment: Vec<Line> = Vec::new();
    let mut in_signature = false;
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        if (line.depth == 0 || begins_quoted_forward(lines, at))
            && let Some(earlier) = earlier_at(lines, at)
        {
            found.earlier = Some(earlier);
            break;
        }
        let attribution = if line.depth == 0 { attribution::length_at(lines, at) } else { None };
        if attribution.is_none() && line.depth == 0 {
            in_signature |= signature::is_delimiter(lines, at);
            let is_signature = in_signature || line.mark == Mark::Signature;
            if (!is_signature || signature::holds_fact(&line.text)) && !is_quote_overflow(lines, at) {
                segment.push(line.clone());
            }
            at += 1;
            continue;
        }
        at += attribution.unwrap_or(1);
        let has_own = |line: &Line| !line.is_blank();
        let silent = found.segments.is_empty() && !segment.iter().any(has_own);
        // Above the first word it heads what was kept of the earlier mail, or the answer itself.
        if attribution.is_some() && !silent && !quote_follows(lines, at) {
            found.earlier = Some(Earlier { from: None, start: at, forwarded: false });
            break;
        }
        in_signature = false;
        found.segments.push(std::mem::take(&mut segment));
    }
    found.segments.push(segment);
    found.segments.retain(|segment| segment.iter().any(|line| !line.is_blank()));
    found
}

/// The end of a quoted line that a mail program broke without a quote sign: between two quoted
/// lines, the first one long and without an end, and continued in lower case.
fn is_quote_overflow(lines: &[Line], at: usize) -> bool {
    let neighbour = |at: Option<usize>| at.and_then(|at| lines.get(at)).filter(|line| line.depth > 0);
    let (Some(before), Some(_)) = (neighbour(at.checked_sub(1)), neighbour(at.checked_add(1))) else { return false };
    let unfinished = before.text.chars().count() >= 60 && before.text.ends_with(char::is_alphanumeric);
    unfinished && lines.get(at).is_some_and(|line| line.text.starts_with(char::is_lowercase))
}

/// Apple Mail quotes a forward whole, the line that announces it too. Below "X wrote:" it would be
/// a forward inside the history.
fn begins_quoted_forward(lines: &[Line], at: usize) -> bool {
    let Some(line) = lines.get(at) else { return false };
    let before = lines.get(..at).unwrap_or_default().iter().rev().find(|line| !line.is_blank());
    let own_before = before.is_none_or(|line| line.depth == 0 && !line.text.trim_end().ends_with(':'));
    line.depth == 1 && own_before && header_block::is_forward_marker(&line.text)
}

fn quote_follows(lines: &[Line], at: usize) -> bool {
    let rest = lines.get(at..).unwrap_or_default();
    rest.iter().find(|line| !line.is_blank() || line.depth > 0).is_some_and(|line| line.depth > 0)
}

/// An unquoted earlier message that begins at this line.
fn earlier_at(lines: &[Line], at: usize) -> Option<Earlier> {
    let line = lines.get(at)?;
    if line.is_blank() {
        return None;
    }
    let forwarded = header_block::is_forward_marker(&line.text);
    if forwarded || header_block::is_reply_separator(&line.text) {
        let (from, start) = header_block::after_marker(lines, at + 1);
        return Some(Earlier { from, start, forwarded });
    }
    if let Some(block) = header_block::at(lines, at) {
        return Some(Earlier { from: block.from, start: block.end, forwarded: false });
    }
    (line.mark == Mark::History).then(|| {
        let (from, start) = header_block::after_marker(lines, at);
        Earlier { from, start: start.max(at), forwarded: false }
    })
}

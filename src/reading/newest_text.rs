//! What the writer wrote this time: without quoted history, signature and disclaimer.
//!
//! The rule for every doubt is the same: a line that may be the customer's own stays. History left in
//! costs a moment of a reviewer's time, a lost order number costs the customer a day.

mod attribution;
mod disclaimer;
mod header_block;
mod signature;
mod split;

use crate::domain::address::Address;

use super::body::Body;
use super::lines::{self, Line};
use split::Earlier;

/// How deep forwards of forwards are followed.
const MAX_FORWARDS: usize = 5;

/// The newest text, and whom a forward came from.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Newest {
    /// Own words; in a forward without own words, the forwarded text; never empty while there is text.
    pub text: String,
    /// Who wrote the forwarded message: of forwards inside forwards, the first one with words of its own.
    pub forwarded_from: Option<Address>,
}

/// Finds the newest text of a body.
pub(super) fn newest(body: &Body, subject: &str) -> Newest {
    let forward_subject = header_block::is_forward_subject(subject);
    let mut found = follow(&body.lines, forward_subject, MAX_FORWARDS);
    if let Some(attached) = &body.attached
        && found.forwarded_from.is_none()
        && (found.text.is_empty() || forward_subject)
    {
        let inner = follow(&attached.lines, false, MAX_FORWARDS);
        found.forwarded_from = inner.forwarded_from.filter(|_| !inner.has_own_words).or_else(|| attached.from.clone());
        if found.text.is_empty() {
            found.text = inner.text;
        }
    }
    if found.text.is_empty() {
        found.text = lines::join(&body.lines);
    }
    Newest { text: found.text, forwarded_from: found.forwarded_from }
}

#[derive(Default)]
struct Followed {
    text: String,
    has_own_words: bool,
    forwarded_from: Option<Address>,
}

fn follow(lines: &[Line], forward_subject: bool, levels: usize) -> Followed {
    let split = split::split(lines);
    let text = own_text(&split.segments);
    let has_own_words = !text.is_empty();
    let own = Followed { text, has_own_words, forwarded_from: None };
    let Some(Earlier { from, start, forwarded }) = split.earlier else { return own };
    if levels == 0 || !(forwarded || forward_subject) {
        return own;
    }
    let inner = follow(&unquoted(lines.get(start..).unwrap_or_default()), false, levels - 1);
    let silent = !inner.has_own_words && inner.forwarded_from.is_some();
    Followed {
        text: if has_own_words { own.text } else { inner.text },
        has_own_words,
        forwarded_from: if silent { inner.forwarded_from } else { from },
    }
}

/// Forwarded lines as their writer had them: some clients quote what they forward.
fn unquoted(lines: &[Line]) -> Vec<Line> {
    let least = lines.iter().filter(|line| !line.is_blank()).map(|line| line.depth).min().unwrap_or(0);
    lines.iter().map(|line| Line { depth: line.depth.saturating_sub(least), ..line.clone() }).collect()
}

/// The segments without signatures and disclaimers, a blank line between them.
fn own_text(segments: &[Vec<Line>]) -> String {
    let mut texts: Vec<String> = Vec::new();
    for segment in segments {
        let kept = disclaimer::without(segment);
        let kept = signature::without(&kept);
        let text = lines::join(&kept);
        if !text.is_empty() {
            texts.push(text);
        }
    }
    texts.join("\n\n")
}

//! Dates that a reply promises, in French and English: what a shop says it will have done, and by when.
//!
//! Only what binds us counts: a date set for the customer (“merci de répondre d’ici vendredi”), one that depends on
//! something to come (“within 5 days of receiving the parcel”) or that is denied is none. Where two readings are
//! possible the earlier day is taken: an alarm too early costs a look.

mod days;
mod phrases;

use jiff::civil::Date;

pub use days::business_day_before;

use crate::domain::Calendar;
pub use crate::domain::Promised;

/// A reply is a few kilobytes; more of it is not searched.
const LONGEST: usize = 64 * 1024;

/// The promises of a text said on a day, in the order they stand in it, each date once a sentence.
pub fn find(text: &str, said_on: Date, calendar: &Calendar) -> Vec<Promised> {
    let mut found: Vec<Promised> = Vec::new();
    for sentence in sentences(text) {
        if !phrases::binds_us(&sentence) {
            continue;
        }
        let mut here: Vec<Promised> = Vec::new();
        for (words, by) in phrases::dates(&sentence, said_on, calendar) {
            if by >= said_on && here.iter().all(|known| known.by != by) {
                here.push(Promised { words, by });
            }
        }
        found.extend(here);
    }
    found
}

/// Sentences on one line each; quoted lines are somebody else's words.
fn sentences(text: &str) -> Vec<String> {
    let end = (0..=text.len().min(LONGEST)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    let mut sentences = Vec::new();
    let mut open = String::new();
    for line in text.get(..end).unwrap_or_default().lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('>') {
            sentences.push(std::mem::take(&mut open));
            continue;
        }
        for word in line.split_whitespace() {
            if !open.is_empty() {
                open.push(' ');
            }
            open.push_str(word);
            if word.ends_with(['.', '!', '?', ';']) {
                sentences.push(std::mem::take(&mut open));
            }
        }
    }
    sentences.push(open);
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

#[cfg(test)]
mod tests;

//! What a customer thought of how the case was handled: a mark from 1 to 5, given in answer to a draft that asks for one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::record::{Event, RecordEntry};

/// The lowest and the highest mark.
pub const MARKS: std::ops::RangeInclusive<u8> = 1..=5;

/// The drafts that ask for a mark.
const ASKING: &[&str] = &["ask_feedback", "arrival_check"];

/// A customer's newest mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rating {
    /// 1 to 5, 5 being the best.
    pub mark: u8,
    /// When we received it.
    pub at: Timestamp,
}

/// Whether the last reply that was approved asks for a mark, and has left: only then is a number a mark.
pub fn is_asked(record: &[RecordEntry]) -> bool {
    let (mut asks, mut left) = (false, false);
    for event in record.iter().filter_map(|entry| entry.event.as_ref()) {
        match event {
            Event::Approved { template, .. } => {
                (asks, left) = (template.as_deref().is_some_and(|name| ASKING.contains(&name)), false);
            }
            Event::ReturnedToDraft { .. } => asks = false,
            Event::Delivery { state, .. } if state == "sent" => left = true,
            _ => {}
        }
    }
    asks && left
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::outgoing::OutgoingId;
    use crate::domain::record::Actor;

    fn asked(events: &[Event]) -> bool {
        let mut record: Vec<RecordEntry> = Vec::new();
        for event in events {
            let entry =
                RecordEntry::append(record.last(), Timestamp::UNIX_EPOCH, Actor::Guichet, event.clone(), String::new());
            record.push(entry);
        }
        is_asked(&record)
    }

    #[test]
    fn only_a_question_that_left_and_was_the_last_word_is_answered_by_a_mark() {
        let approved = |name: &str| Event::Approved { revision: 1, template: Some(name.into()), edited: false };
        let delivery =
            |state: &str| Event::Delivery { id: OutgoingId::new("r-1"), state: state.into(), detail: String::new() };
        let sent = || delivery("sent");
        assert!(asked(&[approved("ask_feedback"), delivery("attempting"), sent()]));
        assert!(asked(&[approved("accept"), sent(), approved("arrival_check"), sent()]));
        assert!(!asked(&[approved("ask_feedback")]), "it waits in the outbox");
        assert!(!asked(&[sent(), approved("ask_feedback")]), "another mail left");
        assert!(!asked(&[approved("ask_feedback"), sent(), approved("accept"), sent()]));
        assert!(!asked(&[approved("ask_feedback"), Event::ReturnedToDraft { id: OutgoingId::new("r-1") }, sent()]));
        assert!(!asked(&[sent()]));
    }
}

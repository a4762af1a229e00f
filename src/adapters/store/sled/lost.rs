//! What is known of the time that a loss took: from when on mail may be unknown that people have not seen to, and
//! which of it was answered, as the folder of sent mail tells.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use sha2::Digest as _;

use super::key::{Key, Table};
use super::record::{CITED_MAILS, Incoming};
use super::tx::{Order, Tx};
use crate::domain::{Actor, Case, CaseFlag, CaseId, CaseState, Event, MessageId};
use crate::ports::store::{Lost, OwnAnswer, StoreResult};

/// Several folders are read at once: a little older than the newest message known may be unknown all the same.
const ABREAST: SignedDuration = SignedDuration::from_hours(24);
/// So far back mail counts as lost where nothing at all is known.
const UNKNOWN: SignedDuration = SignedDuration::from_hours(30 * 24);
/// What arrives later in a folder that was never met is another folder's first start, not a matter of the loss.
const AFTERMATH: SignedDuration = SignedDuration::from_hours(30 * 24);

impl Tx<'_> {
    /// The time lost, if there is one.
    pub(super) fn lost(&self, mailbox: &str) -> StoreResult<Option<Lost>> {
        let Some(noticed) = self.get::<Timestamp>(Key::of(Table::Rebuilt))? else { return Ok(None) };
        let from = match self.get(from_key(mailbox))? {
            Some(from) => from,
            None => noticed.checked_sub(UNKNOWN).unwrap_or(noticed),
        };
        Ok(Some(Lost { from, until: noticed.checked_add(AFTERMATH).unwrap_or(noticed) }))
    }

    /// A loss is noticed: each mailbox lost what came after its newest message, or what an earlier loss took, which
    /// may not have been read again yet.
    pub(super) fn put_lost(&mut self, now: Timestamp) -> StoreResult<()> {
        for (mailbox, newest) in self.newest_known(now)? {
            let earlier = self.lost(&mailbox)?.filter(|lost| lost.covers(now)).map(|lost| lost.from);
            let from = newest.checked_sub(ABREAST).unwrap_or(newest);
            self.put(from_key(&mailbox), &earlier.map_or(from, |earlier| earlier.min(from)))?;
        }
        self.put(Key::of(Table::Rebuilt), &now)
    }

    /// When the newest message of each mailbox arrived. A date in the future says nothing.
    fn newest_known(&self, now: Timestamp) -> StoreResult<BTreeMap<String, Timestamp>> {
        let mut newest = BTreeMap::new();
        for id in self.rows::<CaseId>(&Key::of(Table::CaseByNewest), Order::Falling, usize::MAX)? {
            let case = self.case(&id)?;
            if case.last_message_at <= now {
                newest.entry(case.mailbox).or_insert(case.last_message_at);
            }
        }
        Ok(newest)
    }

    /// An answer of ours, from the time lost, is kept by the ids that it answers: the folder of sent mail may be read
    /// before the letters are.
    pub(super) fn remember_answer(
        &mut self,
        mailbox: &str,
        id: Option<&MessageId>,
        answer: &OwnAnswer,
        at: Timestamp,
    ) -> StoreResult<()> {
        if !self.lost(mailbox)?.is_some_and(|lost| lost.covers(at)) {
            return Ok(());
        }
        for cited in answer.cited.iter().take(CITED_MAILS) {
            self.put(answered_key(cited), &id)?;
        }
        Ok(())
    }

    /// A letter from the time lost that was answered then makes nobody's work, unless a newer one waits in its case;
    /// whether it was.
    pub(super) fn answered_since_lost(&mut self, case: &mut Case, incoming: &Incoming) -> StoreResult<bool> {
        let letter = &incoming.intake.message;
        if !case.flags.contains(&CaseFlag::AfterLoss) || letter.arrived_at < case.last_message_at {
            return Ok(false);
        }
        let Some(id) = &letter.message_id else { return Ok(false) };
        let Some(message_id) = self.get::<Option<MessageId>>(answered_key(id))? else { return Ok(false) };
        self.note(&case.id, incoming.intake.at, Actor::Colleague, Event::AnsweredElsewhere { message_id })?;
        case.state = CaseState::Answered;
        case.flags.insert(CaseFlag::AnsweredElsewhere);
        self.drop_draft(&case.id);
        Ok(true)
    }
}

fn from_key(mailbox: &str) -> Key {
    Key::of(Table::LostFrom).text(mailbox)
}

/// By its digest: what an id says of its writer must not outlive an erasure.
fn answered_key(id: &MessageId) -> Key {
    let digest = sha2::Sha256::digest(id.as_str().as_bytes());
    Key::of(Table::AnsweredId).text(&format!("{digest:x}"))
}

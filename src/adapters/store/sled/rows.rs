//! Rows and the indexes that follow them: whoever writes a row here cannot forget an index.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::key::{Key, Table};
use super::rollback::MAY_HAVE_LEFT;
use super::tx::{Order, Tx, or_damage};
use crate::domain::joining::canonical_order_number;
use crate::domain::outgoing::IN_DOUBT;
use crate::domain::{
    Actor, Case, CaseFlag, CaseId, CaseState, DeliveryState, Draft, Email, Event, Message, MessageId, MessageKey,
    OutgoingId, OutgoingKind, OutgoingMail, RecordEntry,
};
use crate::ports::store::{CaseMessage, StoreError, StoreResult};

/// How many Message-IDs a case keeps for the References of our next message: the first and the latest.
const THREAD: usize = 40;
/// How many characters of the newest text the queue shows.
const EXCERPT: usize = 200;

/// What a counted number is of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Counted {
    Cases,
    Outbox,
    Messages,
    Automated,
    Quarantined,
    Corrections,
}

impl Counted {
    fn as_str(self) -> &'static str {
        match self {
            Self::Cases => "cases",
            Self::Outbox => "outbox",
            Self::Messages => "messages",
            Self::Automated => "automated",
            Self::Quarantined => "quarantined",
            Self::Corrections => "corrections",
        }
    }
}

/// One number and what it counts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Count {
    /// The state counted, or nothing where there is but one number.
    pub(super) of: String,
    /// How many.
    pub(super) number: u64,
}

/// Who holds a Message-ID.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Holder {
    /// The message.
    pub(super) key: MessageKey,
    /// Its writer in canonical form.
    pub(super) from: Option<String>,
}

/// A case in the index by customer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct CustomerCase {
    /// Its id.
    pub(super) case: CaseId,
    /// Whether it is open.
    pub(super) open: bool,
}

/// The stable name of a state, as counted and shown.
pub(super) fn state_name(state: CaseState) -> &'static str {
    match state {
        CaseState::NeedsReply => "needs_reply",
        CaseState::WaitingForCustomer => "waiting_for_customer",
        CaseState::Answered => "answered",
        CaseState::Closed(_) => "closed",
    }
}

impl Tx<'_> {
    // ---- numbers ------------------------------------------------------------------------------

    /// Adds to a number that is kept.
    pub(super) fn count(&mut self, what: Counted, of: &str, change: i64) -> StoreResult<()> {
        let key = Key::of(Table::Count).text(what.as_str()).text(of);
        let before = self.get::<Count>(key.clone())?.map_or(0, |count| count.number);
        self.put(key, &Count { of: of.to_owned(), number: before.saturating_add_signed(change) })
    }

    /// Numbers that are kept, by what they count.
    pub(super) fn counts(&self, what: Counted) -> StoreResult<BTreeMap<String, u64>> {
        let counts: Vec<Count> = self.rows(&Key::of(Table::Count).text(what.as_str()), Order::Rising, usize::MAX)?;
        Ok(counts.into_iter().filter(|count| count.number > 0).map(|count| (count.of, count.number)).collect())
    }

    // ---- cases --------------------------------------------------------------------------------

    /// A case, if it exists.
    pub(super) fn find_case(&self, id: &CaseId) -> StoreResult<Option<Case>> {
        self.get(Key::of(Table::Case).text(id.as_str()))
    }

    /// A case that must exist.
    pub(super) fn case(&self, id: &CaseId) -> StoreResult<Case> {
        self.find_case(id)?.ok_or_else(|| StoreError::Missing(format!("case {id}")))
    }

    /// A case that must exist at this revision.
    pub(super) fn case_at(&self, id: &CaseId, expected_revision: u64) -> StoreResult<Case> {
        let case = self.case(id)?;
        if case.revision == expected_revision { Ok(case) } else { Err(StoreError::Stale { current: case.revision }) }
    }

    /// Writes a case and its indexes.
    pub(super) fn put_case(&mut self, case: &Case) -> StoreResult<()> {
        let old = self.find_case(&case.id)?;
        if let Some(old) = &old {
            for (key, _) in case_indexes(old) {
                self.delete(key);
            }
            self.count(Counted::Cases, state_name(old.state), -1)?;
        }
        for (key, open) in case_indexes(case) {
            match open {
                Some(open) => self.put(key, &CustomerCase { case: case.id.clone(), open })?,
                None => self.put(key, &case.id)?,
            }
        }
        self.count(Counted::Cases, state_name(case.state), 1)?;
        if !case.state.is_open() {
            self.forget_to_assess(case)?;
        }
        self.put(Key::of(Table::Case).text(case.id.as_str()), case)?;
        self.put_work(case)
    }

    /// Flags a case and brings it back to the queue: something about it is ours to see to.
    pub(super) fn call_back(&mut self, case: &CaseId, flag: CaseFlag, now: Timestamp) -> StoreResult<()> {
        let mut case = self.case(case)?;
        case.flags.insert(flag);
        if case.state != CaseState::NeedsReply {
            case.state = CaseState::NeedsReply;
            case.closed_at = None;
            case.waiting_since = now;
        }
        self.raise_revision(&mut case)?;
        self.put_case(&case)
    }

    // ---- messages -----------------------------------------------------------------------------

    /// Stores a message and where it belongs. `value` is the message as [`Texts::encode`](super::files::Texts::encode)
    /// made it, outside the lock.
    pub(super) fn put_message(
        &mut self,
        message: &CaseMessage,
        value: Vec<u8>,
        case: Option<&CaseId>,
        from: Option<&Email>,
    ) -> StoreResult<()> {
        let hex = message.key.to_hex();
        self.put_value(Key::of(Table::Message).text(&hex), value);
        self.put(Key::of(Table::Member).text(&hex), &case)?;
        self.count(Counted::Messages, "", 1)?;
        if let Some(id) = &message.message.message_id {
            let holder = Holder { key: message.key, from: from.map(Email::canonical) };
            self.put(Key::of(Table::HeldId).text(id.as_str()).text(&hex), &holder)?;
        }
        if let Some(case) = case {
            let index = Key::of(Table::CaseMessage).text(case.as_str()).time(message.message.arrived_at).text(&hex);
            self.put(index, &message.key)?;
        }
        Ok(())
    }

    /// Whether a message is there, and the case that it belongs to.
    pub(super) fn member(&self, key: MessageKey) -> StoreResult<Option<Option<CaseId>>> {
        self.get(Key::of(Table::Member).text(&key.to_hex()))
    }

    /// A message that must exist.
    pub(super) fn message(&self, key: MessageKey) -> StoreResult<CaseMessage> {
        self.get(Key::of(Table::Message).text(&key.to_hex()))?
            .ok_or_else(|| StoreError::Missing(format!("message {}", key.short())))
    }

    /// Messages of a case.
    pub(super) fn message_keys(&self, case: &CaseId, order: Order, limit: usize) -> StoreResult<Vec<MessageKey>> {
        self.rows(&Key::of(Table::CaseMessage).text(case.as_str()), order, limit)
    }

    /// The newest message that the customer wrote in a case.
    pub(super) fn newest_from_customer(&self, case: &CaseId) -> StoreResult<Option<CaseMessage>> {
        for key in self.message_keys(case, Order::Falling, usize::MAX)? {
            let message = self.message(key)?;
            if !message.from_us {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    /// Keeps the beginning of the newest customer text for the queue.
    pub(super) fn put_excerpt(&mut self, case: &CaseId, message: &Message) -> StoreResult<()> {
        let text = if message.newest_text.trim().is_empty() { &message.text } else { &message.newest_text };
        let mut excerpt = String::new();
        for word in text.split_whitespace() {
            if excerpt.chars().count() >= EXCERPT {
                break;
            }
            if !excerpt.is_empty() {
                excerpt.push(' ');
            }
            excerpt.extend(word.chars().take(EXCERPT));
        }
        self.put(Key::of(Table::Excerpt).text(case.as_str()), &excerpt)
    }

    // ---- drafts -------------------------------------------------------------------------------

    /// The draft of a case.
    pub(super) fn draft(&self, case: &CaseId) -> StoreResult<Option<Draft>> {
        // A draft that cannot be read is none: what became of a mail, and a customer's new letter, do not wait for it.
        Ok(or_damage(self.get(Key::of(Table::Draft).text(case.as_str())))?.unwrap_or_default())
    }

    /// A draft that must be there and not approved.
    pub(super) fn open_draft_of(&self, case: &Case) -> StoreResult<Draft> {
        match self.draft(&case.id)? {
            Some(draft) if draft.approved_as.is_none() => Ok(draft),
            Some(_) => Err(StoreError::Stale { current: case.revision }),
            None => Err(StoreError::Missing(format!("a draft for case {}", case.id))),
        }
    }

    /// Writes a draft.
    pub(super) fn put_draft(&mut self, draft: &Draft) -> StoreResult<()> {
        self.put(Key::of(Table::Draft).text(draft.case.as_str()), draft)
    }

    /// Removes the draft of a case.
    pub(super) fn drop_draft(&mut self, case: &CaseId) {
        self.delete(Key::of(Table::Draft).text(case.as_str()));
    }

    // ---- the outbox ---------------------------------------------------------------------------

    /// An outbox row without its bytes, if it exists.
    pub(super) fn find_outgoing(&self, id: &OutgoingId) -> StoreResult<Option<OutgoingMail>> {
        Ok(self.get(Key::of(Table::Outgoing).text(id.as_str()))?.map(as_stored_now))
    }

    /// An outbox row that must exist, without its bytes.
    pub(super) fn outgoing(&self, id: &OutgoingId) -> StoreResult<OutgoingMail> {
        self.find_outgoing(id)?.ok_or_else(|| StoreError::Missing(format!("outbox row {id}")))
    }

    /// The row with its bytes.
    pub(super) fn whole(&self, mut row: OutgoingMail) -> StoreResult<OutgoingMail> {
        row.bytes = self.bytes(Key::of(Table::OutgoingBytes).text(row.id.as_str()))?.unwrap_or_default();
        Ok(row)
    }

    /// The row with its bytes, or without them where they are damaged.
    pub(super) fn whole_if_readable(&self, row: OutgoingMail) -> StoreResult<OutgoingMail> {
        let bare = row.clone();
        Ok(or_damage(self.whole(row))?.unwrap_or(bare))
    }

    /// The outbox row that has this Message-ID, without its bytes.
    pub(super) fn sent_as(&self, id: &MessageId) -> StoreResult<Option<OutgoingMail>> {
        let row: Option<OutgoingId> = self.get(Key::of(Table::SentId).text(id.as_str()))?;
        row.map_or(Ok(None), |row| self.find_outgoing(&row))
    }

    /// A new row enters the outbox.
    pub(super) fn queue_mail(&mut self, mail: &OutgoingMail, actor: Actor, at: Timestamp) -> StoreResult<()> {
        self.put_bytes(Key::of(Table::OutgoingBytes).text(mail.id.as_str()), &mail.bytes)?;
        self.put(Key::of(Table::SentId).text(mail.message_id.as_str()), &mail.id)?;
        let index = Key::of(Table::CaseOutgoing).text(mail.case.as_str()).time(mail.created_at).text(mail.id.as_str());
        self.put(index, &mail.id)?;
        self.put(Key::of(Table::OutgoingAll).time(mail.created_at).text(mail.id.as_str()), &mail.id)?;
        self.put_outgoing(mail)?;
        let event = Event::Queued { id: mail.id.clone(), kind: mail.kind, message_id: mail.message_id.clone() };
        self.note(&mail.case, at, actor, event)
    }

    /// Writes an outbox row and its indexes; its bytes stay as they are.
    pub(super) fn put_outgoing(&mut self, mail: &OutgoingMail) -> StoreResult<()> {
        if let Some(old) = self.find_outgoing(&mail.id)? {
            for key in outgoing_indexes(&old) {
                self.delete(key);
            }
            self.count(Counted::Outbox, old.state.name(), -1)?;
        }
        let row = OutgoingMail { bytes: Vec::new(), ..mail.clone() };
        for key in outgoing_indexes(&row) {
            self.put(key, &row.id)?;
        }
        self.count(Counted::Outbox, row.state.name(), 1)?;
        self.put(Key::of(Table::Outgoing).text(row.id.as_str()), &row)
    }

    /// Outbox rows of a case, oldest first, without their bytes.
    pub(super) fn case_outgoing(&self, case: &CaseId) -> StoreResult<Vec<OutgoingMail>> {
        let ids: Vec<OutgoingId> =
            self.rows(&Key::of(Table::CaseOutgoing).text(case.as_str()), Order::Rising, usize::MAX)?;
        ids.iter().map(|id| self.outgoing(id)).collect()
    }

    // ---- the record ---------------------------------------------------------------------------

    /// Appends to the case's record.
    pub(super) fn note(&mut self, case: &CaseId, at: Timestamp, actor: Actor, event: Event) -> StoreResult<()> {
        let prefix = Key::of(Table::Record).text(case.as_str());
        let last: Vec<RecordEntry> = self.rows(&prefix, Order::Falling, 1)?;
        let entry = RecordEntry::append(last.first(), at, actor, event, self.salt());
        self.put(prefix.number(entry.seq), &entry)
    }

    /// Notes the state that an outbox row has come to.
    pub(super) fn note_delivery(&mut self, mail: &OutgoingMail, actor: Actor, at: Timestamp) -> StoreResult<()> {
        let detail = match &mail.state {
            DeliveryState::Sent { response, .. } => response.clone(),
            DeliveryState::Rejected { why, .. }
            | DeliveryState::Cancelled { why, .. }
            | DeliveryState::Held { why, .. } => why.clone(),
            _ => mail.last_problem.clone().unwrap_or_default(),
        };
        let event = Event::Delivery { id: mail.id.clone(), state: mail.state.name().to_owned(), detail };
        self.note(&mail.case, at, actor, event)
    }
}

/// Earlier versions told by the sentence alone that a held mail may have left.
fn as_stored_now(mut mail: OutgoingMail) -> OutgoingMail {
    if let DeliveryState::Held { why, may_have_left } = &mut mail.state {
        *may_have_left |= why == IN_DOUBT || why == MAY_HAVE_LEFT;
    }
    mail
}

/// Adds an id to the conversation, each once.
pub(super) fn extend_thread(case: &mut Case, id: Option<&MessageId>) {
    let Some(id) = id.filter(|id| !case.thread.contains(id)) else { return };
    if case.thread.len() >= THREAD {
        case.thread.remove(1);
    }
    case.thread.push(id.clone());
}

/// Index keys of a case; those by customer carry whether it is open.
fn case_indexes(case: &Case) -> Vec<(Key, Option<bool>)> {
    let id = case.id.as_str();
    let mut keys = vec![(Key::of(Table::CaseByNewest).time(case.last_message_at).text(id), None)];
    if case.state == CaseState::NeedsReply {
        keys.push((Key::of(Table::Waiting).time(case.waiting_since).text(id), None));
    }
    if let Some(order) = &case.known.order_number {
        keys.push((order_case_key(order).text(id), None));
    }
    if let Some(customer) = &case.customer {
        let customer = customer.email.canonical();
        let open = case.state.is_open();
        keys.push((Key::of(Table::CaseByCustomer).text(&customer).text(id), Some(open)));
        if let Some(order) = &case.known.order_number {
            keys.push((order_key(&customer, &canonical_order_number(order)).text(id), None));
        }
    }
    keys
}

/// Cases about one order, whoever wrote.
pub(super) fn order_case_key(order: &str) -> Key {
    Key::of(Table::OrderCase).text(&canonical_order_number(order))
}

/// Cases of a customer about one order.
pub(super) fn order_key(canonical_customer: &str, canonical_order: &str) -> Key {
    Key::of(Table::CaseByOrder).text(canonical_customer).text(canonical_order)
}

/// Index keys of an outbox row.
pub(super) fn outgoing_indexes(mail: &OutgoingMail) -> Vec<Key> {
    let id = mail.id.as_str();
    let mut keys = Vec::new();
    if !mail.state.is_final() {
        keys.push(Key::of(Table::OutgoingOpen).time(mail.created_at).text(id));
    }
    let due = mail.state.due_at();
    match (&mail.state, due) {
        (DeliveryState::InDoubt { .. }, Some(due)) => {
            keys.push(Key::of(Table::OutgoingInDoubt).text(&mail.mailbox).time(due).text(id));
        }
        (_, Some(due)) => {
            keys.push(Key::of(Table::OutgoingDue).text(&mail.mailbox).time(due).text(id));
            if mail.kind == OutgoingKind::Reply {
                keys.push(Key::of(Table::ReplyDue).text(&mail.mailbox).time(due).text(id));
            }
        }
        (DeliveryState::Attempting { .. }, None) => {
            keys.push(Key::of(Table::OutgoingUnderWay).text(&mail.mailbox).text(id));
        }
        _ => {}
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_earlier_versions_tell_by_their_sentence_that_a_mail_may_have_left() {
        for (why, may) in [(IN_DOUBT, true), (MAY_HAVE_LEFT, true), ("undeliverable for 5 days", false)] {
            let mail: OutgoingMail = serde_json::from_value(serde_json::json!({
                "id": "a-1", "case": "G-7K3Q", "mailbox": "support", "kind": "acknowledgement", "message_id": "a@b",
                "envelope_from": null, "recipients": [], "bytes": [], "state": {"state": "held", "why": why},
                "attempts": 1, "resends": 0, "last_problem": null, "file_copy": false, "created_at": "2026-03-02T09:00:00Z"
            }))
            .unwrap();
            let DeliveryState::Held { may_have_left, .. } = as_stored_now(mail).state else { panic!("held") };
            assert_eq!(may_have_left, may, "{why}");
        }
    }
}

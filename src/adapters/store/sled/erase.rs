//! What is taken out of the store for good: the rows here, files and every trace of them in `upkeep.rs`.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::key::{Key, Table, first_text};
use super::rows::{Counted, CustomerCase, Holder, outgoing_indexes};
use super::tx::{Order, Tx, or_damage};
use super::written::{Place, Written};
use crate::domain::{
    Actor, Address, AlertKind, Case, CaseId, CaseState, Closed, DeliveryState, Email, Event, Given, Message,
    MessageKey, OutgoingMail, RecordEntry, Signal,
};
use crate::ports::store::{AutomatedMessage, CaseMessage, Correction, Erased, MachineAlert, StoreResult};

/// Why a case must be kept for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    Dispute,
    LegalThreat,
    RefundNotTold,
    BeingSent,
}

impl Kept {
    /// For the case in the store itself.
    pub(super) fn here(self) -> String {
        let then = match self {
            Self::Dispute | Self::LegalThreat => "close the case when that is settled, then erase again",
            Self::RefundNotTold => "erase again once it has been told",
            Self::BeingSent => "erase again in a minute",
        };
        format!("{}: {then}", self.what())
    }

    /// For a case that only a backup has.
    pub(super) fn in_backup(self) -> String {
        format!("{}, and the store no longer has this case: delete the backup when that is settled", self.what())
    }

    fn what(self) -> &'static str {
        match self {
            Self::Dispute => "a payment dispute is open",
            Self::LegalThreat => "legal steps were announced",
            Self::RefundNotTold => "a refund was accepted and the payment side has not been told yet",
            Self::BeingSent => "a mail to this person is just being sent",
        }
    }
}

impl Tx<'_> {
    /// Removes everything about an address. `kept` says why a case must stay, if it must.
    pub(super) fn erase(
        &mut self,
        address: &Email,
        at: Timestamp,
        place: Place,
        kept: impl Fn(&Self, &Case) -> StoreResult<Option<String>>,
    ) -> StoreResult<Erased> {
        let canonical = address.canonical();
        let mut erased = Erased::default();
        let mut gone: BTreeSet<MessageKey> = BTreeSet::new();
        for case in self.cases_of(&canonical)? {
            if let Some(why) = kept(self, &case)? {
                erased.deferred.push((case.id, why));
            } else {
                erased.cases.push(case.id.clone());
                gone.extend(self.erase_case(case, "asked for by the person", &mut erased, at)?);
            }
        }
        let written = Written::of(address);
        self.erase_mails_to(&written, place, &mut erased)?;
        self.erase_from_drafts(&written, &mut erased)?;
        let disputes = if place == Place::Store { self.alerts_of_kind(AlertKind::Dispute)? } else { Vec::new() };
        for (row, message) in self.rows_or_damage::<CaseMessage>(&Key::of(Table::Message))? {
            let Ok(key) = MessageKey::from_hex(first_text(&row)) else { continue };
            let case = self.member(key)?.flatten();
            if case.as_ref().is_some_and(|case| erased.deferred.iter().any(|(kept, _)| kept == case)) {
                continue;
            }
            let message = match message {
                Ok(message) => message,
                Err(_) if self.sender_of(key)?.as_ref() == Some(&canonical) => {
                    gone.insert(key);
                    self.erase_unreadable(key, case.as_ref(), &mut erased)?;
                    if let Some(case) = &case {
                        self.delete(Key::of(Table::Excerpt).text(case.as_str()));
                    }
                    continue;
                }
                Err(why) => {
                    let of = case
                        .map_or_else(|| "a message of no case".to_owned(), |case| format!("a letter of case {case}"));
                    erased.damaged.push(untold(&of, &why));
                    continue;
                }
            };
            if wrote(&message.message, &canonical) {
                gone.insert(message.key);
                self.erase_message(&message, case.as_ref(), &mut erased)?;
                if let Some(case) = &case {
                    self.delete(Key::of(Table::Excerpt).text(case.as_str()));
                }
            } else if mentions(&message.message, &written) {
                match (case, disputes.iter().find(|alert| alert.key == message.key)) {
                    (Some(case), _) => erased.mentioned_in.push(case),
                    (None, Some(MachineAlert { case: None, .. })) => erased.notices.push(message.location),
                    // Its case is kept for it, and named.
                    (None, Some(_)) => {}
                    // A machine's: nobody else's case needs it.
                    (None, None) => {
                        gone.insert(message.key);
                        self.erase_message(&message, None, &mut erased)?;
                    }
                }
            }
        }
        self.erase_automated(&gone)?;
        self.erase_corrections(&gone, &mut erased)?;
        self.erase_from_assessments(&canonical, &mut erased)?;
        for table in [Table::AckByRecipient, Table::CaseByOrder] {
            if erased.deferred.is_empty() {
                for key in self.keys(&Key::of(table).text(&canonical), usize::MAX)? {
                    self.delete_raw(key);
                }
            }
        }
        self.forget_counted(at)?;
        Ok(erased)
    }

    /// Cases whose customer is this person.
    pub(super) fn cases_of(&self, canonical: &str) -> StoreResult<Vec<Case>> {
        let prefix = Key::of(Table::CaseByCustomer).text(canonical);
        let ids: Vec<CustomerCase> = self.rows(&prefix, Order::Rising, usize::MAX)?;
        ids.into_iter().map(|row| self.case(&row.case)).collect()
    }

    /// Why a case must be kept for now.
    pub(super) fn kept_because(&self, case: &Case) -> StoreResult<Option<Kept>> {
        if self.alerts_of(&case.id)?.iter().any(|row| row.kind == AlertKind::Dispute) {
            return Ok(Some(Kept::Dispute));
        }
        let says = |signal| case.verdict.as_ref().is_some_and(|verdict| verdict.signals.contains(&signal));
        if case.state.is_open() && says(Signal::DisputeOpened) {
            return Ok(Some(Kept::Dispute));
        }
        if case.state.is_open() && says(Signal::LegalThreat) {
            return Ok(Some(Kept::LegalThreat));
        }
        if self.owes_notice(&case.id)? {
            return Ok(Some(Kept::RefundNotTold));
        }
        let mails = self.case_outgoing(&case.id)?;
        let leaving = mails.iter().any(|mail| matches!(mail.state, DeliveryState::Attempting { .. }));
        Ok(leaving.then_some(Kept::BeingSent))
    }

    /// Takes everything out of a case; the reference and the chain of its record stay.
    pub(super) fn erase_case(
        &mut self,
        case: Case,
        why: &str,
        erased: &mut Erased,
        at: Timestamp,
    ) -> StoreResult<Vec<MessageKey>> {
        let id = case.id.clone();
        let keys = self.message_keys(&id, Order::Rising, usize::MAX)?;
        for key in &keys {
            match or_damage(self.message(*key))? {
                Ok(message) => self.erase_message(&message, Some(&id), erased)?,
                Err(_) => self.erase_unreadable(*key, Some(&id), erased)?,
            }
        }
        self.cancel_timers(&id)?;
        self.erase_notices(&id)?;
        self.erase_promises(&id)?;
        self.erase_alerts_of(&id, erased)?;
        self.drop_draft(&id);
        self.delete(Key::of(Table::Excerpt).text(id.as_str()));
        self.forget_assessment(&id)?;
        for mail in self.case_outgoing(&id)? {
            self.erase_mail(&mail)?;
            erased.mails += 1;
        }
        if let Some(customer) = &case.customer {
            let orders = Key::of(Table::CaseByOrder).text(&customer.email.canonical());
            let cases: Vec<CaseId> = self.rows(&orders, Order::Rising, usize::MAX)?;
            for (key, _) in self.keys(&orders, usize::MAX)?.into_iter().zip(cases).filter(|(_, other)| *other == id) {
                self.delete_raw(key);
            }
        }
        let record = Key::of(Table::Record).text(id.as_str());
        for (key, entry) in self.rows_or_damage::<RecordEntry>(&record)? {
            match entry {
                Ok(entry) => self.put(record.clone().number(entry.seq), &entry.without_payload())?,
                // Nobody can make its link again; that the chain has a gap is true.
                Err(_) => self.delete_raw(key),
            }
        }
        self.put_case(&hull(case, at))?;
        self.note(&id, at, Actor::Operator, Event::Erased { why: why.to_owned() })?;
        Ok(keys)
    }

    /// Takes a message out; that it was here stays known by its identity. The row of a machine's message is left:
    /// [`Self::drop_automated`].
    pub(super) fn erase_message(
        &mut self,
        message: &CaseMessage,
        case: Option<&CaseId>,
        erased: &mut Erased,
    ) -> StoreResult<()> {
        let hex = message.key.to_hex();
        self.delete(Key::of(Table::Message).text(&hex));
        self.put(Key::of(Table::Member).text(&hex), &None::<CaseId>)?;
        self.count(Counted::Messages, "", -1)?;
        if let Some(id) = &message.message.message_id {
            self.delete(Key::of(Table::HeldId).text(id.as_str()).text(&hex));
        }
        if let Some(case) = case {
            let at = message.message.arrived_at;
            self.delete(Key::of(Table::CaseMessage).text(case.as_str()).time(at).text(&hex));
        }
        erased.messages += 1;
        erased.in_mailbox.push(message.location.clone());
        Ok(())
    }

    /// The same for one whose text is damaged: its other rows are found by its identity. Where it lies in the mailbox stood
    /// in the text.
    pub(super) fn erase_unreadable(
        &mut self,
        key: MessageKey,
        case: Option<&CaseId>,
        erased: &mut Erased,
    ) -> StoreResult<()> {
        let hex = key.to_hex();
        let last = Key::of(Table::Message).text(&hex).bytes().split_off(1);
        let places = case.map(|case| Key::of(Table::CaseMessage).text(case.as_str()));
        for table in places.into_iter().chain([Key::of(Table::HeldId)]) {
            for row in self.keys(&table, usize::MAX)?.into_iter().filter(|row| row.ends_with(&last)) {
                self.delete_raw(row);
            }
        }
        self.delete(Key::of(Table::Message).text(&hex));
        self.put(Key::of(Table::Member).text(&hex), &None::<CaseId>)?;
        self.count(Counted::Messages, "", -1)?;
        erased.messages += 1;
        erased.unlocated += 1;
        Ok(())
    }

    /// Who wrote a message, by what is known of it beside its text.
    fn sender_of(&self, key: MessageKey) -> StoreResult<Option<String>> {
        let held: Vec<Holder> = self.rows(&Key::of(Table::HeldId), Order::Rising, usize::MAX)?;
        Ok(held.into_iter().find(|holder| holder.key == key).and_then(|holder| holder.from))
    }

    fn erase_automated(&mut self, gone: &BTreeSet<MessageKey>) -> StoreResult<()> {
        let rows: Vec<AutomatedMessage> = self.rows(&Key::of(Table::Automated), Order::Rising, usize::MAX)?;
        rows.iter().filter(|row| gone.contains(&row.key)).try_for_each(|row| self.drop_automated(row.at, row.key))
    }

    /// A machine's message goes with its case: it tells of the same person.
    fn erase_alerts_of(&mut self, case: &CaseId, erased: &mut Erased) -> StoreResult<()> {
        for alert in self.alerts_of(case)? {
            self.erase_machines(alert.key, erased)?;
            self.drop_automated(alert.at, alert.key)?;
        }
        Ok(())
    }

    /// Takes out a machine's message, if it is there.
    pub(super) fn erase_machines(&mut self, key: MessageKey, erased: &mut Erased) -> StoreResult<()> {
        match or_damage(self.get::<CaseMessage>(Key::of(Table::Message).text(&key.to_hex())))? {
            Ok(Some(message)) => self.erase_message(&message, None, erased),
            Ok(None) => Ok(()),
            Err(_) => self.erase_unreadable(key, None, erased),
        }
    }

    /// Takes a machine's message from their list.
    pub(super) fn drop_automated(&mut self, at: Timestamp, key: MessageKey) -> StoreResult<()> {
        self.drop_alert(at, key);
        let row = Key::of(Table::Automated).time(at).text(&key.to_hex());
        if !self.has(row.clone())? {
            return Ok(());
        }
        self.delete(row);
        self.count(Counted::Automated, "", -1)
    }

    pub(super) fn erase_mail(&mut self, mail: &OutgoingMail) -> StoreResult<()> {
        let id = mail.id.as_str();
        for key in outgoing_indexes(mail) {
            self.delete(key);
        }
        for table in [Table::Outgoing, Table::OutgoingBytes, Table::SentDraft, Table::Withdrawn] {
            self.delete(Key::of(table).text(id));
        }
        self.delete(Key::of(Table::SentId).text(mail.message_id.as_str()));
        self.delete(Key::of(Table::CaseOutgoing).text(mail.case.as_str()).time(mail.created_at).text(id));
        self.delete(Key::of(Table::OutgoingAll).time(mail.created_at).text(id));
        self.drop_chores(mail)?;
        self.count(Counted::Outbox, mail.state.name(), -1)
    }

    fn erase_corrections(&mut self, gone: &BTreeSet<MessageKey>, erased: &mut Erased) -> StoreResult<()> {
        for (key, row) in self.rows_or_damage::<Correction>(&Key::of(Table::Correction))? {
            let row = match row {
                Ok(row) => row,
                Err(why) => {
                    erased.damaged.push(untold("a reviewer's correction", &why));
                    continue;
                }
            };
            if gone.contains(&row.key) || erased.cases.contains(&row.case) {
                self.delete_raw(key);
                self.count(Counted::Corrections, "", -1)?;
                erased.corrections += 1;
            }
        }
        Ok(())
    }
}

/// That nobody can say whether a damaged text is about the person.
pub(super) fn untold(what: &str, why: &str) -> String {
    format!("{what}: {why}; whether it is about this person cannot be told until then")
}

/// What is left of a case.
fn hull(case: Case, at: Timestamp) -> Case {
    Case {
        state: CaseState::Closed(Closed::Erased),
        customer: None,
        our_address: None,
        language: "und".into(),
        subject: String::new(),
        closed_at: Some(at),
        revision: case.revision + 1,
        verdict: None,
        known: Given::default(),
        flags: std::collections::BTreeSet::new(),
        thread: Vec::new(),
        linked: None,
        rating: None,
        ..case
    }
}

fn wrote(message: &Message, canonical: &str) -> bool {
    let theirs = |address: &Address| address.email.canonical() == canonical;
    message.from.iter().chain(&message.reply_to).chain(&message.sender).chain(&message.forwarded_from).any(theirs)
}

fn mentions(message: &Message, address: &Written) -> bool {
    let listed = message.recipients.iter().any(|recipient| address.is(recipient));
    listed || address.stands_in(&message.text) || address.stands_in(&message.subject)
}

//! How many acknowledgements may go out: sliding windows and the breaker.

use jiff::{SignedDuration, Timestamp};

use super::key::{Key, Table};
use super::tx::{Order, Tx};
use crate::domain::{Email, OutgoingId, OutgoingMail};
use crate::ports::store::{Breaker, Caps, StoreResult};
use crate::reply::permission::organisation;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

impl Tx<'_> {
    /// The limit that forbids this acknowledgement now, if one does. Opens the breaker at the mailbox's limit.
    pub(super) fn capped(
        &mut self,
        mail: &OutgoingMail,
        caps: &Caps,
        at: Timestamp,
    ) -> StoreResult<Option<&'static str>> {
        if self.breaker(&mail.mailbox)?.is_some() {
            return Ok(Some("breaker"));
        }
        for recipient in &mail.recipients {
            let by_recipient = Key::of(Table::AckByRecipient).text(&recipient.email.canonical());
            if self.counted(&by_recipient, before(at, DAY), caps.per_sender_per_day)? {
                return Ok(Some("cap: sender"));
            }
            if let Some(limit) = caps.per_domain_per_hour
                && self.counted(&by_domain(&recipient.email), before(at, HOUR), limit)?
            {
                return Ok(Some("cap: domain"));
            }
        }
        let by_mailbox = Key::of(Table::AckByMailbox).text(&mail.mailbox);
        if self.counted(&by_mailbox, before(at, HOUR), caps.per_mailbox_per_hour)? {
            let breaker = Breaker { since: at, count: caps.per_mailbox_per_hour };
            self.put(Key::of(Table::Breaker).text(&mail.mailbox), &breaker)?;
            return Ok(Some("breaker"));
        }
        Ok(None)
    }

    /// Whether `limit` acknowledgements or more were counted after `since`.
    fn counted(&self, prefix: &Key, since: Timestamp, limit: u32) -> StoreResult<bool> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let next = since.checked_add(SignedDuration::from_micros(1)).unwrap_or(since);
        Ok(self.keys_between(prefix.clone().time(next), &prefix.end(), limit)?.len() >= limit)
    }

    /// Counts an acknowledgement, and drops what no window reaches any more. Where no limit holds for the domain
    /// (public mail), nothing is counted under it: a company's host below it is not made to pay for it.
    pub(super) fn count_acknowledgement(&mut self, mail: &OutgoingMail, caps: &Caps, at: Timestamp) -> StoreResult<()> {
        let mut windows = vec![(Key::of(Table::AckByMailbox).text(&mail.mailbox), HOUR)];
        for recipient in &mail.recipients {
            windows.push((Key::of(Table::AckByRecipient).text(&recipient.email.canonical()), DAY));
            if caps.per_domain_per_hour.is_some() {
                windows.push((by_domain(&recipient.email), HOUR));
            }
        }
        for (prefix, window) in windows {
            let end = prefix.clone().time(before(at, window)).bytes();
            for old in self.keys_between(prefix.clone(), &end, 100)? {
                self.delete_raw(old);
            }
            self.put(prefix.time(at).text(mail.id.as_str()), &mail.id)?;
        }
        Ok(())
    }

    /// Drops what no window reaches any more, and what counts a mail that was erased: the keys name people.
    pub(super) fn forget_counted(&mut self, now: Timestamp) -> StoreResult<()> {
        for (table, window) in [(Table::AckByRecipient, DAY), (Table::AckByDomain, HOUR), (Table::AckByMailbox, HOUR)] {
            let table = Key::of(table);
            let mails: Vec<OutgoingId> = self.rows(&table, Order::Rising, usize::MAX)?;
            for (key, mail) in self.keys(&table, usize::MAX)?.into_iter().zip(mails) {
                if self.find_outgoing(&mail)?.is_none_or(|mail| mail.created_at < before(now, window)) {
                    self.delete_raw(key);
                }
            }
        }
        Ok(())
    }

    /// The open breaker of a mailbox.
    pub(super) fn breaker(&self, mailbox: &str) -> StoreResult<Option<Breaker>> {
        self.get(Key::of(Table::Breaker).text(mailbox))
    }

    /// Closes the breaker; the window of the mailbox begins anew, or the next message would open it again.
    pub(super) fn release_breaker(&mut self, mailbox: &str) -> StoreResult<()> {
        self.delete(Key::of(Table::Breaker).text(mailbox));
        for key in self.keys(&Key::of(Table::AckByMailbox).text(mailbox), usize::MAX)? {
            self.delete_raw(key);
        }
        Ok(())
    }
}

/// Who owns a domain makes as many hosts below it as he likes: they count together.
fn by_domain(recipient: &Email) -> Key {
    Key::of(Table::AckByDomain).text(organisation(recipient.domain()))
}

fn before(at: Timestamp, window: SignedDuration) -> Timestamp {
    at.checked_sub(window).unwrap_or(Timestamp::MIN)
}

//! What our own people wrote to or about an address in cases of others: what went to it is erased, what only mentions
//! it is said.

use serde::Serialize;

use super::erase::untold;
use super::key::{Key, Table, first_text};
use super::tx::{Order, Tx, or_damage};
use crate::domain::{Address, Case, CaseId, Draft, Email, OutgoingMail, RecordEntry};
use crate::ports::store::{Erased, StoreError, StoreResult};

const WAITS: &str = "a mail to this address has not left for good: let it leave or cancel it, then erase again";

/// Where something is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Store,
    Backup,
}

/// An address as it may be written.
pub(super) struct Written {
    canonical: String,
    as_given: String,
}

impl Written {
    /// The ways to write it.
    pub(super) fn of(address: &Email) -> Self {
        Self { canonical: address.canonical(), as_given: address.as_str().to_lowercase() }
    }

    /// Whether it is this one.
    pub(super) fn is(&self, address: &Address) -> bool {
        address.email.canonical() == self.canonical
    }

    /// Whether it stands in a text.
    pub(super) fn stands_in(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        text.contains(&self.canonical) || text.contains(&self.as_given)
    }
}

impl Tx<'_> {
    /// Erases mails of ours that went to the address. In the store itself, the case of one that has not left for good is
    /// deferred; a backup sends nothing.
    pub(super) fn erase_mails_to(&mut self, to: &Written, place: Place, erased: &mut Erased) -> StoreResult<()> {
        let theirs = |mail: &OutgoingMail| mail.recipients.iter().any(|recipient| to.is(recipient));
        let mails: Vec<OutgoingMail> = self.rows(&Key::of(Table::Outgoing), Order::Rising, usize::MAX)?;
        let mails: Vec<_> = mails.into_iter().filter(|mail| theirs(mail) && !is_deferred(erased, &mail.case)).collect();
        for mail in &mails {
            if place == Place::Store && !mail.state.is_final() {
                if !is_deferred(erased, &mail.case) {
                    erased.deferred.push((mail.case.clone(), WAITS.to_owned()));
                }
                continue;
            }
            let draft = or_damage(self.draft(&mail.case))?.unwrap_or_default();
            if draft.is_some_and(|draft| draft.approved_as.as_ref() == Some(&mail.id)) {
                self.drop_draft(&mail.case);
            }
            self.erase_mail(mail)?;
            erased.mails += 1;
        }
        Ok(())
    }

    /// Drafts no longer go to the address: a person has to say whom they answer.
    pub(super) fn erase_from_drafts(&mut self, to: &Written, erased: &mut Erased) -> StoreResult<()> {
        for (key, draft) in self.rows_or_damage::<Draft>(&Key::of(Table::Draft))? {
            let mut draft = match draft {
                Ok(draft) => draft,
                Err(why) => {
                    erased.damaged.push(untold(&format!("the draft of case {}", first_text(&key)), &why));
                    continue;
                }
            };
            let named = draft.to.iter().chain(&draft.cc).any(|recipient| to.is(recipient));
            if !named || is_deferred(erased, &draft.case) {
                continue;
            }
            draft.to = draft.to.filter(|recipient| !to.is(recipient));
            draft.cc.retain(|recipient| !to.is(recipient));
            let mut case = self.case(&draft.case)?;
            self.raise_revision(&mut case)?;
            draft.revision = case.revision;
            self.put_case(&case)?;
            self.put_draft(&draft)?;
        }
        Ok(())
    }

    /// All cases.
    pub(super) fn case_ids(&self) -> StoreResult<Vec<CaseId>> {
        let cases: Vec<Case> = self.rows(&Key::of(Table::Case), Order::Rising, usize::MAX)?;
        Ok(cases.into_iter().map(|case| case.id).collect())
    }

    /// Those of the cases in which the address is written by our own people: subjects, drafts, replies, the record. The
    /// second value: texts that are damaged.
    pub(super) fn mentioned_by_us(
        &self,
        cases: &[CaseId],
        address: &Written,
    ) -> StoreResult<(Vec<CaseId>, Vec<String>)> {
        let (mut found, mut damaged) = (Vec::new(), Vec::new());
        for id in cases {
            if let Some(case) = self.find_case(id)?
                && self.mentions_in(&case, address, &mut damaged)?
            {
                found.push(case.id);
            }
        }
        Ok((found, damaged))
    }

    fn mentions_in(&self, case: &Case, address: &Written, damaged: &mut Vec<String>) -> StoreResult<bool> {
        let mut texts = vec![json(case)?];
        let mut take = |what: &str, text: StoreResult<String>| -> StoreResult<()> {
            match or_damage(text)? {
                Ok(text) => texts.push(text),
                Err(why) => damaged.push(untold(&format!("{what} of case {}", case.id), &why)),
            }
            Ok(())
        };
        for (_, entry) in self.rows_or_damage::<RecordEntry>(&Key::of(Table::Record).text(case.id.as_str()))? {
            take("the record", entry.map_err(StoreError::Damaged).and_then(|entry| json(&entry)))?;
        }
        take("the draft", self.draft(&case.id).and_then(|draft| json(&draft)))?;
        for mail in self.case_outgoing(&case.id)? {
            take("a mail", json(&mail))?;
            let sent = self.get::<Draft>(Key::of(Table::SentDraft).text(mail.id.as_str()));
            take("the text of a mail", sent.and_then(|draft| json(&draft)))?;
            take("a mail", self.whole(mail).map(|mail| String::from_utf8_lossy(&mail.bytes).into_owned()))?;
        }
        Ok(texts.iter().any(|text| address.stands_in(text)))
    }
}

fn is_deferred(erased: &Erased, case: &CaseId) -> bool {
    erased.deferred.iter().any(|(kept, _)| kept == case)
}

fn json<T: Serialize>(row: &T) -> StoreResult<String> {
    serde_json::to_string(row).map_err(|error| StoreError::Permanent(format!("cannot write a row: {error}")))
}

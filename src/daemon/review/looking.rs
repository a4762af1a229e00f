//! Looking: nothing here changes a case, except that an opened draft is from then on a person's.

use super::wording::TemplateChoice;
use super::{Approving, Review, ReviewResult};
use crate::domain::grouping::{Group, Topic, groups};
use crate::domain::order_of_work::Why;
use crate::domain::{
    Agenda, Case, CaseId, CaseState, DeliveryState, MessageKey, OutgoingKind, OutgoingMail, TemplateName, Work,
};
use crate::ports::store::{
    AutomatedMessage, Breaker, CaseFile, MachineAlert, OutboxFilter, Overview, Quarantined, QueueRow,
};
use crate::ports::{Reviewer, Store};

/// Alerts that are read at once: the gravest kind first, then the newest.
const MOST_ALERTS: usize = 200;

/// A mailbox that stopped acknowledging.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenBreaker {
    /// The mailbox.
    pub mailbox: String,
    /// Since when, and after how many.
    pub breaker: Breaker,
}

/// A row of the queue and why it stands there.
#[derive(Debug, Clone, PartialEq)]
pub struct Queued {
    /// The row.
    pub row: QueueRow,
    /// Why it stands where it stands.
    pub why: Why,
}

/// The first page: what waits, and what is wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueView {
    /// Cases that need a reply, in the order of work.
    pub rows: Vec<Queued>,
    /// How many rows there would be without a limit.
    pub matching: usize,
    /// Many cases on one product and reason within days, among all that wait.
    pub groups: Vec<Group>,
    /// Counts.
    pub overview: Overview,
    /// Mailboxes whose acknowledgements stand still until a person releases them.
    pub breakers: Vec<OpenBreaker>,
    /// Mails held or in doubt.
    pub troubled: usize,
    /// Machines' messages that a person must know of.
    pub alerts: Vec<MachineAlert>,
}

/// A suggested text in another language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twin {
    /// ISO 639-1.
    pub language: String,
    /// The text.
    pub body: String,
}

/// A case as a reviewer looks at it.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseView {
    /// Messages, draft, outbox rows, record.
    pub file: CaseFile,
    /// Templates that exist in the case's language.
    pub templates: Vec<TemplateChoice>,
    /// What approval will put under the text.
    pub closing: String,
    /// The suggested text in the other language, for a reviewer who does not read the customer's.
    pub twin: Option<Twin>,
    /// What approval asks of this reviewer.
    pub approving: Approving,
}

impl Review {
    /// What the store holds, for pages that only read.
    pub fn store(&self) -> &dyn Store {
        self.parts.store.as_ref()
    }

    /// The queue, at most `limit` rows; of one topic only where one is named.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn queue(&self, limit: usize, only: Option<&Topic>) -> ReviewResult<QueueView> {
        let store = &self.parts.store;
        let mut breakers = Vec::new();
        for mailbox in self.parts.mailboxes.keys() {
            if let Some(breaker) = store.breaker(mailbox).await? {
                breakers.push(OpenBreaker { mailbox: mailbox.clone(), breaker });
            }
        }
        let mut work = store.work().await?;
        let groups = groups(&work, &self.time_zone());
        if let Some(topic) = only {
            work.retain(|work| Topic::of(work).is_some_and(|other| topic.holds(&other)));
        }
        Ok(QueueView {
            matching: work.len(),
            groups,
            rows: self.in_order(work, limit).await?,
            overview: store.overview().await?,
            breakers,
            troubled: store.outbox(OutboxFilter::Troubled).await?.len(),
            alerts: store.alerts(MOST_ALERTS).await?,
        })
    }

    /// The first rows in the order of work. Only what that goes by is read of the others.
    async fn in_order(&self, mut work: Vec<Work>, limit: usize) -> ReviewResult<Vec<Queued>> {
        let wording = self.wording();
        let agenda = Agenda::new(&wording.policy, &wording.calendar, self.now());
        agenda.sort(&mut work);
        work.truncate(limit);
        let ids: Vec<CaseId> = work.iter().map(|work| work.case.clone()).collect();
        let mut rows = self.parts.store.queue_rows(&ids).await?.into_iter().peekable();
        // A case that was answered meanwhile has no row.
        let queued = work.iter().filter_map(|work| {
            let row = rows.next_if(|row| row.case.id == work.case)?;
            Some(Queued { row, why: agenda.why(work) })
        });
        Ok(queued.collect())
    }

    /// A case with everything; its draft is marked as opened by this reviewer.
    ///
    /// # Errors
    /// When there is no such case, or the store cannot be read.
    pub async fn open(&self, case: &CaseId, reviewer: &Reviewer) -> ReviewResult<CaseView> {
        let mut file = self.look(case).await?;
        let waiting = file.case.state == CaseState::NeedsReply;
        if let Some(draft) = &mut file.draft
            && waiting
            && draft.approved_as.is_none()
            && draft.opened_by.is_none()
        {
            self.parts.store.open_draft(case, &reviewer.name, self.now()).await?;
            draft.opened_by = Some(reviewer.name.clone());
        }
        let templates = self.wording().choices(&file.case.language);
        let closing = match self.mailbox(&file.case.mailbox) {
            Ok(mailbox) => self.wording().closing(&file.case.language, &reviewer.display_name, &mailbox.signature),
            Err(_) => String::new(),
        };
        let approving = match file.draft.as_ref().filter(|draft| draft.approved_as.is_none()) {
            Some(draft) => self.approving(&file, draft, reviewer).await?,
            None => Approving::default(),
        };
        let waiting = file.draft.as_ref().filter(|draft| draft.approved_as.is_none());
        let twin = waiting.and_then(|draft| self.wording().twin(&file, draft));
        Ok(CaseView { file, templates, closing, twin, approving })
    }

    /// What a template says, for people; its name where the language has no such template.
    pub fn template_title(&self, language: &str, template: &TemplateName) -> String {
        let choice = self.wording().choices(language).into_iter().find(|choice| choice.name == *template);
        choice.map_or_else(|| template.to_string(), |choice| choice.title)
    }

    /// A case with everything, leaving no trace.
    ///
    /// # Errors
    /// When there is no such case, or the store cannot be read.
    pub async fn look(&self, case: &CaseId) -> ReviewResult<CaseFile> {
        Ok(self.parts.store.case_file(case).await?)
    }

    /// Machines' messages that a person must know of and nobody has put away.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn alerts(&self) -> ReviewResult<Vec<MachineAlert>> {
        Ok(self.parts.store.alerts(MOST_ALERTS).await?)
    }

    /// Puts one of them away: somebody has seen it.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn dismiss_alert(&self, key: MessageKey, reviewer: &Reviewer) -> ReviewResult<()> {
        Ok(self.parts.store.dismiss_alert(key, &reviewer.name, self.now()).await?)
    }

    /// Cases in any state, newest message first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn cases(&self, limit: usize) -> ReviewResult<Vec<Case>> {
        Ok(self.parts.store.cases(limit).await?)
    }

    /// The outbox: what needs a person first, then what waits, then the latest.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn outbox(&self, limit: usize) -> ReviewResult<Vec<OutgoingMail>> {
        let store = &self.parts.store;
        let mut mails = store.outbox(OutboxFilter::Troubled).await?;
        for filter in [OutboxFilter::Open, OutboxFilter::Latest(limit)] {
            for mail in store.outbox(filter).await? {
                if mails.len() < limit && !mails.iter().any(|known| known.id == mail.id) {
                    mails.push(mail);
                }
            }
        }
        Ok(mails)
    }

    /// Whether the customer wrote after a held reply was approved.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn is_overtaken(&self, mail: &OutgoingMail) -> ReviewResult<bool> {
        if mail.kind != OutgoingKind::Reply || !matches!(mail.state, DeliveryState::Held { .. }) {
            return Ok(false);
        }
        Ok(self.parts.store.case(&mail.case).await?.last_message_at > mail.created_at)
    }

    /// Machines' messages, so many, and all those given up on, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn set_aside(&self, limit: usize) -> ReviewResult<(Vec<AutomatedMessage>, Vec<Quarantined>)> {
        let store = &self.parts.store;
        Ok((store.automated(limit).await?, store.quarantined(usize::MAX).await?))
    }
}

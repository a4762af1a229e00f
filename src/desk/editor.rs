//! What the case page's form holds: draft, verdict, and what the reviewer had seen.

use super::visit::Fields;
use crate::daemon::review::{Changes, ReviewError, Seen, VerdictEdit};
use crate::domain::{Address, Anger, Given, Intent, Reason, Signal};
use crate::ports::store::DraftEdit;

/// The draft's fields as typed, whether fit or not.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub(super) struct Typed {
    pub to: String,
    pub subject: String,
    pub body: String,
}

impl Typed {
    /// From the form; `None` when it has no editor.
    pub fn of(fields: &Fields) -> Option<Self> {
        let line = |name: &str| fields.get(name).map(|text| text.trim().to_owned());
        Some(Self { to: line("to")?, subject: line("subject")?, body: fields.text("body")? })
    }

    fn edit(&self) -> Result<DraftEdit, ReviewError> {
        let to = match self.to.as_str() {
            "" => None,
            text => Some(Address::parse(text).map_err(|_| ReviewError::BadAddress(text.to_owned()))?),
        };
        let subject: String = self.subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        Ok(DraftEdit { body: Some(self.body.clone()), subject: Some(subject), to, suggestion: None })
    }
}

/// Everything typed and corrected on the page.
pub(super) fn changes(fields: &Fields) -> Result<Changes, ReviewError> {
    let draft = Typed::of(fields).map(|typed| typed.edit()).transpose()?;
    let confirmed = fields.get("confirm_approval").is_some();
    Ok(Changes { draft: draft.unwrap_or_default(), verdict: verdict_edit(fields), confirmed })
}

/// What the page said when it was made. A form without it counts as stale.
pub(super) fn seen(fields: &Fields) -> Seen {
    let number = |name: &str| fields.get(name).and_then(|text| text.parse().ok());
    Seen { revision: number("revision").unwrap_or(u64::MAX), entries: number("entries") }
}

fn verdict_edit(fields: &Fields) -> VerdictEdit {
    let Some(intent) = fields.get("intent").and_then(Intent::from_label) else { return VerdictEdit::default() };
    let fact = |name: &str| fields.get(name).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    VerdictEdit {
        intent: Some(intent),
        anger: fields.get("anger").and_then(|level| Anger::try_from(level.parse::<u8>().ok()?).ok()),
        reason: fields.get("reason").and_then(Reason::from_label),
        given: Some(Given {
            order_number: fact("order_number"),
            purchase_date: fact("purchase_date"),
            product: fact("product"),
            reason: None,
            announced_date: fact("announced_date"),
        }),
        signals: Some(fields.all("signal").filter_map(Signal::from_label).collect()),
        confirmed: fields.get("confirmed").is_some(),
    }
}

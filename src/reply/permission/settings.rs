//! What the permission rules need to know of one mailbox.

use jiff::{SignedDuration, Timestamp};

use super::domains;
use super::pattern::AddressPattern;
use super::public_mail::PublicMail;
use crate::domain::position::FolderRole;
use crate::domain::{Address, Email};

/// How the `Return-Path` header is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnPathRule {
    /// The server notes it: a message without one is not acknowledged.
    Required,
    /// The server may strip it: its absence says nothing. One that is there still counts.
    Ignore,
}

/// Settings of one mailbox.
#[derive(Debug, Clone, PartialEq)]
pub struct PermissionSettings {
    /// What counts as written to us. `None`: there is no configuration, and every rule that needs our
    /// addresses is skipped; [`super::why`] says so.
    pub addresses: Option<Vec<AddressPattern>>,
    /// Whom our mail comes from.
    pub from: Option<Address>,
    /// Our own contact forms: the customer stands in Reply-To.
    pub contact_forms: Vec<AddressPattern>,
    /// Judged, never acknowledged.
    pub colleagues: Vec<AddressPattern>,
    /// Whose `Authentication-Results` are believed, in lower case.
    pub trusted_authserv_id: Option<String>,
    /// How the `Return-Path` header is used.
    pub return_path: ReturnPathRule,
    /// Further headers that may show our address (`x-original-to`), in lower case.
    pub recipient_headers: Vec<String>,
    /// More visible recipients than this: not acknowledged.
    pub max_recipients: usize,
    /// Older than this on arrival: not acknowledged.
    pub max_age: SignedDuration,
    /// Public mail providers: no cap per domain, and never our own domain.
    pub public_mail: PublicMail,
}

impl PermissionSettings {
    /// For judging without a configuration.
    pub fn without_configuration(public_mail: PublicMail) -> Self {
        Self {
            addresses: None,
            from: None,
            contact_forms: Vec::new(),
            colleagues: Vec::new(),
            trusted_authserv_id: None,
            return_path: ReturnPathRule::Ignore,
            recipient_headers: Vec::new(),
            max_recipients: 20,
            max_age: SignedDuration::from_hours(24),
            public_mail,
        }
    }

    /// Whether the address is one of ours.
    pub fn is_ours(&self, email: &Email) -> bool {
        let from = self.from.as_ref().is_some_and(|from| from.email.same_mailbox(email));
        from || self.addresses.iter().flatten().any(|pattern| pattern.matches(email))
    }

    /// The domain whose acknowledgements are counted together; `None` for public mail providers.
    pub fn capped_domain<'a>(&self, recipient: &'a Email) -> Option<&'a str> {
        let domain = recipient.domain();
        (!self.public_mail.contains(domain)).then(|| domains::organisation(domain))
    }

    pub(super) fn is_colleague(&self, email: &Email) -> bool {
        self.colleagues.iter().any(|pattern| pattern.matches(email))
    }

    pub(super) fn is_form(&self, email: &Email) -> bool {
        self.contact_forms.iter().any(|pattern| pattern.matches(email))
    }

    /// Whether the domain is under our registrable domain.
    pub(super) fn owns(&self, domain: &str) -> bool {
        self.own_domains().any(|ours| domains::aligned(ours, domain))
    }

    /// Whether the domain imitates one of ours.
    pub(super) fn imitated_by(&self, domain: &str) -> bool {
        !self.owns(domain)
            && !self.public_mail.contains(domain)
            && self.own_domains().any(|ours| domains::imitates(domain, ours))
    }

    /// The domains we are reached under, public providers left out: nobody owns those.
    fn own_domains(&self) -> impl Iterator<Item = &str> {
        let patterns = self.addresses.iter().flatten().map(AddressPattern::domain);
        let from = self.from.iter().map(|from| from.email.domain());
        patterns.chain(from).filter(|domain| !self.public_mail.contains(domain))
    }
}

/// What the permission rules need to know besides the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PermissionContext {
    /// Where the message lies.
    pub role: FolderRole,
    /// It lay there before the first start, or comes again after a renumbering.
    pub history: bool,
    /// The time of day; `None` leaves the age out (a message judged by itself).
    pub now: Option<Timestamp>,
}

impl PermissionContext {
    /// A message judged by itself, as if it had just arrived.
    pub fn just_arrived() -> Self {
        Self { role: FolderRole::Inbox, history: false, now: None }
    }
}

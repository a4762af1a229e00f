//! What a row consists of: a mail, where and when it arrives, and what is expected of the rules.

use std::pin::Pin;

use guichet::domain::position::FolderRole;
use guichet::domain::{Address, Permission, RawMessage};
use guichet::reading;
use guichet::reply::permission::{
    AddressPattern, PermissionContext, PermissionSettings, PublicMail, ReturnPathRule, permission,
};
use jiff::{SignedDuration, Timestamp};

/// When all mails are judged: where the clock of [`crate::loops::counter::Counter`] begins.
const NOW: &str = "2026-03-02T08:00:00Z";

/// Anna's letter, which nothing is against.
const ORDINARY: &str = "Return-Path: <anna@client.test>\nFrom: Anna <anna@client.test>\nTo: support@shop.example\n\
    Subject: Order 48213";
const TEXT: &str = "The kettle of order 48213 stopped working. I want my money back.";

pub struct Row {
    /// Its name in [`super::RULES`].
    pub rule: &'static str,
    pub tried: Tried,
}

pub enum Tried {
    /// A mail that the rule stops, and the nearest one that it does not.
    Mails(Box<[Trial; 2]>),
    /// Both in a conversation, with intake and store.
    Story(fn() -> Story),
}

pub type Story = Pin<Box<dyn Future<Output = ()>>>;

pub fn row(rule: &'static str, stopped: Trial, innocent: Trial) -> Row {
    Row { rule, tried: Tried::Mails(Box::new([stopped, innocent])) }
}

impl Row {
    /// The mail that the rule stops and its neighbour, where mails are all that it takes.
    pub fn mails(&self) -> Option<&[Trial; 2]> {
        match &self.tried {
            Tried::Mails(mails) => Some(mails),
            Tried::Story(_) => None,
        }
    }
}

pub fn story(rule: &'static str, play: fn() -> Story) -> Row {
    Row { rule, tried: Tried::Story(play) }
}

/// One mail with what is expected.
pub struct Trial {
    mail: String,
    /// `machine` or `held` and why, or `allowed` and to whom.
    expected: (&'static str, String),
    context: PermissionContext,
    arrived_at: Timestamp,
    change: Option<fn(&mut PermissionSettings)>,
}

/// `mail` is what stands in place of the same headers of an ordinary letter, or on top of them; behind an empty line, what
/// stands in place of its text. `without X` leaves a header out.
fn trial(mail: impl Into<String>, expected: (&'static str, String)) -> Trial {
    let now: Timestamp = NOW.parse().unwrap();
    let context = PermissionContext { role: FolderRole::Inbox, history: false, now: Some(now) };
    Trial { mail: mail.into(), expected, context, arrived_at: now, change: None }
}

pub fn machine(why: impl Into<String>, mail: impl Into<String>) -> Trial {
    trial(mail, ("machine", why.into()))
}

pub fn held(why: impl Into<String>, mail: impl Into<String>) -> Trial {
    trial(mail, ("held", why.into()))
}

/// Anna is acknowledged.
pub fn allowed(mail: impl Into<String>) -> Trial {
    trial(mail, ("allowed", "anna@client.test".into()))
}

impl Trial {
    /// Somebody else is acknowledged.
    pub fn to(self, email: impl Into<String>) -> Self {
        Self { expected: ("allowed", email.into()), ..self }
    }

    pub fn in_folder(mut self, role: FolderRole) -> Self {
        self.context.role = role;
        self
    }

    pub fn of_history(mut self) -> Self {
        self.context.history = true;
        self
    }

    pub fn arrived_hours_ago(mut self, hours: i64) -> Self {
        self.arrived_at -= SignedDuration::from_hours(hours);
        self
    }

    /// With other settings than [`shop`].
    pub fn where_settings(self, change: fn(&mut PermissionSettings)) -> Self {
        Self { change: Some(change), ..self }
    }

    /// Whether it has just arrived in the inbox of [`shop`].
    pub fn is_ordinary_place(&self) -> bool {
        let inbox = self.context.role == FolderRole::Inbox && !self.context.history;
        inbox && self.change.is_none() && self.context.now == Some(self.arrived_at)
    }

    pub fn why_machine(&self) -> Option<&str> {
        (self.expected.0 == "machine").then_some(&self.expected.1)
    }

    pub fn why_held(&self) -> Option<&str> {
        (self.expected.0 == "held").then_some(&self.expected.1)
    }

    /// The whole mail; `n` tells it from others.
    pub fn bytes(&self, n: usize) -> Vec<u8> {
        let (head, text) = self.mail.split_once("\n\n").unwrap_or((&self.mail, TEXT));
        let given: Vec<&str> = head.lines().filter(|line| !line.starts_with("without ")).collect();
        let id = format!("Message-ID: <{n}@client.test>");
        let ordinary = ORDINARY.lines().chain([id.as_str(), "Content-Type: text/plain; charset=utf-8"]);
        let replaced = |line: &str| {
            let name = line.split(':').next().unwrap_or_default();
            head.lines().any(|other| other == format!("without {name}") || other.split(':').next() == Some(name))
        };
        let kept = ordinary.filter(|line| !replaced(line));
        let lines: Vec<&str> = given.iter().copied().chain(kept).collect();
        format!("{}\n\n{text}\n", lines.join("\n")).replace('\n', "\r\n").into_bytes()
    }

    /// What the rules say otherwise than expected.
    pub fn problem(&self) -> Option<String> {
        let mut settings = shop();
        if let Some(change) = self.change {
            change(&mut settings);
        }
        let raw = RawMessage { bytes: self.bytes(1), arrived_at: self.arrived_at, partial: false };
        let verdict = permission(&reading::read(&raw), &settings, &self.context);
        let detail = match &verdict {
            Permission::Allowed { to } => to.email.as_str(),
            other => other.why(),
        };
        let said = (verdict.name(), detail.to_owned());
        (said != self.expected).then(|| format!("{said:?}, not {:?}:\n{}", self.expected, self.mail))
    }
}

/// The settings of the one shop that all is judged for.
pub fn shop() -> PermissionSettings {
    let patterns = |texts: &[&str]| -> Vec<AddressPattern> {
        texts.iter().map(|text| AddressPattern::parse(text).unwrap()).collect()
    };
    PermissionSettings {
        addresses: Some(patterns(&["support@shop.example", "*@help.shop.example"])),
        from: Some(Address::parse("Maison Guichet <support@shop.example>").unwrap()),
        contact_forms: patterns(&[
            "form@shop.example",
            "form@help.shop.example",
            "noreply@shop.example",
            "form@forms.test",
        ]),
        colleagues: patterns(&["*@shop.example"]),
        trusted_authserv_id: Some("mx.shop.example".into()),
        return_path: ReturnPathRule::Required,
        recipient_headers: vec!["x-original-to".into()],
        max_recipients: 3,
        max_age: SignedDuration::from_hours(24),
        public_mail: PublicMail::default(),
    }
}

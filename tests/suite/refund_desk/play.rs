//! Plays a situation: reading, triage, law and policy, choice of the draft, as the daemon does.

use std::sync::Arc;

use guichet::adapters::assets::{Assets, Kind};
use guichet::daemon::enrich::judge::{Facts, judge};
use guichet::daemon::handbook::Handbook;
use guichet::daemon::review::Wording;
use guichet::domain::assessment::Remedy;
use guichet::domain::identity::IdentityKey;
use guichet::domain::policy::Policy;
use guichet::domain::position::FolderRole;
use guichet::domain::verdict::Unsure;
use guichet::domain::{
    Address, Anger, Assessment, Basis, Calendar, Case, CaseFlag, CaseId, CaseState, Draft, Folder, Given, Intent,
    MessageKey, MessageLocation, Outcome, Purchase, RawMessage, Reason, Signal, Suggestion, TemplateName, Verdict,
};
use guichet::ports::store::{CaseFile, CaseMessage};
use guichet::reading;
use guichet::reply::permission::PublicMail;
use guichet::reply::templates::Templates;
use guichet::triage::Triage;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::situation::{Judged, Mail, Situation, Then, Told};
use crate::clues;
use crate::shop;

/// What judges and answers; only the policy changes from one situation to the next.
pub struct Desk(Handbook);

fn noon(day: Date) -> Timestamp {
    day.at(12, 0, 0, 0).to_zoned(TimeZone::get("Europe/Paris").unwrap()).unwrap().timestamp()
}

impl Desk {
    pub fn open() -> Self {
        let rules = clues::rules();
        let assets = Assets::built_in();
        let (triage, warnings) = Triage::load(&rules, &assets.load(Kind::Models).unwrap()).unwrap();
        assert!(warnings.is_empty(), "{warnings:?}");
        let wording = Wording {
            templates: Arc::new(Templates::load(&assets.load(Kind::Templates).unwrap()).unwrap()),
            policy: Policy::default(),
            calendar: Calendar::parse(TimeZone::get("Europe/Paris").unwrap(), "Mon-Fri 09:00-18:00", &[], Some("FR"))
                .unwrap(),
            languages: vec!["fr".into(), "en".into()],
            fallback: "en".into(),
        };
        Self(Handbook { triage, clues: clues::load(), wording: Arc::new(wording), public_mail: PublicMail::default() })
    }

    pub fn play(&mut self, situation: &Situation) -> Told {
        self.0.wording = Arc::new(Wording { policy: situation.policy(), ..(*self.0.wording).clone() });
        let file = self.case_file(situation);
        let known = &file.case.known;
        let purchase = purchase(situation, known);
        let now = noon(situation.today);
        let facts = Facts { file: &file, purchase: &purchase, history: &situation.history, now };
        let judged = judge(&self.0, &shop::sender(), &facts).expect("an assessment");
        let (suggestion, _) = judged.draft.unwrap_or_else(|| panic!("{}: no draft", situation.name));
        let verdict = file.case.verdict.as_ref().unwrap();
        Told { judged: labels(verdict), then: then(&judged.assessment, &suggestion) }
    }

    fn case_file(&self, situation: &Situation) -> CaseFile {
        let policy = &self.0.wording.policy;
        let messages: Vec<CaseMessage> = situation.mail.iter().map(|mail| self.message(situation, mail)).collect();
        let first = &messages[0].message;
        let mut verdict: Option<Verdict> = None;
        let mut known = Given::default();
        for message in &messages {
            let newer = message.verdict.as_ref().unwrap();
            verdict = Some(match verdict {
                Some(before) if newer.intent == Intent::Other || before.intent != Intent::Other => {
                    before.continued_by(newer, policy)
                }
                _ => newer.clone(),
            });
            let mut given = verdict.as_ref().unwrap().given.clone();
            given.fill_from(&known);
            known = given;
        }
        let mut verdict = verdict.unwrap();
        if situation.given {
            give(&mut verdict, &situation.judged, policy);
            known.reason = verdict.given.reason;
        }
        let other = |message: &CaseMessage| {
            let (one, two) = (first.author().unwrap(), message.message.author().unwrap());
            !one.email.same_mailbox(&two.email)
        };
        let flags = messages.iter().any(other).then_some(CaseFlag::OtherSender);
        let case = Case {
            id: CaseId::parse("G-7K3Q").unwrap(),
            mailbox: shop::MAILBOX.into(),
            state: CaseState::NeedsReply,
            customer: first.author().cloned(),
            our_address: None,
            language: first.language.clone(),
            subject: first.subject.clone(),
            opened_at: first.arrived_at,
            last_message_at: messages.last().unwrap().message.arrived_at,
            waiting_since: first.arrived_at,
            closed_at: None,
            revision: 1,
            verdict: Some(verdict),
            known,
            flags: flags.into_iter().collect(),
            thread: Vec::new(),
            linked: None,
            rating: None,
        };
        let corrected_basis = situation.corrected.as_deref().map(|basis| Basis::from_label(basis).unwrap());
        CaseFile {
            draft: Some(standing(&case)),
            case,
            messages,
            outgoing: Vec::new(),
            record: Vec::new(),
            notices: Vec::new(),
            promises: Vec::new(),
            assessment: None,
            corrected_basis,
        }
    }

    fn message(&self, situation: &Situation, mail: &Mail) -> CaseMessage {
        let arrived_at = noon(mail.on.unwrap_or(situation.today));
        let message = reading::read(&RawMessage { bytes: written(mail), arrived_at, partial: false });
        let verdict = self.0.triage.judge(&message, &self.0.wording.policy);
        CaseMessage {
            key: MessageKey::of(&message, &IdentityKey::new([7; 32])),
            location: MessageLocation {
                folder: Folder { mailbox: shop::MAILBOX.into(), role: FolderRole::Inbox },
                name: "1".into(),
            },
            message,
            verdict: Some(verdict),
            raw_kept: false,
            from_us: false,
        }
    }
}

/// The bytes of a mail.
fn written(mail: &Mail) -> Vec<u8> {
    let head = format!(
        "From: {}\r\nTo: support@shop.example\r\nSubject: {}\r\nMIME-Version: 1.0\r\n",
        mail.from, mail.subject
    );
    let text = mail.text.trim().replace('\n', "\r\n");
    let plain = format!("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n");
    if mail.attached.is_empty() {
        return format!("{head}{plain}").into_bytes();
    }
    let mut parts = format!("{head}Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\n{plain}");
    for name in &mail.attached {
        parts += &format!(
            "--b\r\nContent-Type: application/pdf; name=\"{name}\"\r\nContent-Disposition: attachment; \
             filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n"
        );
    }
    (parts + "--b--\r\n").into_bytes()
}

/// The draft that intake left.
fn standing(case: &Case) -> Draft {
    Draft {
        case: case.id.clone(),
        to: case.customer.clone(),
        cc: Vec::new(),
        from: Address::parse("support@shop.example").unwrap(),
        subject: case.subject.clone(),
        body: String::new(),
        suggestion: Suggestion {
            template: Some(TemplateName::new("basic_answer")),
            why: String::new(),
            others: Vec::new(),
            asks: false,
            grants: false,
        },
        newer: None,
        revision: 1,
        approved_as: None,
        opened_by: None,
        edited_by: None,
        changed_at: case.opened_at,
    }
}

fn give(verdict: &mut Verdict, judged: &Judged, policy: &Policy) {
    verdict.intent = Intent::from_label(&judged.intent).expect("an intent");
    verdict.anger = Anger::ALL.iter().copied().find(|anger| anger.as_str() == judged.anger).expect("an anger");
    verdict.reason = Reason::from_label(&judged.reason);
    verdict.signals = judged.signals.iter().map(|signal| Signal::from_label(signal).expect("a signal")).collect();
    verdict.unsure = if judged.unsure { vec![Unsure::Intent] } else { Vec::new() };
    verdict.given.reason = verdict.reason.filter(|reason| *reason != Reason::Unspecified);
    verdict.missing = policy.missing(verdict.intent, &verdict.given);
}

/// The source is asked by the number where the messages name one, else by the address.
fn purchase(situation: &Situation, known: &Given) -> Purchase {
    let at = noon(situation.today);
    if let Some(order) = situation.order() {
        return Purchase::Found { order: Box::new(order), by_number: known.order_number.is_some(), at };
    }
    match situation.order.as_str() {
        Some("not asked") => Purchase::NotAsked,
        Some("not found") => Purchase::NotFound { at },
        Some("several") => Purchase::Several { numbers: vec!["CMD-1042".into(), "CMD-0977".into()], at },
        Some("unavailable") => Purchase::Unavailable { why: "no answer".into(), at },
        other => panic!("{}: no order is {other:?}", situation.name),
    }
}

fn labels(verdict: &Verdict) -> Judged {
    Judged {
        intent: verdict.intent.to_string(),
        anger: verdict.anger.as_str().into(),
        reason: verdict.reason.map(|reason| reason.to_string()).unwrap_or_default(),
        signals: verdict.signals.iter().map(ToString::to_string).collect(),
        unsure: verdict.unsure.contains(&Unsure::Intent),
    }
}

fn then(assessment: &Assessment, suggestion: &Suggestion) -> Then {
    let told = assessment.findings.iter();
    let others = suggestion.others.iter();
    Then {
        bases: told.map(|found| format!("{} {}", found.basis.as_str(), found.standing.as_str())).collect(),
        outcome: said(&assessment.outcome),
        repair_first: assessment.remedy == Some(Remedy::RepairOrReplacement),
        draft: suggestion.template.as_ref().map(ToString::to_string).unwrap_or_default(),
        others: others.map(ToString::to_string).collect(),
        warnings: assessment.warnings.iter().map(|warning| warning.name.clone()).collect(),
        differs: assessment.disagreements.iter().map(|told| told.about.clone()).collect(),
    }
}

/// An outcome in few words.
fn said(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Eligible(basis) => format!("eligible: {}", basis.as_str()),
        Outcome::Ineligible(clause) => format!("not eligible: clause {clause}"),
        Outcome::NeedsInformation(facts) => {
            let facts: Vec<&str> = facts.iter().map(|fact| fact.as_str()).collect();
            format!("needs information: {}", facts.join(", "))
        }
        Outcome::NeedsPerson(why) => {
            let why = serde_json::to_value(why).unwrap();
            format!("needs a person: {}", why.as_str().unwrap_or_default())
        }
        Outcome::NoRefundMatter => "no refund matter".into(),
    }
}

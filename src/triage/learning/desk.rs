//! A reviewer's correction becomes a row of the corpus, without what says who wrote the mail.

use std::ops::Range;

use regex::Regex;
use sha2::{Digest, Sha256};

use super::pseudonyms::{Kept, Names, Pseudonyms, Rewritten};
use crate::domain::{Intent, Message, MessageKey, Reason, Verdict};
use crate::triage::corpus::{CORRECTION, GivenWords, Row, Split, check};

/// Why a correction is no lesson.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum NoLesson {
    /// The reviewer typed a fact in other words than the customer's.
    #[error("a fact is given in words that the mail does not hold")]
    OtherWords,
    /// The verdict is on a whole conversation, of which this message is only the latest part.
    #[error("the customer had written before in the same case: the verdict is not on this message alone")]
    Continued,
    /// The message is gone, and with it the names to take out of the text.
    #[error("the message is no longer stored")]
    Gone,
    /// The row would break a rule of the labelling guide.
    #[error("the labels contradict each other")]
    Contradiction,
}

/// A message and the verdict a reviewer gave it.
#[derive(Debug, Clone, Copy)]
pub struct Corrected<'a> {
    /// The message, for its text and for the people it names.
    pub message: &'a Message,
    /// Identity; its digits are known to the store only.
    pub key: &'a MessageKey,
    /// As corrected.
    pub verdict: &'a Verdict,
}

impl Corrected<'_> {
    /// The row: always on the training side, its id always the same for the same message.
    ///
    /// # Errors
    /// When the models would learn something wrong from it.
    pub fn row(&self) -> Result<Row, NoLesson> {
        let (message, verdict) = (self.message, self.verdict);
        let reason = (verdict.intent == Intent::RefundRequest).then(|| verdict.reason.unwrap_or(Reason::Unspecified));
        let announced = verdict.given.announced_date.as_ref().filter(|_| verdict.intent == Intent::RefundNotReceived);
        let given = &verdict.given;
        let places = Places::of(message);
        let find =
            |words: Option<&String>| words.map(|words| places.find(words).ok_or(NoLesson::OtherWords)).transpose();
        let found = [
            find(given.order_number.as_ref())?,
            find(given.purchase_date.as_ref())?,
            find(given.product.as_ref())?,
            find(announced)?,
        ];
        let rewritten = self.rewritten(&places, &found);
        let words = |place: &Option<Place>| {
            place.as_ref().and_then(|(part, range)| rewritten.get(*part).map(|text| text.words(range.clone())))
        };
        let [order_number, purchase_date, product, announced_date] = found.each_ref().map(words);
        let mut texts = rewritten.into_iter().map(|new| new.text);
        let row = Row {
            id: format!(
                "{CORRECTION}{}",
                self.hidden(b"id").iter().take(8).map(|b| format!("{b:02x}")).collect::<String>()
            ),
            lang: message.language.clone(),
            subject: texts.next().unwrap_or_default(),
            body: texts.next().unwrap_or_default(),
            attachments: texts.collect(),
            intent: verdict.intent,
            anger: verdict.anger,
            reason,
            given: GivenWords { order_number, purchase_date, product, announced_date },
            signals: Some(verdict.signals.clone()),
            hard: Vec::new(),
            split: Split::Train,
        };
        check(&row).map_err(|_| NoLesson::Contradiction)?;
        Ok(row)
    }

    fn rewritten(&self, places: &Places<'_>, found: &[Option<Place>; 4]) -> Vec<Rewritten> {
        let mut names = Names::default();
        let message = self.message;
        let people = message.from.iter().chain(&message.reply_to).chain(&message.sender).chain(&message.forwarded_from);
        for person in people {
            names.add_person(person.name.as_deref(), person.email.as_str());
        }
        for person in message.recipients.iter().filter_map(|person| person.name.as_deref()) {
            // "Support", "Maison Guichet": only who has a first and a last name may be a person.
            if person.split_whitespace().count() >= 2 {
                names.add_person(Some(person), "");
            }
        }
        names.add_written(&message.newest_text);
        let pseudonyms = Pseudonyms::new(self.hidden(b"names"), names);
        let [number, others @ ..] = found;
        let in_part = |part: usize, places: &[Option<Place>]| -> Vec<Range<usize>> {
            places.iter().flatten().filter(|(at, _)| *at == part).map(|(_, range)| range.clone()).collect()
        };
        let parts = places.parts.iter().enumerate().map(|(part, text)| {
            let kept =
                Kept { untouched: in_part(part, others), references: in_part(part, std::slice::from_ref(number)) };
            if part < 2 { pseudonyms.text(text, &kept) } else { pseudonyms.file_name(text, &kept) }
        });
        parts.collect()
    }

    /// Derived from the identity, which nobody has who sees the row.
    fn hidden(&self, purpose: &[u8]) -> [u8; 32] {
        Sha256::new().chain_update(purpose).chain_update(self.key.to_hex()).finalize().into()
    }
}

/// A part (0: subject, 1: body, from 2 on: attachments) and a byte range in it.
type Place = (usize, Range<usize>);

struct Places<'a> {
    parts: Vec<&'a str>,
}

impl<'a> Places<'a> {
    fn of(message: &'a Message) -> Self {
        let mut parts = vec![message.subject.as_str(), message.newest_text.as_str()];
        parts.extend(message.attachments.iter().map(String::as_str));
        Self { parts }
    }

    /// Where the words stand, line ends aside; written large or small where they do not stand exactly so.
    fn find(&self, words: &str) -> Option<Place> {
        let escaped: Vec<String> = words.split_whitespace().map(regex::escape).collect();
        let exact = escaped.join(r"\s+");
        if exact.is_empty() {
            return None;
        }
        // The body first: the subject often repeats its words cut short.
        let order = || (1..self.parts.len()).chain([0]);
        [exact.clone(), format!("(?i){exact}")].iter().find_map(|pattern| {
            let pattern = Regex::new(pattern).ok()?;
            order().find_map(|part| Some((part, pattern.find(self.parts.get(part)?)?.range())))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identity::IdentityKey;
    use crate::domain::{Address, Anger, Given};
    use crate::triage::corpus::parse;

    fn message() -> Message {
        Message {
            from: vec![Address::parse("Anne Dupont <anne.dupont@mail.example>").unwrap()],
            subject: "Bouilloire DUPONT".into(),
            newest_text: "Bonjour, ma Bouilloire\nBelloni achetée le 03/04/2024 fuit. Commande 77-12. Merci, Anne"
                .into(),
            attachments: vec!["facture_dupont_200411.pdf".into()],
            language: "fr".into(),
            ..Message::unreadable("2026-03-02T09:00:00Z".parse().unwrap(), "")
        }
    }

    fn verdict() -> Verdict {
        Verdict {
            intent: Intent::RefundRequest,
            intent_confidence: 1.0,
            anger: Anger::Frustrated,
            anger_confidence: 1.0,
            reason: Some(Reason::Defective),
            reason_confidence: 1.0,
            unsure: Vec::new(),
            given: Given {
                order_number: Some("77-12".into()),
                purchase_date: Some("le 03/04/2024".into()),
                product: Some("bouilloire Belloni".into()),
                reason: Some(Reason::Defective),
                announced_date: None,
            },
            missing: Vec::new(),
            signals: Vec::new(),
            explanation: Vec::new(),
        }
    }

    fn row(message: &Message, verdict: &Verdict) -> Result<Row, NoLesson> {
        let key = MessageKey::of(message, &IdentityKey::new([3; 32]));
        Corrected { message, key: &key, verdict }.row()
    }

    #[test]
    fn a_correction_becomes_a_legal_row_without_its_writer() {
        let row = row(&message(), &verdict()).unwrap();
        let line = row.line();
        for gone in ["Anne", "Dupont", "DUPONT", "dupont", "77-12", "200411"] {
            assert!(!line.contains(gone), "{gone} is left in {line}");
        }
        assert_eq!(row.given.purchase_date.as_deref(), Some("le 03/04/2024"));
        assert_eq!(row.given.product.as_deref(), Some("Bouilloire\nBelloni"));
        assert_eq!((row.split, row.reason), (Split::Train, Some(Reason::Defective)));
        let file =
            crate::domain::Asset { name: "x".into(), origin: "x".into(), bytes: format!("{line}\n").into_bytes() };
        assert_eq!(parse(&file).unwrap(), vec![row]);
    }

    #[test]
    fn facts_that_are_not_the_customer_s_words_teach_nothing() {
        let mut other = verdict();
        other.given.product = Some("kettle".into());
        assert_eq!(row(&message(), &other), Err(NoLesson::OtherWords));
        other.given.product = Some("  ".into());
        assert_eq!(row(&message(), &other), Err(NoLesson::OtherWords));
    }

    #[test]
    fn labels_are_what_the_guide_allows() {
        let mut other = verdict();
        other.intent = Intent::Other;
        other.given.announced_date = Some("no words of the mail".into());
        let row = row(&message(), &other).unwrap();
        assert_eq!((row.reason, row.given.announced_date), (None, None));
    }
}

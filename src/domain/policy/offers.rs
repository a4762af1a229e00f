//! Alternatives, stance and the people around the shop: mediator, marketplaces, measures.

use toml::Spanned;

use super::load::{Checked, Checker};
use super::{
    Alternative, AlternativeKind, AlternativeStance, Apology, Marketplace, Measure, Mediator, RefusalLength,
    RefusalOffers, Stance, file,
};
use crate::domain::money::Money;
use crate::domain::verdict::Reason;

impl Checker<'_> {
    /// What may be offered; what is forbidden is left out.
    pub(super) fn alternatives(&self, written: &[Spanned<file::Alternative>]) -> Checked<Vec<Alternative>> {
        let kinds: Vec<(&str, AlternativeKind)> =
            AlternativeKind::ALL.iter().map(|kind| (kind.as_str(), *kind)).collect();
        let mut seen = Vec::new();
        let mut allowed = Vec::new();
        for item in written {
            let alternative = item.get_ref();
            let kind = self.one_of("alternative.kind", &alternative.kind, &kinds)?;
            let name = kind.as_str();
            if seen.contains(&kind) {
                return Err(self.wrong(&alternative.kind, format!("`alternative.kind`: `{name}` stands twice")));
            }
            seen.push(kind);
            let offered = alternative.instead_of_refund || alternative.on_top;
            if alternative.forbidden == offered {
                let what = if offered {
                    "is both `forbidden` and allowed"
                } else {
                    "is neither allowed (`instead_of_refund`, `on_top`) nor `forbidden`"
                };
                return Err(self.wrong(item, format!("alternative `{name}` {what}: say which")));
            }
            if offered {
                allowed.push(Alternative {
                    kind,
                    instead_of_refund: alternative.instead_of_refund,
                    on_top: alternative.on_top,
                    cap: alternative.cap.as_ref().map(|cap| self.money("alternative.cap", cap)).transpose()?,
                    cap_percent: alternative
                        .cap_percent
                        .as_ref()
                        .map(|cap| self.percent("alternative.cap_percent", cap))
                        .transpose()?,
                    text: self.texts("alternative.text", &alternative.text)?,
                });
            }
        }
        Ok(allowed)
    }

    /// `50 EUR`.
    pub(super) fn money(&self, key: &str, value: &Spanned<String>) -> Checked<Money> {
        let wrong = |why: String| self.wrong(value, format!("`{key}`: {why}"));
        let (amount, currency) = value
            .get_ref()
            .trim()
            .split_once(' ')
            .filter(|(_, code)| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_alphabetic()))
            .ok_or_else(|| wrong("write an amount like \"50 EUR\"".into()))?;
        let money = Money::parse(amount, currency).map_err(|error| wrong(error.to_string()))?;
        if money.minor < 0 { Err(wrong("an amount below nothing".into())) } else { Ok(money) }
    }

    pub(super) fn stance(&self, written: &file::Stance) -> Checked<Stance> {
        let default = Stance::default();
        let offers =
            [("none", RefusalOffers::None), ("non_monetary", RefusalOffers::NonMonetary), ("any", RefusalOffers::Any)];
        let places = [
            ("beside", AlternativeStance::Beside),
            ("before", AlternativeStance::Before),
            ("after_acceptance", AlternativeStance::AfterAcceptance),
        ];
        let sorry = [("experience", Apology::Experience), ("fault_when_proven", Apology::FaultWhenProven)];
        let lengths = [("short", RefusalLength::Short), ("full", RefusalLength::Full)];
        Ok(Stance {
            refusal_offers: self.chosen(
                "refusal_offers",
                written.refusal_offers.as_ref(),
                &offers,
                default.refusal_offers,
            )?,
            alternative: self.chosen("alternative", written.alternative.as_ref(), &places, default.alternative)?,
            apology: self.chosen("apology", written.apology.as_ref(), &sorry, default.apology)?,
            refusal_length: self.chosen(
                "refusal_length",
                written.refusal_length.as_ref(),
                &lengths,
                default.refusal_length,
            )?,
            perks_to_flagged: written.perks_to_flagged,
        })
    }

    fn chosen<T: Copy>(
        &self,
        key: &str,
        value: Option<&Spanned<String>>,
        known: &[(&str, T)],
        default: T,
    ) -> Checked<T> {
        value.map_or(Ok(default), |value| self.one_of(&format!("stance.{key}"), value, known))
    }

    pub(super) fn mediator(&self, written: file::Mediator) -> Checked<Mediator> {
        if written.name.get_ref().trim().is_empty() {
            return Err(self.wrong(&written.name, "`mediator.name` is empty"));
        }
        Ok(Mediator {
            url: self.url("mediator.url", &written.url)?,
            name: written.name.into_inner(),
            address: written.address,
        })
    }

    pub(super) fn marketplace(&self, written: &file::Marketplace) -> Checked<Marketplace> {
        if written.domains.get_ref().is_empty() {
            return Err(
                self.wrong(&written.domains, "`marketplace.domains` is empty: name the domains of its relay addresses")
            );
        }
        let domain = |text: &Spanned<String>| {
            let name = text.get_ref().trim().trim_start_matches('@').to_lowercase();
            let good = name.contains('.')
                && !name.starts_with('.')
                && name.chars().all(|c| c.is_alphanumeric() || "-.".contains(c));
            if good {
                Ok(name)
            } else {
                Err(self.wrong(text, "`marketplace.domains`: write a domain like marketplace.example"))
            }
        };
        Ok(Marketplace {
            name: self.name("marketplace.name", &written.name)?,
            domains: written.domains.get_ref().iter().map(domain).collect::<Checked<_>>()?,
            answer_within_hours: written
                .answer_within_hours
                .as_ref()
                .map(|hours| self.whole("marketplace.answer_within_hours", hours, 1000))
                .transpose()?,
            acknowledge: written.acknowledge,
        })
    }

    pub(super) fn measure(&self, written: &file::Measure) -> Checked<Measure> {
        let reasons: Vec<(&str, Reason)> = Reason::ALL.iter().map(|reason| (reason.as_str(), *reason)).collect();
        let reason = self.one_of("measure.reason", &written.reason, &reasons)?;
        let text = self.texts("measure.text", &written.text)?;
        if text.is_empty() {
            return Err(self.wrong(&written.reason, "`measure.text` is empty: write the sentence, per language"));
        }
        Ok(Measure { reason: reason.as_str().to_owned(), text })
    }
}

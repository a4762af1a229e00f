//! Alternatives to money, and deadlines of the law, as a customer reads them.

use super::date;
use crate::domain::assessment::LegalClock;
use crate::domain::policy::AlternativeKind;

/// A finished phrase for one alternative; `worth` is the most it may be worth, `on_top` whether it comes on top of the
/// money (a lower price is then of another purchase).
pub(in crate::reply) fn offer(kind: AlternativeKind, worth: Option<&str>, on_top: bool, language: &str) -> String {
    let (phrase, up_to) = match (kind, on_top, language) {
        (AlternativeKind::Discount, true, "fr") => {
            ("une remise sur un prochain achat", Some(", pouvant aller jusqu’à "))
        }
        (AlternativeKind::Discount, true, _) => ("a discount on a future purchase", Some(", of up to ")),
        (_, _, "fr") => french(kind),
        _ => english(kind),
    };
    match (worth, up_to) {
        (Some(worth), Some(up_to)) => format!("{phrase}{up_to}{worth}"),
        _ => phrase.to_owned(),
    }
}

/// The phrase, and what leads to its worth, where it has one in money.
fn french(kind: AlternativeKind) -> (&'static str, Option<&'static str>) {
    match kind {
        AlternativeKind::Replacement => ("l’échange contre le même article ou un article équivalent", None),
        AlternativeKind::Repair => ("la réparation de l’article, sans frais pour vous", None),
        AlternativeKind::StoreCredit => {
            ("un avoir à utiliser chez nous", Some(", d’une valeur pouvant aller jusqu’à "))
        }
        AlternativeKind::GiftCard => ("une carte cadeau", Some(" d’une valeur pouvant aller jusqu’à ")),
        AlternativeKind::LoyaltyPoints => ("des points de fidélité", Some(", d’une valeur pouvant aller jusqu’à ")),
        AlternativeKind::Upgrade => (
            "le passage au modèle ou à la formule supérieurs",
            Some(", la différence de prix étant prise en charge jusqu’à "),
        ),
        AlternativeKind::Assistance => ("une aide à la prise en main, par téléphone ou par courriel", None),
        AlternativeKind::ServiceRedone => ("une nouvelle exécution de la prestation, sans frais pour vous", None),
        AlternativeKind::FreeSession => ("une séance offerte", None),
        AlternativeKind::ExtendedAccess => ("la prolongation de votre accès, sans frais pour vous", None),
        AlternativeKind::TemporaryBenefit => ("un avantage sur votre compte, pour une durée limitée", None),
        AlternativeKind::Discount => ("une remise sur cet achat, que vous garderiez", Some(", pouvant aller jusqu’à ")),
    }
}

fn english(kind: AlternativeKind) -> (&'static str, Option<&'static str>) {
    match kind {
        AlternativeKind::Replacement => ("an exchange for the same item or an equivalent one", None),
        AlternativeKind::Repair => ("a repair, at no cost to you", None),
        AlternativeKind::StoreCredit => ("store credit", Some(" worth up to ")),
        AlternativeKind::GiftCard => ("a gift card", Some(" worth up to ")),
        AlternativeKind::LoyaltyPoints => ("loyalty points", Some(" worth up to ")),
        AlternativeKind::Upgrade => {
            ("a move to the next model or plan up", Some(", with the difference covered up to "))
        }
        AlternativeKind::Assistance => ("help with getting started, by phone or e-mail", None),
        AlternativeKind::ServiceRedone => ("having the service done again, at no cost to you", None),
        AlternativeKind::FreeSession => ("a free session", None),
        AlternativeKind::ExtendedAccess => ("an extension of your access, at no cost to you", None),
        AlternativeKind::TemporaryBenefit => ("a benefit on your account for a limited time", None),
        AlternativeKind::Discount => ("a discount on this purchase, which you would keep", Some(", of up to ")),
    }
}

/// A deadline of the law in one sentence; `None` for one that has no words here.
pub(in crate::reply) fn clock(clock: &LegalClock, language: &str) -> Option<String> {
    let article = clock.articles.first()?;
    let by = date(clock.by, language);
    let french = language == "fr";
    let code = match (article.starts_with('L'), french) {
        (true, true) => " du Code de la consommation",
        (true, false) => " of the French Consumer Code",
        (false, _) => "",
    };
    Some(match (french, clock.what.contains("repair")) {
        (true, true) => {
            format!("La loi prévoit une mise en conformité au plus tard le {by} (article {article}{code}).")
        }
        (true, false) => format!("La loi prévoit ce remboursement au plus tard le {by} (article {article}{code})."),
        (false, true) => {
            format!("The law provides for the repair or replacement by {by} at the latest (article {article}{code}).")
        }
        (false, false) => {
            format!("The law provides for this refund by {by} at the latest (article {article}{code}).")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alternative_is_a_phrase_in_both_languages() {
        for kind in AlternativeKind::ALL {
            for language in ["fr", "en"] {
                let plain = offer(*kind, None, false, language);
                let worth = offer(*kind, Some("20"), false, language);
                assert!(worth.starts_with(&plain) && !plain.ends_with(['.', ' ', ',']), "{plain} / {worth}");
                assert!(plain.starts_with(char::is_lowercase), "{plain}");
            }
        }
        assert_eq!(
            offer(AlternativeKind::Discount, Some("€10.00"), true, "en"),
            "a discount on a future purchase, of up to €10.00"
        );
        assert_eq!(offer(AlternativeKind::Repair, Some("€10.00"), false, "en"), "a repair, at no cost to you");
    }
}

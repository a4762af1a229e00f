//! A shop with a whole policy, and what its order source says.

use std::collections::BTreeMap;
use std::path::Path;

use guichet::domain::assessment::{Assessment, Basis, Finding, Outcome, Standing, Terms};
use guichet::domain::order::{Charge, LineKind, OrderLine, Parcel};
use guichet::domain::policy::{Alternative, AlternativeKind, Clause, Measure, Mediator, Policy};
use guichet::domain::{Address, Asset, Calendar, CaseId, Money, Order, Purchase};
use guichet::reply::acknowledgement::Voice;
use guichet::reply::compose::{ComposeError, Drafting};
use guichet::reply::templates::Templates;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::json;

use super::situations::Situation;

/// What drafts are written with.
pub struct Words {
    pub templates: Templates,
    calendar: Calendar,
    languages: Vec<String>,
}

impl Words {
    /// The templates as they lie in the tree, so that a text can be mended without building anew.
    pub fn load() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
        let mut assets = Vec::new();
        collect(&root, &root, &mut assets);
        let zone = TimeZone::get("Europe/Paris").unwrap();
        Self {
            templates: Templates::load(&assets).unwrap(),
            calendar: Calendar::parse(zone, "Mon-Fri 09:00-18:00", &[], Some("FR")).unwrap(),
            languages: vec!["fr".into(), "en".into()],
        }
    }

    /// Writes something of a situation.
    pub fn drafted<T>(
        &self,
        situation: &Situation,
        write: impl FnOnce(&Drafting<'_>, &Voice<'_>) -> Result<T, ComposeError>,
    ) -> Result<T, ComposeError> {
        let case = CaseId::parse("G-7K3Q").unwrap();
        let from = Address::parse("Maison Guichet <support@shop.example>").unwrap();
        let voice =
            Voice { templates: &self.templates, calendar: &self.calendar, languages: &self.languages, fallback: "en" };
        let parts = Drafting {
            case: &case,
            subject: "Remboursement",
            language: "fr",
            received_at: now(),
            verdict: situation.verdict.as_ref(),
            known: &situation.known,
            to: None,
            from: &from,
            assessment: situation.assessment.as_ref(),
            policy: &situation.policy,
            promised: situation.promised,
        };
        write(&parts, &voice)
    }
}

fn collect(root: &Path, folder: &Path, assets: &mut Vec<Asset>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, assets);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            assets.push(Asset { origin: name.clone(), name, bytes: std::fs::read(&path).unwrap() });
        }
    }
}

/// Tuesday, 3 March 2026, 14:05 in Paris.
pub fn now() -> Timestamp {
    "2026-03-03T13:05:09Z".parse().unwrap()
}

pub fn day(text: &str) -> Date {
    text.parse().unwrap()
}

pub fn euros(text: &str) -> Money {
    Money::parse(text, "EUR").unwrap()
}

fn both(fr: &str, en: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("fr".into(), fr.into()), ("en".into(), en.into())])
}

/// Clauses of two versions, a mediator, measures; nothing on offer.
pub fn policy() -> Policy {
    let clause = |id: &str, fr: &str, en: &str, from: &str| Clause {
        id: id.into(),
        text: both(fr, en),
        url: format!("https://shop.example/cgv#{id}"),
        valid_from: day(from),
    };
    Policy {
        return_address: Some("Maison Guichet, Retours, 12 rue du Port, 44000 Nantes".into()),
        clauses: vec![
            clause(
                "returns",
                "Nous reprenons les articles dans les 30 jours qui suivent leur livraison.",
                "We take items back within 30 days of delivery.",
                "2024-01-01",
            ),
            clause(
                "returns",
                "Nous reprenons les articles dans les 60 jours qui suivent leur livraison.",
                "We take items back within 60 days of delivery.",
                "2026-02-20",
            ),
            clause(
                "opened",
                "Pour un article déballé, 15 % du prix est retenu.",
                "For an item that has been unpacked, 15% of the price is retained.",
                "2024-01-01",
            ),
        ],
        mediator: Some(Mediator {
            name: "Médiation du Commerce".into(),
            url: "https://mediation.example".into(),
            address: Some("4 place de la République, 75003 Paris".into()),
        }),
        measures: vec![
            Measure {
                reason: "billing_error".into(),
                text: both(
                    "Depuis, notre page de paiement refuse un second débit pour la même commande.",
                    "Since then, our payment page has refused a second charge for the same order.",
                ),
            },
            Measure {
                reason: "not_delivered".into(),
                text: both(
                    "Depuis le 1er mars, nos colis partent avec un autre transporteur.",
                    "Since 1 March, our parcels have been sent with another carrier.",
                ),
            },
        ],
        ..Policy::default()
    }
}

/// The policy with something on offer.
pub fn offering(offers: &[(AlternativeKind, bool, bool)]) -> Policy {
    let alternatives = offers.iter().map(|(kind, instead_of_refund, on_top)| Alternative {
        kind: *kind,
        instead_of_refund: *instead_of_refund,
        on_top: *on_top,
        cap: Some(euros("150")),
        cap_percent: Some(110),
        text: BTreeMap::new(),
    });
    Policy { alternatives: alternatives.collect(), ..policy() }
}

/// One kettle, paid once, delivered in time.
pub fn kettle() -> Order {
    Order {
        number: "CMD-2026-0142".into(),
        ordered_on: day("2026-02-02"),
        emails: Vec::new(),
        postcode: Some("44000".into()),
        country: Some("FR".into()),
        total: Some(euros("129.90")),
        delivery_cost: Some(euros("4.90")),
        payment_method: Some("card".into()),
        charges: vec![Charge { on: day("2026-02-02"), amount: euros("129.90") }],
        lines: vec![line("Bouilloire Rapido", Some("rouge"), 1, LineKind::Goods)],
        parcels: vec![Parcel { shipped_on: Some(day("2026-02-04")), delivered_on: Some(day("2026-02-06")) }],
        promised_on: Some(day("2026-02-07")),
        cancelled_on: None,
        returned_on: None,
        return_sent_on: None,
        returned_in_part: false,
        refunded: None,
        refunded_on: None,
        refund_reference: None,
        earlier_orders: None,
    }
}

pub fn line(product: &str, variant: Option<&str>, quantity: u32, kind: LineKind) -> OrderLine {
    OrderLine {
        product: product.into(),
        variant: variant.map(str::to_owned),
        family: None,
        quantity,
        price: None,
        kind,
        second_hand: false,
    }
}

/// By 10 March, on the card, nothing to send back.
pub fn terms(amount: &str) -> Terms {
    let terms = json!({
        "amount": euros(amount),
        "method": "original",
        "paid_by": "2026-03-10",
        "arrives_by": "2026-03-17",
        "return_needed": false,
        "customer_pays_return": false,
    });
    serde_json::from_value(terms).unwrap()
}

/// An assessment of an order; a basis that governs applies, and nothing else does.
pub fn assessed(order: Option<Order>, governing: Option<Basis>, outcome: Outcome, terms: Option<Terms>) -> Assessment {
    let finding = |basis: Basis| Finding {
        basis,
        standing: if governing == Some(basis) { Standing::Applies } else { Standing::Expired },
        until: None,
        steps: Vec::new(),
        articles: Vec::new(),
    };
    let purchase = order.map_or(Purchase::NotFound { at: now() }, |order| Purchase::Found {
        order: Box::new(order),
        by_number: true,
        at: now(),
    });
    let assessment = json!({
        "at": now(),
        "purchase": purchase,
        "findings": Basis::ALL.iter().copied().map(finding).collect::<Vec<_>>(),
        "governing": governing,
        "outcome": outcome,
        "disagreements": [],
        "clocks": [],
        "terms": terms,
        "stage": null,
        "warnings": [],
        "clause": null,
    });
    serde_json::from_value(assessment).unwrap()
}

/// A refund is owed on this basis.
pub fn eligible(order: Order, basis: Basis, terms: Terms) -> Assessment {
    assessed(Some(order), Some(basis), Outcome::Eligible(basis), Some(terms))
}

/// Whether a basis in law stands, or nobody has looked.
pub fn statutory(assessment: Option<&Assessment>) -> bool {
    let stands = |found: &Finding| {
        found.basis.is_statutory() && matches!(found.standing, Standing::Applies | Standing::Possible)
    };
    assessment.is_none_or(|assessment| assessment.findings.iter().any(stands))
}

//! The known keys of the policy.

use crate::domain::known_keys::Shape::{self, Table, Tables, Value};

const BASES: &[(&str, Shape)] = &[
    ("billing", Value),
    ("cancelled", Value),
    ("non_delivery", Value),
    ("withdrawal", Value),
    ("conformity", Value),
    ("goodwill", Value),
];

const ALTERNATIVE: &[(&str, Shape)] = &[
    ("kind", Value),
    ("forbidden", Value),
    ("instead_of_refund", Value),
    ("on_top", Value),
    ("cap", Value),
    ("cap_percent", Value),
    ("text", Value),
];

const STANCE: &[(&str, Shape)] = &[
    ("refusal_offers", Value),
    ("alternative", Value),
    ("apology", Value),
    ("refusal_length", Value),
    ("perks_to_flagged", Value),
];

/// Every key of `policy.toml`.
pub const KEYS: &[(&str, Shape)] = &[
    ("needed", Value),
    ("law", Value),
    ("informs_of_withdrawal", Value),
    ("customer_pays_return", Value),
    ("return_address", Value),
    ("quote_legal_clocks", Value),
    ("clause", Tables(&[("id", Value), ("valid_from", Value), ("url", Value), ("text", Value)])),
    ("family", Tables(&[("name", Value), ("products", Value), ("no_withdrawal", Value), ("supplied_months", Value)])),
    ("window", Tables(&[("family", Value), ("days", Value), ("clause", Value), ("fee_percent", Value)])),
    ("fees", Table(BASES)),
    ("methods", Table(BASES)),
    ("promises", Table(&[("processing_days", Value), ("bank_days", Value), ("answer_within_hours", Value)])),
    ("alternative", Tables(ALTERNATIVE)),
    ("mediator", Table(&[("name", Value), ("url", Value), ("address", Value)])),
    (
        "marketplace",
        Tables(&[("name", Value), ("domains", Value), ("answer_within_hours", Value), ("acknowledge", Value)]),
    ),
    ("measure", Tables(&[("reason", Value), ("text", Value)])),
    ("roles", Table(&[("refuse", Value), ("accept", Value), ("accept_up_to", Value), ("safety", Value)])),
    ("stance", Table(STANCE)),
];

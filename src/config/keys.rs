//! The known keys of the configuration.

use crate::adapters::orders::Field;
use crate::domain::known_keys::Shape::{self, Secret, Table, Tables, Value, Values};

const SECRET: Shape = Secret(&[("file", Value), ("env", Value), ("command", Value), ("credential", Value)]);

const OAUTH2: &[(&str, Shape)] = &[
    ("token_url", Value),
    ("client_id", Value),
    ("client_secret", SECRET),
    ("refresh_token", SECRET),
    ("scope", Value),
    ("ca_file", Value),
];

const IMAP: &[(&str, Shape)] = &[
    ("host", Value),
    ("port", Value),
    ("tls", Value),
    ("username", Value),
    ("password", SECRET),
    ("oauth2", Table(OAUTH2)),
    ("ca_file", Value),
    ("folder", Value),
    ("junk_folder", Value),
    ("sent_folder", Value),
    ("poll_interval", Value),
    ("max_message_size", Value),
];

const SMTP: &[(&str, Shape)] = &[
    ("host", Value),
    ("port", Value),
    ("tls", Value),
    ("username", Value),
    ("password", SECRET),
    ("oauth2", Table(OAUTH2)),
    ("ca_file", Value),
    ("max_per_hour", Value),
    ("outbox_dir", Value),
];

const MAILBOX: &[(&str, Shape)] = &[
    ("name", Value),
    ("source", Value),
    ("path", Value),
    ("sent_path", Value),
    ("addresses", Value),
    ("from", Value),
    ("contact_forms", Value),
    ("colleagues", Value),
    ("trusted_authserv_id", Value),
    ("return_path", Value),
    ("recipient_headers", Value),
    ("envelope_sender", Value),
    ("history_days", Value),
    ("signature", Value),
    ("in_doubt", Value),
    ("sent_copy", Value),
    ("undo_window", Value),
    ("reminder_days", Value),
    ("imap", Table(IMAP)),
    ("smtp", Table(SMTP)),
];

/// A charge has several values, each with its day: only JSON can tell them apart from the order's.
fn columns() -> Vec<&'static str> {
    let of_charge = [Field::ChargedOn, Field::ChargeAmount];
    Field::ALL.iter().filter(|(field, _)| !of_charge.contains(field)).map(|(_, name)| *name).collect()
}

fn fields() -> Vec<&'static str> {
    ["orders", "lines", "parcels"].into_iter().chain(Field::ALL.iter().map(|(_, name)| *name)).collect()
}

const ORDERS: &[(&str, Shape)] = &[
    ("source", Value),
    ("file", Value),
    ("separator", Value),
    ("encoding", Value),
    ("date_format", Value),
    ("currency", Value),
    ("columns", Values(columns)),
    ("profile", Value),
    ("url", Value),
    ("url_by_email", Value),
    ("header", Value),
    ("scheme", Value),
    ("secret", SECRET),
    ("ca_file", Value),
    ("cache", Value),
    ("missing_is_404", Value),
    ("fields", Values(fields)),
];

const STANCE: &[(&str, Shape)] = &[
    ("refusal_offers", Value),
    ("alternative", Value),
    ("apology", Value),
    ("refusal_length", Value),
    ("perks_to_flagged", Value),
];

/// Every key of `guichet.toml`.
pub const KEYS: &[(&str, Shape)] = &[
    ("data_dir", Value),
    ("state_witness", Value),
    ("backup_dir", Value),
    ("backup_keep", Value),
    ("mode", Value),
    ("time_zone", Value),
    ("languages", Value),
    ("fallback_language", Value),
    ("calendar", Table(&[("country", Value), ("hours", Value), ("closed", Value)])),
    ("mailbox", Tables(MAILBOX)),
    (
        "acknowledge",
        Table(&[
            ("max_age", Value),
            ("max_recipients", Value),
            ("per_sender_per_day", Value),
            ("per_domain_per_hour", Value),
            ("per_mailbox_per_hour", Value),
        ]),
    ),
    ("retention", Table(&[("raw_days", Value), ("automated_days", Value), ("closed_days", Value)])),
    ("policy", Table(&[("file", Value), ("stance", Table(STANCE))])),
    ("figures", Table(&[("cost_per_refund", Value)])),
    ("orders", Table(ORDERS)),
    (
        "refunds",
        Table(&[("webhook", Table(&[("url", Value), ("secret", SECRET), ("ca_file", Value)])), ("command", Value)]),
    ),
    ("desk", Table(&[("listen", Value), ("hosts", Value), ("https", Value)])),
];

//! The known keys, checked before anything else so that a typing error names its line and the key
//! that was probably meant.

use toml::de::{DeTable, DeValue};

use super::load::ConfigError;

/// What may stand under a key.
pub enum Shape {
    /// A value; its type is checked when it is read.
    Value,
    /// A table with these keys.
    Table(&'static [(&'static str, Shape)]),
    /// An array of tables with these keys.
    Tables(&'static [(&'static str, Shape)]),
}

use Shape::{Table, Tables, Value};

const SECRET: Shape = Table(&[("file", Value), ("env", Value), ("command", Value), ("credential", Value)]);

const IMAP: &[(&str, Shape)] = &[
    ("host", Value),
    ("port", Value),
    ("tls", Value),
    ("username", Value),
    ("password", SECRET),
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

const COLUMNS: &[(&str, Shape)] = &[
    ("number", Value),
    ("ordered_on", Value),
    ("email", Value),
    ("postcode", Value),
    ("country", Value),
    ("total", Value),
    ("currency", Value),
    ("delivery_cost", Value),
    ("payment_method", Value),
    ("charges", Value),
    ("promised_on", Value),
    ("cancelled_on", Value),
    ("returned_on", Value),
    ("return_sent_on", Value),
    ("returned_in_part", Value),
    ("refunded", Value),
    ("refunded_on", Value),
    ("refund_reference", Value),
    ("earlier_orders", Value),
    ("product", Value),
    ("variant", Value),
    ("family", Value),
    ("quantity", Value),
    ("price", Value),
    ("kind", Value),
    ("second_hand", Value),
    ("shipped_on", Value),
    ("delivered_on", Value),
];

const FIELDS: &[(&str, Shape)] = &[
    ("orders", Value),
    ("lines", Value),
    ("parcels", Value),
    ("number", Value),
    ("ordered_on", Value),
    ("email", Value),
    ("postcode", Value),
    ("country", Value),
    ("total", Value),
    ("currency", Value),
    ("delivery_cost", Value),
    ("payment_method", Value),
    ("charges", Value),
    ("promised_on", Value),
    ("cancelled_on", Value),
    ("returned_on", Value),
    ("return_sent_on", Value),
    ("returned_in_part", Value),
    ("refunded", Value),
    ("refunded_on", Value),
    ("refund_reference", Value),
    ("earlier_orders", Value),
    ("product", Value),
    ("variant", Value),
    ("family", Value),
    ("quantity", Value),
    ("price", Value),
    ("kind", Value),
    ("second_hand", Value),
    ("shipped_on", Value),
    ("delivered_on", Value),
    ("charged_on", Value),
    ("charge_amount", Value),
];

const ORDERS: &[(&str, Shape)] = &[
    ("source", Value),
    ("file", Value),
    ("separator", Value),
    ("encoding", Value),
    ("date_format", Value),
    ("currency", Value),
    ("columns", Table(COLUMNS)),
    ("profile", Value),
    ("url", Value),
    ("url_by_email", Value),
    ("header", Value),
    ("scheme", Value),
    ("secret", SECRET),
    ("ca_file", Value),
    ("cache", Value),
    ("missing_is_404", Value),
    ("fields", Table(FIELDS)),
];

/// Every key of `guichet.toml`.
pub const KEYS: &[(&str, Shape)] = &[
    ("data_dir", Value),
    ("state_witness", Value),
    ("backup_dir", Value),
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
    ("policy", Table(&[("file", Value)])),
    ("orders", Table(ORDERS)),
    (
        "refunds",
        Table(&[("webhook", Table(&[("url", Value), ("secret", SECRET), ("ca_file", Value)])), ("command", Value)]),
    ),
    ("desk", Table(&[("listen", Value), ("hosts", Value), ("https", Value)])),
];

/// Refuses the first key that is not known.
pub fn check(
    table: &DeTable<'_>,
    keys: &[(&str, Shape)],
    path: &str,
    at: &dyn Fn(usize) -> String,
) -> Result<(), ConfigError> {
    for (key, value) in table {
        let name: &str = key.get_ref();
        let full = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        let Some((_, shape)) = keys.iter().find(|(known, _)| *known == name) else {
            return Err(ConfigError::new(at(key.span().start), unknown(&full, name, keys)));
        };
        match (shape, value.get_ref()) {
            (Table(inner), DeValue::Table(table)) => check(table, inner, &full, at)?,
            (Tables(inner), DeValue::Array(items)) => {
                for item in items.iter() {
                    let DeValue::Table(table) = item.get_ref() else {
                        return Err(ConfigError::new(
                            at(item.span().start),
                            format!("`{full}` holds tables: write [[{full}]]"),
                        ));
                    };
                    check(table, inner, &full, at)?;
                }
            }
            (Tables(_), _) => {
                return Err(ConfigError::new(
                    at(value.span().start),
                    format!("`{full}` is a list of tables: write [[{full}]]"),
                ));
            }
            // Said here without the value: it may be a password.
            (Table(_), _) => {
                return Err(ConfigError::new(
                    at(value.span().start),
                    format!("`{full}` takes a table{}", example(name)),
                ));
            }
            (Value, _) => {}
        }
    }
    Ok(())
}

fn example(name: &str) -> &'static str {
    if matches!(name, "password" | "secret") {
        ": { file = \"…\" }, { env = \"…\" }, { command = \"…\" } or { credential = \"…\" }"
    } else {
        ""
    }
}

fn unknown(full: &str, name: &str, keys: &[(&str, Shape)]) -> String {
    let nearest = keys
        .iter()
        .map(|(known, _)| (strsim::damerau_levenshtein(known, name), *known))
        .min()
        .filter(|(distance, known)| *distance <= 2.max(known.len() / 3));
    match nearest {
        Some((_, known)) => format!("unknown key `{full}`: did you mean `{known}`?"),
        None if keys.is_empty() => format!("unknown key `{full}`: nothing can be set here"),
        None => {
            let known: Vec<&str> = keys.iter().map(|(known, _)| *known).collect();
            format!("unknown key `{full}`: known here are {}", known.join(", "))
        }
    }
}

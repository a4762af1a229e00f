//! Telling the shop's payment side of an accepted refund: by webhook or by a program of the operator's.

mod command;
mod webhook;

use serde::Serialize;

use crate::ports::RefundNotice;

pub use command::CommandRefunds;
pub use webhook::{SIGNATURE_HEADER, WebhookRefunds, signature};

/// The notice as the other side reads it; `docs/refunds.md` explains each field.
#[derive(Serialize)]
struct Document<'a> {
    schema: u8,
    event: &'static str,
    idempotency_key: &'a str,
    case: &'a str,
    order_number: Option<&'a str>,
    amount: Option<Amount<'a>>,
    method: &'a str,
    basis: &'a str,
    approved_by: &'a str,
    approved_at: String,
}

#[derive(Serialize)]
struct Amount<'a> {
    value: String,
    minor: i64,
    currency: &'a str,
}

/// The same bytes at each repetition.
fn document(notice: &RefundNotice) -> Result<Vec<u8>, serde_json::Error> {
    let amount = notice.amount.as_ref().map(|amount| {
        let (whole, fraction) = amount.parts();
        let sign = if amount.minor < 0 { "-" } else { "" };
        let point = if fraction.is_empty() { "" } else { "." };
        Amount { value: format!("{sign}{whole}{point}{fraction}"), minor: amount.minor, currency: &amount.currency }
    });
    serde_json::to_vec(&Document {
        schema: 1,
        event: "refund_approved",
        idempotency_key: &notice.idempotency_key,
        case: notice.case.as_str(),
        order_number: notice.order_number.as_deref(),
        amount,
        method: &notice.method,
        basis: &notice.basis,
        approved_by: &notice.approved_by,
        approved_at: notice.approved_at.to_string(),
    })
}

//! Refund notices on their way: a real server on loopback, real programs, the daemon killed in between.

mod command;
mod crash;
mod webhook;

use guichet::domain::{CaseId, Money};
use guichet::ports::RefundNotice;

fn notice() -> RefundNotice {
    let case = CaseId::parse("G-7K3Q").unwrap();
    RefundNotice {
        idempotency_key: "G-7K3Q-0123456789abcdef".into(),
        case,
        order_number: Some("48213".into()),
        amount: Some(Money::parse("129.90", "EUR").unwrap()),
        method: "original".into(),
        basis: "conformity".into(),
        approved_by: "ana".into(),
        approved_at: "2026-03-02T09:00:00Z".parse().unwrap(),
    }
}

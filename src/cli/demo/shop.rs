//! The demo's shop: its orders as its system would export them, and its policy. All days are counted from today, so
//! that the sample mails and their orders fit each other whenever the demo is run.

use std::fmt::Write as _;
use std::path::Path;

use jiff::ToSpan as _;
use jiff::civil::Date;

/// One row an order; `{-12}` is the day twelve days ago.
const ORDERS: &str = include_str!("shop/orders.csv");
/// The shop's policy.
pub const POLICY: &str = include_str!("shop/policy.toml");

const MONTHS_FR: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

/// The order file of a round and all before, put in its place at once as a good export does.
pub fn export(file: &Path, round: u32, today: Date) -> std::io::Result<()> {
    let beside = file.with_extension("new");
    std::fs::write(&beside, orders(round, today))?;
    std::fs::rename(beside, file)
}

/// Replaces `{-12}` by the day twelve days ago as 2026-03-02, `{fr -12}` by « 2 mars », `{en -12}` by “2 March”.
pub fn dated(text: &str, today: Date) -> String {
    let mut parts = text.split('{');
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let Some((day, rest)) = part.split_once('}').and_then(|(mark, rest)| Some((day(mark, today)?, rest))) else {
            whole.push('{');
            whole.push_str(part);
            continue;
        };
        whole.push_str(&day);
        whole.push_str(rest);
    }
    whole
}

fn day(mark: &str, today: Date) -> Option<String> {
    let (language, days) = mark.split_once(' ').unwrap_or(("", mark));
    let day = today.saturating_sub(days.strip_prefix('-')?.parse::<i32>().ok()?.days());
    Some(match language {
        "" => day.to_string(),
        "en" => day.strftime("%-d %B").to_string(),
        "fr" => {
            let first = if day.day() == 1 { "er" } else { "" };
            let month = usize::try_from(day.month() - 1).ok().and_then(|month| MONTHS_FR.get(month))?;
            format!("{}{first} {month}", day.day())
        }
        _ => return None,
    })
}

/// In later rounds the same words come from somebody else about another order, or they would join the first case.
pub fn somebody_else(text: &str, round: u32) -> String {
    if round == 0 {
        return text.to_owned();
    }
    let renumbered = numbers().fold(text.to_owned(), |text, number| text.replace(number, &format!("{number}{round}")));
    let mut lines = String::new();
    for line in renumbered.lines() {
        let address = line.starts_with("From:") || line.starts_with("Return-Path:");
        let _ = match line.split_once('@') {
            Some((local, domain)) if address => writeln!(lines, "{local}{round}@{domain}"),
            _ => writeln!(lines, "{line}"),
        };
    }
    lines
}

fn numbers() -> impl Iterator<Item = &'static str> {
    ORDERS.lines().skip(1).filter_map(|row| row.split(',').next())
}

fn orders(last_round: u32, today: Date) -> String {
    let (header, rows) = ORDERS.split_once('\n').unwrap_or_default();
    let mut text = format!("{header}\n");
    for round in 0..=last_round {
        for row in rows.lines() {
            let mut cells = row.splitn(4, ',');
            let [number, ordered_on, email, rest] = [(); 4].map(|()| cells.next().unwrap_or_default());
            let (number, email) = match (round, email.split_once('@')) {
                (1.., Some((local, domain))) => (format!("{number}{round}"), format!("{local}{round}@{domain}")),
                _ => (number.to_owned(), email.to_owned()),
            };
            text += &dated(&format!("{number},{ordered_on},{email},{rest}\n"), today);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::tz::TimeZone;

    use super::*;
    use crate::adapters::orders::{CsvOrders, CsvSettings, DateFormat, Formats};
    use crate::domain::policy::Policy;
    use crate::domain::{Asset, Email};
    use crate::ports::{OrderQuery, Orders as _};

    const TODAY: Date = jiff::civil::date(2026, 3, 13);

    #[test]
    fn days_are_counted_from_today() {
        let told = dated("{-0} {-12}, le {fr -12}, on {en -41} {name}", TODAY);
        assert_eq!(told, "2026-03-13 2026-03-01, le 1er mars, on 31 January {name}");
    }

    #[test]
    fn a_later_round_comes_from_somebody_else() {
        let text =
            "Return-Path: <a@x.example>\nFrom: A <a@x.example>\nTo: s@y.example\n\nhello a@x.example, order 48213\n";
        let other = somebody_else(text, 2);
        assert!(other.contains("From: A <a2@x.example>") && other.contains("To: s@y.example\n\nhello a@x.example"));
        assert!(other.contains("order 482132\n"));
        assert_eq!(somebody_else(text, 0), text);
    }

    #[test]
    fn each_round_has_its_own_orders() {
        let text = orders(1, TODAY);
        assert_eq!(text.lines().count(), 1 + 2 * numbers().count());
        assert!(text.contains("\n482131,2026-02-27,tom.whitfield1@btmail.example,75011,"), "{text}");
    }

    #[tokio::test]
    async fn every_order_and_the_policy_are_read_as_the_shop_means_them() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("orders.csv");
        export(&file, 1, TODAY).unwrap();
        let formats = Formats { dates: DateFormat::Iso, currency: "EUR".into(), time_zone: TimeZone::UTC };
        let source =
            CsvOrders::new(CsvSettings { file, separator: None, encoding: None, columns: BTreeMap::new(), formats });
        assert_eq!(source.trouble().await, None);
        for number in numbers().flat_map(|number| [number.to_owned(), format!("{number}1")]) {
            let found = source.find(&OrderQuery { number: Some(number.clone()), email: None }).await.unwrap();
            assert_eq!(found.len(), 1, "{number}");
        }
        let buyer = Email::parse("nathalie.royer1@free.example").unwrap();
        let found = source.find(&OrderQuery { number: None, email: Some(buyer) }).await.unwrap();
        assert_eq!(found.len(), 2, "a number has to be asked for");
        let asset = Asset { name: "policy.toml".into(), origin: "policy.toml".into(), bytes: POLICY.into() };
        let policy = Policy::load_in(&asset, &["fr".into(), "en".into()]).unwrap();
        assert!(policy.warnings().is_empty(), "{:?}", policy.warnings());
    }
}

//! `guichet stats`: what was asked, how fast it was answered, and what came of it.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::bail;
use clap::Args;
use jiff::civil::Date;
use serde::Serialize;

use super::wiring;
use crate::config::Config;
use crate::control::{Client, ClientError, Request, Response};
use crate::domain::Money;
use crate::domain::rating::MARKS;
use crate::ports::Store as _;
use crate::ports::store::{Counts, Figures, Period, Spread};

/// Figures over the cases opened in a period.
#[derive(Debug, Args)]
pub struct StatsArgs {
    /// First day, like 2026-03-01.
    #[arg(long)]
    from: Option<Date>,
    /// Last day.
    #[arg(long)]
    to: Option<Date>,
    /// Prints `section,name,value` rows.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs the command: the daemon counts, or, where none runs, this process.
///
/// # Errors
/// When the period ends before it begins, or the store cannot be read.
pub async fn run(args: StatsArgs, config: &Config, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    if args.from.zip(args.to).is_some_and(|(from, to)| to < from) {
        bail!("--to lies before --from");
    }
    let period = Period { from: args.from, to: args.to };
    let figures = match Client::connect(&config.data_dir).await {
        Ok(mut daemon) => match daemon.ask(&Request::Figures { period }).await? {
            Response::Figures(figures) => *figures,
            Response::Refused { why, .. } => bail!("{why}"),
            _ => bail!("the daemon answered another question: use the same version"),
        },
        Err(ClientError::NoDaemon(_)) => {
            let store = wiring::store_without_daemon(config)?;
            store.figures(period, &config.calendar.time_zone).await?
        }
        Err(error) => return Err(error.into()),
    };
    let stats = Stats::new(figures, config.cost_per_refund.clone());
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&stats)?)?;
    } else if args.csv {
        write!(out, "{}", csv(&stats))?;
    } else {
        write!(out, "{}", text(&stats))?;
    }
    Ok(())
}

/// The figures, and what the refunds cost in handling.
#[derive(Debug, Serialize)]
struct Stats {
    #[serde(flatten)]
    figures: Figures,
    /// As configured.
    cost_per_refund: Option<Money>,
    /// So much for every notice that the payment side took.
    cost_of_refunds: Option<Money>,
    /// Mean mark by month, and of all (`all`).
    rating_mean: BTreeMap<String, f64>,
}

impl Stats {
    fn new(figures: Figures, cost_per_refund: Option<Money>) -> Self {
        let told = figures.notices.get("told").copied().unwrap_or_default();
        let cost_of_refunds = cost_per_refund.as_ref().and_then(|one| {
            let minor = one.minor.checked_mul(i64::try_from(told).ok()?)?;
            Some(Money { minor, currency: one.currency.clone() })
        });
        let rating_mean = means(&figures.ratings);
        Self { figures, cost_per_refund, cost_of_refunds, rating_mean }
    }

    /// Amounts, each with what it is of.
    fn amounts(&self) -> Vec<(&'static str, &Money)> {
        let refunded = self.figures.refunded.iter().map(|sum| ("refunded", sum));
        let cost = [("cost_per_refund", &self.cost_per_refund), ("cost_of_refunds", &self.cost_of_refunds)];
        refunded.chain(cost.into_iter().filter_map(|(name, sum)| Some((name, sum.as_ref()?)))).collect()
    }
}

/// The mean of each month's marks, to two places, and of all of them.
fn means(ratings: &BTreeMap<String, Counts>) -> BTreeMap<String, f64> {
    let mut all = Counts::new();
    for (mark, given) in ratings.values().flatten() {
        *all.entry(mark.clone()).or_default() += given;
    }
    let every = ratings.iter().map(|(month, marks)| (month.clone(), marks)).chain([("all".to_owned(), &all)]);
    every.filter_map(|(name, marks)| Some((name, mean(marks)?))).collect()
}

fn mean(marks: &Counts) -> Option<f64> {
    let given: u64 = marks.values().sum();
    let sum: u64 = marks.iter().filter_map(|(mark, given)| Some(mark.parse::<u64>().ok()? * given)).sum();
    // Whole hundredths first, so that no binary fraction shows.
    let hundredths = (sum * 100 + given / 2).checked_div(given)?;
    Some(f64::from(u32::try_from(hundredths).ok()?) / 100.0)
}

/// `1: 0, 2: 1, …`: every mark, given or not.
fn distribution(marks: &Counts) -> Vec<(String, u64)> {
    MARKS
        .map(|mark| mark.to_string())
        .map(|mark| (mark.clone(), marks.get(&mark).copied().unwrap_or_default()))
        .collect()
}

fn sections(figures: &Figures) -> [(&'static str, &Counts); 15] {
    [
        ("state", &figures.states),
        ("intent", &figures.intents),
        ("reason", &figures.reasons),
        ("product", &figures.products),
        ("family", &figures.families),
        ("week", &figures.weeks),
        ("month", &figures.months),
        ("country", &figures.countries),
        ("order_history", &figures.order_history),
        ("outcome", &figures.outcomes),
        ("basis", &figures.bases),
        ("approved", &figures.approved),
        ("edited", &figures.edited),
        ("refund_notice", &figures.notices),
        ("alternative", &figures.alternatives),
    ]
}

fn times(figures: &Figures) -> [(&'static str, Spread); 4] {
    [
        ("to_acknowledgement", figures.to_acknowledgement),
        ("to_first_answer", figures.to_first_answer),
        ("to_decision", figures.to_decision),
        ("to_refund_notice", figures.to_refund_notice),
    ]
}

fn totals(figures: &Figures) -> [(&'static str, u64); 5] {
    [
        ("cases", figures.cases),
        ("unsure", figures.unsure),
        ("corrected", figures.corrected),
        ("promises_lapsed", figures.promises_lapsed),
        ("calls", figures.calls),
    ]
}

/// RFC 4180 rows; times in seconds, empty where there are none.
fn csv(stats: &Stats) -> String {
    let figures = &stats.figures;
    let mut out = "section,name,value\r\n".to_owned();
    let mut row = |section: &str, name: &str, value: &str| {
        out += &format!("{section},{},{value}\r\n", field(name));
    };
    for (name, value) in totals(figures) {
        row("total", name, &value.to_string());
    }
    for (name, amount) in stats.amounts() {
        row("money", name, &amount.to_string());
    }
    for (name, spread) in times(figures) {
        row(name, "count", &spread.count.to_string());
        let seconds = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
        row(name, "median_seconds", &seconds(spread.median));
        row(name, "p90_seconds", &seconds(spread.p90));
    }
    for (section, counts) in sections(figures) {
        for (name, value) in counts {
            row(section, name, &value.to_string());
        }
    }
    for (month, mean) in &stats.rating_mean {
        row("rating_mean", month, &format!("{mean:.2}"));
    }
    for (month, marks) in &figures.ratings {
        for (mark, given) in distribution(marks) {
            row("rating", &format!("{month} {mark}"), &given.to_string());
        }
    }
    out
}

/// A customer's words may stand in a product's name: a spreadsheet must not take them for a formula.
fn field(text: &str) -> String {
    let harmless = if text.starts_with(['=', '+', '-', '@', '\t']) { format!("'{text}") } else { text.to_owned() };
    if harmless.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", harmless.replace('"', "\"\"")) } else { harmless }
}

fn text(stats: &Stats) -> String {
    let figures = &stats.figures;
    let mut out = String::new();
    for (name, value) in totals(figures) {
        out += &format!("{:<20} {value}\n", name.replace('_', " "));
    }
    for (name, amount) in stats.amounts() {
        out += &format!("{:<20} {amount}\n", name.replace('_', " "));
    }
    out += "\n";
    for (name, spread) in times(figures) {
        let said = |value: Option<u64>| value.map_or_else(|| "-".to_owned(), duration);
        let (median, p90) = (said(spread.median), said(spread.p90));
        out +=
            &format!("{:<20} median {median}, 9 in 10 within {p90} ({} cases)\n", name.replace('_', " "), spread.count);
    }
    for (section, counts) in sections(figures).into_iter().filter(|(_, counts)| !counts.is_empty()) {
        out += &format!("\n{}\n", section.replace('_', " "));
        let mut rows: Vec<_> = counts.iter().collect();
        if !matches!(section, "week" | "month") {
            rows.sort_by_key(|(_, value)| std::cmp::Reverse(**value));
        }
        for (name, value) in rows {
            out += &format!("  {value:>6}  {}\n", super::terminal::plain(name));
        }
    }
    out + &ratings(stats)
}

/// Mean and distribution by month, and the mean of all.
fn ratings(stats: &Stats) -> String {
    let Some(all) = stats.rating_mean.get("all") else { return String::new() };
    let mut out = format!("\nrating (1 to 5)\n  {all:>6.2}  all\n");
    for (month, marks) in &stats.figures.ratings {
        let given: Vec<String> =
            distribution(marks).into_iter().map(|(mark, given)| format!("{mark}: {given}")).collect();
        let mean = stats.rating_mean.get(month).copied().unwrap_or_default();
        out += &format!("  {mean:>6.2}  {month} ({})\n", given.join(", "));
    }
    out
}

/// `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`.
fn duration(seconds: u64) -> String {
    match seconds {
        0..600 => format!("{seconds} s"),
        600..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_commas_are_quoted() {
        assert_eq!(field("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(field("kettle, red"), "\"kettle, red\"");
        assert_eq!(field("kettle"), "kettle");
    }

    #[test]
    fn what_refunds_cost_is_told_in_every_form() {
        let one = Money::parse("4.50", "EUR").unwrap();
        let figures = Figures {
            notices: [("told".to_owned(), 3), ("given_up".to_owned(), 1)].into(),
            refunded: vec![Money::parse("129.90", "EUR").unwrap()],
            ..Figures::default()
        };
        let stats = Stats::new(figures.clone(), Some(one));
        assert_eq!(stats.cost_of_refunds.as_ref().unwrap().to_string(), "13.50 EUR");
        assert!(csv(&stats).contains("money,refunded,129.90 EUR\r\nmoney,cost_per_refund,4.50 EUR\r\n"));
        assert!(text(&stats).contains("cost of refunds      13.50 EUR\n"), "{}", text(&stats));
        let json = serde_json::to_value(&stats).unwrap();
        assert_eq!((&json["cost_of_refunds"]["minor"], &json["cases"]), (&1350.into(), &0.into()));
        assert_eq!(Stats::new(figures, None).cost_of_refunds, None);
    }

    #[test]
    fn marks_are_told_by_month_with_their_mean_in_every_form() {
        let marks = |pairs: &[(&str, u64)]| pairs.iter().map(|(mark, n)| ((*mark).to_owned(), *n)).collect::<Counts>();
        let ratings =
            [("2026-02".to_owned(), marks(&[("4", 1), ("5", 2)])), ("2026-03".to_owned(), marks(&[("1", 1)]))];
        let stats = Stats::new(Figures { ratings: ratings.into(), ..Figures::default() }, None);
        let text = text(&stats);
        let told =
            "rating (1 to 5)\n    3.75  all\n    4.67  2026-02 (1: 0, 2: 0, 3: 0, 4: 1, 5: 2)\n    1.00  2026-03";
        assert!(text.contains(told), "{text}");
        let csv = csv(&stats);
        assert!(
            csv.contains("rating_mean,2026-02,4.67\r\nrating_mean,2026-03,1.00\r\nrating_mean,all,3.75\r\n"),
            "{csv}"
        );
        assert!(csv.contains("rating,2026-02 3,0\r\nrating,2026-02 4,1\r\nrating,2026-02 5,2\r\n"), "{csv}");
        let json = serde_json::to_value(&stats).unwrap();
        assert_eq!((&json["rating_mean"]["2026-02"], &json["ratings"]["2026-02"]["5"]), (&4.67.into(), &2.into()));
        let none = Stats::new(Figures::default(), None);
        assert!(none.rating_mean.is_empty() && !super::text(&none).contains("rating"));
    }

    #[test]
    fn durations_are_said_in_two_units_at_most() {
        let said: Vec<String> = [59, 660, 12_000, 187_200].into_iter().map(duration).collect();
        assert_eq!(said, ["59 s", "11 min", "3 h 20 min", "2 d 4 h"]);
    }
}

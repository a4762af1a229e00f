//! What a source may tell of an order, and how its texts are read as dates, amounts and flags.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::order::{Charge, LineKind, OrderLine, Parcel};
use crate::domain::{Email, Money, Order};

/// One thing that a source may tell; the names are the configuration's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// The order's number. Always needed.
    Number,
    /// The day it was placed. Always needed.
    OrderedOn,
    /// Addresses of the buyer.
    Email,
    /// The buyer's postcode.
    Postcode,
    /// Two-letter code of the country delivered to.
    Country,
    /// Paid in all, delivery included.
    Total,
    /// The currency of all amounts of the order.
    Currency,
    /// Of the total, standard delivery.
    DeliveryCost,
    /// How it was paid.
    PaymentMethod,
    /// Each charge: `2026-03-01 129.90; 2026-03-01 129.90`.
    Charges,
    /// The last day delivery was promised for.
    PromisedOn,
    /// The day it was cancelled.
    CancelledOn,
    /// The day the return reached the shop.
    ReturnedOn,
    /// The day the buyer proved that the return was sent.
    ReturnSentOn,
    /// Only a part came back.
    ReturnedInPart,
    /// Refunded so far.
    Refunded,
    /// The day of the last refund.
    RefundedOn,
    /// The bank's reference of the refund.
    RefundReference,
    /// How many orders the buyer placed before.
    EarlierOrders,
    /// A line's name.
    Product,
    /// Its size, colour…
    Variant,
    /// The policy's product family.
    Family,
    /// How many.
    Quantity,
    /// Price of the line.
    Price,
    /// `goods`, `service` or `digital`.
    Kind,
    /// Sold second-hand.
    SecondHand,
    /// The day a parcel left.
    ShippedOn,
    /// The day a parcel was received.
    DeliveredOn,
    /// The day of a charge.
    ChargedOn,
    /// The amount of a charge.
    ChargeAmount,
}

impl Field {
    /// Every field with its name.
    pub const ALL: &[(Self, &'static str)] = &[
        (Self::Number, "number"),
        (Self::OrderedOn, "ordered_on"),
        (Self::Email, "email"),
        (Self::Postcode, "postcode"),
        (Self::Country, "country"),
        (Self::Total, "total"),
        (Self::Currency, "currency"),
        (Self::DeliveryCost, "delivery_cost"),
        (Self::PaymentMethod, "payment_method"),
        (Self::Charges, "charges"),
        (Self::PromisedOn, "promised_on"),
        (Self::CancelledOn, "cancelled_on"),
        (Self::ReturnedOn, "returned_on"),
        (Self::ReturnSentOn, "return_sent_on"),
        (Self::ReturnedInPart, "returned_in_part"),
        (Self::Refunded, "refunded"),
        (Self::RefundedOn, "refunded_on"),
        (Self::RefundReference, "refund_reference"),
        (Self::EarlierOrders, "earlier_orders"),
        (Self::Product, "product"),
        (Self::Variant, "variant"),
        (Self::Family, "family"),
        (Self::Quantity, "quantity"),
        (Self::Price, "price"),
        (Self::Kind, "kind"),
        (Self::SecondHand, "second_hand"),
        (Self::ShippedOn, "shipped_on"),
        (Self::DeliveredOn, "delivered_on"),
        (Self::ChargedOn, "charged_on"),
        (Self::ChargeAmount, "charge_amount"),
    ];

    /// Its name in the configuration.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(field, _)| *field == self).map_or("", |(_, name)| name)
    }

    /// The field of this name.
    pub fn from_name(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(field, _)| *field)
    }
}

/// How a source writes dates that do not begin with the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DateFormat {
    /// `2026-03-02`; nothing else.
    #[default]
    Iso,
    /// `02/03/2026`, `2.3.2026`.
    DayFirst,
    /// `03/02/2026`.
    MonthFirst,
}

/// How a source writes dates and amounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formats {
    /// Dates.
    pub dates: DateFormat,
    /// The currency where the source names none.
    pub currency: String,
    /// The shop's zone: instants are days there.
    pub time_zone: TimeZone,
}

/// A text that is not what its field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Which field.
    pub field: Field,
    /// What is wrong with it.
    pub what: String,
}

/// The texts of one order, line, parcel or charge.
pub(super) trait Cells {
    /// All texts of a field, as written.
    fn texts(&self, field: Field) -> Vec<String>;
}

/// Reads texts as values.
pub(super) struct Reader<'a> {
    pub(super) cells: &'a dyn Cells,
    pub(super) formats: &'a Formats,
    pub(super) currency: String,
}

impl<'a> Reader<'a> {
    /// For an order; its own currency holds for all of it.
    pub(super) fn new(cells: &'a dyn Cells, formats: &'a Formats) -> Self {
        let mut reader = Self { cells, formats, currency: formats.currency.clone() };
        reader.currency = reader.text(Field::Currency).unwrap_or(reader.currency);
        reader
    }

    /// For a part of an order.
    pub(super) fn part(cells: &'a dyn Cells, formats: &'a Formats, currency: &str) -> Self {
        Self { cells, formats, currency: currency.to_owned() }
    }

    fn filled(&self, field: Field) -> impl Iterator<Item = String> {
        self.cells.texts(field).into_iter().map(|text| text.trim().to_owned()).filter(|text| !is_blank(text))
    }

    /// The first text that is not blank.
    pub(super) fn text(&self, field: Field) -> Option<String> {
        self.filled(field).next()
    }

    fn wrong(field: Field, what: impl fmt::Display) -> Wrong {
        Wrong { field, what: what.to_string() }
    }

    fn date(&self, field: Field) -> Result<Option<Date>, Wrong> {
        self.text(field).map(|text| date(&text, self.formats).map_err(|what| Self::wrong(field, what))).transpose()
    }

    /// The latest of several.
    fn latest(&self, field: Field) -> Result<Option<Date>, Wrong> {
        let dates = self.filled(field).map(|text| date(&text, self.formats).map_err(|what| Self::wrong(field, what)));
        Ok(dates.collect::<Result<Vec<_>, _>>()?.into_iter().max())
    }

    /// The sum of all amounts of the field.
    fn money(&self, field: Field) -> Result<Option<Money>, Wrong> {
        let mut sum: Option<Money> = None;
        for text in self.filled(field) {
            let amount = amount(&text, &self.currency).map_err(|what| Self::wrong(field, what))?;
            sum = match sum {
                None => Some(amount),
                Some(before) => {
                    Some(before.plus(&amount).ok_or_else(|| Self::wrong(field, "the amounts are too large"))?)
                }
            };
        }
        Ok(sum)
    }

    fn count(&self, field: Field) -> Result<Option<u32>, Wrong> {
        let whole = |text: String| {
            let digits = text
                .split_once(['.', ','])
                .map_or(text.as_str(), |(whole, rest)| if rest.bytes().all(|byte| byte == b'0') { whole } else { "" });
            digits.parse().map_err(|_| Self::wrong(field, format!("“{}” is no whole number", short(&text))))
        };
        self.text(field).map(whole).transpose()
    }

    fn flag(&self, field: Field) -> Result<bool, Wrong> {
        let Some(text) = self.text(field) else { return Ok(false) };
        match text.to_lowercase().as_str() {
            "1" | "yes" | "y" | "true" | "oui" | "x" | "vrai" => Ok(true),
            "0" | "no" | "n" | "false" | "non" | "faux" => Ok(false),
            _ => Err(Self::wrong(field, format!("“{}” is neither yes nor no", short(&text)))),
        }
    }

    /// What is told of the order itself. Where the day is blank, `ordered_on` holds.
    pub(super) fn order(&self, ordered_on: Option<Date>) -> Result<Order, Wrong> {
        let empty = |field| move || Self::wrong(field, "it is empty");
        let refunded = self.money(Field::Refunded)?;
        Ok(Order {
            number: self.text(Field::Number).ok_or_else(empty(Field::Number))?,
            ordered_on: self.date(Field::OrderedOn)?.or(ordered_on).ok_or_else(empty(Field::OrderedOn))?,
            emails: self.emails(),
            postcode: self.text(Field::Postcode),
            country: self.text(Field::Country).filter(|code| is_code(code)).map(|code| code.to_ascii_uppercase()),
            total: self.money(Field::Total)?,
            delivery_cost: self.money(Field::DeliveryCost)?,
            payment_method: self.text(Field::PaymentMethod),
            charges: self.charges()?,
            lines: Vec::new(),
            parcels: Vec::new(),
            promised_on: self.date(Field::PromisedOn)?,
            cancelled_on: self.date(Field::CancelledOn)?,
            returned_on: self.date(Field::ReturnedOn)?,
            return_sent_on: self.date(Field::ReturnSentOn)?,
            returned_in_part: self.flag(Field::ReturnedInPart)?,
            // Some systems write what they paid out with a minus; none was paid out when it is zero.
            refunded: refunded.map(|sum| Money { minor: sum.minor.abs(), ..sum }).filter(|sum| sum.minor > 0),
            refunded_on: self.latest(Field::RefundedOn)?,
            refund_reference: self.text(Field::RefundReference),
            earlier_orders: self.count(Field::EarlierOrders)?,
        })
    }

    /// Addresses that can be read; what else stands there (`n/a`, a telephone number) is no address.
    pub(super) fn emails(&self) -> Vec<Email> {
        let mut emails: Vec<Email> = Vec::new();
        for text in self.filled(Field::Email) {
            for word in text.split([';', ',', ' ']) {
                let email = Email::parse(word).ok();
                emails.extend(email.filter(|email| !emails.contains(email)));
            }
        }
        emails
    }

    fn charges(&self) -> Result<Vec<Charge>, Wrong> {
        let Some(text) = self.text(Field::Charges) else { return Ok(Vec::new()) };
        let charge = |part: &str| {
            let wrong = |what: String| Self::wrong(Field::Charges, what);
            let (day, sum) = part
                .trim()
                .split_once(' ')
                .ok_or_else(|| wrong(format!("“{}” is not a day and an amount (2026-03-01 129.90)", short(part))))?;
            let amount = amount(sum, &self.currency).map_err(wrong)?;
            Ok(Charge { on: date(day, self.formats).map_err(wrong)?, amount })
        };
        text.split(';').filter(|part| !part.trim().is_empty()).map(charge).collect()
    }

    /// One line, where one is named.
    pub(super) fn line(&self) -> Result<Option<OrderLine>, Wrong> {
        let Some(product) = self.text(Field::Product) else { return Ok(None) };
        let kind = match self.text(Field::Kind).map(|kind| kind.to_lowercase()).as_deref() {
            None | Some("goods") => LineKind::Goods,
            Some("service") => LineKind::Service,
            Some("digital") => LineKind::Digital,
            Some(other) => {
                let what = format!("“{}” is none of goods, service, digital", short(other));
                return Err(Self::wrong(Field::Kind, what));
            }
        };
        Ok(Some(OrderLine {
            product,
            variant: self.text(Field::Variant),
            family: self.text(Field::Family),
            quantity: self.count(Field::Quantity)?.unwrap_or(1),
            price: self.money(Field::Price)?,
            kind,
            second_hand: self.flag(Field::SecondHand)?,
        }))
    }

    /// One parcel; both days may be missing.
    pub(super) fn parcel(&self) -> Result<Parcel, Wrong> {
        Ok(Parcel { shipped_on: self.date(Field::ShippedOn)?, delivered_on: self.date(Field::DeliveredOn)? })
    }

    /// One charge, where day and amount are told.
    pub(super) fn charge(&self) -> Result<Option<Charge>, Wrong> {
        let parts = self.date(Field::ChargedOn)?.zip(self.money(Field::ChargeAmount)?);
        Ok(parts.map(|(on, amount)| Charge { on, amount }))
    }
}

/// What exports write where they know nothing.
fn is_blank(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    matches!(lower.as_str(), "" | "-" | "null" | "n/a") || lower.starts_with("0000-00-00")
}

fn is_code(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// A cell for a message. Such messages are logged and kept on other customers' cases: where a cell holds more letters than a
/// currency has, only its shape is shown.
fn short(text: &str) -> String {
    let words = text.chars().filter(|c| c.is_alphabetic()).count() > 3;
    text.chars().take(30).map(|c| if words && c.is_alphabetic() { 'x' } else { c }).collect()
}

/// A day: ISO 8601 (with a time and an offset it is the day in the shop's zone), or as the source writes it.
fn date(text: &str, formats: &Formats) -> Result<Date, String> {
    let text = text.trim();
    let expected = match formats.dates {
        DateFormat::Iso => "2026-03-02; set date_format if the source writes them otherwise",
        DateFormat::DayFirst => "02/03/2026 or 2026-03-02",
        DateFormat::MonthFirst => "03/02/2026 or 2026-03-02",
    };
    let wrong = || format!("“{}” is no date like {expected}", short(text));
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Ok(instant.to_zoned(formats.time_zone.clone()).date());
    }
    let day = text.split(['T', ' ']).next().unwrap_or_default();
    if let Ok(date) = day.parse::<Date>() {
        return Ok(date);
    }
    let parts: Vec<&str> = day.split(['/', '.', '-']).collect();
    let (Ok([first, second, year]), true) = (<[&str; 3]>::try_from(parts), formats.dates != DateFormat::Iso) else {
        return Err(wrong());
    };
    let (day, month) = if formats.dates == DateFormat::DayFirst { (first, second) } else { (second, first) };
    let number = |text: &str| text.parse::<i16>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    let parsed = (number(year).filter(|_| year.len() == 4), number(month), number(day));
    let (Some(year), Some(month), Some(day)) = parsed else { return Err(wrong()) };
    let (month, day) = (i8::try_from(month).unwrap_or_default(), i8::try_from(day).unwrap_or_default());
    Date::new(year, month, day).map_err(|_| wrong())
}

/// An amount: point or comma before the cents, thousands separated by blanks or by the other sign, the currency's
/// sign or code beside it.
fn amount(text: &str, currency: &str) -> Result<Money, String> {
    let wrong = |why: &str| format!("“{}” is no amount like 129.90{why}", short(text));
    let upper = text.trim().to_uppercase().replace(&currency.to_uppercase(), "");
    let bare: String = upper.chars().filter(|c| !c.is_whitespace() && !"€$£'’".contains(*c)).collect();
    let (point, comma) = (bare.rfind('.'), bare.rfind(','));
    let plain = match (point, comma) {
        (Some(point), Some(comma)) if point > comma => bare.replace(',', ""),
        (Some(_), Some(_)) => bare.replace('.', "").replace(',', "."),
        (Some(at), None) | (None, Some(at)) if bare.len() - at == 4 => {
            return Err(wrong(": thousands or thousandths?"));
        }
        _ => bare,
    };
    Money::parse(&plain, currency).map_err(|_| wrong(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formats(dates: DateFormat) -> Formats {
        Formats { dates, currency: "EUR".into(), time_zone: TimeZone::get("Europe/Paris").unwrap() }
    }

    #[test]
    fn dates_are_read_as_the_source_writes_them() {
        let third: Date = "2026-03-02".parse().unwrap();
        for (text, dates) in [
            ("2026-03-02", DateFormat::Iso),
            ("2026-03-02 23:59:59", DateFormat::Iso),
            ("2026-03-02T10:00:00", DateFormat::DayFirst),
            ("2026-03-01T23:30:00Z", DateFormat::Iso),
            ("2026-03-01T20:00:00-04:00", DateFormat::Iso),
            ("02/03/2026", DateFormat::DayFirst),
            ("2.3.2026 14:00", DateFormat::DayFirst),
            ("02-03-2026", DateFormat::DayFirst),
            ("03/02/2026", DateFormat::MonthFirst),
        ] {
            assert_eq!(date(text, &formats(dates)), Ok(third), "{text}");
        }
        for (text, dates) in [
            ("02/03/2026", DateFormat::Iso),
            ("02/03/26", DateFormat::DayFirst),
            ("31/02/2026", DateFormat::DayFirst),
            ("02/13/2026", DateFormat::DayFirst),
            ("+2/3/2026", DateFormat::DayFirst),
            ("yesterday", DateFormat::DayFirst),
            ("300/3/2026", DateFormat::DayFirst),
        ] {
            assert!(date(text, &formats(dates)).is_err(), "{text}");
        }
    }

    #[test]
    fn amounts_are_read_with_point_and_comma() {
        for text in ["129,90", "129.90", "129.9", "129.9000", "€ 129.90", "129,90 €", "129.90 EUR", "eur 129,90"] {
            assert_eq!(amount(text, "EUR").map(|money| money.to_string()), Ok("129.90 EUR".into()), "{text}");
        }
        for text in ["1 299,90", "1.299,90", "1,299.90", "1\u{202f}299,90", "1'299.90"] {
            assert_eq!(amount(text, "EUR").map(|money| money.minor), Ok(129_990), "{text}");
        }
        for text in ["1.299", "1,299", "twelve", "12.90.1", "", "129.90 USD", "1e3"] {
            assert!(amount(text, "EUR").is_err(), "{text}");
        }
        assert_eq!(amount("-5", "EUR").map(|money| money.minor), Ok(-500));
    }

    #[test]
    fn every_field_has_its_own_name() {
        for (field, name) in Field::ALL {
            assert_eq!((Field::from_name(name), field.as_str()), (Some(*field), *name));
        }
    }
}

//! Orders from an HTTP endpoint of the shop's own system that answers in JSON. Only the number that the customer named
//! and the customer's address are sent, and they are sent to nobody else.

mod pointer;
mod profile;
mod template;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tokio::time::Instant;

use super::fields::{Cells, Field, Formats, Reader, Wrong};
use crate::adapters::http_client::{self, HttpError, Limits, Method};
use crate::adapters::secret::Secret;
use crate::adapters::tls::Tls;
use crate::domain::joining::canonical_order_number;
use crate::domain::{Email, Order};
use crate::ports::{OrderQuery, Orders, OrdersError};

pub use pointer::{BadPointer, Pointer};
pub use profile::Profile;
pub use template::{BadTemplate, UrlTemplate};

/// Both questions together must be answered within this.
const TIME: Duration = Duration::from_millis(4500);
/// A longer answer is no answer to such a question.
const LARGEST: usize = 1024 * 1024;
/// A source that failed and that nobody needed since is tried after this, so that an alarm ends.
const TRY_AGAIN: Duration = Duration::from_secs(60);
/// Orders told of one address.
const AT_MOST: usize = 10;
/// Answers kept at most.
const KEPT: usize = 1000;

/// What is asked, and how the answer is read.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Asked with the number that the customer named.
    pub url: UrlTemplate,
    /// Asked with the customer's address when the number is unknown or was not named.
    pub url_by_email: Option<UrlTemplate>,
    /// The key that the endpoint wants.
    pub key: Option<KeyHeader>,
    /// A further certificate to trust.
    pub ca_file: Option<PathBuf>,
    /// An unknown order is answered with 404; otherwise 404 is a mistake in the address.
    pub missing_is_404: bool,
    /// How long an answer is used again.
    pub cache: Duration,
    /// Where everything stands in the answer.
    pub fields: JsonFields,
    /// Dates and amounts.
    pub formats: Formats,
}

/// A header that carries a key.
#[derive(Debug, Clone)]
pub struct KeyHeader {
    /// Its name.
    pub name: String,
    /// How the key is written into it.
    pub scheme: Scheme,
    /// The key.
    pub secret: Secret,
}

/// How a key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scheme {
    /// As it is.
    #[default]
    Plain,
    /// `Bearer KEY`.
    Bearer,
    /// `Basic` and the base64 of the key, which is `user:password`.
    Basic,
}

/// Where everything stands in the answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JsonFields {
    /// The list of orders, or the one order.
    pub orders: Pointer,
    /// The list of lines in an order.
    pub lines: Option<Pointer>,
    /// The list of parcels in an order.
    pub parcels: Option<Pointer>,
    /// The list of charges in an order.
    pub charges: Option<Pointer>,
    /// Fields, seen from their order, line, parcel or charge. Texts: the first that is there; amounts: their sum.
    pub values: BTreeMap<Field, Vec<Pointer>>,
}

/// The HTTP order source.
pub struct HttpOrders {
    settings: HttpSettings,
    tls: Tls,
    kept: Mutex<HashMap<Key, (Instant, Vec<Order>)>>,
    /// What the last question came to, and when; `None` before the first.
    last: Mutex<Option<(Instant, Result<(), String>)>>,
}

/// Canonical number and address.
type Key = (Option<String>, Option<String>);

impl HttpOrders {
    /// Nothing is asked yet.
    pub fn new(settings: HttpSettings) -> Self {
        let tls = Tls::new(settings.ca_file.clone());
        Self { settings, tls, kept: Mutex::default(), last: Mutex::default() }
    }

    fn host(&self) -> &str {
        self.settings.url.host()
    }

    async fn ask(&self, query: &OrderQuery) -> Result<Vec<Order>, OrdersError> {
        let begun = Instant::now();
        if let Some(number) = &query.number
            && let Some(url) = self.settings.url.filled(Some(number), query.email.as_ref())
        {
            let canonical = canonical_order_number(number);
            let bears = |order: &Value| self.number_of(order).is_some_and(|known| known == canonical);
            let found = self.orders(url, begun, &bears).await?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        let by_email = self.settings.url_by_email.as_ref().zip(query.email.as_ref());
        let Some((url, email)) = by_email.and_then(|(url, email)| Some((url.filled(None, Some(email))?, email))) else {
            return Ok(Vec::new());
        };
        let mut found = self.orders(url, begun, &|_| true).await?;
        // Searches are generous: an order that names its buyer must name this one.
        found.retain(|order| order.emails.is_empty() || order.emails.iter().any(|known| known.same_mailbox(email)));
        found.sort_by_key(|order| std::cmp::Reverse(order.ordered_on));
        found.truncate(AT_MOST);
        Ok(found)
    }

    async fn orders(
        &self,
        url: http_client::HttpUrl,
        begun: Instant,
        wanted: &(dyn Fn(&Value) -> bool + Sync),
    ) -> Result<Vec<Order>, OrdersError> {
        let host = self.host();
        let mut headers = vec![("accept".to_owned(), "application/json".to_owned())];
        headers.extend(self.key().await?);
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let limits = Limits { time: TIME.saturating_sub(begun.elapsed()), body: LARGEST };
        let answer = http_client::request(&self.tls, Method::GET, &url, &headers, Vec::new(), limits).await;
        let answer = answer.map_err(|error| match error {
            HttpError::Temporary(what) => OrdersError::Temporary(format!("the order source: {what}")),
            HttpError::Permanent(what) => OrdersError::Permanent(format!("the order source: {what}")),
        })?;
        match answer.status {
            200 => {}
            404 if self.settings.missing_is_404 => return Ok(Vec::new()),
            status => return Err(refusal(host, status)),
        }
        let answer: Value = serde_json::from_slice(&answer.body).map_err(|error| {
            OrdersError::Permanent(format!(
                "the order source {host} answered something that is no JSON (line {}, column {}): check orders.url",
                error.line(),
                error.column()
            ))
        })?;
        self.read(&answer, wanted)
            .map_err(|what| OrdersError::Permanent(format!("the order source {host} answered, but {what}")))
    }

    async fn key(&self) -> Result<Option<(String, String)>, OrdersError> {
        let Some(key) = &self.settings.key else { return Ok(None) };
        let secret = key.secret.resolve().await;
        let secret = secret.map_err(|error| OrdersError::Permanent(format!("the key of the order source: {error}")))?;
        let value = match key.scheme {
            Scheme::Plain => secret,
            Scheme::Bearer => format!("Bearer {secret}"),
            Scheme::Basic => format!("Basic {}", STANDARD.encode(secret)),
        };
        Ok(Some((key.name.clone(), value)))
    }

    fn read(&self, answer: &Value, wanted: &dyn Fn(&Value) -> bool) -> Result<Vec<Order>, String> {
        let fields = &self.settings.fields;
        let mut listed = Vec::new();
        let found = fields.orders.find(answer);
        if found.is_empty() {
            return Err(format!("nothing stands at “{}” (fields.orders)", fields.orders));
        }
        for value in found {
            match value {
                Value::Array(items) => listed.extend(items),
                Value::Object(_) => listed.push(value),
                Value::Null => {}
                _ => return Err(format!("what stands at “{}” (fields.orders) is no list of orders", fields.orders)),
            }
        }
        listed.into_iter().filter(|value| wanted(value)).map(|value| self.order(value)).collect()
    }

    fn cells<'a>(&'a self, value: &'a Value) -> JsonCells<'a> {
        JsonCells { fields: &self.settings.fields, value }
    }

    fn number_of(&self, order: &Value) -> Option<String> {
        let cells = self.cells(order);
        let number = Reader::new(&cells, &self.settings.formats).text(Field::Number)?;
        Some(canonical_order_number(&number))
    }

    fn order(&self, value: &Value) -> Result<Order, String> {
        let fields = &self.settings.fields;
        let failed = |wrong: Wrong| {
            let at: Vec<String> =
                fields.values.get(&wrong.field).into_iter().flatten().map(|at| format!("“{at}”")).collect();
            let at = if at.is_empty() { "not mapped".to_owned() } else { at.join(", ") };
            format!("{} ({at}) cannot be used: {}", wrong.field.as_str(), wrong.what)
        };
        let cells = self.cells(value);
        let reader = Reader::new(&cells, &self.settings.formats);
        let mut order = reader.order(None).map_err(failed)?;
        let items = |list: &Option<Pointer>| -> Vec<&Value> {
            let found = list.as_ref().map(|list| list.find(value)).unwrap_or_default();
            found
                .into_iter()
                .flat_map(|found| found.as_array().map_or(vec![found], |items| items.iter().collect()))
                .collect()
        };
        for item in items(&fields.lines) {
            let cells = self.cells(item);
            let line = Reader::part(&cells, &self.settings.formats, &reader.currency).line().map_err(failed)?;
            order.lines.extend(line);
        }
        for item in items(&fields.parcels) {
            let cells = self.cells(item);
            order
                .parcels
                .push(Reader::part(&cells, &self.settings.formats, &reader.currency).parcel().map_err(failed)?);
        }
        for item in items(&fields.charges) {
            let cells = self.cells(item);
            let charge = Reader::part(&cells, &self.settings.formats, &reader.currency).charge().map_err(failed)?;
            order.charges.extend(charge);
        }
        Ok(order)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, (Instant, Vec<Order>)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self, key: &Key) -> Option<Vec<Order>> {
        let kept = self.lock();
        kept.get(key).filter(|(at, _)| at.elapsed() < self.settings.cache).map(|(_, orders)| orders.clone())
    }

    fn keep(&self, key: Key, orders: &[Order]) {
        let mut kept = self.lock();
        kept.retain(|_, (at, _)| at.elapsed() < self.settings.cache);
        if kept.len() < KEPT {
            kept.insert(key, (Instant::now(), orders.to_vec()));
        }
    }

    fn remember(&self, result: Result<(), String>) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), result));
    }
}

#[async_trait]
impl Orders for HttpOrders {
    fn takes(&self, query: &OrderQuery) -> bool {
        let number = query.number.as_deref();
        let by_number = number.is_some() && self.settings.url.filled(number, query.email.as_ref()).is_some();
        by_number || (query.email.is_some() && self.settings.url_by_email.is_some())
    }

    async fn find(&self, query: &OrderQuery) -> Result<Vec<Order>, OrdersError> {
        let key = (query.number.as_deref().map(canonical_order_number), query.email.as_ref().map(Email::canonical));
        if let Some(kept) = self.kept(&key) {
            return Ok(kept);
        }
        let found = self.ask(query).await;
        self.remember(found.as_ref().map(|_| ()).map_err(ToString::to_string));
        if let Ok(found) = &found {
            self.keep(key, found);
        }
        found
    }

    async fn trouble(&self) -> Option<String> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match last {
            Some((_, Ok(()))) => return None,
            Some((at, Err(what))) if at.elapsed() < TRY_AGAIN => return Some(what),
            _ => {}
        }
        // Nobody asked yet, or not since it failed: a number that no order bears shows whether address and key are right.
        let tried = self.ask(&OrderQuery { number: Some("0".into()), email: None }).await;
        let tried = tried.map(|_| ()).map_err(|error| error.to_string());
        self.remember(tried.clone());
        tried.err()
    }
}

/// Texts of one JSON object.
struct JsonCells<'a> {
    fields: &'a JsonFields,
    value: &'a Value,
}

impl Cells for JsonCells<'_> {
    fn texts(&self, field: Field) -> Vec<String> {
        let pointers = self.fields.values.get(&field).into_iter().flatten();
        pointers.flat_map(|pointer| pointer.find(self.value)).flat_map(texts_of).collect()
    }
}

fn texts_of(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Number(number) => vec![number.to_string()],
        Value::Bool(flag) => vec![flag.to_string()],
        Value::Array(items) => items.iter().filter(|item| !item.is_array()).flat_map(texts_of).collect(),
        Value::Null | Value::Object(_) => Vec::new(),
    }
}

fn refusal(host: &str, status: u16) -> OrdersError {
    let source = format!("the order source {host} answered with status {status}");
    match status {
        401 | 403 => {
            OrdersError::Permanent(format!("{source}: it refuses the key; check orders.secret and its rights"))
        }
        404 => OrdersError::Permanent(format!(
            "{source}: check orders.url (and set orders.missing_is_404 if unknown orders are answered so)"
        )),
        300..=399 => OrdersError::Permanent(format!(
            "{source}, a redirect, which is not followed: write the final address as orders.url"
        )),
        408 | 429 | 500..=599 => OrdersError::Temporary(source),
        _ => OrdersError::Permanent(format!("{source}: check orders.url")),
    }
}

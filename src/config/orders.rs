//! `[orders]`: where the facts of a purchase come from.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;
use toml::Spanned;

use super::Orders;
use super::file::{self, Dates, KeyScheme, OrderSource, Places};
use super::load::{Checked, Checker, ConfigError};
use crate::adapters::orders::csv::Encoding;
use crate::adapters::orders::http::{JsonFields, KeyHeader, Pointer, Profile, Scheme, UrlTemplate};
use crate::adapters::orders::{CsvSettings, DateFormat, Field, Formats, HttpSettings};

/// How long an answer of the shop's system is used again.
const CACHE: Duration = Duration::from_secs(300);

impl Checker<'_> {
    /// None when the table is there and empty.
    pub(super) fn orders(&self, written: Spanned<file::Orders>, time_zone: TimeZone) -> Checked<Option<Orders>> {
        let place = self.at(written.span().start);
        let orders = written.into_inner();
        let formats = self.formats(&orders, time_zone)?;
        match orders.source {
            None if orders.file.is_none() && orders.url.is_none() => Ok(None),
            None => Err(ConfigError::new(place, "[orders] needs `source`: \"csv\" or \"http\"")),
            Some(OrderSource::Csv) => {
                if orders.url.is_some() || orders.profile.is_some() || orders.secret.is_some() {
                    return Err(ConfigError::new(place, "`url`, `profile` and `secret` belong to source = \"http\""));
                }
                let file = orders.file.clone();
                let file = file.ok_or_else(|| ConfigError::new(place, "orders from CSV need `file`"))?;
                Ok(Some(Orders::Csv(CsvSettings {
                    file,
                    separator: orders.separator.as_ref().map(|text| self.separator(text)).transpose()?,
                    encoding: self.encoding(orders.encoding.as_ref())?,
                    columns: columns(&orders.columns),
                    formats,
                })))
            }
            Some(OrderSource::Http) => {
                if orders.file.is_some() || !orders.columns.is_empty() {
                    return Err(ConfigError::new(place, "`file` and `columns` belong to source = \"csv\""));
                }
                Ok(Some(Orders::Http(Box::new(self.http(&orders, &place, formats)?))))
            }
        }
    }

    fn formats(&self, orders: &file::Orders, time_zone: TimeZone) -> Checked<Formats> {
        let currency = match &orders.currency {
            None => "EUR".to_owned(),
            Some(code) if code.get_ref().len() == 3 && code.get_ref().bytes().all(|b| b.is_ascii_alphabetic()) => {
                code.get_ref().to_ascii_uppercase()
            }
            Some(code) => return Err(self.wrong(code, "`currency`: write a code of three letters like \"EUR\"")),
        };
        let dates = match orders.date_format {
            Dates::Iso => DateFormat::Iso,
            Dates::DayFirst => DateFormat::DayFirst,
            Dates::MonthFirst => DateFormat::MonthFirst,
        };
        Ok(Formats { dates, currency, time_zone })
    }

    fn separator(&self, written: &Spanned<String>) -> Checked<u8> {
        match written.get_ref().as_bytes() {
            [one @ (b',' | b';' | b'\t' | b'|')] => Ok(*one),
            _ => Err(self.wrong(written, "`separator`: write \",\", \";\", \"|\" or \"\\t\"")),
        }
    }

    fn encoding(&self, written: Option<&Spanned<String>>) -> Checked<Option<Encoding>> {
        let Some(written) = written else { return Ok(None) };
        match written.get_ref().to_ascii_lowercase().as_str() {
            "utf-8" => Ok(Some(Encoding::Utf8)),
            "windows-1252" => Ok(Some(Encoding::Windows1252)),
            _ => Err(self.wrong(written, "`encoding`: write \"utf-8\" or \"windows-1252\", or leave it out")),
        }
    }

    fn http(&self, orders: &file::Orders, place: &str, formats: Formats) -> Checked<HttpSettings> {
        let whole = |what: &str| ConfigError::new(place.to_owned(), what);
        let profile = orders.profile.as_ref().map(|name| self.profile(name)).transpose()?;
        let written = orders.url.as_ref().ok_or_else(|| whole("orders by HTTP need `url`"))?;
        let (url, by_email) = self.urls(written, orders.url_by_email.as_ref(), profile)?;
        let fields = self.fields(&orders.fields, profile)?;
        for needed in [Field::Number, Field::OrderedOn] {
            if !fields.values.contains_key(&needed) {
                return Err(whole(&format!(
                    "[orders.fields] needs `{}`, a path like /number (or set `profile`)",
                    needed.as_str()
                )));
            }
        }
        let cache = match &orders.cache {
            Some(text) => Duration::try_from(self.duration("cache", text)?).unwrap_or(CACHE),
            None => CACHE,
        };
        let key = self.key(orders, profile)?;
        let (ca_file, missing_is_404) = (orders.ca_file.clone(), orders.missing_is_404);
        Ok(HttpSettings { url, url_by_email: by_email, key, ca_file, missing_is_404, cache, fields, formats })
    }

    fn profile(&self, name: &Spanned<String>) -> Checked<Profile> {
        Profile::from_name(name.get_ref())
            .ok_or_else(|| self.wrong(name, "`profile`: write \"woocommerce\" or \"shopify\", or leave it out"))
    }

    /// With a profile, `url` may be the shop's address alone.
    fn urls(
        &self,
        url: &Spanned<String>,
        by_email: Option<&Spanned<String>>,
        profile: Option<Profile>,
    ) -> Checked<(UrlTemplate, Option<UrlTemplate>)> {
        let parse = |key: &str, place: &Spanned<String>, text: &str| {
            UrlTemplate::parse(text).map_err(|error| self.wrong(place, format!("`{key}`: {error}")))
        };
        let shop = profile.filter(|_| !url.get_ref().contains('{')).map(|profile| profile.paths());
        let base = url.get_ref().trim_end_matches('/');
        let first = match shop {
            Some((path, _)) => parse("url", url, &format!("{base}{path}"))?,
            None => parse("url", url, url.get_ref())?,
        };
        if !first.by_number() {
            return Err(self.wrong(url, "`url` has no place for {number}"));
        }
        let second = match (by_email, shop) {
            (Some(written), _) => Some(parse("url_by_email", written, written.get_ref())?),
            (None, Some((_, path))) => Some(parse("url", url, &format!("{base}{path}"))?),
            (None, None) => None,
        };
        match (by_email, &second) {
            (Some(written), Some(second)) if second.by_number() => {
                Err(self.wrong(written, "`url_by_email` takes {email} only"))
            }
            _ => Ok((first, second)),
        }
    }

    fn key(&self, orders: &file::Orders, profile: Option<Profile>) -> Checked<Option<KeyHeader>> {
        let Some(secret) = &orders.secret else {
            return match &orders.header {
                Some(header) => Err(self.wrong(header, "`header` goes with `secret`, which is its value")),
                None => Ok(None),
            };
        };
        let (name, scheme) = profile.map_or(("authorization", Scheme::Bearer), Profile::key);
        let scheme = match (orders.scheme, &orders.header) {
            (Some(KeyScheme::Plain), _) => Scheme::Plain,
            (Some(KeyScheme::Bearer), _) => Scheme::Bearer,
            (Some(KeyScheme::Basic), _) => Scheme::Basic,
            // A header of the shop's own carries the key as it is.
            (None, Some(header)) if !header.get_ref().eq_ignore_ascii_case("authorization") => Scheme::Plain,
            (None, _) => scheme,
        };
        let name = match &orders.header {
            None => name.to_owned(),
            Some(header) => {
                let good = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
                if header.get_ref().is_empty() || !header.get_ref().chars().all(good) {
                    return Err(self.wrong(header, "`header`: write a header's name like \"X-Api-Key\""));
                }
                header.get_ref().to_ascii_lowercase()
            }
        };
        Ok(Some(KeyHeader { name, scheme, secret: self.secret("secret", secret)? }))
    }

    fn fields(&self, written: &BTreeMap<String, Spanned<Places>>, profile: Option<Profile>) -> Checked<JsonFields> {
        let unusable = |error| ConfigError::new(String::new(), format!("the profile cannot be used: {error}"));
        let mut fields = profile.map_or(Ok(JsonFields::default()), |profile| profile.fields().map_err(unusable))?;
        for (name, places) in written {
            let parse = |text: &String| {
                Pointer::parse(text).map_err(|error| self.wrong(places, format!("`fields.{name}`: {error}")))
            };
            let pointers: Vec<Pointer> = match places.get_ref() {
                Places::One(text) => vec![parse(text)?],
                Places::Several(texts) => texts.iter().map(parse).collect::<Checked<_>>()?,
            };
            let only = || match pointers.as_slice() {
                [one] => Ok(one.clone()),
                _ => Err(self.wrong(places, format!("`fields.{name}` takes one path"))),
            };
            match (name.as_str(), Field::from_name(name)) {
                ("orders", _) => fields.orders = only()?,
                ("lines", _) => fields.lines = Some(only()?),
                ("parcels", _) => fields.parcels = Some(only()?),
                ("charges", _) => fields.charges = Some(only()?),
                (_, Some(field)) => {
                    fields.values.insert(field, pointers);
                }
                (_, None) => return Err(self.wrong(places, format!("`fields.{name}` is no field"))),
            }
        }
        Ok(fields)
    }
}

fn columns(written: &BTreeMap<String, Spanned<String>>) -> BTreeMap<Field, String> {
    // The names were checked with all other keys.
    written.iter().filter_map(|(name, title)| Some((Field::from_name(name)?, title.get_ref().clone()))).collect()
}

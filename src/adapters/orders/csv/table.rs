//! One version of the file: its text with two indexes. Rows are read as orders when they are asked for, so that a
//! hundred thousand orders cost little more memory than the file.

use std::collections::BTreeSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

use csv::{ByteRecord, ReaderBuilder, StringRecord};
use jiff::civil::Date;

use super::super::fields::{Cells, Field, Formats, Reader, Wrong};
use super::{CsvSettings, text};
use crate::domain::joining::canonical_order_number;
use crate::domain::order::Parcel;
use crate::domain::{Money, Order};
use crate::ports::OrderQuery;

/// Orders told of one address.
const AT_MOST: usize = 10;
/// Rows looked at for one address: a marketplace's relay may stand behind thousands.
const ROWS: usize = 2000;

/// See the module.
pub(super) struct Table {
    text: String,
    separator: u8,
    columns: Vec<(Field, usize, String)>,
    formats: Formats,
    rows: Vec<Row>,
    hasher: RandomState,
    /// Digest of the canonical number and the row, sorted.
    by_number: Vec<(u64, u32)>,
    /// Digest of the canonical address and the row, sorted.
    by_email: Vec<(u64, u32)>,
}

/// Where a row stands in the text.
#[derive(Clone, Copy)]
struct Row {
    start: u32,
    end: u32,
    line: u32,
    /// It names the day of its order.
    dated: bool,
}

/// One row's cells by field.
struct Record<'a> {
    columns: &'a [(Field, usize, String)],
    cells: Vec<String>,
}

impl Cells for Record<'_> {
    fn texts(&self, field: Field) -> Vec<String> {
        let column = self.columns.iter().find(|(known, ..)| *known == field);
        column.and_then(|(_, index, _)| self.cells.get(*index)).cloned().into_iter().collect()
    }
}

impl Table {
    /// Reads a file whole and checks every row of it.
    ///
    /// # Errors
    /// Says what is wrong, in which line and column.
    pub(super) fn read(bytes: Vec<u8>, settings: &CsvSettings) -> Result<Self, String> {
        let text = text::decode(bytes, settings.encoding)?;
        if text.trim().is_empty() {
            return Err("it is empty: is it being written?".into());
        }
        let separator = settings.separator.unwrap_or_else(|| text::separator(&text));
        let mut table = Self {
            text: String::new(),
            separator,
            columns: Vec::new(),
            formats: settings.formats.clone(),
            rows: Vec::new(),
            hasher: RandomState::new(),
            by_number: Vec::new(),
            by_email: Vec::new(),
        };
        table.index(&text, settings)?;
        table.text = text;
        table.by_number.sort_unstable();
        table.by_email.sort_unstable();
        table.check_orders()?;
        Ok(table)
    }

    /// How many rows stand below the header.
    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    fn index(&mut self, text: &str, settings: &CsvSettings) -> Result<(), String> {
        let mut reader = ReaderBuilder::new().delimiter(self.separator).has_headers(false).from_reader(text.as_bytes());
        let mut record = ByteRecord::new();
        let mut header = true;
        loop {
            let more = reader.read_byte_record(&mut record).map_err(|error| shape(&error))?;
            if !more {
                return Ok(());
            }
            let (start, line) = record.position().map_or((0, 1), |position| (position.byte(), position.line()));
            let cells = StringRecord::from_byte_record(record.clone())
                .map_err(|_| format!("line {}: not written in UTF-8", line))?;
            if header {
                self.columns = columns(&cells, settings)?;
                header = false;
                continue;
            }
            let number = |at: u64| u32::try_from(at).unwrap_or(u32::MAX);
            let end = number(reader.position().byte());
            let row = Row { start: number(start), end, line: number(line), dated: false };
            unclosed(text, row)?;
            if !cells.iter().all(|cell| cell.trim().is_empty()) {
                self.add(row, cells.iter().map(str::to_owned).collect())?;
            }
        }
    }

    fn add(&mut self, mut row: Row, cells: Vec<String>) -> Result<(), String> {
        let place = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let record = Record { columns: &self.columns, cells };
        let reader = Reader::new(&record, &self.formats);
        // A row that goes on with an order may leave its day out; that the order has one is checked below.
        let order = reader.order(Some(Date::MIN)).and_then(|order| {
            reader.line()?;
            reader.parcel()?;
            Ok(order)
        });
        let order = order.map_err(|wrong| place_of(&self.columns, row, &wrong))?;
        row.dated = order.ordered_on != Date::MIN;
        let number = canonical_order_number(&order.number);
        if number.is_empty() {
            let what = "it holds neither letter nor digit".to_owned();
            return Err(place_of(&self.columns, row, &Wrong { field: Field::Number, what }));
        }
        let emails: Vec<(u64, u32)> =
            order.emails.iter().map(|email| (self.hasher.hash_one(email.canonical()), place)).collect();
        self.by_number.push((self.hasher.hash_one(number), place));
        self.by_email.extend(emails);
        self.rows.push(row);
        Ok(())
    }

    /// Every order of several rows, and every one whose only row lacks the day.
    fn check_orders(&self) -> Result<(), String> {
        let mut rest = self.by_number.as_slice();
        while let Some((digest, first)) = rest.first() {
            let same = rest.iter().take_while(|(other, _)| other == digest).count();
            let (group, others) = rest.split_at(same);
            rest = others;
            let rows: Vec<u32> = group.iter().map(|(_, row)| *row).collect();
            let dated = self.rows.get(*first as usize).is_some_and(|row| row.dated);
            if same > 1 || !dated {
                let numbers: BTreeSet<String> = rows
                    .iter()
                    .map(|row| self.reader_of(*row, |reader| reader.text(Field::Number).unwrap_or_default()))
                    .map(|number| Ok(canonical_order_number(&number?)))
                    .collect::<Result<_, String>>()?;
                for number in numbers {
                    self.assemble(&rows, &number)?;
                }
            }
        }
        Ok(())
    }

    /// Orders by number, or else by address, newest first.
    pub(super) fn find(&self, query: &OrderQuery) -> Result<Vec<Order>, String> {
        if let Some(number) = query.number.as_deref().map(canonical_order_number).filter(|number| !number.is_empty())
            && let Some(order) = self.by_canonical(&number)?
        {
            return Ok(vec![order]);
        }
        let Some(email) = &query.email else { return Ok(Vec::new()) };
        let mut numbers = BTreeSet::new();
        for row in places(&self.by_email, self.hasher.hash_one(email.canonical())).into_iter().take(ROWS) {
            let number = self.reader_of(row, |reader| {
                let theirs = reader.emails().iter().any(|known| known.same_mailbox(email));
                reader.text(Field::Number).filter(|_| theirs)
            })?;
            numbers.extend(number.map(|number| canonical_order_number(&number)));
        }
        let mut orders = Vec::new();
        for number in numbers {
            orders.extend(self.by_canonical(&number)?);
        }
        orders.sort_by_key(|order| std::cmp::Reverse(order.ordered_on));
        orders.truncate(AT_MOST);
        Ok(orders)
    }

    fn by_canonical(&self, number: &str) -> Result<Option<Order>, String> {
        self.assemble(&places(&self.by_number, self.hasher.hash_one(number)), number)
    }

    /// One order of those of its rows that bear the number.
    fn assemble(&self, rows: &[u32], number: &str) -> Result<Option<Order>, String> {
        let mut whole: Option<(Order, u32)> = None;
        for place in rows {
            let Some(row) = self.rows.get(*place as usize).copied() else { continue };
            let record = self.record(row);
            let reader = Reader::new(&record, &self.formats);
            let failed = |wrong: Wrong| place_of(&self.columns, row, &wrong);
            if reader.text(Field::Number).map(|text| canonical_order_number(&text)).as_deref() != Some(number) {
                continue;
            }
            let goes_on = whole.is_some() && reader.text(Field::OrderedOn).is_none();
            let part = reader.order(whole.as_ref().map(|(order, _)| order.ordered_on)).map_err(failed)?;
            let line = reader.line().map_err(failed)?;
            let parcel = self.tells_parcels().then(|| reader.parcel()).transpose().map_err(failed)?;
            match &mut whole {
                None => whole = Some((part, row.line)),
                Some((order, first)) => join(order, part).map_err(|(field, what)| {
                    let what = format!("{what} in line {first}: an order's rows must agree");
                    failed(Wrong { field, what })
                })?,
            }
            if let Some((order, _)) = &mut whole {
                order.lines.extend(line);
                // A row that goes on with an order and tells nothing of a parcel belongs to the ones told.
                let nothing = Parcel { shipped_on: None, delivered_on: None };
                let told = parcel.filter(|parcel| !(order.parcels.contains(parcel) || goes_on && *parcel == nothing));
                order.parcels.extend(told);
            }
        }
        Ok(whole.map(|(order, _)| order))
    }

    fn tells_parcels(&self) -> bool {
        self.columns.iter().any(|(field, ..)| matches!(field, Field::ShippedOn | Field::DeliveredOn))
    }

    fn reader_of<T>(&self, place: u32, look: impl FnOnce(&Reader<'_>) -> T) -> Result<T, String> {
        let row = self.rows.get(place as usize).copied().ok_or("a row is gone")?;
        let record = self.record(row);
        Ok(look(&Reader::new(&record, &self.formats)))
    }

    fn record(&self, row: Row) -> Record<'_> {
        let text = self.text.get(row.start as usize..row.end as usize).unwrap_or_default();
        Record { columns: &self.columns, cells: split(text, self.separator) }
    }
}

/// The cells of a row that was read whole before, by the rules it was read by then (RFC 4180). A reader of the csv crate costs
/// more to make than a row to split.
fn split(row: &str, separator: u8) -> Vec<String> {
    let mut cells = Vec::new();
    let (mut cell, mut begun, mut quoted) = (String::new(), false, false);
    let mut letters = row.trim_matches(['\r', '\n']).chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if !begun => quoted = true,
            _ if !quoted && letter == char::from(separator) => {
                cells.push(std::mem::take(&mut cell));
                begun = false;
                continue;
            }
            _ => cell.push(letter),
        }
        begun = true;
    }
    cells.push(cell);
    cells
}

/// Rows under a digest, in the file's order.
fn places(index: &[(u64, u32)], digest: u64) -> Vec<u32> {
    let from = index.partition_point(|(known, _)| *known < digest);
    index.iter().skip(from).take_while(|(known, _)| *known == digest).map(|(_, row)| *row).collect()
}

/// Which column holds which field.
fn columns(header: &StringRecord, settings: &CsvSettings) -> Result<Vec<(Field, usize, String)>, String> {
    // A row of data in its place would be shown as names.
    if header.iter().any(|title| title.contains('@')) {
        return Err("line 1 holds no column names: the file needs a header".into());
    }
    let mut found = Vec::new();
    for (field, own) in Field::ALL {
        let mapped = settings.columns.get(field);
        let name = mapped.map_or(*own, String::as_str);
        let index = header.iter().position(|title| title.trim().eq_ignore_ascii_case(name.trim()));
        let needed = mapped.is_some() || matches!(field, Field::Number | Field::OrderedOn);
        match index {
            Some(index) => found.push((*field, index, name.to_owned())),
            None if needed => {
                let titles: Vec<String> = header
                    .iter()
                    .take(40)
                    .map(|title| format!("“{}”", title.trim().chars().take(40).collect::<String>()))
                    .collect();
                return Err(format!(
                    "line 1: no column “{name}” ({own}): set columns.{own} to one of {}",
                    titles.join(", ")
                ));
            }
            None => {}
        }
    }
    Ok(found)
}

/// The last row of a file that is being written may end inside a quoted cell.
fn unclosed(text: &str, row: Row) -> Result<(), String> {
    let at_end = row.end as usize >= text.len();
    let bytes = text.as_bytes().get(row.start as usize..).filter(|_| at_end).unwrap_or_default();
    if bytes.iter().filter(|byte| **byte == b'"').count() % 2 == 1 {
        return Err(format!("line {}: a quotation mark is never closed: is the file being written?", row.line));
    }
    Ok(())
}

fn place_of(columns: &[(Field, usize, String)], row: Row, wrong: &Wrong) -> String {
    let column = columns.iter().find(|(field, ..)| *field == wrong.field);
    let title = column.map_or(wrong.field.as_str(), |(_, _, title)| title);
    format!("line {}, column “{title}”: {}", row.line, wrong.what)
}

fn shape(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            format!("line {line}: {len} columns instead of {expected_len}: is the file being written?")
        }
        _ => format!("it is no CSV: {error}"),
    }
}

/// Adds what a further row tells.
fn join(order: &mut Order, part: Order) -> Result<(), (Field, String)> {
    fn agree<T: PartialEq + Clone + std::fmt::Display>(
        known: &mut Option<T>,
        new: Option<T>,
        field: Field,
    ) -> Result<(), (Field, String)> {
        match (known.as_ref(), new) {
            (Some(old), Some(new)) if *old != new => Err((field, format!("{new} here, {old}"))),
            (Some(_), _) => Ok(()),
            (None, new) => {
                *known = new;
                Ok(())
            }
        }
    }
    fn fill<T>(known: &mut Option<T>, new: Option<T>) {
        if known.is_none() {
            *known = new;
        }
    }
    let mut day = Some(order.ordered_on);
    agree(&mut day, Some(part.ordered_on), Field::OrderedOn)?;
    let money: [(&mut Option<Money>, Option<Money>, Field); 3] = [
        (&mut order.total, part.total, Field::Total),
        (&mut order.delivery_cost, part.delivery_cost, Field::DeliveryCost),
        (&mut order.refunded, part.refunded, Field::Refunded),
    ];
    for (known, new, field) in money {
        agree(known, new, field)?;
    }
    agree(&mut order.cancelled_on, part.cancelled_on, Field::CancelledOn)?;
    for email in part.emails {
        if !order.emails.contains(&email) {
            order.emails.push(email);
        }
    }
    fill(&mut order.postcode, part.postcode);
    fill(&mut order.country, part.country);
    fill(&mut order.payment_method, part.payment_method);
    fill(&mut order.refund_reference, part.refund_reference);
    fill(&mut order.earlier_orders, part.earlier_orders);
    if order.charges.is_empty() {
        order.charges = part.charges;
    }
    order.promised_on = order.promised_on.max(part.promised_on);
    order.returned_on = order.returned_on.max(part.returned_on);
    order.return_sent_on = order.return_sent_on.max(part.return_sent_on);
    order.refunded_on = order.refunded_on.max(part.refunded_on);
    order.returned_in_part |= part.returned_in_part;
    Ok(())
}

#[cfg(test)]
mod tests;

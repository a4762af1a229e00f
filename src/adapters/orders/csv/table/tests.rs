use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::super::super::fields::DateFormat;
use super::*;
use crate::domain::Email;

fn settings() -> CsvSettings {
    CsvSettings {
        file: "orders.csv".into(),
        separator: None,
        encoding: None,
        columns: BTreeMap::new(),
        formats: Formats { dates: DateFormat::Iso, currency: "EUR".into(), time_zone: TimeZone::UTC },
    }
}

fn table(text: &str) -> Result<Table, String> {
    Table::read(text.as_bytes().to_vec(), &settings())
}

fn by_number(table: &Table, number: &str) -> Option<Order> {
    table.find(&OrderQuery { number: Some(number.into()), email: None }).unwrap().pop()
}

const LINES: &str = "\
number;ordered_on;email;total;product;quantity;price;shipped_on;delivered_on
FR-1;2026-02-09;camille@customer.example;129,90;\"Cafetière \"\"Noir\"\"; 1 l\";1;99,90;2026-02-10;2026-02-12
FR-1;;;;Filtres;3;30,00;;
FR-2;2026-02-20;Camille+shop@customer.example;15;Tasse;1;15;2026-02-21;
FR-3;2026-02-25;tom@other.example;20;Théière;1;20;;
";

#[test]
fn rows_of_one_number_are_one_order() {
    let table = table(LINES).unwrap();
    let order = by_number(&table, "fr 1").unwrap();
    assert_eq!(order.lines.iter().map(|line| line.quantity).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(order.lines[0].product, "Cafetière \"Noir\"; 1 l");
    assert_eq!(order.total.as_ref().unwrap().to_string(), "129.90 EUR");
    assert_eq!(order.delivered_on(), Some("2026-02-12".parse().unwrap()));
    assert_eq!(by_number(&table, "FR-2").unwrap().delivered_on(), None, "it is under way");
    assert_eq!(by_number(&table, "FR-9"), None);
}

#[test]
fn an_address_finds_its_orders_newest_first() {
    let table = table(LINES).unwrap();
    let email = Email::parse("CAMILLE@customer.example").ok();
    let found = table.find(&OrderQuery { number: None, email: email.clone() }).unwrap();
    assert_eq!(found.iter().map(|order| order.number.as_str()).collect::<Vec<_>>(), ["FR-2", "FR-1"]);
    assert_eq!(found[1].lines.len(), 2, "rows without the address belong to it all the same");
    let wrong_number = table.find(&OrderQuery { number: Some("FR-9".into()), email }).unwrap();
    assert_eq!(wrong_number.len(), 2);
}

#[test]
fn what_is_wrong_is_named_with_line_and_column() {
    let good = LINES.replace('\n', "\r\n");
    assert!(table(&good).is_ok());
    let cases = [
        ("129,90", "a lot", "line 2, column “total”: “x xxx” is no amount"),
        ("2026-02-20", "20/02/2026", "line 4, column “ordered_on”: “20/02/2026” is no date like 2026-03-02"),
        ("FR-3;2026-02-25", "FR-3;", "line 5, column “ordered_on”: it is empty"),
        ("FR-3;", "#;", "line 5, column “number”: it holds neither letter nor digit"),
        ("FR-1;;;;", "FR-1;;;99;", "line 3, column “total”: 99.00 EUR here, 129.90 EUR in line 2"),
        ("Filtres;3", "Filtres;some", "line 3, column “quantity”"),
        ("number;", "numero;", "line 1: no column “number” (number): set columns.number to one of “numero”"),
        (
            "FR-3;2026-02-25;tom@other.example;20;Théière;1;20;;\n",
            "FR-3;2026-02-25;tom",
            "line 5: 3 columns instead of 9",
        ),
        ("Théière;1;20;;\n", "Théière;1;20;;\"2026-0", "line 5: a quotation mark is never closed"),
        (LINES, "", "it is empty"),
        (
            "number;ordered_on;email;total;product;quantity;price;shipped_on;delivered_on\n",
            "",
            "line 1 holds no column names",
        ),
    ];
    for (old, new, why) in cases {
        let error = table(&LINES.replace(old, new)).err().unwrap_or_else(|| panic!("{new} was taken"));
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn columns_have_the_names_that_the_shop_gives_them() {
    let mut settings = settings();
    settings.formats.dates = DateFormat::DayFirst;
    settings.columns = [(Field::Number, "Commande"), (Field::OrderedOn, "Date"), (Field::Email, "Courriel client")]
        .map(|(field, name)| (field, name.to_owned()))
        .into();
    let text =
        b"Courriel client\tCommande\tDate\r\nn/a\t1001\t09/02/2026\r\nz\xe9lie@x.example\t1002\t9.2.2026 10:00\r\n";
    let table = Table::read(text.to_vec(), &settings).unwrap();
    let order = by_number(&table, "#1001").unwrap();
    assert_eq!((order.ordered_on, order.emails.len()), ("2026-02-09".parse().unwrap(), 0));
    assert_eq!(by_number(&table, "1002").unwrap().emails[0].as_str(), "zélie@x.example");
    settings.columns.insert(Field::Total, "Montant".into());
    assert!(Table::read(text.to_vec(), &settings).err().unwrap().contains("columns.total"));
}

#[test]
fn charges_and_refunds_are_read() {
    let text = "number,ordered_on,charges,refunded,refunded_on,returned_in_part,earlier_orders\n\
                7,2026-02-09,2026-02-09 12.50; 2026-02-09 12.50,-3.00,2026-03-01,yes,2\n\
                8,2026-02-09,,0,,no,\n";
    let table = table(text).unwrap();
    let order = by_number(&table, "7").unwrap();
    assert_eq!(order.charges.len(), 2);
    assert_eq!(order.refunded.as_ref().unwrap().minor, 300);
    assert_eq!((order.returned_in_part, order.earlier_orders), (true, Some(2)));
    assert_eq!(by_number(&table, "8").unwrap().refunded, None, "nothing was refunded");
}

#[test]
fn a_hundred_thousand_orders_are_found_one_by_one() {
    let mut text = String::from("number,ordered_on,email\n");
    for n in 0..100_000 {
        text += &format!("N{n},2026-02-09,p{}@d.example\n", n / 2);
    }
    let table = table(&text).unwrap();
    assert_eq!(table.rows(), 100_000);
    assert_eq!(by_number(&table, "n99999").unwrap().number, "N99999");
    let email = Email::parse("p49999@d.example").ok();
    assert_eq!(table.find(&OrderQuery { number: None, email }).unwrap().len(), 2);
}

#[test]
fn a_row_is_split_as_it_was_read() {
    for row in [
        "a,b,c",
        "\"a \"\"b\"\"\",,",
        ",\"x,y\",z\r\n",
        "\"two\nlines\",1,2\n",
        "5\" pipe,a\"b\",\"c\"d\"e",
        "\"\",\"\"\"\",é",
    ] {
        let mut reader = ReaderBuilder::new().has_headers(false).from_reader(row.as_bytes());
        let mut record = StringRecord::new();
        reader.read_record(&mut record).unwrap();
        assert_eq!(split(row, b','), record.iter().collect::<Vec<_>>(), "{row:?}");
    }
}

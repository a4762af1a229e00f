//! A corpus file for training: any bytes are rows or an error that names file, line and field.
#![no_main]

use guichet::domain::{Asset, Fact};
use guichet::triage::corpus;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let asset = Asset { name: "own.jsonl".into(), origin: "corpus/own.jsonl".into(), bytes: data.to_vec() };
    match corpus::parse(&asset) {
        Ok(rows) => {
            for row in &rows {
                for fact in [Fact::OrderNumber, Fact::PurchaseDate, Fact::Product, Fact::AnnouncedDate, Fact::Reason] {
                    let _ = (row.words(fact), row.has(fact));
                }
            }
            let _ = corpus::near_duplicates(&rows, 0.6);
        }
        Err(error) => assert!(error.to_string().starts_with("corpus/own.jsonl"), "{error}"),
    }
});

//! The evidence bundle: each part is there, and a record that was changed is said.

use std::io::{Cursor, Read as _};

use guichet::desk::Evidence;
use guichet::domain::Event;
use guichet::ports::Clock as _;
use jiff::tz::TimeZone;
use zip::ZipArchive;

use super::{approve, kettle, owed};
use crate::shop::letters::Letter;
use crate::shop::{Shop, open};

type Zip = ZipArchive<Cursor<Vec<u8>>>;

async fn collect(shop: &Shop, case: &guichet::domain::CaseId) -> Evidence {
    Evidence::collect(shop.port(), case, shop.clock.now()).await.unwrap()
}

fn unzip(evidence: &Evidence) -> Zip {
    ZipArchive::new(Cursor::new(evidence.zip(&TimeZone::get("Europe/Paris").unwrap()).unwrap())).unwrap()
}

fn part(zip: &mut Zip, name: &str) -> String {
    let mut text = String::new();
    zip.by_name(name).unwrap_or_else(|_| panic!("{name} is missing")).read_to_string(&mut text).unwrap();
    text
}

fn json(zip: &mut Zip, name: &str) -> serde_json::Value {
    serde_json::from_str(&part(zip, name)).unwrap()
}

#[tokio::test]
async fn every_part_is_in_the_bundle() {
    let shop = open().await;
    let case = owed(&shop, &kettle()).await;
    approve(&shop, &case, "accept", Some("We will refund you within 5 business days.")).await;
    let mut evidence = collect(&shop, &case).await;
    evidence.originals[0] = Some(b"From: kim@kim.example\r\n\r\nas received\r\n".to_vec());
    for mail in &mut evidence.file.outgoing {
        let (at, response) = (shop.clock.now(), "250 ok".to_owned());
        mail.state = guichet::domain::DeliveryState::Sent { at, response };
    }
    let mut zip = unzip(&evidence);
    assert!(part(&mut zip, "messages/01.eml").contains("as received"));
    assert!(part(&mut zip, "messages/01.txt").contains("The kettle died."));
    assert!(part(&mut zip, "sent/01-acknowledgement.eml").contains("Auto-Submitted: auto-replied"));
    assert!(part(&mut zip, "sent/02-reply.eml").contains("within 5 business days"));
    assert_eq!(json(&mut zip, "verdict.json")["intent"], "refund_request");
    assert_eq!(json(&mut zip, "assessment.json")["governing"], "conformity");
    assert_eq!(json(&mut zip, "order.json")["order"]["number"], "48213");
    assert_eq!(json(&mut zip, "refunds.json")[0]["notice"]["amount"]["minor"], 12990);
    assert_eq!(json(&mut zip, "promises.json")[0]["by"], "2026-03-10");
    let record = json(&mut zip, "record.json");
    assert_eq!((&record["verified"], &record["broken_at"]), (&true.into(), &serde_json::Value::Null));
    assert_eq!(record["entries"].as_array().unwrap().len(), evidence.file.record.len());
    let files = zip.len();
    let manifest = json(&mut zip, "manifest.json");
    assert_eq!(manifest.as_array().unwrap().len() + 1, files, "each file is listed with its digest");
    let page = part(&mut zip, "summary.html");
    assert!(page.contains("lang=\"en\"") && page.contains("The record below is whole"), "{page}");
    assert!(page.contains("3 March 2026, 10:50 (+01:00)") && !page.contains("<script"), "{page}");
}

#[tokio::test]
async fn a_record_that_was_changed_is_said() {
    let shop = open().await;
    let case = owed(&shop, &kettle().french()).await;
    let mut evidence = collect(&shop, &case).await;
    evidence.file.record[1].event = Some(Event::Edited);
    let mut zip = unzip(&evidence);
    let record = json(&mut zip, "record.json");
    assert_eq!((&record["verified"], &record["broken_at"]), (&false.into(), &1.into()));
    let page = part(&mut zip, "summary.html");
    assert!(page.contains("L’historique a été altéré") && page.contains("lang=\"fr\""), "{page}");
    assert!(page.contains("Ouvert le 3 mars 2026, 10:50 (+01:00)"), "{page}");
}

#[tokio::test]
async fn an_original_that_is_not_kept_is_named_where_it_lies_and_words_cannot_act() {
    let shop = open().await;
    let hostile = Letter::new("Kim <kim@kim.example>", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>");
    let case = shop.receive(&hostile).await;
    let mut zip = unzip(&collect(&shop, &case).await);
    let lies = part(&mut zip, "messages/01.original.txt");
    assert!(lies.contains("original in mailbox support, folder inbox, UID "), "{lies}");
    let page = part(&mut zip, "summary.html");
    assert!(!page.contains("<script>alert") && !page.contains("<img") && page.contains("&lt;img"), "{page}");
}

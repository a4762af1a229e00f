//! The CSV file as the daemon sees it: versions replace each other whole.

use std::time::Duration;

use guichet::domain::Email;
use guichet::ports::OrderQuery;

use super::shop::source;

fn number(text: &str) -> OrderQuery {
    OrderQuery { number: Some(text.into()), email: None }
}

#[tokio::test]
async fn a_spreadsheets_file_is_read_with_its_own_names() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("commandes.csv");
    let text = "N° commande;Date;Client;Montant TTC;Article;Livré le\r\n\
                CMD-2026-001;09/02/2026;ZOE@exemple.fr;1 299,90 €;Cafetière à piston;12/02/2026\r\n";
    let windows: Vec<u8> = text
        .chars()
        .map(|c| match c {
            '€' => 0x80,
            c => u8::try_from(u32::from(c)).unwrap(),
        })
        .collect();
    std::fs::write(&file, windows).unwrap();
    let orders = source(&format!(
        "source = \"csv\"\nfile = {file:?}\ndate_format = \"day_first\"\n[orders.columns]\nnumber = \"N° commande\"\n\
         ordered_on = \"Date\"\nemail = \"Client\"\ntotal = \"Montant TTC\"\nproduct = \"Article\"\n\
         delivered_on = \"Livré le\"\n"
    ));
    assert_eq!(orders.trouble().await, None);
    let found = orders.find(&number("cmd 2026 001")).await.unwrap();
    assert_eq!(found[0].total.as_ref().unwrap().to_string(), "1299.90 EUR");
    assert_eq!(found[0].delivered_on(), Some("2026-02-12".parse().unwrap()));
    assert_eq!(found[0].lines[0].product, "Cafetière à piston");
    let by_address = OrderQuery { number: None, email: Email::parse("zoe@exemple.fr").ok() };
    assert_eq!(orders.find(&by_address).await.unwrap(), found);
}

#[tokio::test(start_paused = true)]
async fn a_new_version_is_taken_once_it_stands_still() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.csv");
    let version = |n: u32| format!("number,ordered_on\nV{n},2026-02-09\n");
    std::fs::write(&file, version(1)).unwrap();
    let orders = source(&format!("source = \"csv\"\nfile = {file:?}\n"));
    assert_eq!(orders.find(&number("V1")).await.unwrap().len(), 1);

    // Written in place, line by line: what stands there in between is no version.
    std::fs::write(&file, "number,ordered_on\n").unwrap();
    for _ in 0..3 {
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(orders.find(&number("V1")).await.unwrap().len(), 1, "the last good one stays");
    }
    assert!(orders.trouble().await.is_some_and(|trouble| trouble.contains("no order is left in it")));
    std::fs::write(&file, version(22)).unwrap();
    for _ in 0..3 {
        tokio::time::advance(Duration::from_secs(2)).await;
        orders.trouble().await;
    }
    assert_eq!(orders.trouble().await, None);
    assert_eq!(orders.find(&number("V22")).await.unwrap().len(), 1);
    assert_eq!(orders.find(&number("V1")).await.unwrap().len(), 0);

    std::fs::remove_file(&file).unwrap();
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(orders.find(&number("V22")).await.unwrap().len(), 1, "gone between two versions");
    assert!(orders.trouble().await.is_some_and(|trouble| trouble.contains("cannot be read")));
}

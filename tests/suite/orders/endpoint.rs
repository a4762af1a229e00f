//! The HTTP source: what leaves the host, what is kept, and the answers of shop systems that many run.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use guichet::domain::Email;
use guichet::ports::{OrderQuery, OrdersError};
use serde_json::json;

use super::shop::source;
use crate::support::scripted_http::{HttpServer, Reply};

fn query(number: Option<&str>, email: Option<&str>) -> OrderQuery {
    OrderQuery { number: number.map(str::to_owned), email: email.map(|email| Email::parse(email).unwrap()) }
}

fn key(folder: &tempfile::TempDir, text: &str) -> String {
    let path = folder.path().join("key");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    format!("secret = {{ file = {path:?} }}\n")
}

#[tokio::test]
async fn a_woocommerce_shop_is_asked_and_understood() {
    let server = HttpServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let orders = source(&format!(
        "source = \"http\"\nprofile = \"woocommerce\"\nurl = \"{}\"\n{}",
        server.url(""),
        key(&folder, "ck_1:cs_2\n")
    ));
    let order = |number: &str, mail: &str| {
        json!({
            "id": 7, "number": number, "status": "completed", "currency": "EUR",
            "date_created": "2026-02-09T23:59:00", "date_created_gmt": "2026-02-09T22:59:00",
            "total": "134.80", "shipping_total": "4.08", "shipping_tax": "0.82", "payment_method": "stripe",
            "billing": { "email": mail, "postcode": "69001", "country": "FR" },
            "shipping": { "postcode": "", "country": "FR" },
            "line_items": [{ "name": "Cafetière", "quantity": 1, "total": "108.25", "total_tax": "21.65" }],
            "refunds": [{ "id": 9, "reason": "", "total": "-10.00" }, { "id": 10, "reason": "", "total": "-5.50" }],
        })
    };
    // Searches are generous: the number stands in another order's note.
    server
        .next(Reply::Say(200, json!([order("17", "x@y.example"), order("1001", "claire@orange.example")]).to_string()));
    let found = orders.find(&query(Some("#1001"), Some("claire@orange.example"))).await.unwrap();
    assert_eq!(found.len(), 1);
    let it = &found[0];
    assert_eq!((it.number.as_str(), it.ordered_on), ("1001", "2026-02-09".parse().unwrap()));
    let money = |money: &Option<guichet::domain::Money>| money.as_ref().unwrap().to_string();
    assert_eq!(
        [money(&it.total), money(&it.delivery_cost), money(&it.refunded)],
        ["134.80 EUR", "4.90 EUR", "15.50 EUR"]
    );
    assert_eq!((it.postcode.as_deref(), it.country.as_deref()), (Some("69001"), Some("FR")));
    assert_eq!((it.lines[0].product.as_str(), money(&it.lines[0].price)), ("Cafetière", "129.90 EUR".into()));
    assert_eq!(it.emails[0].as_str(), "claire@orange.example");

    let asked = server.asked().remove(0);
    assert_eq!(asked.line, "GET /wp-json/wc/v3/orders?per_page=20&search=1001 HTTP/1.1");
    assert_eq!(asked.header("authorization"), Some("Basic Y2tfMTpjc18y"));
    assert!(asked.body.is_empty());
    let names: Vec<&str> = asked.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["host", "user-agent", "connection", "accept", "authorization"], "nothing else leaves");
    assert!(!format!("{:?}", asked.headers).contains("claire"));

    server.next(Reply::Say(200, "[]".into()));
    server.next(Reply::Say(200, json!([order("5", "Claire@orange.example"), order("6", "x@y.example")]).to_string()));
    let found = orders.find(&query(Some("9999"), Some("claire@orange.example"))).await.unwrap();
    assert_eq!(found.iter().map(|order| order.number.as_str()).collect::<Vec<_>>(), ["5"]);
    assert!(server.asked()[2].line.ends_with("search=claire%40orange.example HTTP/1.1"));
}

#[tokio::test]
async fn a_shopify_shop_is_asked_and_understood() {
    let server = HttpServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let orders = source(&format!(
        "source = \"http\"\nprofile = \"shopify\"\nurl = \"{}/\"\n{}",
        server.url(""),
        key(&folder, "shpat_1")
    ));
    let transaction =
        |status: &str, amount: &str| json!({ "status": status, "amount": amount, "authorization": "ARN-1" });
    let answer = json!({ "orders": [{
        "name": "#1001", "email": "claire@orange.example", "created_at": "2026-02-09T23:30:00-05:00",
        "cancelled_at": null, "currency": "GBP", "total_price": "50.00", "payment_gateway_names": ["shopify_payments"],
        "total_shipping_price_set": { "shop_money": { "amount": "5.00", "currency_code": "GBP" } },
        "shipping_address": { "zip": "SW1A 1AA", "country_code": "GB" },
        "line_items": [{ "title": "Mug", "variant_title": "blue", "quantity": 2, "price": "22.50" }],
        "fulfillments": [
            { "status": "cancelled", "created_at": "2026-02-10T09:00:00Z" },
            { "status": "success", "created_at": "2026-02-11T09:00:00Z" }],
        "refunds": [{ "created_at": "2026-03-01T10:00:00Z",
            "transactions": [transaction("failure", "50.00"), transaction("success", "22.50")] }],
    }] });
    server.next(Reply::Say(200, answer.to_string()));
    let found = orders.find(&query(Some("1001"), None)).await.unwrap();
    let it = &found[0];
    assert_eq!(it.ordered_on, "2026-02-10".parse().unwrap(), "the day in the shop's zone");
    assert_eq!(it.refunded.as_ref().unwrap().to_string(), "22.50 GBP");
    assert_eq!((it.refunded_on, it.refund_reference.as_deref()), (Some("2026-03-01".parse().unwrap()), Some("ARN-1")));
    assert_eq!((it.lines[0].quantity, &it.lines[0].price), (2, &None), "list prices are promised to nobody");
    assert_eq!((it.parcels.len(), it.delivered_on(), it.cancelled_on), (1, None, None));
    let asked = server.asked().remove(0);
    assert!(asked.line.starts_with("GET /admin/api/") && asked.line.ends_with("&name=1001 HTTP/1.1"), "{}", asked.line);
    assert_eq!(asked.header("x-shopify-access-token"), Some("shpat_1"));
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_kept_for_some_minutes_and_a_failure_is_not() {
    let server = HttpServer::start().await;
    let orders = source(&format!(
        "source = \"http\"\nurl = \"{}\"\ncache = \"3m\"\nmissing_is_404 = true\n[orders.fields]\nnumber = \"/n\"\n\
         ordered_on = \"/d\"\nparcels = \"/parcels\"\ndelivered_on = \"/received\"\n",
        server.url("/{number}")
    ));
    server.next(Reply::Say(503, String::new()));
    let failed = orders.find(&query(Some("A 1"), None)).await;
    assert!(matches!(failed, Err(OrdersError::Temporary(_))), "{failed:?}");
    assert!(orders.trouble().await.is_some_and(|trouble| trouble.contains("503")));
    let body = json!({ "n": "A-1", "d": "2026-02-09", "parcels": [{ "received": "2026-02-12" }, {}] });
    server.always(Reply::Say(200, body.to_string()));
    for written in ["A 1", "a-1"] {
        let found = orders.find(&query(Some(written), None)).await.unwrap();
        assert_eq!((found.len(), found[0].delivered_on()), (1, None), "one parcel is still under way");
    }
    assert_eq!(server.asked().len(), 2, "the second one was kept");
    assert_eq!(orders.trouble().await, None);
    tokio::time::advance(Duration::from_secs(181)).await;
    server.always(Reply::Say(404, String::new()));
    assert_eq!(orders.find(&query(Some("A 1"), None)).await.unwrap(), []);
    assert!(!orders.takes(&query(None, Some("a@b.example"))), "it has no way to ask by address");
}

#[tokio::test]
async fn what_is_wrong_is_found_before_anybody_writes() {
    let server = HttpServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "source = \"http\"\nprofile = \"woocommerce\"\nurl = \"{}\"\n{}",
        server.url(""),
        key(&folder, "ck:cs")
    );
    server.always(Reply::Say(401, "{}".into()));
    let trouble = source(&text).trouble().await.unwrap();
    assert!(trouble.contains("status 401") && !trouble.contains("cs"), "{trouble}");
    server.always(Reply::Say(200, "[]".into()));
    assert_eq!(source(&text).trouble().await, None);
    let no_key = text.replace("key", "nokey");
    let trouble = source(&no_key).trouble().await.unwrap();
    assert!(trouble.contains("the key of the order source") && trouble.contains("nokey"), "{trouble}");
}

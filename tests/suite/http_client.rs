//! The client against a real server on loopback: what is sent, and every way an answer can fail.

use std::time::Duration;

use guichet::adapters::http_client::{Answer, HttpError, HttpUrl, Limits, Method, request};
use guichet::adapters::tls::Tls;

use crate::support::PATIENCE;
use crate::support::certificates::Authority;
use crate::support::scripted_http::{HttpServer, Reply};

const LIMITS: Limits = Limits { time: PATIENCE, body: 1000 };

async fn post(url: &str, limits: Limits) -> Result<Answer, HttpError> {
    let url = HttpUrl::parse(url).unwrap();
    let headers = [("Content-Type", "application/json"), ("X-Key", "s3cret")];
    request(&Tls::new(None), Method::POST, &url, &headers, b"{}".to_vec(), limits).await
}

#[tokio::test]
async fn a_request_arrives_whole_and_the_answer_comes_back_whole() {
    let server = HttpServer::start().await;
    server.next(Reply::Say(201, "made".into()));
    let answer = post(&server.url("/notices?a=b"), LIMITS).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (201, b"made".as_slice()));
    let asked = &server.asked()[0];
    assert_eq!(asked.line, "POST /notices?a=b HTTP/1.1");
    assert_eq!(asked.header("host"), Some(format!("127.0.0.1:{}", server.port).as_str()));
    assert_eq!(asked.header("x-key"), Some("s3cret"));
    assert_eq!(asked.body, b"{}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let server = HttpServer::start().await;
    let elsewhere = format!("HTTP/1.1 307 Away\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", server.url("/other"));
    server.next(Reply::Raw(elsewhere.into_bytes()));
    assert_eq!(post(&server.url("/"), LIMITS).await.unwrap().status, 307);
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn the_pause_a_busy_server_asks_for_is_read() {
    let server = HttpServer::start().await;
    server.next(Reply::Raw(b"HTTP/1.1 429 Slow\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n".to_vec()));
    assert_eq!(post(&server.url("/"), LIMITS).await.unwrap().retry_after, Some(120));
}

#[tokio::test]
async fn what_is_no_answer_is_said_without_the_path() {
    let server = HttpServer::start().await;
    let long = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n{}\r\n0\r\n\r\n", "x".repeat(2000));
    for (reply, lasting) in [
        (Reply::Close, false),
        (Reply::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf".to_vec()), false),
        (Reply::Raw(b"220 mail.example ESMTP\r\n".to_vec()), true),
        (Reply::Say(200, "x".repeat(2000)), true),
        (Reply::Raw(long.into_bytes()), true),
    ] {
        server.next(reply.clone());
        let error = post(&server.url("/s3cret"), LIMITS).await.unwrap_err();
        assert_eq!(matches!(error, HttpError::Permanent(_)), lasting, "{reply:?}: {error}");
        assert!(error.to_string().contains("127.0.0.1") && !error.to_string().contains("s3cret"), "{error}");
    }
}

#[tokio::test]
async fn a_silent_server_costs_the_time_limit_and_no_more() {
    let server = HttpServer::start().await;
    server.next(Reply::Stall);
    let limits = Limits { time: Duration::from_millis(50), ..LIMITS };
    assert!(matches!(post(&server.url("/"), limits).await, Err(HttpError::Temporary(_))));
}

#[tokio::test]
async fn nobody_there_may_pass_by_itself() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let error = post(&format!("http://127.0.0.1:{closed}/"), LIMITS).await.unwrap_err();
    assert!(matches!(error, HttpError::Temporary(_)), "{error}");
}

#[tokio::test]
async fn a_header_with_a_line_end_is_refused_and_not_repeated() {
    let url = HttpUrl::parse("http://127.0.0.1:1/").unwrap();
    let headers = [("Authorization", "Bearer s3cret\r\nX: y")];
    let error = request(&Tls::new(None), Method::GET, &url, &headers, Vec::new(), LIMITS).await.unwrap_err();
    assert!(error.to_string().contains("Authorization") && !error.to_string().contains("s3cret"), "{error}");
}

#[tokio::test]
async fn https_is_verified_against_the_given_authority() {
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    let authority = Authority::new();
    authority.write(&ca_file);
    let server = HttpServer::with_tls(authority.certificate_for("localhost").server_config()).await;
    let url = HttpUrl::parse(&format!("https://localhost:{}/", server.port)).unwrap();
    let get = async |tls: &Tls| request(tls, Method::GET, &url, &[], Vec::new(), LIMITS).await;
    assert_eq!(get(&Tls::new(Some(ca_file))).await.unwrap().status, 200);
    Authority::named("somebody else").write(&folder.path().join("other.pem"));
    let refused = get(&Tls::new(Some(folder.path().join("other.pem")))).await.unwrap_err();
    assert!(matches!(refused, HttpError::Permanent(_)), "{refused}");
    assert_eq!(server.asked().len(), 1);
}

//! Access tokens from a token endpoint.

use std::sync::Arc;
use std::time::Duration;

use guichet::adapters::http_client::HttpUrl;
use guichet::adapters::oauth2::{Oauth2, Oauth2Settings};
use guichet::adapters::secret::Secret;
use guichet::adapters::sign_in::{Proof, SignIn};
use guichet::adapters::tls::{ConnectError, Tls};

use crate::support::scripted_http::{Asked, HttpServer, Reply};

fn settings(server: &HttpServer) -> Oauth2Settings {
    Oauth2Settings {
        token_url: HttpUrl::parse(&server.url("/token")).unwrap(),
        client_id: "shop & co".into(),
        client_secret: Some(Secret::Given("s3cret".into())),
        refresh_token: Some(Secret::Given("lasting".into())),
        scope: Some("https://mail.google.com/".into()),
    }
}

fn tokens(settings: Oauth2Settings) -> Oauth2 {
    Oauth2::new(settings, Tls::new(None))
}

fn granted(token: &str, more: &str) -> Reply {
    Reply::Say(200, format!("{{\"access_token\":\"{token}\",\"token_type\":\"Bearer\"{more}}}"))
}

fn form(asked: &Asked) -> Vec<(String, String)> {
    form_urlencoded::parse(&asked.body).into_owned().collect()
}

fn field<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

#[tokio::test]
async fn a_refresh_token_buys_an_access_token_that_is_used_until_it_runs_out() {
    let server = HttpServer::start().await;
    server.next(granted("first", ",\"expires_in\":3600"));
    server.next(granted("second", ",\"expires_in\":30"));
    server.next(granted("third", ""));
    let tokens = tokens(settings(&server));
    let first = tokens.token().await.unwrap();
    assert_eq!((first.text.as_str(), first.fresh), ("first", true));
    let again = tokens.token().await.unwrap();
    assert_eq!((again.text.as_str(), again.fresh), ("first", false));
    tokens.forget(&first).await;
    assert_eq!(tokens.token().await.unwrap().text, "second", "one that a server refused is not used again");
    assert_eq!(tokens.token().await.unwrap().text, "third", "what ends within a minute is not used again");
    let asked = server.asked();
    assert_eq!(asked.len(), 3);
    assert_eq!(asked[0].line, "POST /token HTTP/1.1");
    assert_eq!(asked[0].header("content-type"), Some("application/x-www-form-urlencoded"));
    let form = form(&asked[0]);
    let sent = ["grant_type", "refresh_token", "client_id", "client_secret", "scope"].map(|name| field(&form, name));
    assert_eq!(
        sent,
        [Some("refresh_token"), Some("lasting"), Some("shop & co"), Some("s3cret"), Some("https://mail.google.com/")]
    );
}

#[tokio::test]
async fn two_sign_ins_at_once_ask_once() {
    let server = HttpServer::start().await;
    server.always(granted("one", ",\"expires_in\":3600"));
    let tokens = tokens(settings(&server));
    let (left, right) = tokio::join!(tokens.token(), tokens.token());
    assert_eq!((left.unwrap().text, right.unwrap().text), ("one".into(), "one".into()));
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn without_a_refresh_token_the_application_asks_for_itself() {
    let server = HttpServer::start().await;
    server.always(granted("own", ""));
    tokens(Oauth2Settings { refresh_token: None, ..settings(&server) }).token().await.unwrap();
    let form = form(&server.asked()[0]);
    assert_eq!(field(&form, "grant_type"), Some("client_credentials"));
    assert_eq!(field(&form, "refresh_token"), None);
}

#[tokio::test]
async fn a_renewed_refresh_token_takes_the_place_of_the_old_one() {
    let server = HttpServer::start().await;
    server.next(granted("first", ",\"expires_in\":0,\"refresh_token\":\"newer\""));
    server.next(granted("second", ""));
    let folder = tempfile::tempdir().unwrap();
    let place = Secret::File(folder.path().join("refresh"));
    place.replace("lasting").await.unwrap();
    let tokens = tokens(Oauth2Settings { refresh_token: Some(place.clone()), ..settings(&server) });
    tokens.token().await.unwrap();
    assert_eq!(place.resolve().await.unwrap(), "newer", "kept for the next start");
    tokens.token().await.unwrap();
    assert_eq!(field(&form(&server.asked()[1]), "refresh_token"), Some("newer"));
}

#[tokio::test]
async fn a_place_that_cannot_be_written_does_not_stop_the_sign_in() {
    let server = HttpServer::start().await;
    server.always(granted("first", ",\"expires_in\":0,\"refresh_token\":\"newer\""));
    let tokens = tokens(settings(&server));
    assert_eq!(tokens.token().await.unwrap().text, "first");
    tokens.token().await.unwrap();
    assert_eq!(field(&form(&server.asked()[1]), "refresh_token"), Some("newer"));
}

#[tokio::test]
async fn what_a_person_puts_into_the_file_counts_at_the_next_renewal() {
    let server = HttpServer::start().await;
    server.always(granted("some", ",\"expires_in\":0"));
    let folder = tempfile::tempdir().unwrap();
    let place = Secret::File(folder.path().join("refresh"));
    place.replace("lasting").await.unwrap();
    let tokens = tokens(Oauth2Settings { refresh_token: Some(place.clone()), ..settings(&server) });
    tokens.token().await.unwrap();
    place.replace("granted anew").await.unwrap();
    tokens.token().await.unwrap();
    assert_eq!(field(&form(&server.asked()[1]), "refresh_token"), Some("granted anew"));
}

#[tokio::test]
async fn a_renewed_token_that_could_not_be_kept_gives_way_once_it_is_refused_for_good() {
    let server = HttpServer::start().await;
    server.next(granted("first", ",\"expires_in\":0,\"refresh_token\":\"newer\""));
    server.next(Reply::Say(503, String::new()));
    server.next(Reply::Say(200, "<html>".into()));
    server.next(Reply::Say(400, "{\"error\":\"invalid_grant\"}".into()));
    server.next(granted("second", ""));
    let tokens = tokens(settings(&server));
    tokens.token().await.unwrap();
    for _ in 0..3 {
        tokens.token().await.unwrap_err();
    }
    tokens.token().await.unwrap();
    let sent: Vec<_> =
        server.asked().iter().map(|asked| field(&form(asked), "refresh_token").map(str::to_owned)).collect();
    assert_eq!(sent, ["lasting", "newer", "newer", "newer", "lasting"].map(|token| Some(token.to_owned())));
}

#[tokio::test]
async fn unfit_lives_and_refresh_tokens_do_no_harm() {
    let whole = u64::MAX;
    for more in [
        format!(",\"expires_in\":{whole}"),
        ",\"expires_in\":\"3600\"".into(),
        ",\"expires_in\":-1".into(),
        ",\"expires_in\":{},\"refresh_token\":\"\"".into(),
        ",\"refresh_token\":\"two\\nlines\"".into(),
    ] {
        let server = HttpServer::start().await;
        server.always(granted("some", &more));
        let folder = tempfile::tempdir().unwrap();
        let place = Secret::File(folder.path().join("refresh"));
        place.replace("lasting").await.unwrap();
        let tokens = tokens(Oauth2Settings { refresh_token: Some(place.clone()), ..settings(&server) });
        assert_eq!(tokens.token().await.unwrap().text, "some", "{more}");
        assert!(!tokens.token().await.unwrap().fresh, "{more}");
        assert_eq!(place.resolve().await.unwrap(), "lasting", "{more}");
    }
}

#[tokio::test]
async fn refusals_say_whether_a_person_has_to_act_and_never_a_secret() {
    let refused =
        |error: &str| Reply::Say(400, format!("{{\"error\":\"{error}\",\"error_description\":\"No\\r\\nway\"}}"));
    let rows = [
        (refused("invalid_grant"), false, "grant it anew and replace the refresh token in the terminal"),
        (refused("invalid_client"), false, "invalid_client No way; check `client_id`"),
        (refused("temporarily_unavailable"), true, "temporarily_unavailable"),
        (Reply::Say(503, "<html>".into()), true, "503"),
        (Reply::Say(429, String::new()), true, "429"),
        (Reply::Say(200, "<html>".into()), false, "check `token_url`"),
        (Reply::Say(200, "{\"access_token\":\"a b\",\"token_type\":\"Bearer\"}".into()), false, "no bearer token"),
        (Reply::Say(200, "{\"access_token\":\"ab\",\"token_type\":\"mac\"}".into()), false, "no bearer token"),
        (Reply::Close, true, "broke"),
    ];
    for (reply, passing, words) in rows {
        let server = HttpServer::start().await;
        server.always(reply.clone());
        let error = tokens(settings(&server)).token().await.unwrap_err();
        assert_eq!(matches!(error, ConnectError::Temporary(_)), passing, "{reply:?}: {error}");
        let text = error.to_string();
        assert!(text.contains(words), "{reply:?}: {text}");
        assert!(!text.contains("s3cret") && !text.contains("lasting") && !text.contains('\n'), "{text}");
    }
}

#[tokio::test]
async fn a_used_token_that_is_refused_may_be_followed_by_another_and_a_fresh_one_not() {
    let server = HttpServer::start().await;
    server.always(granted("one", ",\"expires_in\":3600"));
    let sign_in = SignIn::Oauth2(Arc::new(tokens(settings(&server))));
    let fresh = sign_in.proof().await.unwrap();
    let used = sign_in.proof().await.unwrap();
    assert!(sign_in.refused(&used).await);
    assert!(!sign_in.refused(&fresh).await);
    assert!(!sign_in.refused(&Proof::Password("x".into())).await);
    sign_in.proof().await.unwrap();
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_ends_a_minute_before_its_time() {
    let server = HttpServer::start().await;
    server.always(granted("one", ",\"expires_in\":3600"));
    let tokens = tokens(settings(&server));
    tokens.token().await.unwrap();
    tokio::time::advance(Duration::from_secs(3539)).await;
    assert!(!tokens.token().await.unwrap().fresh);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(tokens.token().await.unwrap().fresh);
}

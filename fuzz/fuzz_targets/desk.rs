//! The desk's forms, on the real store: up to four requests of a signed-in reviewer, with a line `%%` between
//! two. A request is a line `METHOD PATH`, lines of headers, an empty line, a body. `{case}`, `{csrf}`,
//! `{revision}`, `{entries}` and `{mail}` stand for what the case's page says at that moment.
#![no_main]

use std::cell::RefCell;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use guichet::domain::{CaseId, CaseState};
use guichet::ports::Store as _;
use guichet_fuzz::cut;
use jiff::SignedDuration;
use libfuzzer_sys::{Corpus, fuzz_target};
use shop::letters::Letter;
use shop::{NAME, Shop};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

#[path = "../../tests/shop/mod.rs"]
mod shop;

/// Cases in one store; then a new one is opened, so that the queue's page stays short.
const MOST_CASES: u32 = 100;
const HOST: &str = "127.0.0.1:8025";

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(data) else { return Corpus::Reject };
    WORLD.with_borrow_mut(|world| {
        let mut ready = world.take().filter(|world| world.cases < MOST_CASES).unwrap_or_else(World::open);
        ready.play(text);
        *world = Some(ready);
    });
    Corpus::Keep
});

struct World {
    desk: Desk,
    cases: u32,
    /// Last, so that it ends last.
    runtime: Runtime,
}

struct Desk {
    shop: Shop,
    router: Router,
    cookie: String,
    case: CaseId,
}

impl World {
    fn open() -> Self {
        // Each commit is an fsync: in memory it costs nothing.
        tempfile::env::override_temp_dir(std::path::Path::new("/dev/shm")).ok();
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let desk = runtime.block_on(async {
            let shop = shop::open().await;
            let router = shop.desk.router(([127, 0, 0, 1], 40_000).into());
            let case = shop.receive(&letter(0)).await;
            let mut desk = Desk { shop, router, cookie: String::new(), case };
            desk.sign_in().await;
            desk
        });
        Self { desk, cases: 1, runtime }
    }

    fn play(&mut self, text: &str) {
        let Self { desk, cases, runtime } = self;
        runtime.block_on(async {
            for written in text.split("%%\n").take(4) {
                desk.request(written).await;
            }
            if !desk.signed_in().await {
                desk.sign_in().await;
            }
            if !desk.is_open().await {
                desk.shop.clock.advance(SignedDuration::from_mins(1));
                desk.case = desk.shop.receive(&letter(*cases)).await;
                *cases += 1;
            }
        });
    }
}

fn letter(number: u32) -> Letter {
    Letter::new(&format!("Kim <kim{number}@kim.example>"), "Broken kettle", "Please refund the <zqx> kettle.")
}

impl Desk {
    async fn sign_in(&mut self) {
        let answer = self.send(Request::get(self.shop.desk.one_time_path(NAME)), String::new()).await;
        let cookie = answer.headers().get(header::SET_COOKIE).and_then(|cookie| cookie.to_str().ok());
        self.cookie = cut(cookie.expect("signed in"), ";").0.to_owned();
    }

    async fn signed_in(&self) -> bool {
        self.send(Request::get("/file/none"), String::new()).await.status() == StatusCode::NOT_FOUND
            && self.send(Request::get("/aside"), String::new()).await.status() == StatusCode::OK
    }

    async fn is_open(&self) -> bool {
        let file = self.shop.store.case_file(&self.case).await.expect("the case");
        file.draft.is_some() && file.case.state == CaseState::NeedsReply
    }

    async fn send(&self, builder: axum::http::request::Builder, body: String) -> Response<Body> {
        let set = |name: &str| builder.headers_ref().is_some_and(|headers| headers.contains_key(name));
        let usual = [
            ("host", HOST.to_owned()),
            ("origin", format!("http://{HOST}")),
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ("cookie", self.cookie.clone()),
        ];
        let missing: Vec<_> = usual.into_iter().filter(|(name, _)| !set(name)).collect();
        let builder = missing.into_iter().fold(builder, |builder, (name, value)| builder.header(name, value));
        let Ok(request) = builder.body(Body::from(body)) else { return Response::default() };
        let Ok(answer) = self.router.clone().oneshot(request).await;
        answer
    }

    async fn request(&self, written: &str) {
        let (head, body) = cut(written, "\n\n");
        let mut lines = head.lines();
        let (method, path) = cut(lines.next().unwrap_or_default(), " ");
        // Guessing passwords costs a tenth of a second each: that is what it is there for.
        if path.starts_with("/sign-in") && body.contains("password") {
            return;
        }
        let mut builder = Request::builder().method(method).uri(self.filled(path).await);
        for line in lines {
            let (name, value) = cut(line, ":");
            builder = builder.header(name, value.trim());
        }
        let body = self.filled(body.trim_end_matches('\n')).await;
        if builder.headers_ref().is_some() {
            check(self.send(builder, body).await).await;
        }
    }

    /// With what the page says now in the place of its names.
    async fn filled(&self, text: &str) -> String {
        if !text.contains('{') {
            return text.to_owned();
        }
        let page = self.send(Request::get(format!("/case/{}", self.case)), String::new()).await;
        let page = String::from_utf8(bytes(page).await).expect("a page is text");
        let field = |name: &str| {
            let after = page.split_once(&format!("name=\"{name}\"")).map_or("", |(_, after)| after);
            cut(cut(after, "value=\"").1, "\"").0.to_owned()
        };
        let mails = self.shop.store.case_file(&self.case).await.expect("the case").outgoing;
        let mail = mails.last().map(|mail| mail.id.to_string()).unwrap_or_default();
        text.replace("{case}", self.case.as_str())
            .replace("{mail}", &mail)
            .replace("{csrf}", &field("csrf"))
            .replace("{revision}", &field("revision"))
            .replace("{entries}", &field("entries"))
    }
}

async fn bytes(answer: Response<Body>) -> Vec<u8> {
    axum::body::to_bytes(answer.into_body(), 64 << 20).await.expect("a page has an end").to_vec()
}

/// Whatever was asked, the answer is one of ours: dressed, leading nowhere else, with nothing in it that a
/// browser would take for a tag of the writer's.
async fn check(answer: Response<Body>) {
    if answer.headers().is_empty() {
        return;
    }
    let status = answer.status();
    assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.headers().contains_key("content-security-policy"), "{status} without its headers");
    if let Some(onward) = answer.headers().get(header::LOCATION) {
        let onward = onward.as_bytes();
        assert!(onward.starts_with(b"/") && !onward.starts_with(b"//"), "led away");
    }
    let page = bytes(answer).await.to_ascii_lowercase();
    assert!(!page.windows(4).any(|four| four == b"<zqx"), "markup of the writer's in a page");
}

//! Many at once, and slow ones: sign-ins, forms, long lists.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use guichet::adapters::assets::{Assets, Kind};
use guichet::adapters::system::SystemIds;
use guichet::desk::{Desk, DeskParts, Settings};
use guichet::ports::{Reviewer, Reviewers, ReviewersError};
use tokio::sync::Semaphore;
use tower_service::Service as _;

use crate::shop::http::Visitor;
use crate::shop::open;

const HERE: &str = "127.0.0.1:8025";

/// Nobody; and each password takes until the gate is opened.
#[derive(Default)]
struct Gate {
    open: Option<Arc<Semaphore>>,
    inside: AtomicUsize,
    most: AtomicUsize,
}

#[async_trait]
impl Reviewers for Gate {
    async fn verify(&self, _name: &str, _password: &str) -> Result<Option<Reviewer>, ReviewersError> {
        let inside = self.inside.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(inside, Ordering::SeqCst);
        if let Some(open) = &self.open {
            drop(open.acquire().await);
        }
        self.inside.fetch_sub(1, Ordering::SeqCst);
        Ok(None)
    }

    async fn find(&self, _name: &str) -> Result<Option<Reviewer>, ReviewersError> {
        Ok(None)
    }

    async fn all(&self) -> Result<Vec<Reviewer>, ReviewersError> {
        Ok(Vec::new())
    }
}

async fn desk(reviewers: Arc<Gate>) -> Desk {
    let shop = open().await;
    let parts = DeskParts {
        settings: Settings::local(HERE.parse().unwrap()),
        review: Arc::clone(&shop.review),
        reviewers,
        health: shop.pulse.clone(),
        clock: shop.clock.clone(),
        ids: Arc::new(SystemIds),
    };
    Desk::new(parts, &Assets::built_in().load(Kind::Templates).unwrap()).unwrap()
}

async fn posts(desk: &Desk, body: Body) -> StatusCode {
    let address: std::net::SocketAddr = HERE.parse().unwrap();
    let request = Request::post("/sign-in")
        .header("host", address.to_string())
        .header("origin", format!("http://{address}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
        .unwrap();
    desk.router(address).as_service().call(request).await.unwrap().status()
}

/// Each takes 19 MiB: an unlimited number would end the daemon.
#[tokio::test]
async fn two_passwords_are_tried_at_once_and_others_wait_or_come_again() {
    let gate = Arc::new(Semaphore::new(0));
    let reviewers = Arc::new(Gate { open: Some(Arc::clone(&gate)), ..Gate::default() });
    let desk = desk(Arc::clone(&reviewers)).await;
    tokio::time::pause();
    let mut tries = tokio::task::JoinSet::new();
    for n in 0..6 {
        let desk = desk.clone();
        tries.spawn(async move { posts(&desk, Body::from(format!("name=n{n}&password=guess"))).await });
    }
    for _ in 0..4 {
        assert_eq!(tries.join_next().await.unwrap().unwrap(), StatusCode::TOO_MANY_REQUESTS);
    }
    gate.add_permits(2);
    while let Some(tried) = tries.join_next().await {
        assert_eq!(tried.unwrap(), StatusCode::UNAUTHORIZED);
    }
    assert_eq!(reviewers.most.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_form_that_trickles_is_not_waited_for() {
    let desk = desk(Arc::default()).await;
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    let trickle = futures::stream::once(async { Ok::<_, std::io::Error>("name=a") });
    let trickle = futures::StreamExt::chain(trickle, futures::stream::pending());
    assert_eq!(posts(&desk, Body::from_stream(trickle)).await, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(began.elapsed().as_secs(), 15, "on a clock that stands still but for this");
}

#[tokio::test]
async fn nothing_ends_at_the_last_row_of_a_page() {
    let shop = open().await;
    for n in 0..201 {
        shop.receive_machine(&format!("robot{n}@robot.example"), &format!("Notice {n}."), "auto-submitted").await;
        shop.give_up(&format!("1/{n}."), "garbage").await;
    }
    let mut visitor = Visitor::new(shop.address);
    visitor.sign_in().await;
    let (first, second) = (visitor.get("/aside").await.body, visitor.get("/aside?page=1").await.body);
    let shown = |n: usize| [&first, &second].map(|page| page.contains(&format!("Notice {n}.")));
    assert!((0..201).all(|n| shown(n).iter().filter(|shown| **shown).count() == 1));
    assert!(first.contains("page=1") && !first.contains("page=0") && second.contains("page=0"));
    assert!((0..201).all(|n| first.contains(&format!("1&#x2f;{n}."))), "all that could not be fetched");
    for path in ["/queue?page=3", "/cases?page=99999999", "/aside?page=7"] {
        assert_eq!(visitor.get(path).await.status, 200, "{path}");
    }
}

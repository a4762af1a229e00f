//! Connections: hyper's HTTP/1 with a time limit on the request's head, so that a client that
//! trickles its headers holds nothing for long.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_service::Service as _;

use super::room::Room;
use super::visit::Peer;
use super::{Desk, routes};

/// A request's head must be there within this time; also the longest an idle connection is kept.
const HEAD_TIME: Duration = Duration::from_secs(15);
/// A whole request with its answer, and pages asked over the same connection: no longer than this.
const CONNECTION_TIME: Duration = Duration::from_secs(300);
/// After a failed accept (out of file descriptors), before the next.
const PAUSE: Duration = Duration::from_millis(200);
/// How long pages under way may take to end once we stop.
const FAREWELL: Duration = Duration::from_secs(5);

/// Serves the desk until `stop`; pages under way are finished first.
///
/// # Errors
/// Never by itself at present; the listener was bound by the caller.
pub async fn serve(desk: Desk, listener: TcpListener, stop: CancellationToken) -> anyhow::Result<()> {
    let room = Room::new(desk.settings().behind_proxy);
    let router = routes::router(desk);
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&listener) => accepted,
        };
        let Some((stream, peer)) = accepted else { continue };
        // Accepted and closed: one that waited would keep those behind it waiting.
        let Some(guest) = room.enter(peer.ip()) else { continue };
        let (router, stop) = (router.clone(), stop.clone());
        connections.spawn(async move {
            connection(router, stream, peer, stop).await;
            drop(guest);
        });
    }
    connections.close();
    if tokio::time::timeout(FAREWELL, connections.wait()).await.is_err() {
        tracing::debug!("some of the desk's connections were cut at the end");
    }
    Ok(())
}

async fn accept(listener: &TcpListener) -> Option<(TcpStream, SocketAddr)> {
    match listener.accept().await {
        Ok(accepted) => Some(accepted),
        Err(error) => {
            tracing::warn!(%error, "the desk could not accept a connection; trying again");
            tokio::time::sleep(PAUSE).await;
            None
        }
    }
}

async fn connection(router: Router, stream: TcpStream, peer: SocketAddr, stop: CancellationToken) {
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let mut router = router.clone();
        async move {
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            let Ok(response) = router.as_service().call(request).await;
            Ok::<_, Infallible>(response)
        }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(32 * 1024);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let whole = tokio::time::sleep(CONNECTION_TIME);
    tokio::pin!(whole);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = stop.cancelled() => {}
        () = whole => {}
    }
    connection.as_mut().graceful_shutdown();
    // What a client does to its own connection is no event of ours.
    let _ = tokio::time::timeout(FAREWELL, connection).await;
}

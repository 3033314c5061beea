//! The listener of a door: bounded connections, bounded waits, orderly end.

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use keylight_runtime::lifecycle::Lifecycle;
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Bounds of a listener.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most open connections; above that, new ones wait in the system's own bounded queue.
    pub max_connections: usize,
    /// Longest wait for a request's head, also on a connection that is kept open between requests.
    pub head_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 4096,
            head_timeout: Duration::from_secs(60),
        }
    }
}

/// The address of the other end, in the extensions of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// Serves `router` over HTTP/1.1 until the process stops; requests in hand are finished.
pub fn serve(
    name: &'static str,
    listener: TcpListener,
    router: Router,
    limits: Limits,
    lifecycle: &Lifecycle,
) {
    let stopping = lifecycle.stopping();
    lifecycle.spawn(name, async move {
        accept(listener, router, limits, stopping).await;
        Ok(())
    });
}

async fn accept(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    stopping: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(
        limits.max_connections.min(Semaphore::MAX_PERMITS),
    ));
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => break,
            accepted = async {
                // the semaphore is never closed, so this fails never
                let place = places.clone().acquire_owned().await;
                (place, listener.accept().await)
            } => accepted,
        };
        match accepted {
            (Ok(place), Ok((stream, peer))) => {
                let (router, stopping) = (router.clone(), stopping.clone());
                connections.spawn(async move {
                    converse(stream, peer, router, limits, stopping).await;
                    drop(place);
                });
            }
            (_, Err(error)) => pause_after(&error).await,
            (Err(_), _) => break,
        }
    }
    connections.close();
    connections.wait().await;
}

/// Errors of one connection are nothing to wait for; running out of files is.
async fn pause_after(error: &io::Error) {
    let of_one_connection = matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    );
    if !of_one_connection {
        tracing::warn!(error = %error, "cannot accept a connection");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: Limits,
    stopping: CancellationToken,
) {
    // answers are small and written at once; waiting for more to send would only delay them
    let _ = stream.set_nodelay(true);
    let service = tower::ServiceExt::map_request(
        router,
        move |mut request: http::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(Peer(peer));
            request.map(axum::body::Body::new)
        },
    );
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut connection = std::pin::pin!(connection);
    // a connection that breaks is the client's affair
    tokio::select! {
        _ = connection.as_mut() => return,
        () = stopping.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    async fn started(limits: Limits, router: Router) -> (SocketAddr, Lifecycle) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let lifecycle = Lifecycle::new();
        serve("door", listener, router, limits, &lifecycle);
        (address, lifecycle)
    }

    async fn ask(stream: &mut TcpStream, path: &str) -> String {
        stream
            .write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let mut answer = vec![0; 4096];
        let length = stream.read(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer[..length]).into_owned()
    }

    #[tokio::test]
    async fn a_request_in_hand_is_finished_and_idle_connections_end() {
        let gate = Arc::new(Semaphore::new(0));
        let (entered, waits) = (Arc::new(Semaphore::new(0)), gate.clone());
        let noted = entered.clone();
        let router = Router::new().route(
            "/slow",
            get(move || async move {
                noted.add_permits(1);
                let _ = waits.acquire().await;
                "done"
            }),
        );
        let (address, lifecycle) = started(Limits::default(), router).await;
        let _idle = TcpStream::connect(address).await.unwrap();
        let mut busy = TcpStream::connect(address).await.unwrap();
        let answer = tokio::spawn(async move { ask(&mut busy, "/slow").await });
        let _ = entered.acquire().await.unwrap();
        lifecycle.stop();
        gate.add_permits(1);
        assert!(answer.await.unwrap().ends_with("done"));
        lifecycle.finished(Duration::from_secs(5)).await.unwrap();
    }

    #[tokio::test]
    async fn a_silent_client_is_let_go_and_frees_its_place() {
        let limits = Limits {
            max_connections: 1,
            head_timeout: Duration::from_millis(50),
        };
        let (address, _lifecycle) =
            started(limits, Router::new().route("/", get(|| async { "ok" }))).await;
        let mut silent = TcpStream::connect(address).await.unwrap();
        silent.write_all(b"GET / HT").await.unwrap();
        let mut second = TcpStream::connect(address).await.unwrap();
        assert!(ask(&mut second, "/").await.ends_with("ok"));
    }
}

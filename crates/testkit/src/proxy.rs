//! A TCP proxy for tests that need a bad network: it cuts, pauses or refuses connections on demand.

use anyhow::{Context, Result};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp},
    sync::watch,
};

/// What the proxy does with bytes and connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Pass,
    Pause,
    Refuse,
}

#[derive(Debug, Clone, Copy)]
struct State {
    mode: Mode,
    /// Connections of an older generation end.
    generation: u64,
}

/// A proxy in front of one server; it ends when it is dropped, with all its connections.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    state: watch::Sender<State>,
}

impl FaultProxy {
    /// Listens on a free port and passes everything on to `target` (`host:port`).
    ///
    /// # Errors
    /// When no port can be opened.
    pub async fn before(target: impl Into<String>) -> Result<Self> {
        let target = target.into();
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .context("cannot open a port for the proxy")?;
        let address = listener
            .local_addr()
            .context("the proxy's listener has no address")?;
        let (state, watched) = watch::channel(State {
            mode: Mode::Pass,
            generation: 0,
        });
        tokio::spawn(accept(listener, target, watched));
        Ok(Self { address, state })
    }

    /// Where to connect instead of the server.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts every connection; new ones pass.
    pub fn cut(&self) {
        self.state.send_modify(|state| {
            state.mode = Mode::Pass;
            state.generation += 1;
        });
    }

    /// Keeps connections open, but no byte passes until [`FaultProxy::pass`].
    pub fn pause(&self) {
        self.state.send_modify(|state| state.mode = Mode::Pause);
    }

    /// Cuts every connection and closes new ones at once, until [`FaultProxy::pass`].
    pub fn refuse(&self) {
        self.state.send_modify(|state| {
            state.mode = Mode::Refuse;
            state.generation += 1;
        });
    }

    /// Back to normal.
    pub fn pass(&self) {
        self.state.send_modify(|state| state.mode = Mode::Pass);
    }
}

async fn accept(listener: TcpListener, target: String, mut state: watch::Receiver<State>) {
    loop {
        let client = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => client,
                Err(_) => continue,
            },
            gone = closed(&mut state) => return gone,
        };
        if state.borrow().mode == Mode::Refuse {
            continue;
        }
        let (target, state) = (target.clone(), state.clone());
        tokio::spawn(async move {
            if let Ok(server) = TcpStream::connect(target).await {
                carry(client, server, state).await;
            }
        });
    }
}

/// Ends when the proxy was dropped.
async fn closed(state: &mut watch::Receiver<State>) {
    while state.changed().await.is_ok() {}
}

async fn carry(client: TcpStream, server: TcpStream, state: watch::Receiver<State>) {
    let generation = state.borrow().generation;
    let mut watched = state.clone();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = pump(from_client, to_server, state.clone()) => {}
        () = pump(from_server, to_client, state) => {}
        _ = watched.wait_for(|state| state.generation != generation) => {}
    }
}

async fn pump(
    mut from: tcp::OwnedReadHalf,
    mut to: tcp::OwnedWriteHalf,
    mut state: watch::Receiver<State>,
) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if state
            .wait_for(|state| state.mode != Mode::Pause)
            .await
            .is_err()
        {
            return;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::time::Duration;

    async fn echo_server() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    let _ = tokio::io::copy(&mut read, &mut write).await;
                });
            }
        });
        address
    }

    async fn echo(stream: &mut TcpStream) -> std::io::Result<u8> {
        stream.write_all(&[7]).await?;
        stream.read_u8().await
    }

    #[tokio::test]
    async fn passes_pauses_cuts_and_refuses() {
        let proxy = FaultProxy::before(echo_server().await.to_string())
            .await
            .unwrap();
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(echo(&mut stream).await.unwrap(), 7);

        proxy.pause();
        let silent = tokio::time::timeout(Duration::from_millis(200), echo(&mut stream)).await;
        assert!(silent.is_err(), "nothing comes through while paused");
        proxy.pass();
        assert_eq!(
            stream.read_u8().await.unwrap(),
            7,
            "what was held back arrives"
        );

        proxy.cut();
        assert!(echo(&mut stream).await.is_err());
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(echo(&mut stream).await.unwrap(), 7);

        proxy.refuse();
        assert!(echo(&mut stream).await.is_err());
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        assert!(echo(&mut stream).await.is_err());
    }
}

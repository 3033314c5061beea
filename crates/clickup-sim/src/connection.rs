//! TCP connections that a handler can cut: the client then sees a closed connection instead of an
//! answer, as with a crashed server or a broken network.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// Listener that hands out connections with a switch.
pub(crate) struct SimListener {
    inner: TcpListener,
    stop: CancellationToken,
}

impl SimListener {
    pub(crate) fn new(inner: TcpListener, stop: CancellationToken) -> Self {
        Self { inner, stop }
    }
}

impl Listener for SimListener {
    type Io = SimStream;
    type Addr = Wire;

    async fn accept(&mut self) -> (SimStream, Wire) {
        let (stream, _) = Listener::accept(&mut self.inner).await;
        // Answers are small and clients wait for them: do not gather packets.
        let _ = stream.set_nodelay(true);
        let wire = Wire {
            cut: Arc::new(AtomicBool::new(false)),
            stop: self.stop.clone(),
        };
        let io = SimStream {
            inner: stream,
            cut: Arc::clone(&wire.cut),
        };
        (io, wire)
    }

    fn local_addr(&self) -> io::Result<Wire> {
        let _: SocketAddr = self.inner.local_addr()?;
        Ok(Wire {
            cut: Arc::default(),
            stop: self.stop.clone(),
        })
    }
}

/// Handle on the connection a request came by.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    cut: Arc<AtomicBool>,
    stop: CancellationToken,
}

impl Wire {
    /// From now on every write fails, so the server drops the connection without another byte.
    pub(crate) fn cut(&self) {
        self.cut.store(true, Ordering::Release);
    }

    /// Resolves when the server is asked to stop; hanging requests end then.
    pub(crate) async fn stopped(&self) {
        self.stop.cancelled().await;
    }
}

impl Connected<IncomingStream<'_, SimListener>> for Wire {
    fn connect_info(stream: IncomingStream<'_, SimListener>) -> Self {
        stream.remote_addr().clone()
    }
}

/// A TCP stream with the switch.
pub(crate) struct SimStream {
    inner: TcpStream,
    cut: Arc<AtomicBool>,
}

impl SimStream {
    fn check(&self) -> io::Result<()> {
        if self.cut.load(Ordering::Acquire) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl AsyncRead for SimStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for SimStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

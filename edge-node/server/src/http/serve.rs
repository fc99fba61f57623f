//! Connections: how many there may be, how long a caller may take for its request's head and to read the answer, and how they
//! end with the node.

use super::unread::Unread;
use crate::limits::{CONNECTIONS_MAX, CONNECTIONS_OF_ONE, HEAD_WAIT, READ_WAIT};
use axum::{Router, body::Body, extract::ConnectInfo, http::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use pages::guesses::whole;
use std::{
    collections::BTreeMap,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use sync_quic::{HttpsListener, HttpsStream};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};
use tower::ServiceExt;

/// Rest after the system refused a connection, as where too many files are open.
const REFUSED_REST: Duration = Duration::from_millis(100);

/// Where connections come from.
pub(super) trait Door: Send {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Stream, SocketAddr)>> + Send;
}

impl Door for TcpListener {
    type Stream = TcpStream;

    async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, from) = Self::accept(self).await?;
        // Answers are small; none waits for the acknowledgement of the one before.
        stream.set_nodelay(true)?;
        Ok((stream, from))
    }
}

impl Door for HttpsListener {
    type Stream = HttpsStream;

    async fn accept(&mut self) -> io::Result<(HttpsStream, SocketAddr)> {
        Ok(Self::accept(self).await)
    }
}

/// Connections of each address.
#[derive(Debug, Clone, Default)]
struct Callers(Arc<Mutex<BTreeMap<IpAddr, usize>>>);

/// One connection's place among those of its address.
struct Caller(Callers, IpAddr);

impl Callers {
    /// Counts a connection, unless its address has enough. The box itself is never shut out by number.
    fn enter(&self, from: IpAddr) -> Option<Caller> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(from).or_default();
        if *count >= CONNECTIONS_OF_ONE && !from.is_loopback() {
            return None;
        }
        *count += 1;
        Some(Caller(self.clone(), from))
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        let mut counts = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.1);
            }
        }
    }
}

/// Serves until `stop`, then lets running requests end.
pub(super) async fn serve(mut door: impl Door, router: Router, stop: impl Future<Output = ()> + Send) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let (callers, connections) = (Callers::default(), GracefulShutdown::new());
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_WAIT);
    let mut running = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = async {
            let turn = room.clone().acquire_owned().await;
            (turn, door.accept().await)
        };
        let (turn, accepted) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut stop => break,
        };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "a connection was not taken");
                tokio::time::sleep(REFUSED_REST).await;
                continue;
            }
        };
        let Some(caller) = callers.enter(whole(from.ip())) else { continue };
        let router = router.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(from));
            router.clone().oneshot(request)
        });
        let stream = TokioIo::new(Unread::new(stream, READ_WAIT));
        let connection = connections.watch(builder.serve_connection(stream, service));
        while running.try_join_next().is_some() {}
        running.spawn(async move {
            // Callers that go away in the middle are no news.
            let _ended = connection.await;
            drop((turn, caller));
        });
    }
    connections.shutdown().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_has_a_share_of_the_connections_and_gets_it_back() {
        let callers = Callers::default();
        let phone: IpAddr = "192.0.2.7".parse().unwrap();
        let held: Vec<_> = (0..CONNECTIONS_OF_ONE).map(|_| callers.enter(phone).unwrap()).collect();
        assert!(callers.enter(phone).is_none());
        assert!(callers.enter("192.0.2.8".parse().unwrap()).is_some(), "others are served");
        drop(held);
        assert!(callers.enter(phone).is_some());
        assert!(callers.0.lock().unwrap().is_empty(), "nothing is remembered of who has gone");
    }

    #[test]
    fn the_own_screen_is_not_counted_out() {
        let callers = Callers::default();
        let own: IpAddr = "127.0.0.1".parse().unwrap();
        let held: Vec<_> = (0..=CONNECTIONS_OF_ONE).map(|_| callers.enter(own)).collect();
        assert!(held.iter().all(Option::is_some));
    }
}

//! The door for phones: the same pages and interface over HTTPS, without what only the box's operator may see.

use axum::{
    Router,
    http::{HeaderValue, header},
    serve::{Listener, ListenerExt},
};
use std::{future::Future, io, net::SocketAddr};
use sync_quic::{HttpsListener, HttpsStream};
use tower_http::set_header::SetResponseHeaderLayer;

/// Browsers that were here once come by HTTPS alone for half a year (RFC 6797).
const STRICT: HeaderValue = HeaderValue::from_static("max-age=15552000");

#[derive(Debug)]
struct Door(HttpsListener);

impl Listener for Door {
    type Io = HttpsStream;
    type Addr = SocketAddr;

    fn accept(&mut self) -> impl Future<Output = (HttpsStream, SocketAddr)> + Send {
        self.0.accept()
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.0.local_addr())
    }
}

/// Serves until `stop`; without a listener it waits for ever.
pub(super) async fn serve(
    router: Router,
    listener: Option<HttpsListener>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let Some(listener) = listener else { return std::future::pending().await };
    let router = router.layer(SetResponseHeaderLayer::overriding(header::STRICT_TRANSPORT_SECURITY, STRICT));
    // axum tells peers' addresses of its own listeners alone; `tap_io` makes one of ours.
    axum::serve(Door(listener).tap_io(|_| ()), router.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(stop)
        .await
}

//! Links between nodes and their hub: QUIC endpoints, mutual identity, framed streams.
//!
//! Called by the hub's peer tasks and the node's uplink; the only package that names quinn and rustls. Who a peer is
//! and what it may do is decided by callers from the peer's certificate, which is handed over as DER.
//!
//! Invariant: a [`Link`] exists only to a peer whose certificate chain, validity and standing were checked for this
//! very connection, resumed or not.

mod exchange;
mod https;
mod hub;
pub mod limits;
mod link;
mod node;
mod reset;
mod stall;
mod time;
mod tls;
mod transport;

pub use exchange::{Exchange, ExchangeError, PendingExchange, PendingJoin, request_join};
pub use https::{CertificateFiles, HttpsError, HttpsListener, HttpsStream};
pub use hub::{Arrival, BindError, Denylist, HubCredentials, HubEndpoint, Standing};
pub use link::{CloseCode, Link, LinkError, LinkHandle, LinkReceiver, LinkSender, LinkStats};
pub use node::{ConnectError, NodeCredentials, NodeEndpoint};
pub use stall::StallWatch;
pub use time::TimeSource;
pub use tls::TlsError;

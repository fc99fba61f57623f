//! The hub's endpoint: one UDP port for sessions, joins and renewals.
//!
//! Handshakes run beside one another in tasks that the endpoint owns; a connection reaches the caller only after its
//! certificate was judged for its protocol and its first bytes have come.

use std::{
    fmt, io,
    net::{SocketAddr, UdpSocket},
    sync::Arc,
};

use quinn::{Connection, Endpoint, Incoming, ServerConfig, TokioRuntime, crypto::rustls::HandshakeData};
use tokio::{task::JoinSet, time::timeout};

use crate::{
    exchange::{Exchange, ExchangeError},
    limits::{CONNECTIONS_MAX, HANDSHAKE_TIMEOUT, HANDSHAKES_BEFORE_RETRY, HANDSHAKES_MAX},
    link::{CloseCode, Link, LinkError, close, peer_chain},
    reset::endpoint_config,
    time::TimeSource,
    tls::{ALPN_JOIN, ALPN_RENEW, ALPN_SYNC, ClientCheck, ClientFault, HubChain, TlsError, hub_tls},
    transport::hub_transport,
};

/// What the hub shows and whom it trusts.
#[derive(Clone)]
pub struct HubCredentials {
    /// DER certificates, the hub's own first, without the root.
    pub certificate_chain: Vec<Vec<u8>>,
    /// PKCS #8 DER of the key of the first certificate.
    pub private_key: Vec<u8>,
    /// DER of the cluster's root.
    pub root_certificate: Vec<u8>,
    /// Known to this hub alone, and the same at each start: nodes are told by it that a connection is forgotten.
    pub reset_secret: [u8; 32],
}

impl fmt::Debug for HubCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubCredentials").finish_non_exhaustive()
    }
}

/// What the denylist says about a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not on the list.
    Good,
    /// On the list, or unreadable.
    Revoked,
}

/// Looks a leaf certificate (DER) up; asked on every connection, so it must not block.
pub type Denylist = Arc<dyn Fn(&[u8]) -> Standing + Send + Sync>;

/// A connection that has passed all checks.
#[derive(Debug)]
pub enum Arrival {
    /// A node with a valid certificate, for a session.
    Link(Box<Link>),
    /// A box without a certificate, which has to show a token.
    Join(Box<Exchange>),
    /// A node that asks for a fresh certificate; the one it has may have expired, and is not revoked.
    Renewal(Box<Exchange>),
}

/// Why the endpoint could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The hub's keys and certificates cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The UDP port could not be bound.
    #[error("cannot bind UDP {address}")]
    Socket {
        /// Which address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// The open port.
pub struct HubEndpoint {
    endpoint: Endpoint,
    chain: Arc<HubChain>,
    judge: Judge,
    handshakes: JoinSet<Result<Arrival, TurnedAway>>,
}

impl fmt::Debug for HubEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubEndpoint").field("handshakes", &self.handshakes.len()).finish_non_exhaustive()
    }
}

impl HubEndpoint {
    /// Opens the port. Needs a tokio runtime.
    ///
    /// `standing` is asked with the leaf (DER) for every connection that shows a certificate, resumed or not.
    pub fn bind(
        address: SocketAddr,
        credentials: &HubCredentials,
        time: &TimeSource,
        standing: Denylist,
    ) -> Result<Self, BindError> {
        let endpoint = UdpSocket::bind(address)
            .and_then(|socket| {
                Endpoint::new(
                    endpoint_config(&credentials.reset_secret),
                    None,
                    socket,
                    Arc::new(TokioRuntime),
                )
            })
            .map_err(|source| BindError::Socket { address, source })?;
        Ok(Self::over(endpoint, credentials, time, standing)?)
    }

    /// Opens over what carries datagrams in the caller's way, such as a network that is simulated.
    pub fn over(
        endpoint: Endpoint,
        credentials: &HubCredentials,
        time: &TimeSource,
        standing: Denylist,
    ) -> Result<Self, TlsError> {
        let HubCredentials { certificate_chain, private_key, root_certificate, .. } = credentials;
        let tls = hub_tls(certificate_chain, private_key, root_certificate, time)?;
        let mut config = ServerConfig::with_crypto(tls.config);
        config.transport_config(hub_transport()).max_incoming(HANDSHAKES_MAX);
        endpoint.set_server_config(Some(config));
        let judge = Judge { clients: tls.clients, standing };
        Ok(Self { endpoint, chain: tls.chain, judge, handshakes: JoinSet::new() })
    }

    /// The next connection that passes; `None` once the endpoint is closed. Nothing is lost when the wait is dropped.
    pub async fn accept(&mut self) -> Option<Arrival> {
        loop {
            tokio::select! {
                Some(done) = self.handshakes.join_next() => match done {
                    Ok(Ok(arrival)) => return Some(arrival),
                    Ok(Err(reason)) => tracing::debug!(%reason, "turned a connection away"),
                    Err(error) => tracing::error!(%error, "a handshake task failed"),
                },
                incoming = self.endpoint.accept() => self.admit(incoming?),
            }
        }
    }

    /// Shows another certificate from the next handshake on.
    pub fn replace_credentials(&self, credentials: &HubCredentials) -> Result<(), TlsError> {
        let HubCredentials { certificate_chain, private_key, root_certificate, .. } = credentials;
        self.chain.replace(certificate_chain, private_key, root_certificate)
    }

    /// The port's own address.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        self.endpoint.local_addr()
    }

    /// Connections at present, handshakes included.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.endpoint.open_connections()
    }

    /// Closes all connections and waits until the peers were told.
    pub async fn shut_down(self) {
        self.endpoint.close(CloseCode::Shutdown.to_u32().into(), b"");
        self.endpoint.wait_idle().await;
    }

    fn admit(&mut self, incoming: Incoming) {
        if self.handshakes.len() >= HANDSHAKES_MAX || self.endpoint.open_connections() >= CONNECTIONS_MAX {
            incoming.refuse();
        } else if self.handshakes.len() >= HANDSHAKES_BEFORE_RETRY && incoming.may_retry() {
            // It can only fail where no retry may be sent.
            let _ = incoming.retry();
        } else {
            let judge = self.judge.clone();
            self.handshakes.spawn(async move {
                timeout(HANDSHAKE_TIMEOUT, judge.receive(incoming)).await.unwrap_or(Err(TurnedAway::TooSlow))
            });
        }
    }
}

/// Why a connection does not reach the caller; for the log.
#[derive(Debug, thiserror::Error)]
enum TurnedAway {
    #[error("handshake, first bytes or request took too long")]
    TooSlow,
    #[error("connection failed: {0}")]
    Lost(#[from] LinkError),
    #[error("no request: {0}")]
    Request(#[from] ExchangeError),
    #[error("refused: {0:?}")]
    Refused(CloseCode),
}

/// Judges clients by protocol and certificate.
#[derive(Clone)]
struct Judge {
    clients: Arc<ClientCheck>,
    standing: Denylist,
}

impl Judge {
    async fn receive(self, incoming: Incoming) -> Result<Arrival, TurnedAway> {
        let connection = incoming.await.map_err(LinkError::from)?;
        match protocol(&connection).as_deref() {
            Some(ALPN_SYNC) => {
                let leaf = self.check(&connection, Validity::Required)?;
                Ok(Arrival::Link(Box::new(Link::accept(connection, leaf).await?)))
            }
            Some(ALPN_RENEW) => {
                self.check(&connection, Validity::MayHaveEnded)?;
                Ok(Arrival::Renewal(Box::new(Exchange::accept(connection).await?)))
            }
            Some(ALPN_JOIN) => Ok(Arrival::Join(Box::new(Exchange::accept(connection).await?))),
            _ => Err(refuse(&connection, CloseCode::Protocol)),
        }
    }

    /// The client's leaf, if its chain, validity and standing are what the protocol demands.
    fn check(
        &self,
        connection: &Connection,
        validity: Validity,
    ) -> Result<rustls::pki_types::CertificateDer<'static>, TurnedAway> {
        let chain = peer_chain(connection);
        let checked = self.clients.check(&chain);
        let Some(leaf) = chain.into_iter().next() else {
            return Err(refuse(connection, CloseCode::NoCertificate));
        };
        match (checked, validity) {
            (Ok(()), _) | (Err(ClientFault::Expired), Validity::MayHaveEnded) => {}
            (Err(ClientFault::Expired), Validity::Required) => {
                return Err(refuse(connection, CloseCode::CertificateExpired));
            }
            (Err(ClientFault::Untrusted), _) => return Err(refuse(connection, CloseCode::Untrusted)),
        }
        match (self.standing)(&leaf) {
            Standing::Good => Ok(leaf),
            Standing::Revoked => Err(refuse(connection, CloseCode::Revoked)),
        }
    }
}

/// What a protocol demands of a certificate's validity.
#[derive(Clone, Copy)]
enum Validity {
    Required,
    MayHaveEnded,
}

fn refuse(connection: &Connection, code: CloseCode) -> TurnedAway {
    close(connection, code, "");
    TurnedAway::Refused(code)
}

fn protocol(connection: &Connection) -> Option<Vec<u8>> {
    connection.handshake_data()?.downcast::<HandshakeData>().ok()?.protocol
}

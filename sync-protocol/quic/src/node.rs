//! The node's endpoint: one socket from which it dials its hub, again and again.

use std::{
    fmt, io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use quinn::{ClientConfig, Connection, Endpoint, TransportConfig, crypto::rustls::QuicClientConfig};
use tokio::time::timeout;

use crate::{
    exchange::PendingExchange,
    limits::CONNECT_TIMEOUT,
    link::{CloseCode, Link, LinkError, close, peer_chain},
    time::TimeSource,
    tls::{ALPN_RENEW, ALPN_SYNC, HUB_DNS_NAME, HubCheck, TlsError},
    transport::node_transport,
};

/// What a node shows and whom it trusts.
#[derive(Clone)]
pub struct NodeCredentials {
    /// DER certificates, the node's own first, without the root.
    pub certificate_chain: Vec<Vec<u8>>,
    /// PKCS #8 DER of the key of the first certificate.
    pub private_key: Vec<u8>,
    /// DER of the cluster's root.
    pub root_certificate: Vec<u8>,
}

impl fmt::Debug for NodeCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeCredentials").finish_non_exhaustive()
    }
}

/// Why there is no connection to the hub.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No UDP socket could be bound.
    #[error("cannot bind a UDP socket")]
    Bind(#[source] io::Error),
    /// The keys, certificates or the hub's chain cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The address cannot be dialled.
    #[error("cannot dial the hub: {0}")]
    Address(String),
    /// The hub did not answer within [`CONNECT_TIMEOUT`].
    #[error("the hub did not answer in time")]
    Timeout,
    /// The handshake failed or the connection ended.
    #[error("no connection to the hub")]
    Lost(#[source] LinkError),
    /// The hub's chain does not hold the root that the token names.
    #[error("the hub does not belong to the expected cluster")]
    NoRoot,
}

/// A socket with a node's credentials; remembers TLS sessions, so keep it over reconnects.
pub struct NodeEndpoint {
    endpoint: Endpoint,
    time: TimeSource,
    dialling: Dialling,
}

impl fmt::Debug for NodeEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeEndpoint").field("time", &self.time).finish_non_exhaustive()
    }
}

impl NodeEndpoint {
    /// Binds a socket, to any address unless one is given. Needs a tokio runtime.
    pub fn bind(
        local: Option<SocketAddr>,
        credentials: &NodeCredentials,
        time: TimeSource,
    ) -> Result<Self, ConnectError> {
        Ok(Self::over(bind_endpoint(local)?, credentials, time)?)
    }

    /// Dials over what carries datagrams in the caller's way, such as a network that is simulated.
    pub fn over(
        endpoint: Endpoint,
        credentials: &NodeCredentials,
        time: TimeSource,
    ) -> Result<Self, TlsError> {
        let dialling = Dialling::new(credentials, &time)?;
        Ok(Self { endpoint, time, dialling })
    }

    /// Shows other credentials from the next connection on, after a renewal.
    pub fn replace_credentials(&mut self, credentials: &NodeCredentials) -> Result<(), TlsError> {
        self.dialling = Dialling::new(credentials, &self.time)?;
        Ok(())
    }

    /// Connects for a session.
    ///
    /// The hub judges the node after this returns: a refusal shows as [`LinkError::Closed`] or [`LinkError::Alert`]
    /// at the first receive. Frames may be sent at once.
    pub async fn connect(&self, address: SocketAddr) -> Result<Link, ConnectError> {
        let connection = self.dial_checked(&self.dialling.sync, address).await?;
        let hub = peer_chain(&connection).into_iter().next();
        let hub = hub.ok_or_else(|| ConnectError::Lost(LinkError::Handshake("no certificate".to_owned())))?;
        Link::open(connection, hub).await.map_err(ConnectError::Lost)
    }

    /// Connects to ask for a fresh certificate; works with an expired one.
    pub async fn connect_for_renewal(&self, address: SocketAddr) -> Result<PendingExchange, ConnectError> {
        let connection = self.dial_checked(&self.dialling.renew, address).await?;
        PendingExchange::new(connection).map_err(ConnectError::Lost)
    }

    /// The socket's own address.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        self.endpoint.local_addr()
    }

    /// Closes all connections and waits until the peers were told.
    pub async fn shut_down(self) {
        self.endpoint.close(CloseCode::Shutdown.to_u32().into(), b"");
        self.endpoint.wait_idle().await;
    }

    async fn dial_checked(
        &self,
        tls: &Arc<QuicClientConfig>,
        address: SocketAddr,
    ) -> Result<Connection, ConnectError> {
        let mut config = ClientConfig::new(tls.clone());
        config.transport_config(self.dialling.transport.clone());
        let connection = dial(&self.endpoint, config, address).await?;
        // A resumed session skips the verification in the handshake.
        self.dialling.hub.check(&peer_chain(&connection)).inspect_err(|_| {
            close(&connection, CloseCode::Untrusted, "");
        })?;
        Ok(connection)
    }
}

/// The configurations made of one set of credentials; they hold the remembered sessions.
struct Dialling {
    hub: HubCheck,
    sync: Arc<QuicClientConfig>,
    renew: Arc<QuicClientConfig>,
    transport: Arc<TransportConfig>,
}

impl Dialling {
    fn new(credentials: &NodeCredentials, time: &TimeSource) -> Result<Self, TlsError> {
        let NodeCredentials { certificate_chain, private_key, root_certificate } = credentials;
        let hub = HubCheck::new(root_certificate, time.clone())?;
        let sync = hub.client_config(certificate_chain, private_key, ALPN_SYNC)?;
        let renew = hub.client_config(certificate_chain, private_key, ALPN_RENEW)?;
        Ok(Self { hub, sync, renew, transport: node_transport() })
    }
}

/// Binds a socket; to any address of both families, or of IPv4 where there is no IPv6, unless one is given.
pub(crate) fn bind_endpoint(local: Option<SocketAddr>) -> Result<Endpoint, ConnectError> {
    let endpoint = match local {
        Some(local) => Endpoint::client(local),
        None => Endpoint::client((Ipv6Addr::UNSPECIFIED, 0).into())
            .or_else(|_| Endpoint::client((Ipv4Addr::UNSPECIFIED, 0).into())),
    };
    endpoint.map_err(ConnectError::Bind)
}

/// Shakes hands with whoever can prove to be the hub.
pub(crate) async fn dial(
    endpoint: &Endpoint,
    config: ClientConfig,
    address: SocketAddr,
) -> Result<Connection, ConnectError> {
    let connecting = endpoint
        .connect_with(config, address, HUB_DNS_NAME)
        .map_err(|error| ConnectError::Address(error.to_string()))?;
    let connected = timeout(CONNECT_TIMEOUT, connecting).await.map_err(|_| ConnectError::Timeout)?;
    connected.map_err(|error| ConnectError::Lost(error.into()))
}

//! One request and one answer on a connection of their own: how a box joins and a node renews its certificate.
//!
//! The bytes are opaque here. Both sides see the same exporter value (RFC 8446, 7.5), so that an answer bound to it is
//! of no use on any other connection.

use std::{fmt, net::SocketAddr};

use quinn::{ClientConfig, Connection, Endpoint, ReadToEndError, RecvStream, SendStream};
use tokio::time::timeout;

use crate::{
    limits::{EXCHANGE_BYTES_MAX, EXPORTER_BYTES, HANDSHAKE_TIMEOUT},
    link::{CloseCode, LinkError, close, peer_chain, read_error, write_error},
    node::{ConnectError, bind_endpoint, dial},
    time::TimeSource,
    tls::{find_root, join_config},
    transport::node_transport,
};

const EXPORTER_LABEL: &[u8] = b"dayshift join v1";

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The request or answer is over [`EXCHANGE_BYTES_MAX`].
    #[error("a request or answer is longer than {EXCHANGE_BYTES_MAX} bytes")]
    TooLong,
    /// The peer took too long.
    #[error("the peer did not answer in time")]
    Timeout,
    /// The connection ended.
    #[error("the connection ended before the answer")]
    Lost(#[source] LinkError),
}

/// The hub's side: a request that waits for its answer.
pub struct Exchange {
    request: Vec<u8>,
    exporter: [u8; EXPORTER_BYTES],
    peer: Option<Vec<u8>>,
    connection: Connection,
    stream: SendStream,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("remote", &self.remote_address()).finish_non_exhaustive()
    }
}

impl Exchange {
    /// Reads the request of a fresh connection.
    pub(crate) async fn accept(connection: Connection) -> Result<Self, ExchangeError> {
        let (stream, mut receive) =
            connection.accept_bi().await.map_err(|e| ExchangeError::Lost(e.into()))?;
        let request = read_all(&connection, &mut receive).await?;
        let exporter = exporter(&connection).map_err(ExchangeError::Lost)?;
        let peer = peer_chain(&connection).first().map(|leaf| leaf.to_vec());
        Ok(Self { request, exporter, peer, connection, stream })
    }

    /// What the peer asks.
    #[must_use]
    pub fn request(&self) -> &[u8] {
        &self.request
    }

    /// The value that the peer sees too, and nobody else.
    #[must_use]
    pub const fn exporter(&self) -> &[u8; EXPORTER_BYTES] {
        &self.exporter
    }

    /// The peer's certificate (DER), in date or just expired; `None` for a box that joins.
    #[must_use]
    pub fn peer(&self) -> Option<&[u8]> {
        self.peer.as_deref()
    }

    /// Where the request came from, to limit the rate of tries.
    #[must_use]
    pub fn remote_address(&self) -> SocketAddr {
        self.connection.remote_address()
    }

    /// Sends the answer; `Ok` once the peer has it.
    pub async fn answer(mut self, answer: &[u8]) -> Result<(), ExchangeError> {
        if answer.len() > EXCHANGE_BYTES_MAX {
            return Err(ExchangeError::TooLong);
        }
        let delivery = async {
            self.stream
                .write_all(answer)
                .await
                .map_err(|e| ExchangeError::Lost(write_error(&self.connection, &e)))?;
            // The only error is that the stream was finished before.
            let _ = self.stream.finish();
            match self.stream.stopped().await {
                // A peer that closes has read all it wanted.
                Ok(_) => Ok(()),
                Err(_) => match self.connection.close_reason().map(LinkError::from) {
                    Some(LinkError::Closed { code: CloseCode::Done, .. }) => Ok(()),
                    Some(error) => Err(ExchangeError::Lost(error)),
                    None => Err(ExchangeError::Timeout),
                },
            }
        };
        let delivered = timeout(HANDSHAKE_TIMEOUT, delivery).await.unwrap_or(Err(ExchangeError::Timeout));
        close(&self.connection, CloseCode::Done, "");
        delivered
    }

    /// Closes the connection without an answer.
    pub fn refuse(self, code: CloseCode, reason: &str) {
        close(&self.connection, code, reason);
    }
}

/// The node's side: a connection on which the one request is still to be sent.
pub struct PendingExchange {
    connection: Connection,
    exporter: [u8; EXPORTER_BYTES],
}

impl fmt::Debug for PendingExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingExchange")
            .field("remote", &self.connection.remote_address())
            .finish_non_exhaustive()
    }
}

impl PendingExchange {
    pub(crate) fn new(connection: Connection) -> Result<Self, LinkError> {
        let exporter = exporter(&connection)?;
        Ok(Self { connection, exporter })
    }

    /// The value that the hub sees too, and nobody else.
    #[must_use]
    pub const fn exporter(&self) -> &[u8; EXPORTER_BYTES] {
        &self.exporter
    }

    /// Sends the request and waits for the answer.
    pub async fn exchange(self, request: &[u8]) -> Result<Vec<u8>, ExchangeError> {
        if request.len() > EXCHANGE_BYTES_MAX {
            return Err(ExchangeError::TooLong);
        }
        let connection = &self.connection;
        let answer = timeout(HANDSHAKE_TIMEOUT, async {
            let (mut send, mut receive) =
                connection.open_bi().await.map_err(|e| ExchangeError::Lost(e.into()))?;
            send.write_all(request).await.map_err(|e| ExchangeError::Lost(write_error(connection, &e)))?;
            // The only error is that the stream was finished before.
            let _ = send.finish();
            read_all(connection, &mut receive).await
        });
        let answer = answer.await.unwrap_or(Err(ExchangeError::Timeout))?;
        close(connection, CloseCode::Done, "");
        Ok(answer)
    }
}

/// A box's connection to the hub that its token names.
#[derive(Debug)]
pub struct PendingJoin {
    exchange: PendingExchange,
    root: Vec<u8>,
    // Its socket carries the connection.
    _endpoint: Endpoint,
}

impl PendingJoin {
    /// The root certificate (DER) of the expected hash, to which the hub's certificate chains.
    #[must_use]
    pub fn root_certificate(&self) -> &[u8] {
        &self.root
    }

    /// The value that the hub sees too, and nobody else.
    #[must_use]
    pub const fn exporter(&self) -> &[u8; EXPORTER_BYTES] {
        self.exchange.exporter()
    }

    /// Sends the request and waits for the answer.
    pub async fn exchange(self, request: &[u8]) -> Result<Vec<u8>, ExchangeError> {
        self.exchange.exchange(request).await
    }
}

/// Connects a box to the hub at `address` if that proves to be of the cluster whose root's SPKI has this SHA-256.
pub async fn request_join(
    address: SocketAddr,
    root_spki_sha256: [u8; 32],
    time: &TimeSource,
) -> Result<PendingJoin, ConnectError> {
    let endpoint = bind_endpoint(None)?;
    let mut config = ClientConfig::new(join_config(root_spki_sha256, time)?);
    config.transport_config(node_transport());
    let connection = dial(&endpoint, config, address).await?;
    let chain = peer_chain(&connection);
    let root = find_root(&chain, &root_spki_sha256).ok_or(ConnectError::NoRoot)?.to_vec();
    let exchange = PendingExchange::new(connection).map_err(ConnectError::Lost)?;
    Ok(PendingJoin { exchange, root, _endpoint: endpoint })
}

fn exporter(connection: &Connection) -> Result<[u8; EXPORTER_BYTES], LinkError> {
    let mut value = [0; EXPORTER_BYTES];
    connection
        .export_keying_material(&mut value, EXPORTER_LABEL, &[])
        .map_err(|_| LinkError::Transport("no keying material".to_owned()))?;
    Ok(value)
}

async fn read_all(connection: &Connection, stream: &mut RecvStream) -> Result<Vec<u8>, ExchangeError> {
    stream.read_to_end(EXCHANGE_BYTES_MAX).await.map_err(|error| match error {
        ReadToEndError::TooLong => {
            close(connection, CloseCode::TooLong, "request or answer over the limit");
            ExchangeError::TooLong
        }
        ReadToEndError::Read(error) => ExchangeError::Lost(read_error(connection, &error)),
    })
}

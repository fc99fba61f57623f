//! One long-lived stream of frames to a checked peer.
//!
//! A frame is its length (4 bytes, big endian, at most [`FRAME_BYTES_MAX`]) and its payload. The node opens the stream
//! with one byte, so that the hub sees it before the first frame.

use std::{fmt, net::SocketAddr, time::Duration};

use quinn::{
    Connection, ConnectionError, ReadError, ReadExactError, RecvStream, SendStream, VarInt, WriteError,
};
use rustls::pki_types::CertificateDer;

use crate::limits::{COALESCED_BYTES_MAX, FRAME_BYTES_MAX, REASON_BYTES_MAX};

const LENGTH_BYTES: usize = 4;
const PREAMBLE: u8 = 1;

/// Why a side closed a connection, as the peer is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseCode {
    /// Nothing is left to say.
    Done,
    /// A frame or request was longer than allowed.
    TooLong,
    /// The certificate or incarnation is on the denylist.
    Revoked,
    /// The certificate is out of date: renew it.
    CertificateExpired,
    /// The protocol needs a certificate and none was shown.
    NoCertificate,
    /// The certificate is not the cluster's.
    Untrusted,
    /// The peer did not keep to the protocol.
    Protocol,
    /// A newer connection of the same peer takes over.
    Replaced,
    /// The line was silent for too long.
    Stalled,
    /// The process is going down.
    Shutdown,
    /// A code of another version.
    Other(u32),
}

impl CloseCode {
    const KNOWN: [Self; 10] = [
        Self::Done,
        Self::TooLong,
        Self::Revoked,
        Self::CertificateExpired,
        Self::NoCertificate,
        Self::Untrusted,
        Self::Protocol,
        Self::Replaced,
        Self::Stalled,
        Self::Shutdown,
    ];

    /// The number on the wire.
    #[must_use]
    pub const fn to_u32(self) -> u32 {
        match self {
            Self::Done => 0,
            Self::TooLong => 1,
            Self::Revoked => 2,
            Self::CertificateExpired => 3,
            Self::NoCertificate => 4,
            Self::Untrusted => 5,
            Self::Protocol => 6,
            Self::Replaced => 7,
            Self::Stalled => 8,
            Self::Shutdown => 9,
            Self::Other(code) => code,
        }
    }

    fn from_varint(code: VarInt) -> Self {
        let code = u32::try_from(code.into_inner()).unwrap_or(u32::MAX);
        Self::KNOWN.into_iter().find(|known| known.to_u32() == code).unwrap_or(Self::Other(code))
    }
}

/// Why a link ended or a frame was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The peer closed the connection.
    #[error("the peer closed the connection ({code:?}){}", said(reason))]
    Closed {
        /// Why, for the program.
        code: CloseCode,
        /// Why, for the log.
        reason: String,
    },
    /// This side closed the connection.
    #[error("the connection was closed here")]
    ClosedHere,
    /// The peer refused this side's certificate in the handshake; the TLS alert.
    #[error("the peer refused the handshake with TLS alert {0}")]
    Alert(u8),
    /// Certificates or protocols did not fit in the handshake, found on this side.
    #[error("the handshake failed: {0}")]
    Handshake(String),
    /// The peer has no room for more connections.
    #[error("the peer takes no more connections")]
    Busy,
    /// Nothing was heard for the idle timeout.
    #[error("the peer fell silent")]
    TimedOut,
    /// The peer has no memory of this connection: it restarted.
    #[error("the peer has restarted")]
    Reset,
    /// A frame is longer than [`FRAME_BYTES_MAX`]; its length in bytes.
    #[error("a frame of {0} bytes is over the limit of {FRAME_BYTES_MAX}")]
    FrameTooLong(usize),
    /// The stream ended within a frame.
    #[error("the stream ended within a frame")]
    CutFrame,
    /// An earlier send was dropped half way, after which no frame can follow.
    #[error("an earlier frame was sent in part only")]
    TornSend,
    /// The transport protocol was violated.
    #[error("transport error: {0}")]
    Transport(String),
}

impl From<ConnectionError> for LinkError {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::ApplicationClosed(close) => Self::Closed {
                code: CloseCode::from_varint(close.error_code),
                reason: String::from_utf8_lossy(&close.reason).into_owned(),
            },
            ConnectionError::LocallyClosed => Self::ClosedHere,
            ConnectionError::TimedOut => Self::TimedOut,
            ConnectionError::Reset => Self::Reset,
            ConnectionError::ConnectionClosed(close) => match u64::from(close.error_code) {
                CONNECTION_REFUSED => Self::Busy,
                // QUIC carries a TLS alert as 0x100 and its number (RFC 9001, 4.8).
                code @ 0x100..=0x1ff => Self::Alert(code.to_be_bytes()[7]),
                _ => Self::Transport(close.to_string()),
            },
            ConnectionError::TransportError(error) if matches!(u64::from(error.code), 0x100..=0x1ff) => {
                Self::Handshake(error.reason)
            }
            ConnectionError::TransportError(_)
            | ConnectionError::VersionMismatch
            | ConnectionError::CidsExhausted => Self::Transport(error.to_string()),
        }
    }
}

fn said(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

/// The code by which an endpoint refuses a connection (RFC 9000, 20.1).
const CONNECTION_REFUSED: u64 = 2;

/// Figures of a connection since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkStats {
    /// UDP payload bytes sent, handshake included.
    pub bytes_sent: u64,
    /// UDP payload bytes received, handshake included.
    pub bytes_received: u64,
    /// UDP datagrams sent.
    pub datagrams_sent: u64,
    /// UDP datagrams received; it stands still while the line is cut.
    pub datagrams_received: u64,
    /// Packets found lost.
    pub packets_lost: u64,
    /// Estimated round trip.
    pub round_trip: Duration,
}

/// A link's connection: who is at the other end, figures, and the means to cut it; cheap to clone.
#[derive(Clone)]
pub struct LinkHandle {
    connection: Connection,
    peer: CertificateDer<'static>,
}

impl fmt::Debug for LinkHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkHandle").field("remote", &self.remote_address()).finish_non_exhaustive()
    }
}

impl LinkHandle {
    /// The peer's checked certificate, DER.
    #[must_use]
    pub fn peer(&self) -> &[u8] {
        &self.peer
    }

    /// Where the peer is at present.
    #[must_use]
    pub fn remote_address(&self) -> SocketAddr {
        self.connection.remote_address()
    }

    /// The connection's figures.
    #[must_use]
    pub fn stats(&self) -> LinkStats {
        let stats = self.connection.stats();
        LinkStats {
            bytes_sent: stats.udp_tx.bytes,
            bytes_received: stats.udp_rx.bytes,
            datagrams_sent: stats.udp_tx.datagrams,
            datagrams_received: stats.udp_rx.datagrams,
            packets_lost: stats.path.lost_packets,
            round_trip: stats.path.rtt,
        }
    }

    /// Closes the connection at once; what is not yet delivered is lost.
    pub fn close(&self, code: CloseCode, reason: &str) {
        close(&self.connection, code, reason);
    }

    /// Waits until the connection has ended, on either side.
    pub async fn closed(&self) -> LinkError {
        self.connection.closed().await.into()
    }
}

/// One stream of frames to a checked peer.
#[derive(Debug)]
pub struct Link {
    sender: LinkSender,
    receiver: LinkReceiver,
}

impl Link {
    /// The node's side: opens the stream.
    pub(crate) async fn open(
        connection: Connection,
        peer: CertificateDer<'static>,
    ) -> Result<Self, LinkError> {
        let (mut send, receive) = connection.open_bi().await?;
        send.write_all(&[PREAMBLE]).await.map_err(|e| write_error(&connection, &e))?;
        Ok(Self::new(LinkHandle { connection, peer }, send, receive))
    }

    /// The hub's side: waits for the stream.
    pub(crate) async fn accept(
        connection: Connection,
        peer: CertificateDer<'static>,
    ) -> Result<Self, LinkError> {
        let (send, mut receive) = connection.accept_bi().await?;
        let mut preamble = [0];
        receive.read_exact(&mut preamble).await.map_err(|error| match error {
            ReadExactError::FinishedEarly(_) => LinkError::CutFrame,
            ReadExactError::ReadError(error) => read_error(&connection, &error),
        })?;
        if preamble != [PREAMBLE] {
            close(&connection, CloseCode::Protocol, "unknown kind of stream");
            return Err(LinkError::ClosedHere);
        }
        Ok(Self::new(LinkHandle { connection, peer }, send, receive))
    }

    fn new(handle: LinkHandle, send: SendStream, receive: RecvStream) -> Self {
        let sender =
            LinkSender { handle: handle.clone(), stream: send, coalesced: Vec::new(), in_frame: false };
        let receiver = LinkReceiver { handle, stream: receive, pending: Vec::new() };
        Self { sender, receiver }
    }

    /// The connection, to keep while the halves are elsewhere.
    #[must_use]
    pub fn handle(&self) -> LinkHandle {
        self.sender.handle.clone()
    }

    /// The peer's checked certificate, DER.
    #[must_use]
    pub fn peer(&self) -> &[u8] {
        self.sender.handle.peer()
    }

    /// The connection's figures.
    #[must_use]
    pub fn stats(&self) -> LinkStats {
        self.sender.handle.stats()
    }

    /// Closes the connection at once; what is not yet delivered is lost.
    pub fn close(&self, code: CloseCode, reason: &str) {
        self.sender.handle.close(code, reason);
    }

    /// The two directions, for two tasks; the connection ends when both and all handles are dropped.
    #[must_use]
    pub fn split(self) -> (LinkSender, LinkReceiver) {
        (self.sender, self.receiver)
    }
}

/// The sending direction of a [`Link`].
pub struct LinkSender {
    handle: LinkHandle,
    stream: SendStream,
    coalesced: Vec<u8>,
    in_frame: bool,
}

impl fmt::Debug for LinkSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkSender").field("handle", &self.handle).finish_non_exhaustive()
    }
}

impl LinkSender {
    /// Hands one frame to the transport, waiting while the send window is full.
    ///
    /// `Ok` says nothing about delivery. A send dropped before it ends spoils the link for all further frames.
    pub async fn send(&mut self, payload: &[u8]) -> Result<(), LinkError> {
        let connection = &self.handle.connection;
        if self.in_frame {
            return Err(connection.close_reason().map_or(LinkError::TornSend, LinkError::from));
        }
        let too_long = LinkError::FrameTooLong(payload.len());
        let length = u32::try_from(payload.len()).map_err(|_| too_long.clone())?;
        if payload.len() > FRAME_BYTES_MAX {
            return Err(too_long);
        }
        self.in_frame = true;
        let sent = if payload.len() <= COALESCED_BYTES_MAX {
            self.coalesced.clear();
            self.coalesced.extend_from_slice(&length.to_be_bytes());
            self.coalesced.extend_from_slice(payload);
            self.stream.write_all(&self.coalesced).await
        } else {
            match self.stream.write_all(&length.to_be_bytes()).await {
                Ok(()) => self.stream.write_all(payload).await,
                Err(error) => Err(error),
            }
        };
        sent.map_err(|error| write_error(connection, &error))?;
        self.in_frame = false;
        Ok(())
    }

    /// Says that no frame follows; the peer reads on to the end and then sees `None`.
    pub fn finish(&mut self) {
        // The only error is that it was finished before.
        let _ = self.stream.finish();
    }

    /// The connection.
    #[must_use]
    pub fn handle(&self) -> LinkHandle {
        self.handle.clone()
    }
}

/// The receiving direction of a [`Link`].
pub struct LinkReceiver {
    handle: LinkHandle,
    stream: RecvStream,
    pending: Vec<u8>,
}

impl fmt::Debug for LinkReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkReceiver").field("handle", &self.handle).finish_non_exhaustive()
    }
}

impl LinkReceiver {
    /// Waits for the next frame; `None` once the peer has finished. Nothing is lost when the wait is dropped.
    ///
    /// A frame over the limit closes the connection before any of it is kept.
    pub async fn recv(&mut self) -> Result<Option<Vec<u8>>, LinkError> {
        loop {
            let wanted = self.wanted()?;
            if wanted == 0 {
                let mut frame = std::mem::take(&mut self.pending);
                frame.drain(..LENGTH_BYTES);
                return Ok(Some(frame));
            }
            let connection = &self.handle.connection;
            let chunk = self.stream.read_chunk(wanted, true).await.map_err(|e| read_error(connection, &e))?;
            match chunk {
                Some(chunk) => self.pending.extend_from_slice(&chunk.bytes),
                None if self.pending.is_empty() => return Ok(None),
                None => return Err(LinkError::CutFrame),
            }
        }
    }

    /// The connection.
    #[must_use]
    pub fn handle(&self) -> LinkHandle {
        self.handle.clone()
    }

    /// How many bytes the frame at hand still lacks; its length first.
    fn wanted(&self) -> Result<usize, LinkError> {
        let Some((length, payload)) = self.pending.split_first_chunk::<LENGTH_BYTES>() else {
            return Ok(LENGTH_BYTES - self.pending.len());
        };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        if length > FRAME_BYTES_MAX {
            self.handle.close(CloseCode::TooLong, "frame over the limit");
            return Err(LinkError::FrameTooLong(length));
        }
        Ok(length - payload.len())
    }
}

/// Closes a connection with a code and a reason of bounded length.
pub(crate) fn close(connection: &Connection, code: CloseCode, reason: &str) {
    let reason = reason.as_bytes();
    connection.close(VarInt::from_u32(code.to_u32()), &reason[..reason.len().min(REASON_BYTES_MAX)]);
}

/// The peer's verified chain, leaf first; empty when it showed none.
pub(crate) fn peer_chain(connection: &Connection) -> Vec<CertificateDer<'static>> {
    connection
        .peer_identity()
        .and_then(|identity| identity.downcast::<Vec<CertificateDer<'static>>>().ok())
        .map(|chain| *chain)
        .unwrap_or_default()
}

/// A stream's error, or what ended its connection, which says more.
pub(crate) fn read_error(connection: &Connection, error: &ReadError) -> LinkError {
    connection.close_reason().map_or_else(|| LinkError::Transport(error.to_string()), LinkError::from)
}

/// A stream's error, or what ended its connection, which says more.
pub(crate) fn write_error(connection: &Connection, error: &WriteError) -> LinkError {
    connection.close_reason().map_or_else(|| LinkError::Transport(error.to_string()), LinkError::from)
}

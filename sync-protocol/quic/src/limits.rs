//! The limits of a connection and of an endpoint, each with its consequence and worst case.

use std::time::Duration;

/// Longest frame on a link. A longer one closes the connection; memory grows only as its bytes arrive.
pub const FRAME_BYTES_MAX: usize = 1024 * 1024;

/// Longest request or answer of a join or renewal. A longer one closes the connection.
pub const EXCHANGE_BYTES_MAX: usize = 16 * 1024;

/// Frames up to this size go out in one write with their length; larger ones are not worth the copy.
pub const COALESCED_BYTES_MAX: usize = 16 * 1024;

/// Bytes that a peer may send on a link before the reader has taken them; worst case for memory per link.
/// One frame and a quarter, so that a sender of full frames never waits for the reader's last byte.
pub const STREAM_WINDOW_BYTES: u32 = 1280 * 1024;

/// Bytes a sender keeps until they are acknowledged; a sender waits beyond. Worst case for memory per link.
pub const SEND_WINDOW_BYTES: u64 = 1280 * 1024;

/// Streams that a peer may open on one connection: the link or the exchange, nothing else.
pub const STREAMS_MAX: u32 = 1;

/// How often a silent connection is probed, by the node only. A probe and its answer take about 60 bytes, hence
/// about 210 KB a day; short enough for address translators that forget after 30 s.
pub const KEEP_ALIVE: Duration = Duration::from_secs(25);

/// Silence after which a connection is given up: two lost probes and some. Bounds how long the hub carries a dead link.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// Silence after sending that means a cut line; the node then closes the link and connects anew.
pub const STALL: Duration = Duration::from_secs(3);

/// First guess of the round trip. Repeats of a lost first packet go out after about 0.6 and 1.8 s, so that an attempt
/// which began during a cut succeeds soon after its end.
pub const INITIAL_RTT: Duration = Duration::from_millis(200);

/// A node gives up one attempt to connect after this; with a pause of 1 s at most, a healed line is used within 3 s.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The hub drops a connection that has not shaken hands, opened its stream and sent its request by then.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// How often a path is searched for a larger packet size; each search on a narrow path costs some lost 1.4 KB packets.
pub const MTU_SEARCH_INTERVAL: Duration = Duration::from_secs(6 * 60 * 60);

/// Handshakes at a time; more are refused. Worst case about 64 KiB each.
pub const HANDSHAKES_MAX: usize = 512;

/// Handshakes at a time above which a client must prove its address first, which costs it a round trip.
pub const HANDSHAKES_BEFORE_RETRY: usize = 64;

/// Connections of one hub process; more are refused. At 40 KB for an idle one this is 640 MB.
pub const CONNECTIONS_MAX: usize = 16 * 1024;

/// Sessions that the hub remembers for resumption, about 1.5 KB each; a forgotten one costs a full handshake.
pub const SESSIONS_MAX: usize = CONNECTIONS_MAX;

/// Sessions that a node remembers: one hub and its successor.
pub const NODE_SESSIONS_MAX: usize = 2;

/// Longest reason in a close; the rest is cut.
pub const REASON_BYTES_MAX: usize = 256;

/// Bytes of the TLS exporter value that binds an exchange to its connection.
pub const EXPORTER_BYTES: usize = 32;

const _: () = assert!(STREAM_WINDOW_BYTES as usize > FRAME_BYTES_MAX);
const _: () = assert!(SEND_WINDOW_BYTES > FRAME_BYTES_MAX as u64);
const _: () = assert!(EXCHANGE_BYTES_MAX < FRAME_BYTES_MAX);
const _: () = assert!(HANDSHAKES_BEFORE_RETRY < HANDSHAKES_MAX && HANDSHAKES_MAX < CONNECTIONS_MAX);
const _: () = assert!(KEEP_ALIVE.as_secs() * 2 < IDLE_TIMEOUT.as_secs());

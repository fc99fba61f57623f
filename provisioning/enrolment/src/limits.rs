//! The limits and lifetimes of enrolment, each with its consequence.

/// Life of a node's certificate; a node that renews at a third of it survives 4 days without a line before it must renew late.
pub const NODE_CERTIFICATE_SECONDS: u64 = 7 * DAY_SECONDS;

/// Life of the hub's server certificate; the hub issues itself a fresh one at every start.
pub const HUB_CERTIFICATE_SECONDS: u64 = 398 * DAY_SECONDS;

/// Life of the root, beyond that of any installed box; a cluster is re-rooted by joining anew.
pub const ROOT_CERTIFICATE_SECONDS: u64 = 30 * 365 * DAY_SECONDS;

/// Longest signing request that is parsed; one with a P-256 key takes about 250 bytes.
pub const REQUEST_BYTES_MAX: usize = 4096;

/// Longest answer to a join or renewal that is parsed; one certificate and the root take about 1 KiB.
pub const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// Certificates between a node and the root, the node's own included.
pub const CHAIN_CERTIFICATES_MAX: usize = 4;

/// Longest reason in a refusal; the rest is cut.
pub const REFUSAL_BYTES_MAX: usize = 512;

/// Longest join token that is parsed; the hub's address is the only part of variable length.
pub const TOKEN_CHARS_MAX: usize = 512;

/// Longest hub address, `host:port`, in a token or an identity.
pub const ADDRESS_CHARS_MAX: usize = 255;

/// Longest name of a cluster or region; longer ones are refused, since both stand in every certificate.
pub const NAME_CHARS_MAX: usize = 63;

/// Last second that a certificate can state (the end of the year 9999); later times are cut to it.
pub const TIME_SECONDS_MAX: u64 = 253_402_300_799;

const DAY_SECONDS: u64 = 24 * 60 * 60;

const _: () = assert!(NODE_CERTIFICATE_SECONDS < HUB_CERTIFICATE_SECONDS);
const _: () = assert!(HUB_CERTIFICATE_SECONDS < ROOT_CERTIFICATE_SECONDS);
// Prefix, hash, id and secret take 3 + 43 + 16 + 22 characters and 4 dots; base64 makes 4 characters of 3 bytes.
const _: () = assert!(88 + ADDRESS_CHARS_MAX.div_ceil(3) * 4 <= TOKEN_CHARS_MAX);

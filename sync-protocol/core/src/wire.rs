//! The wire format. Versions are folders; the session negotiates one of them.

pub mod v1;

/// The latest version of the wire format that this build speaks.
pub const LATEST: u16 = 1;

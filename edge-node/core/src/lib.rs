//! The decisions of an edge node: search, sign-up, materialisation.
//!
//! Nothing here names a clock, a socket, a thread or a random source; storage is the caller's open transaction.

pub mod admit;
pub mod bookmark;
pub mod carry;
pub mod filter;
pub mod limits;
pub mod node;
pub mod person;
pub mod search;

//! Sync sessions as state machines without I/O.
//!
//! Calling order: `handle_*` for each thing that happened, then drain `poll_output` until it is empty, then sleep until
//! `poll_timeout` at the latest and call `handle_timeout`. A session ends with `End`; the next one begins from the durable
//! cursors, so nothing in here needs to be kept.

mod hub;
mod node;

pub use hub::{HubOutput, HubSession};
pub use node::{NodeOutput, NodeSession};

use crate::wire::v1::{FrameError, Refuse};

/// Why a session is over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum End {
    #[error("the hub refused: {:?} {}", .0.reason, .0.detail)]
    Refused(Refuse),
    #[error("sent data was not acknowledged in time")]
    Stalled,
    #[error("the peer broke the protocol: {0}")]
    Protocol(&'static str),
    #[error("the peer sent a bad frame")]
    Frame(#[source] FrameError),
}

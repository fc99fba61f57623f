//! Who is who in a cluster: the authority that certifies, the tokens that admit, the identity that a node keeps.
//!
//! Called by `hub init` and the hub's join and renewal path (authority, tokens), by `edge-node join`
//! (tokens, identity) and by both servers to read a peer's certificate. No sockets and no clock: time, serials and
//! secrets are arguments; only key generation draws its own randomness.
//!
//! Invariant: what a certificate says about its holder is decided by the hub; a request contributes its public key only.

mod authority;
mod files;
mod hold;
mod identity;
mod join;
pub mod limits;
mod log_key;
mod peer;
mod token;

pub use authority::{
    Authority, AuthorityError, ClusterId, HubCertificate, IssueError, Serial, cluster_id, root_public_key,
};
pub use hold::{FolderHold, HoldError};
pub use identity::{IdentityError, NodeIdentity, NodeKey};
pub use join::{Admitted, JoinAnswer, JoinError, JoinRequest, RenewAnswer};
pub use log_key::{LogKeyCertificate, LogKeyError};
pub use peer::{NodeSubject, PeerError, PeerIdentity, is_name, parse_peer_certificate};
pub use token::{JoinSecret, JoinToken, TokenError, TokenId, TokenRecord, TokenRefusal, redeem};

/// The DNS name in every hub certificate; a node verifies it whatever address it dialled.
pub const HUB_DNS_NAME: &str = "hub.dayshift.internal";

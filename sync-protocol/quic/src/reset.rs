//! Stateless resets (RFC 9000, section 10.3): a hub that was killed and runs again answers a node's next packet with
//! proof that it has forgotten the connection, and the node connects anew at once instead of waiting for its timeout.
//!
//! The proof and the connection ids come from keys that outlive the process. Whoever knows them can end connections and
//! do nothing else.

use std::sync::Arc;

use quinn::EndpointConfig;
use quinn_proto::HashedConnectionIdGenerator;
use ring::hmac::{HMAC_SHA256, Key};
use sha2::{Digest, Sha256};

/// The endpoint's settings with keys that `secret` alone decides.
pub(crate) fn endpoint_config(secret: &[u8; 32]) -> EndpointConfig {
    let derive =
        |label: &[u8]| <[u8; 32]>::from(Sha256::new().chain_update(label).chain_update(secret).finalize());
    let proof = derive(b"dayshift stateless reset v1");
    let [a, b, c, d, e, f, g, h, ..] = derive(b"dayshift connection ids v1");
    let ids = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
    let mut config = EndpointConfig::new(Arc::new(Key::new(HMAC_SHA256, &proof)));
    config.cid_generator(move || Box::new(HashedConnectionIdGenerator::from_key(ids)));
    config
}

//! Certificates for log keys: which key signs a writer's log.
//!
//! Issued by the authority at join, carried by the node, checked by whoever reads a log. The log key is apart from the
//! TLS key because that one rotates, whereas a log is signed by one key for a whole incarnation.

use ed25519_dalek::{Signature, VerifyingKey};
use sync_protocol::ids::Writer;

const CONTEXT: &[u8] = b"dayshift log key v1";
const WRITER_BYTES: usize = 6;
const KEY_BYTES: usize = 32;

/// The root's statement that a public key signs the log of a writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogKeyCertificate {
    /// Whose log it is.
    pub writer: Writer,
    /// Ed25519 public key.
    pub key: [u8; 32],
    /// Ed25519 signature by the root over the context string, the writer and the key.
    pub signature: [u8; 64],
}

/// Why a log-key certificate is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogKeyError {
    /// The bytes have another length than [`LogKeyCertificate::BYTES`].
    #[error("a log-key certificate has 102 bytes, not {0}")]
    Length(usize),
    /// The root's public key is not a point on the curve.
    #[error("the root's public key is not an Ed25519 key")]
    RootKey,
    /// The certified key is not a point on the curve, or is a weak one.
    #[error("the certified log key is not a sound Ed25519 key")]
    LogKey,
    /// The signature is not the root's over this writer and key.
    #[error("the log-key certificate is not signed by the cluster's root")]
    Signature,
}

impl LogKeyCertificate {
    /// Encoded size: writer, key, signature.
    pub const BYTES: usize = WRITER_BYTES + KEY_BYTES + 64;

    /// Writer (6 bytes, big endian), key (32), signature (64).
    #[must_use]
    pub fn encode(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let (writer, rest) = bytes.split_at_mut(WRITER_BYTES);
        let (key, signature) = rest.split_at_mut(KEY_BYTES);
        writer.copy_from_slice(&self.writer.to_bytes());
        key.copy_from_slice(&self.key);
        signature.copy_from_slice(&self.signature);
        bytes
    }

    /// Reads what [`Self::encode`] wrote; nothing is verified yet.
    pub fn decode(bytes: &[u8]) -> Result<Self, LogKeyError> {
        let wrong = LogKeyError::Length(bytes.len());
        let (writer, rest) = bytes.split_at_checked(WRITER_BYTES).ok_or(wrong)?;
        let (key, signature) = rest.split_at_checked(KEY_BYTES).ok_or(wrong)?;
        Ok(Self {
            writer: Writer::from_bytes(writer).ok_or(wrong)?,
            key: key.try_into().map_err(|_| wrong)?,
            signature: signature.try_into().map_err(|_| wrong)?,
        })
    }

    /// Checks the root's signature and that the certified key is usable (RFC 8032, strict).
    pub fn verify(&self, root_public_key: &[u8; 32]) -> Result<(), LogKeyError> {
        let root = VerifyingKey::from_bytes(root_public_key).map_err(|_| LogKeyError::RootKey)?;
        let key = VerifyingKey::from_bytes(&self.key).map_err(|_| LogKeyError::LogKey)?;
        if key.is_weak() {
            return Err(LogKeyError::LogKey);
        }
        let signature = Signature::from_bytes(&self.signature);
        root.verify_strict(&signed_bytes(self.writer, &self.key), &signature)
            .map_err(|_| LogKeyError::Signature)
    }
}

/// What the root signs.
pub(crate) fn signed_bytes(writer: Writer, key: &[u8; 32]) -> Vec<u8> {
    [CONTEXT, &writer.to_bytes(), key].concat()
}

//! The seal under a timesheet: a node's signature over the file as it was handed out.

use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};
use minicbor::{Decode, Encode};

const CONTEXT: &[u8] = b"dayshift timesheet v1";

/// A node's signature over the bytes before it, with the certificate of the key that signed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Seal {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub signature: Vec<u8>,
    /// The log-key certificate, opaque here: whoever verifies checks it against the root key.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub certificate: Vec<u8>,
}

/// The bytes are no seal, or not that key's over this file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("not a seal")]
    Malformed,
    #[error("the signature does not fit the timesheet: it was changed after it was handed out")]
    WrongSignature,
}

impl Seal {
    /// Signs a file with the node's log key.
    #[must_use]
    pub fn sign(file: &[u8], key: &SigningKey, certificate: &[u8]) -> Self {
        let signature = key.sign(&[CONTEXT, file].concat()).to_bytes().to_vec();
        Self { signature, certificate: certificate.to_vec() }
    }

    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        minicbor::to_vec(self).expect("writing to a Vec cannot fail")
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SealError> {
        minicbor::decode(bytes).map_err(|_| SealError::Malformed)
    }

    /// Checks the signature by `key`. The caller has checked that `key` is certified.
    pub fn verify(&self, file: &[u8], key: &VerifyingKey) -> Result<(), SealError> {
        let signature = Signature::from_slice(&self.signature).map_err(|_| SealError::Malformed)?;
        key.verify(&[CONTEXT, file].concat(), &signature).map_err(|_| SealError::WrongSignature)
    }
}

//! Orders to erase a person, and what each node signs when it has done so. They name pseudonyms alone.

use crate::ids::{WorkerId, Writer};
use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};
use minicbor::{Decode, Encode};

/// An order to erase a person: every node of the region follows it once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(map)]
pub struct EraseOrder {
    /// Made at random where the order was given.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub id: [u8; 16],
    #[n(1)]
    pub worker: WorkerId,
    /// When it was given, epoch seconds by the clock of its node; nothing is decided by it.
    #[n(2)]
    pub at: i64,
}

/// What a node signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ErasureBody {
    #[n(0)]
    pub order: EraseOrder,
    /// The node that erased.
    #[n(1)]
    pub writer: Writer,
    /// Epoch seconds by its clock.
    #[n(2)]
    pub erased_at: i64,
    /// Whether it had kept anything of the person.
    #[n(3)]
    pub had: bool,
}

/// A signed receipt, with the certificate of the key that signed it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ErasureReceipt {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub body: Vec<u8>,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub signature: Vec<u8>,
    /// The log-key certificate, opaque here: whoever verifies checks it against the root key.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub certificate: Vec<u8>,
}

/// The bytes are no receipt, or were not signed by that key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ErasureError {
    #[error("not an erasure receipt")]
    Malformed,
    #[error("the signature does not fit the erasure receipt")]
    WrongSignature,
}

const CONTEXT: &[u8] = b"dayshift erasure receipt v1";

impl ErasureReceipt {
    /// Signs a receipt with the node's log key.
    #[must_use]
    pub fn sign(body: &ErasureBody, key: &SigningKey, certificate: &[u8]) -> Self {
        let body = minicbor::to_vec(body).expect("writing to a Vec cannot fail");
        let signature = key.sign(&[CONTEXT, &body].concat()).to_bytes().to_vec();
        Self { body, signature, certificate: certificate.to_vec() }
    }

    /// The receipt as it is kept, sent and handed out.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        minicbor::to_vec(self).expect("writing to a Vec cannot fail")
    }

    /// Reads a receipt; nothing of it is checked.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ErasureError> {
        minicbor::decode(bytes).map_err(|_| ErasureError::Malformed)
    }

    /// What it says, unchecked: for receipts that come from one's own storage.
    pub fn body_unchecked(&self) -> Result<ErasureBody, ErasureError> {
        minicbor::decode(&self.body).map_err(|_| ErasureError::Malformed)
    }

    /// Checks the signature by `key` and reads the body. The caller has checked that `key` is certified for its writer.
    pub fn verify(&self, key: &VerifyingKey) -> Result<ErasureBody, ErasureError> {
        let signature = Signature::from_slice(&self.signature).map_err(|_| ErasureError::Malformed)?;
        key.verify(&[CONTEXT, &self.body].concat(), &signature).map_err(|_| ErasureError::WrongSignature)?;
        minicbor::decode(&self.body).map_err(|_| ErasureError::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_holds_for_its_key_and_its_words() {
        let key = SigningKey::from_bytes(&[4; 32]);
        let order = EraseOrder { id: [1; 16], worker: WorkerId([2; 16]), at: 7 };
        let body = ErasureBody { order, writer: Writer::new(3, 1), erased_at: 9, had: true };
        let receipt = ErasureReceipt::sign(&body, &key, b"certificate");
        let read = ErasureReceipt::from_bytes(&receipt.to_bytes()).unwrap();
        assert_eq!(read.verify(&key.verifying_key()), Ok(body));
        let other = SigningKey::from_bytes(&[5; 32]).verifying_key();
        assert_eq!(read.verify(&other), Err(ErasureError::WrongSignature));
        let said = minicbor::to_vec(ErasureBody { had: false, ..body }).unwrap();
        let forged = ErasureReceipt { body: said, ..read };
        assert_eq!(forged.verify(&key.verifying_key()), Err(ErasureError::WrongSignature));
        assert_eq!(ErasureReceipt::from_bytes(b"no receipt"), Err(ErasureError::Malformed));
    }
}

//! The signed receipt that a worker takes away: proof that a node confirmed a seat.

use crate::{
    ids::{JobId, SignUpId, VshardId, WorkerId, Writer},
    log::Head,
    seats::LossPolicy,
};
use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};
use minicbor::{Decode, Encode};

/// What the node signs.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ReceiptBody {
    #[n(0)]
    pub job: JobId,
    #[n(1)]
    pub sign_up: SignUpId,
    #[n(2)]
    pub worker: WorkerId,
    #[n(3)]
    pub writer: Writer,
    #[n(4)]
    pub vshard: u16,
    /// Place of the accepting row in the writer's log.
    #[n(5)]
    pub wseq: u64,
    #[n(6)]
    pub head: Head,
    /// Epoch seconds by the node's clock; no safety argument uses it.
    #[n(7)]
    pub issued_at: i64,
    /// What becomes of the job's rights where their node is lost. Written for [`LossPolicy::Reclaim`] alone: without it the
    /// place was final at once, as in every receipt of before there was this field.
    #[n(8)]
    pub class: Option<LossPolicy>,
    /// When the signer's lease ended unless it was renewed, epoch seconds by its clock. Until the hub has heard of the place
    /// it is provisional: before this time nothing can void it, later a reclaim can. Written with `class` alone.
    #[n(9)]
    pub final_by: Option<i64>,
}

/// A signed receipt with the certificate of the key that signed it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Receipt {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub body: Vec<u8>,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub signature: Vec<u8>,
    /// The log-key certificate, opaque here: whoever verifies checks it against the root key.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub certificate: Vec<u8>,
}

/// The receipt is not one, or was not signed by that key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    #[error("not a receipt")]
    Malformed,
    #[error("the signature does not fit the receipt")]
    WrongSignature,
}

const CONTEXT: &[u8] = b"dayshift receipt v1";

impl Receipt {
    /// Signs a receipt with the node's log key.
    #[must_use]
    pub fn sign(body: &ReceiptBody, key: &SigningKey, certificate: &[u8]) -> Self {
        let body = minicbor::to_vec(body).expect("writing to a Vec cannot fail");
        let signature = key.sign(&[CONTEXT, &body].concat()).to_bytes().to_vec();
        Self { body, signature, certificate: certificate.to_vec() }
    }

    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        minicbor::to_vec(self).expect("writing to a Vec cannot fail")
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ReceiptError> {
        minicbor::decode(bytes).map_err(|_| ReceiptError::Malformed)
    }

    /// What it says, unchecked: for receipts that come from one's own storage.
    pub fn body_unchecked(&self) -> Result<ReceiptBody, ReceiptError> {
        minicbor::decode(&self.body).map_err(|_| ReceiptError::Malformed)
    }

    /// Checks the signature by `key` and reads the body. The caller has checked that `key` is certified for the body's writer.
    pub fn verify(&self, key: &VerifyingKey) -> Result<ReceiptBody, ReceiptError> {
        let signature = Signature::from_slice(&self.signature).map_err(|_| ReceiptError::Malformed)?;
        key.verify(&[CONTEXT, &self.body].concat(), &signature).map_err(|_| ReceiptError::WrongSignature)?;
        minicbor::decode(&self.body).map_err(|_| ReceiptError::Malformed)
    }
}

impl ReceiptBody {
    #[must_use]
    pub const fn vshard(&self) -> VshardId {
        VshardId(self.vshard)
    }

    /// By when the hub has to hear of the place for it to be safe from a reclaim, epoch seconds; none where it was final
    /// at once.
    #[must_use]
    pub fn provisional_until(&self) -> Option<i64> {
        (self.class == Some(LossPolicy::Reclaim)).then(|| self.final_by.unwrap_or(self.issued_at))
    }
}

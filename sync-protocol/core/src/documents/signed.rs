//! Edits in a tenant's name: whoever is shown its API key signs, and any node of the region may bring the change.
//!
//! The signing key is derived from the API key, so that a node that was shown it can sign while it is cut off; hub and
//! nodes keep public keys alone. A tenant's public keys come newest first: the present one counts for edits, former ones
//! for jobs that were posted while their node was cut off.

use super::{JobFields, Refused, Value};
use crate::ids::{DocumentId, Writer};
use automerge::{
    ExpandedChange,
    legacy::{Key, OpType},
};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

/// Bytes of a public key of a tenant.
pub const TENANT_KEY_BYTES: usize = 32;

/// What signs in a tenant's name.
#[derive(Clone)]
pub struct TenantKey(SigningKey);

impl std::fmt::Debug for TenantKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TenantKey").finish_non_exhaustive()
    }
}

impl TenantKey {
    /// The signing key that belongs to an API key.
    #[must_use]
    pub fn of_api_key(api_key: &str) -> Self {
        let seed = blake3::derive_key("dayshift tenant signing key v1", api_key.as_bytes());
        Self(SigningKey::from_bytes(&seed))
    }

    /// What hub and nodes keep of it.
    #[must_use]
    pub fn public(&self) -> [u8; TENANT_KEY_BYTES] {
        self.0.verifying_key().to_bytes()
    }

    pub(crate) fn sign_bytes(&self, message: &[u8; 32]) -> Vec<u8> {
        self.0.sign(message).to_bytes().to_vec()
    }

    pub(super) fn sign(&self, doc: DocumentId, writer: Writer, seq: u64, puts: &[(&str, Value)]) -> Vec<u8> {
        let puts = puts.iter().map(|(name, value)| (*name, Some(value.clone())));
        self.sign_bytes(&message(doc, writer, seq, puts))
    }
}

/// What is signed: the document, the change's place in its writer's edits, and all that it sets but the signature.
fn message<'a>(
    doc: DocumentId,
    writer: Writer,
    seq: u64,
    puts: impl Iterator<Item = (&'a str, Option<Value>)>,
) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("dayshift tenant edit v1");
    hasher.update(&doc.to_bytes());
    hasher.update(&writer.to_bytes());
    hasher.update(&seq.to_be_bytes());
    for (name, value) in puts {
        let value = minicbor::to_vec(value).expect("writing to a Vec cannot fail");
        for part in [name.as_bytes(), &value] {
            hasher.update(&(part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
    }
    *hasher.finalize().as_bytes()
}

/// Which of a tenant's public keys, newest first, has signed a change; `None` where none has.
pub(super) fn signer_of(
    doc: DocumentId,
    writer: Writer,
    change: &ExpandedChange,
    keys: &[u8],
) -> Result<Option<usize>, Refused> {
    let (mut puts, mut signature) = (Vec::new(), None);
    for op in &change.operations {
        let Key::Map(name) = &op.key else { return Err(Refused::NotFlat) };
        let value = match &op.action {
            OpType::Put(scalar) => Some(Value::from_scalar(scalar)?),
            OpType::Delete
            | OpType::Make(_)
            | OpType::Increment(_)
            | OpType::MarkBegin(_)
            | OpType::MarkEnd(_) => None,
        };
        match value {
            Some(Value::Bytes(bytes)) if name == JobFields::SIGNED => {
                signature = Signature::from_slice(&bytes).ok()
            }
            other => puts.push((name.as_str(), other)),
        }
    }
    let Some(signature) = signature else { return Ok(None) };
    let message = message(doc, writer, change.seq, puts.into_iter());
    let (keys, _) = keys.as_chunks::<TENANT_KEY_BYTES>();
    let has_signed = |key: &[u8; TENANT_KEY_BYTES]| {
        VerifyingKey::from_bytes(key).is_ok_and(|key| key.verify_strict(&message, &signature).is_ok())
    };
    Ok(keys.iter().position(has_signed))
}

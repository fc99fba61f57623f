//! What this node signs and verifies beside its log: timesheets that it hands out, receipts that workers bring.
//!
//! A receipt is checked against the cluster's root key alone, so that a place given by a node that was never heard of here,
//! and by a hub that cannot be asked, is told from a forged one.

use anyhow::Context;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{SigningKey, VerifyingKey};
use enrolment::{LogKeyCertificate, NodeIdentity};
use pages::agency::hours::sealed;
use sync_protocol::receipt::{Receipt, ReceiptBody};

/// Longest text that may be a receipt: one has about 550 characters.
const TEXT_BYTES_MAX: usize = 4 << 10;

/// The node's keys for papers.
pub(crate) struct Papers {
    root: [u8; 32],
    signer: SigningKey,
    certificate: Vec<u8>,
}

impl std::fmt::Debug for Papers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Papers").finish_non_exhaustive()
    }
}

impl Papers {
    pub(crate) fn of(identity: &NodeIdentity) -> anyhow::Result<Self> {
        let root = enrolment::root_public_key(&identity.root_certificate);
        Ok(Self {
            root: root.context("the node's root certificate holds no key")?,
            signer: SigningKey::from_bytes(&identity.log_key),
            certificate: identity.log_key_certificate.encode().to_vec(),
        })
    }

    /// Reads what a QR code says, alone or at the end of a link; `None` where it is no genuine receipt of this cluster.
    pub(crate) fn read_receipt(&self, text: &str) -> Option<ReceiptBody> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let text = text.trim().trim_end_matches('=');
        let text = text.rsplit(['/', '#', '?', '=', ':']).next()?;
        let receipt = Receipt::from_bytes(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let certificate = LogKeyCertificate::decode(&receipt.certificate).ok()?;
        certificate.verify(&self.root).ok()?;
        let body = receipt.verify(&VerifyingKey::from_bytes(&certificate.key).ok()?).ok()?;
        (body.writer == certificate.writer).then_some(body)
    }

    /// A timesheet with the line that seals it.
    pub(crate) fn seal(&self, sheet: &str) -> String {
        sealed(sheet, &self.signer, &self.certificate)
    }
}

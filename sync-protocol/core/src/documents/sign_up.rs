//! The fields of a sign-up document. Its status is a projection of the ledger, written by the seat's holder alone.

use super::{Document, Value};
use crate::ids::{JobId, WorkerId};

/// What a worker was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Confirmed,
    WaitListed,
    Requested,
    Cancelled,
    Bumped,
}

impl Status {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::WaitListed => "wait_listed",
            Self::Requested => "requested",
            Self::Cancelled => "cancelled",
            Self::Bumped => "bumped",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Confirmed, Self::WaitListed, Self::Requested, Self::Cancelled, Self::Bumped]
            .into_iter()
            .find(|status| status.as_str() == text)
    }

    /// Confirmed, wait-listed or requested: the worker may still get or has the place.
    #[must_use]
    pub const fn is_current(self) -> bool {
        matches!(self, Self::Confirmed | Self::WaitListed | Self::Requested)
    }
}

/// A sign-up as read from or written into its document. It names the worker by pseudonym alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignUpFields {
    pub job: JobId,
    pub worker: WorkerId,
    pub status: Status,
    /// Six digits that the worker can say at any kiosk.
    pub code: String,
    /// First 16 bytes of the hash over the client's idempotency key and worker; replicated so that a retry elsewhere is recognised.
    pub idempotency: [u8; 16],
    /// Hash of the request body under that key.
    pub body_hash: [u8; 16],
    pub created_at: i64,
    /// Why it was ended by others than its worker; empty where it was not.
    pub reason: String,
}

impl SignUpFields {
    /// The hub's receipt of a place that it gave itself.
    pub const RECEIPT: &str = "receipt";
    /// The hub's seal of such a place.
    pub const SEALED: &str = "sealed";

    /// Names of all fields that minter and hub write.
    pub const NAMES: [&str; 10] = [
        "job",
        "worker",
        "status",
        "code",
        "key",
        "body",
        "created_at",
        "reason",
        Self::RECEIPT,
        Self::SEALED,
    ];

    /// Fields that stay as they were first written.
    pub const FIXED: [&str; 6] = ["job", "worker", "code", "key", "body", "created_at"];

    /// Field names and values, in the order in which a new document is written.
    #[must_use]
    pub fn to_fields(&self) -> Vec<(&'static str, Value)> {
        let mut fields = vec![
            ("job", Value::Bytes(self.job.to_bytes().to_vec())),
            ("worker", Value::Bytes(self.worker.0.to_vec())),
            ("status", Value::Text(self.status.as_str().to_owned())),
            ("code", Value::Text(self.code.clone())),
            ("key", Value::Bytes(self.idempotency.to_vec())),
            ("body", Value::Bytes(self.body_hash.to_vec())),
            ("created_at", Value::Int(self.created_at)),
        ];
        if !self.reason.is_empty() {
            fields.push(("reason", Value::Text(self.reason.clone())));
        }
        fields
    }

    /// Reads a sign-up; `None` where a needed field is missing or of another form.
    #[must_use]
    pub fn read(document: &Document) -> Option<Self> {
        let bytes = |field| match document.value(field) {
            Some(Value::Bytes(bytes)) => Some(bytes.as_slice()),
            Some(Value::Text(_) | Value::Int(_) | Value::Bool(_) | Value::Null) | None => None,
        };
        Some(Self {
            job: JobId::from_bytes(bytes("job")?)?,
            worker: WorkerId::from_bytes(bytes("worker")?)?,
            status: Status::parse(&document.text("status"))?,
            code: document.text("code"),
            idempotency: bytes("key")?.try_into().ok()?,
            body_hash: bytes("body")?.try_into().ok()?,
            created_at: document.int("created_at")?,
            reason: document.text("reason"),
        })
    }
}

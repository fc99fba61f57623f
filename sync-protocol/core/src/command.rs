//! What a tenant orders about its job's seats at a node: signed there in its name, decided by the hub alone.
//!
//! The cap and whether a job is open are rows of the hub. A node passes the order on and cannot make one up: it is signed by
//! the key that belongs to the tenant's API key, of which hub and nodes keep the public half alone.

use crate::{
    documents::TenantKey,
    ids::{JobId, TenantId, Writer},
    seats::Excess,
};
use ed25519_dalek::{Signature, VerifyingKey};
use minicbor::{Decode, Encode};

/// What is to become of a job's seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Change {
    /// Another number of seats.
    #[n(0)]
    Cap {
        #[n(0)]
        cap: u32,
        #[n(1)]
        excess: Excess,
    },
    /// No more sign-ups, and those that there are end.
    #[n(1)]
    Close,
}

/// An order of a tenant, as a node passes it on.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Command {
    /// Made from the client's key: the same for each retry, and then carried out once.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub id: [u8; 16],
    #[n(1)]
    pub tenant: u32,
    #[n(2)]
    pub job: JobId,
    #[n(3)]
    pub change: Change,
    /// Ed25519 by the tenant's signing key.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub signature: Vec<u8>,
}

/// What the hub answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum CommandOutcome {
    /// It is so, durably.
    #[n(0)]
    Done(#[n(0)] JobStanding),
    /// A cap below this number of confirmed sign-ups was refused.
    #[n(1)]
    BelowConfirmed {
        #[n(0)]
        confirmed: u32,
    },
    /// The job is closed.
    #[n(2)]
    Closed,
    /// There is no such job of this tenant in the node's region.
    #[n(3)]
    Unknown,
    /// No job has so many seats.
    #[n(4)]
    OutOfRange,
    /// It is not signed by the tenant's present key.
    #[n(5)]
    NotProved,
    /// Another order came under the same id.
    #[n(6)]
    KeyReused,
    /// The tenant writes too often: to be asked again after so many seconds.
    #[n(7)]
    TooMany {
        #[n(0)]
        wait_s: u32,
    },
}

/// A job's seats after an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct JobStanding {
    #[n(0)]
    pub cap: u32,
    #[n(1)]
    pub open: bool,
    /// Of the hub's row about the job.
    #[n(2)]
    pub version: u32,
    /// Sign-ups that the order ends; each ends once its node has heard of it.
    #[n(3)]
    pub ended: u32,
    /// Free rights at nodes without a line: so many more may be confirmed there before they hear of it.
    #[n(4)]
    pub unheard: u32,
}

/// The hub's answer to a [`Command`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Commanded {
    /// As in the command.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub id: [u8; 16],
    #[n(1)]
    pub outcome: CommandOutcome,
}

impl Command {
    /// An order that `writer` passes on, signed in the tenant's name.
    #[must_use]
    pub fn signed(
        key: &TenantKey,
        writer: Writer,
        id: [u8; 16],
        tenant: TenantId,
        job: JobId,
        change: Change,
    ) -> Self {
        let unsigned = Self { id, tenant: tenant.0, job, change, signature: Vec::new() };
        let signature = key.sign_bytes(&unsigned.message(writer));
        Self { signature, ..unsigned }
    }

    /// Whether the key with this public half signed it, for this node to pass on.
    #[must_use]
    pub fn is_signed_by(&self, public: &[u8; 32], writer: Writer) -> bool {
        let (Ok(key), Ok(signature)) =
            (VerifyingKey::from_bytes(public), Signature::from_slice(&self.signature))
        else {
            return false;
        };
        key.verify_strict(&self.message(writer), &signature).is_ok()
    }

    /// What tells it from every other order, and one node's from another's.
    #[must_use]
    pub fn message(&self, writer: Writer) -> [u8; 32] {
        let change = minicbor::to_vec(self.change).expect("writing to a Vec cannot fail");
        let mut hasher = blake3::Hasher::new_derive_key("dayshift tenant command v1");
        hasher.update(&writer.to_bytes());
        hasher.update(&self.id);
        hasher.update(&self.tenant.to_be_bytes());
        hasher.update(&self.job.to_bytes());
        // The last part: no length is needed to tell where it ends.
        hasher.update(&change);
        *hasher.finalize().as_bytes()
    }

    /// What is the same in each retry, at whichever node: tenant, job and change.
    #[must_use]
    pub fn digest(&self) -> [u8; 16] {
        let bare = Self { id: [0; 16], signature: Vec::new(), ..self.clone() };
        let mut digest = [0; 16];
        digest.copy_from_slice(&bare.message(Writer::hub(0))[..16]);
        digest
    }
}

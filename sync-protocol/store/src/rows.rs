//! Rows as the callers see them.

use sync_protocol::{
    documents::{Document, SignUpFields, Status},
    ids::{JobId, SignUpId, TenantId, TopicId, VshardId, WorkerId, Writer},
    seats::SeatState,
};

/// A document with the topic that it belongs to.
#[derive(Debug, Clone)]
pub struct Stored {
    pub topic: TopicId,
    pub document: Document,
}

/// What queries need of a job beside its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSummary {
    pub job: JobId,
    pub topic: TopicId,
    pub tenant: TenantId,
    /// The importer's key, unique within the tenant; empty where there is none.
    pub key: String,
    pub title: String,
    pub start_at: i64,
    pub end_at: i64,
}

/// One sign-up's materialised row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignUpRow {
    pub vshard: VshardId,
    pub sign_up: SignUpId,
    pub fields: SignUpFields,
}

impl SignUpRow {
    #[must_use]
    pub const fn status(&self) -> Status {
        self.fields.status
    }
}

/// One sign-up in the ledger of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeatRow {
    pub sign_up: SignUpId,
    pub holder: Writer,
    pub worker: WorkerId,
    pub state: SeatState,
}

/// One place in a job's wait list, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitRow {
    pub sign_up: SignUpId,
    pub holder: Writer,
    pub worker: WorkerId,
    /// A right was granted for it; its acceptance has not been reported yet.
    pub promoted: bool,
    /// Place that the hub told, from 1; 0 where it is known at this node alone.
    pub position: u32,
}

/// Sums over the jobs of the hub.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SeatTotals {
    pub jobs: u64,
    pub cap: u64,
    pub live: u64,
    pub waiting: u64,
    /// Sum over jobs of live sign-ups beyond the cap.
    pub oversold: u64,
}

/// Sums over one writer's holdings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldingTotals {
    pub writer: Writer,
    pub granted: u64,
    pub returned: u64,
    pub live: u64,
}

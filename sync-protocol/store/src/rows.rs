//! Rows as the callers see them.

use sync_protocol::{
    documents::{Document, SignUpFields, Status},
    ids::{JobId, SignUpId, TenantId, TopicId, VshardId, WorkerId, Writer},
    seats::{Ending, SeatState, Standing},
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
    /// Sum over jobs of live sign-ups beyond what may be valid.
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

/// Where an incarnation stands in one vshard, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingRow {
    pub writer: Writer,
    pub standing: Standing,
    pub cause: FenceCause,
    /// For the operators.
    pub detail: String,
    pub at: i64,
}

/// Why an incarnation was fenced; what may end its limbo depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FenceCause {
    /// An operator, or the node itself on leaving: its own log, whole, settles it.
    Retired,
    /// The node joined again: the same.
    Replaced,
    /// Its log went back or apart: two machines, or a restored disk. Only an operator says which log counts.
    Copied,
    /// It reported what no honest node can.
    Violation,
}

impl FenceCause {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retired => "retired",
            Self::Replaced => "replaced",
            Self::Copied => "copied",
            Self::Violation => "violation",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Retired, Self::Replaced, Self::Copied, Self::Violation]
            .into_iter()
            .find(|cause| cause.as_str() == text)
    }

    /// Whether the whole log of the incarnation, however it comes, settles it without an operator's word.
    #[must_use]
    pub const fn settles_by_itself(self) -> bool {
        matches!(self, Self::Retired | Self::Replaced)
    }
}

/// A sign-up that is to end or has been ended, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndingRow {
    pub job: JobId,
    pub ending: Ending,
    pub at: i64,
    /// The holder has reported it.
    pub done: bool,
}

/// Rights of one incarnation that are reserved although nobody can use them at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimboRow {
    pub writer: Writer,
    pub job: JobId,
    /// Granted and not known to be returned.
    pub out: u32,
    /// Of those, sign-ups that the hub knows to be live.
    pub live: u32,
}

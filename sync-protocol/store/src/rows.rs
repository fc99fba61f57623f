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

/// What a message that leaves the node is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MessageKind {
    /// A worker who waited, or whose request was left to the hub, has the place.
    Confirmed = 0,
    /// A worker's place or place in line was ended by others.
    Ended = 1,
    /// Time or place of a confirmed worker's job changed.
    Changed = 2,
    /// A tenant's timesheet of a day.
    Timesheet = 3,
    /// A one-time code that proves a phone number.
    Code = 4,
}

impl MessageKind {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Ended => "cancelled",
            Self::Changed => "changed",
            Self::Timesheet => "timesheet",
            Self::Code => "code",
        }
    }

    #[must_use]
    pub fn from_u8(number: u8) -> Option<Self> {
        [Self::Confirmed, Self::Ended, Self::Changed, Self::Timesheet, Self::Code]
            .into_iter()
            .find(|kind| *kind as u8 == number)
    }
}

/// A message of the outbox. It names its subject by id and holds nothing personal: what it says is put together when it
/// is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    pub vshard: VshardId,
    /// Unique on this node, also after the row is gone: receivers know a repetition by it.
    pub n: u64,
    pub kind: MessageKind,
    /// A sign-up's id; for a timesheet the tenant (u32, big endian) and the day as text; for a code 16 random bytes, by which
    /// the node's memory knows it.
    pub subject: Vec<u8>,
    /// Epoch seconds at which it was written.
    pub at: i64,
    pub tries: u32,
    /// Epoch seconds before which it is not tried again.
    pub next_at: i64,
    /// Why the last try failed; empty before.
    pub error: String,
    /// Given up: kept for people to read and to send again.
    pub is_dead: bool,
}

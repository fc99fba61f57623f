//! Rows of the ledger logs: what a node reports about its seats, and what the hub tells the nodes.

use super::{JobText, LossPolicy, Seal, SeatsSaid};
use crate::ids::{JobId, SignUpId, WorkerId, Writer};
use minicbor::{Decode, Encode};

/// Where a sign-up stands in the ledger of its holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SeatState {
    /// Uses one right.
    Live,
    /// Freed by the worker or the tenant; left `Live` or the wait list for good.
    Cancelled,
    /// Cancelled by the hub with a reason.
    Bumped,
    /// Waits for a right.
    Waiting,
    /// Was asked for and not answered in time: only the hub's own node may accept it.
    Requested,
}

impl SeatState {
    /// Cancelled or bumped: it does not come back.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Cancelled | Self::Bumped)
    }

    #[must_use]
    pub const fn to_i64(self) -> i64 {
        match self {
            Self::Live => 0,
            Self::Cancelled => 1,
            Self::Bumped => 2,
            Self::Waiting => 3,
            Self::Requested => 4,
        }
    }

    #[must_use]
    pub const fn from_i64(code: i64) -> Option<Self> {
        Some(match code {
            0 => Self::Live,
            1 => Self::Cancelled,
            2 => Self::Bumped,
            3 => Self::Waiting,
            4 => Self::Requested,
            _ => return None,
        })
    }
}

/// One row of a node's ledger log.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct NodeRow {
    #[n(0)]
    pub job: JobId,
    #[n(1)]
    pub event: NodeEvent,
}

/// What happened to a job's seats at a node.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum NodeEvent {
    /// The job was created here with all of its rights.
    #[n(0)]
    Birth {
        #[n(0)]
        cap: u32,
        #[n(1)]
        policy: Option<LossPolicy>,
    },
    /// A right was used.
    #[n(1)]
    Accept {
        #[n(0)]
        sign_up: SignUpId,
        #[n(1)]
        worker: WorkerId,
    },
    /// A live sign-up freed its right, or a waiting one left the list.
    #[n(2)]
    Cancel {
        #[n(0)]
        sign_up: SignUpId,
    },
    /// A live sign-up was ended as the hub asked; its right went back.
    #[n(3)]
    Bump {
        #[n(0)]
        sign_up: SignUpId,
        #[n(1)]
        returned: u32,
    },
    /// Idle rights went back; cumulative.
    #[n(4)]
    Return {
        #[n(0)]
        returned: u32,
    },
    /// A sign-up waits for a right.
    #[n(5)]
    Wait {
        #[n(0)]
        sign_up: SignUpId,
        #[n(1)]
        worker: WorkerId,
    },
    /// The hub was asked and did not answer in time; it decides alone.
    #[n(6)]
    Request {
        #[n(0)]
        sign_up: SignUpId,
        #[n(1)]
        worker: WorkerId,
    },
    /// A sign-up that is held elsewhere was ended here: the hub passes it on to the holder.
    #[n(7)]
    CancelFor {
        #[n(0)]
        sign_up: SignUpId,
        /// Why, where it was not its worker's wish: [`EndReason::NoShow`] or [`EndReason::Employer`].
        #[n(1)]
        reason: Option<EndReason>,
    },
    /// The last row of this log: its incarnation uses no right any more. The row's job means nothing.
    #[n(8)]
    Final,
    /// What the hub said here of a job under a former history of its vshard, for a hub that was restored from a backup. It
    /// counts as far as the hub's own seals hold.
    #[n(9)]
    Seen {
        #[n(0)]
        granted: u32,
        #[n(1)]
        rights: Option<Seal>,
        #[n(2)]
        said: SeatsSaid,
        #[n(3)]
        seats: Option<Seal>,
        /// The text of a job that the hub made, with the hub's seal among its values.
        #[n(4)]
        text: Option<JobText>,
    },
    /// All that was known here of former histories has been told. The row's job means nothing.
    #[n(10)]
    SeenAll {
        #[n(0)]
        history: u16,
    },
    /// A place that the hub's own node confirmed under a former history.
    #[n(11)]
    HubConfirmed {
        #[n(0)]
        sign_up: SignUpId,
        #[n(1)]
        worker: WorkerId,
        #[n(2)]
        seal: Seal,
    },
}

impl NodeEvent {
    /// The job that stands in rows which are about none.
    #[must_use]
    pub const fn no_job(writer: Writer) -> JobId {
        JobId::job(writer, 0)
    }
}

/// Why a sign-up is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum EndReason {
    /// Its worker wished it, at another place than where it is held.
    #[n(0)]
    Worker,
    /// The job was closed.
    #[n(1)]
    Closed,
    /// The job's cap was lowered.
    #[n(2)]
    CapLowered,
    /// The same worker holds another seat of this job, or of one at the same time.
    #[n(3)]
    Duplicate,
    /// Its node was lost, and the rights were given to others before the hub heard of it.
    #[n(4)]
    Voided,
    /// Its worker did not come.
    #[n(5)]
    NoShow,
    /// The agency cancelled this one place.
    #[n(6)]
    Employer,
}

impl EndReason {
    /// Whether a place that is to end for this reason stands once its worker was seen at a gate.
    #[must_use]
    pub const fn spares_who_came(self) -> bool {
        matches!(self, Self::Worker | Self::NoShow)
    }

    /// Stored and shown as this.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Worker => "worker",
            Self::Closed => "closed",
            Self::CapLowered => "cap_lowered",
            Self::Duplicate => "duplicate",
            Self::Voided => "voided",
            Self::NoShow => "no_show",
            Self::Employer => "employer",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Worker,
            Self::Closed,
            Self::CapLowered,
            Self::Duplicate,
            Self::Voided,
            Self::NoShow,
            Self::Employer,
        ]
        .into_iter()
        .find(|reason| reason.as_str() == text)
    }

    /// Whether it is said where the worker or the gate stands and passed on to the holder, whose right falls free there: the
    /// other reasons are the hub's, and its rights go back to it.
    #[must_use]
    pub const fn is_passed_on(self) -> bool {
        matches!(self, Self::Worker | Self::NoShow | Self::Employer)
    }
}

/// A sign-up that its holder shall end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Ending {
    #[n(0)]
    pub sign_up: SignUpId,
    #[n(1)]
    pub reason: EndReason,
}

/// Hub ledger row about a job, for every node with interest in it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct JobRow {
    #[n(0)]
    pub job: JobId,
    #[n(1)]
    pub cap: u32,
    #[n(2)]
    pub open: bool,
    /// Rises with each change of this row.
    #[n(3)]
    pub version: u32,
    /// Places that the hub knew to be free in all, when it wrote the row.
    #[n(4)]
    pub free: u32,
    /// Sign-ups waiting at the hub, when it wrote the row.
    #[n(5)]
    pub waiting: u32,
    /// `None` from a hub that knows but one policy.
    #[n(6)]
    pub policy: Option<LossPolicy>,
    /// The hub's seal of [`SeatsSaid`].
    #[n(7)]
    pub seal: Option<Seal>,
}

/// Hub ledger row about one node's rights to one job, for that node alone.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct HoldingRow {
    #[n(0)]
    pub job: JobId,
    #[n(1)]
    pub writer: Writer,
    /// Cumulative.
    #[n(2)]
    pub granted: u32,
    /// Sign-ups that the node shall end: a wish of the worker frees the right here, any other reason returns it.
    #[n(3)]
    pub end: Vec<Ending>,
    /// Waiting sign-ups of this node that shall take a right of this grant.
    #[n(4)]
    pub promote: Vec<SignUpId>,
    /// Return idle rights until at most `keep` are left; applies only while `granted` is what stands here.
    #[n(5)]
    pub recall_keep: Option<u32>,
    /// Until when `promote` is offered, epoch seconds: later the right is returned, and the next in line is asked.
    #[n(6)]
    pub offer_until: Option<i64>,
    /// The hub's seal of `granted`.
    #[n(7)]
    pub seal: Option<Seal>,
}

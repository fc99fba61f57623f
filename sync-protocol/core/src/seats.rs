//! Seat rights: who may fill how many places of a job. Pure transition functions; storage is the caller's.
//!
//! Rights are not CRDT data. Each counter has one writer and only rises (escrow: O'Neil 1986; bounded counter:
//! Balegas et al. 2015, arXiv 1503.09052), so loss, duplication and reordering of messages are harmless.
//! The hub writes `granted`; the node writes `returned` and the state of each sign-up.

mod hub;
mod node;
mod row;
mod seal;

pub use hub::{
    BelowConfirmed, Excess, HubHolding, HubJob, LossPolicy, Merged, Standing, Violation, out_total,
    receipt_stands,
};
pub use node::{Footing, NodeJob, Refusal};
pub use row::{EndReason, Ending, HoldingRow, JobRow, NodeEvent, NodeRow, SeatState};
pub use seal::{JobText, Seal, SealKey, SeatsSaid};

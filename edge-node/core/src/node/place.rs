//! The hub's number of a place in line, for a sign-up that was counted at this node alone while the line was down.

use super::{Batch, line};
use sync_protocol::{
    documents::Status,
    ids::{SignUpId, Writer},
    wire::v1::Ask,
};
use sync_store::{ShardTx, SignUpRow, StoreError, WaitRow};

/// The question that brings the hub's number. `None` where it is known, before a draw that is to come, and while the
/// hub has not merged all that this node wrote: asked before, the hub would take the sign-up for a new one.
pub fn place_question(
    tx: &mut dyn ShardTx,
    row: &SignUpRow,
    writer: Writer,
) -> Result<Option<Ask>, StoreError> {
    let (sign_up, job) = (row.sign_up, row.fields.job);
    if row.status() != Status::WaitListed || sign_up.writer != writer {
        return Ok(None);
    }
    let Some(waits) = tx.wait(row.vshard, job, sign_up)?.filter(|wait| !wait.promoted) else {
        return Ok(None);
    };
    if line::turn(tx, row.vshard, job)?.draw_at.is_some() {
        return Ok(None);
    }
    let written = tx.own_heads()?.into_iter().find(|(vshard, _)| *vshard == row.vshard);
    let acked = tx.acked(row.vshard)?;
    if written.is_none_or(|(_, head)| head.wseq > acked) {
        return Ok(None);
    }
    let summary = tx.job_summary(row.vshard, job)?;
    Ok(summary.map(|summary| Ask { job, sign_up, worker: waits.worker, topic: summary.topic.0 }))
}

impl Batch<'_> {
    /// Keeps the number that the hub told for a sign-up that still waits.
    pub fn keep_place(&mut self, sign_up: SignUpId, position: u32) -> Result<(), StoreError> {
        let Some(row) = self.tx.sign_up(sign_up)? else { return Ok(()) };
        match self.tx.wait(row.vshard, row.fields.job, sign_up)? {
            Some(wait) => self.tx.put_waiting(row.vshard, row.fields.job, &WaitRow { position, ..wait }),
            None => Ok(()),
        }
    }
}

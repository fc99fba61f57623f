//! Commands of a tenant on a job's seats: raise or lower the cap, close.

use super::{Shard, SignReceipt, announce, enforce, promote, sign_receipts};
use sync_protocol::{
    ids::JobId,
    limits::CAP_MAX,
    seats::{BelowConfirmed, Excess, HubJob, SeatState},
};
use sync_store::StoreError;

/// Why a cap is not changed.
#[derive(Debug, thiserror::Error)]
pub enum CapRefusal {
    #[error("there is no such job")]
    UnknownJob,
    #[error("the job is closed")]
    Closed,
    #[error("a job has 1 to {CAP_MAX} seats")]
    OutOfRange,
    #[error(transparent)]
    BelowConfirmed(#[from] BelowConfirmed),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Changes a job's cap. Lowering applies at once: nothing is granted while more is out, and idle rights are recalled.
/// Places that a raised cap confirms get their receipts here.
pub fn set_cap(
    shard: &mut Shard<'_>,
    job: JobId,
    cap: u32,
    excess: Excess,
    sign: &SignReceipt<'_>,
) -> Result<HubJob, CapRefusal> {
    let Some(mut seats) = shard.tx.hub_job(shard.vshard, job)? else { return Err(CapRefusal::UnknownJob) };
    if !seats.open {
        return Err(CapRefusal::Closed);
    }
    if cap == 0 || cap > CAP_MAX {
        return Err(CapRefusal::OutOfRange);
    }
    let out = shard.out_total(job)?;
    let mut confirmed = 0;
    for seat in shard.tx.seats(shard.vshard, job)? {
        let stays = seat.state == SeatState::Live
            && shard.tx.ending(shard.vshard, job, seat.sign_up)?.is_none_or(|row| row.done);
        confirmed += u32::from(stays);
    }
    seats.set_cap(cap, confirmed, out, excess)?;
    shard.tx.put_hub_job(shard.vshard, job, &seats)?;
    enforce(shard, job)?;
    promote(shard, job)?;
    sign_receipts(shard, job, sign)?;
    announce(shard, job, None)?;
    Ok(seats)
}

/// Closes a job: all that is live or waiting ends with notice, and all rights come back.
pub fn close(shard: &mut Shard<'_>, job: JobId) -> Result<HubJob, CapRefusal> {
    let Some(mut seats) = shard.tx.hub_job(shard.vshard, job)? else { return Err(CapRefusal::UnknownJob) };
    if seats.open {
        seats.close();
        shard.tx.put_hub_job(shard.vshard, job, &seats)?;
        enforce(shard, job)?;
        announce(shard, job, None)?;
    }
    Ok(seats)
}

//! The order of a job's wait list: as sign-ups came in, but whoever holds a voided receipt for the job stands first.

use super::Shard;
use std::collections::BTreeSet;
use sync_protocol::{
    ids::{JobId, WorkerId},
    seats::EndReason,
};
use sync_store::{StoreError, WaitRow};

/// Puts a sign-up into line, or changes the entry that is there. Returns its place, from 1.
pub(super) fn join(shard: &mut Shard<'_>, job: JobId, wait: &WaitRow) -> Result<u32, StoreError> {
    shard.tx.put_waiting(shard.vshard, job, wait)?;
    put_voided_first(shard, job)?;
    let listed = shard.tx.waiting(shard.vshard, job)?;
    let place = listed.iter().position(|other| other.sign_up == wait.sign_up);
    Ok(place_number(place.unwrap_or(listed.len())))
}

/// The number of a place in line that counts from 0.
pub(super) fn place_number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX - 1) + 1
}

/// Brings the workers whose receipts were voided to the front, behind those who were offered a right already.
pub(super) fn put_voided_first(shard: &mut Shard<'_>, job: JobId) -> Result<(), StoreError> {
    let voided = voided_workers(shard, job)?;
    if voided.is_empty() {
        return Ok(());
    }
    let listed = shard.tx.waiting(shard.vshard, job)?;
    let mut ordered = listed.clone();
    ordered.sort_by_key(|wait| (!wait.promoted, !voided.contains(&wait.worker)));
    let right = listed.iter().zip(&ordered).take_while(|(is, due)| is.sign_up == due.sign_up).count();
    // What is put anew goes to the end.
    for wait in &ordered[right..] {
        shard.tx.remove_waiting(shard.vshard, job, wait.sign_up)?;
        shard.tx.put_waiting(shard.vshard, job, wait)?;
    }
    Ok(())
}

fn voided_workers(shard: &mut Shard<'_>, job: JobId) -> Result<BTreeSet<WorkerId>, StoreError> {
    let mut workers = BTreeSet::new();
    for row in shard.tx.endings(shard.vshard, job)? {
        if row.ending.reason == EndReason::Voided
            && let Some(seat) = shard.tx.seat(shard.vshard, job, row.ending.sign_up)?
        {
            workers.insert(seat.worker);
        }
    }
    Ok(workers)
}

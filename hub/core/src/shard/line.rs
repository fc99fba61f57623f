//! The order of a job's wait list: as sign-ups came in, or by the job's rule, but whoever holds a voided receipt for the
//! job stands first.

use super::Shard;
use std::collections::BTreeSet;
use sync_protocol::{
    documents::{JobFields, Status, WaitRule},
    ids::{JobId, SignUpId, TenantId, WorkerId},
    seats::EndReason,
};
use sync_store::{StoreError, WaitRow, first_worked, seniority};

/// Puts a sign-up into line, or changes the entry that is there. Returns its place, from 1.
pub(super) fn join(shard: &mut Shard<'_>, job: JobId, wait: &WaitRow) -> Result<u32, StoreError> {
    let is_new = shard.tx.wait(shard.vshard, job, wait.sign_up)?.is_none();
    shard.tx.put_waiting(shard.vshard, job, wait)?;
    if is_new {
        put_behind_seniors(shard, job, wait)?;
    }
    put_voided_first(shard, job)?;
    shard.tx.place_in_line(shard.vshard, job, wait.sign_up)
}

/// Brings the newest of a line by seniority to its place, behind everybody who has been with the tenant as long. Where
/// others stand is not asked anew: what is merged later of their shifts moves nobody who waits.
fn put_behind_seniors(shard: &mut Shard<'_>, job: JobId, newest: &WaitRow) -> Result<(), StoreError> {
    let Some(stored) = shard.tx.document(shard.vshard, job)? else { return Ok(()) };
    let Some(fields) = JobFields::read(&stored.document) else { return Ok(()) };
    if fields.wait.rule != WaitRule::Seniority {
        return Ok(());
    }
    let tenant = TenantId(fields.tenant);
    let own = seniority_of(shard, tenant, newest.worker)?;
    let voided = voided_workers(shard, job)?;
    let listed = shard.tx.waiting(shard.vshard, job)?;
    let is_ordered = |other: &&WaitRow| {
        !other.promoted && !voided.contains(&other.worker) && other.sign_up != newest.sign_up
    };
    let ordered: Vec<&WaitRow> = listed.iter().filter(is_ordered).collect();
    let (mut low, mut high) = (0, ordered.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        if seniority_of(shard, tenant, ordered[middle].worker)? <= own {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    let Some(next) = ordered.get(low).map(|next| next.sign_up) else { return Ok(()) };
    let (others, itself): (Vec<_>, Vec<_>) =
        listed.iter().copied().partition(|wait| wait.sign_up != newest.sign_up);
    let at = others.iter().position(|wait| wait.sign_up == next).unwrap_or(others.len());
    let due = [&others[..at], &itself, &others[at..]].concat();
    rearrange(shard, job, &listed, &due)
}

fn seniority_of(shard: &mut Shard<'_>, tenant: TenantId, worker: WorkerId) -> Result<i64, StoreError> {
    Ok(seniority(first_worked(shard.tx, shard.vshard, tenant, worker)?))
}

/// Brings those who were drawn into the order of the draw, behind those who were offered a right already.
pub(super) fn put_drawn(shard: &mut Shard<'_>, job: JobId, drawn: &[SignUpId]) -> Result<(), StoreError> {
    let listed = shard.tx.waiting(shard.vshard, job)?;
    let mut due = listed.clone();
    let place = |wait: &WaitRow| drawn.iter().position(|of| *of == wait.sign_up).unwrap_or(drawn.len());
    due.sort_by_cached_key(|wait| (!wait.promoted, place(wait)));
    rearrange(shard, job, &listed, &due)?;
    put_voided_first(shard, job)
}

/// Brings the workers whose receipts were voided to the front, behind those who were offered a right already.
pub(super) fn put_voided_first(shard: &mut Shard<'_>, job: JobId) -> Result<(), StoreError> {
    let voided = voided_workers(shard, job)?;
    if voided.is_empty() {
        return Ok(());
    }
    let listed = shard.tx.waiting(shard.vshard, job)?;
    let mut due = listed.clone();
    due.sort_by_key(|wait| (!wait.promoted, !voided.contains(&wait.worker)));
    rearrange(shard, job, &listed, &due)
}

/// Writes a line anew from the first place that is not as it is due. What is put anew goes to the end.
fn rearrange(
    shard: &mut Shard<'_>,
    job: JobId,
    listed: &[WaitRow],
    due: &[WaitRow],
) -> Result<(), StoreError> {
    let right = listed.iter().zip(due).take_while(|(is, due)| is.sign_up == due.sign_up).count();
    for wait in &due[right..] {
        shard.tx.remove_waiting(shard.vshard, job, wait.sign_up)?;
        shard.tx.put_waiting(shard.vshard, job, wait)?;
    }
    Ok(())
}

fn voided_workers(shard: &mut Shard<'_>, job: JobId) -> Result<BTreeSet<WorkerId>, StoreError> {
    let mut workers = BTreeSet::new();
    for row in shard.tx.endings_for(shard.vshard, job, EndReason::Voided)? {
        workers.extend(shard.tx.seat(shard.vshard, job, row.ending.sign_up)?.map(|seat| seat.worker));
    }
    Ok(workers)
}

/// Tells those of them whose sign-ups were left to the hub that they wait, in place of "asked".
pub(super) fn tell_who_waits(shard: &mut Shard<'_>, waiting: &[WaitRow]) -> Result<(), StoreError> {
    for WaitRow { sign_up, .. } in waiting.iter().filter(|wait| wait.holder.is_hub()) {
        if shard.tx.sign_up(*sign_up)?.is_some_and(|row| row.status() == Status::Requested) {
            shard.set_status(*sign_up, Status::WaitListed, "")?;
        }
    }
    Ok(())
}

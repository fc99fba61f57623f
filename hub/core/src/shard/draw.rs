//! The public draw of a job's wait list: its seed's hash is published when the hub first sees the job, its seed and who was
//! drawn when the time has come. Before that nobody is promoted from the list.
//!
//! A seed is derived from the hub's own key and the job's id: a hub that was restored from a backup publishes the same one.

use super::{Edited, Shard, awaited, line};
use sync_protocol::{
    documents::{DRAWN_MAX, Draw, JobFields, WaitRule, commitment, draw_key},
    ids::{JobId, SignUpId},
};
use sync_store::StoreError;

/// The secret seed of a job's draw. It is the same each time, and nobody but the hub can know it.
pub type DrawSeed<'a> = dyn Fn(JobId) -> [u8; 32] + 'a;

/// Sees to a job's draw: announces it, and holds it once its time has come. Returns when it is to be looked at again, in
/// epoch seconds; `None` where nothing is to be drawn any more.
pub fn draw(shard: &mut Shard<'_>, job: JobId, seed_of: &DrawSeed<'_>) -> Result<Option<i64>, StoreError> {
    let Some(mut stored) = shard.tx.document(shard.vshard, job)? else { return Ok(None) };
    let Some(fields) = JobFields::read(&stored.document) else { return Ok(None) };
    let Some(at) = fields.draw_at().filter(|_| shard.now < fields.end_at) else { return Ok(None) };
    let known = Draw::read(&stored.document);
    if was_held(shard, job, &known)? || shard.tx.hub_job(shard.vshard, job)?.is_none_or(|seats| !seats.open) {
        return Ok(None);
    }
    // After a restore the list is whole only once each node has told what it holds; then the job is looked at again.
    if !awaited(shard)?.is_empty() {
        return Ok(None);
    }
    let seed = seed_of(job);
    let topic = stored.topic;
    if known.commitment != Some(commitment(&seed)) {
        shard.edit(job, topic, &mut stored.document, &Draw::committed(&seed))?;
    }
    if shard.now < at {
        return Ok(Some(at));
    }
    let mut order: Vec<SignUpId> = shard
        .tx
        .waiting(shard.vshard, job)?
        .iter()
        .filter(|wait| !wait.promoted)
        .map(|wait| wait.sign_up)
        .collect();
    order.sort_by_cached_key(|sign_up| draw_key(&seed, *sign_up));
    // What others wrote may leave no room for the list, nor even for the seed: it is drawn all the same.
    for most in [DRAWN_MAX, 0] {
        let held = Draw::held(&seed, &order, most);
        if shard.edit(job, topic, &mut stored.document, &held)? == Edited::Written {
            break;
        }
    }
    shard.tx.put_meta(&held_key(job), &[1])?;
    line::put_drawn(shard, job, &order)?;
    Ok(None)
}

/// Whether a job's list is one of a draw that was not held yet.
pub(super) fn is_awaited(shard: &mut Shard<'_>, job: JobId) -> Result<bool, StoreError> {
    let Some(stored) = shard.tx.document(shard.vshard, job)? else { return Ok(false) };
    let is_lottery = JobFields::read(&stored.document).is_some_and(|job| job.wait.rule == WaitRule::Lottery);
    Ok(is_lottery && !was_held(shard, job, &Draw::read(&stored.document))?)
}

fn held_key(job: JobId) -> String {
    format!("drawn {job}")
}

fn was_held(shard: &mut Shard<'_>, job: JobId, known: &Draw) -> Result<bool, StoreError> {
    Ok(known.seed.is_some() || shard.tx.meta(&held_key(job))?.is_some())
}

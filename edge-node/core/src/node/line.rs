//! The order in which those who wait at this node are served, by the rule of their job and with what the node knows.

use std::collections::BTreeSet;
use sync_protocol::{
    documents::{Draw, JobFields, WaitOrder, WaitRule, draw_key},
    ids::{JobId, SignUpId, TenantId, VshardId},
};
use sync_store::{ShardTx, StoreError, WaitRow, first_worked, seniority};

/// By which rule somebody who waits is served, and until when nobody is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Turn {
    pub rule: WaitRule,
    /// Epoch seconds of the draw, while it is to come: nobody has a place in line before it.
    pub draw_at: Option<i64>,
}

impl Turn {
    /// The turn of a job's wait list, with what the hub has published of its draw.
    #[must_use]
    pub fn of(fields: &JobFields, draw: &Draw) -> Self {
        let WaitOrder { rule, .. } = fields.wait;
        Self { rule, draw_at: fields.draw_at().filter(|_| draw.seed.is_none()) }
    }
}

/// The turn of a job, from its document.
pub(super) fn turn(tx: &mut dyn ShardTx, vshard: VshardId, job: JobId) -> Result<Turn, StoreError> {
    let Some(stored) = tx.document(vshard, job)? else { return Ok(Turn::default()) };
    let fields = JobFields::read(&stored.document);
    Ok(fields.map(|fields| Turn::of(&fields, &Draw::read(&stored.document))).unwrap_or_default())
}

/// Those who wait at this node, in order; `None` where a draw is to come, before which nobody stands before another.
pub(super) fn line(
    tx: &mut dyn ShardTx,
    vshard: VshardId,
    job: JobId,
) -> Result<Option<Vec<WaitRow>>, StoreError> {
    let mut waiting = tx.waiting(vshard, job)?;
    let Some(stored) = tx.document(vshard, job)? else { return Ok(Some(waiting)) };
    let Some(fields) = JobFields::read(&stored.document) else { return Ok(Some(waiting)) };
    match fields.wait.rule {
        WaitRule::Arrival => {}
        WaitRule::Seniority => {
            let tenant = TenantId(fields.tenant);
            let mut known = Vec::with_capacity(waiting.len());
            for wait in waiting {
                known.push((seniority(first_worked(tx, vshard, tenant, wait.worker)?), wait));
            }
            known.sort_by_key(|(since, _)| *since);
            waiting = known.into_iter().map(|(_, wait)| wait).collect();
        }
        WaitRule::Lottery => {
            let draw = Draw::read(&stored.document);
            let Some(seed) = draw.seed else { return Ok(None) };
            let drawn: BTreeSet<SignUpId> = draw.drawn.iter().copied().collect();
            // Whoever came after the draw stands behind those who were drawn, by arrival.
            waiting.sort_by_cached_key(|wait| {
                let was_drawn = drawn.contains(&wait.sign_up);
                was_drawn.then(|| draw_key(&seed, wait.sign_up)).map_or((true, [0; 32]), |key| (false, key))
            });
        }
    }
    Ok(Some(waiting))
}

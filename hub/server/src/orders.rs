//! Orders about a job's seats, from the interface and from nodes: where the job lies, and who does not hear of the change.

use crate::{app::App, clock, http::Caller, live, peers::PeerState, shard_workers::ShardError};
use hub_core::shard::{self, CapRefusal, Changed, DismissRefusal, Ended, Shard};
use sync_protocol::{
    command::{Change, Command, CommandOutcome},
    ids::{JobId, SignUpId, TenantId, TopicId, VshardId, Writer},
    receipt::ReceiptBody,
};
use sync_store::{ShardTx, StoreError};

/// Where a job lies whose topic the asker owns. To him any other job is as unknown as one that is not there.
pub(crate) async fn place_of(
    app: &App,
    job: JobId,
    owns: impl Fn(TopicId) -> bool,
) -> Result<Option<VshardId>, ShardError> {
    let place = move |tx: &mut dyn ShardTx| {
        let Some(vshard) = tx.vshard_of(job)? else { return Ok(None) };
        Ok(tx.job_summary(vshard, job)?.map(|summary| (vshard, summary.topic)))
    };
    let places = app.shards.read_all(place).await?;
    Ok(places.into_iter().flatten().find(|(_, topic)| owns(*topic)).map(|(vshard, _)| vshard))
}

/// Changes a job's seats, durably.
pub(crate) async fn change(
    app: &App,
    vshard: VshardId,
    job: JobId,
    change: Change,
) -> Result<Result<Changed, CapRefusal>, ShardError> {
    let signer = app.signer.clone();
    let work = move |tx: &mut dyn ShardTx| -> Result<Result<Changed, CapRefusal>, StoreError> {
        let sign = |body: &ReceiptBody| signer.receipt(body);
        match shard::change(&mut Shard { tx, vshard, now: clock::now() }, job, change, &sign) {
            Err(CapRefusal::Store(error)) => Err(error),
            done => Ok(done),
        }
    };
    let done = app.shards.write(vshard, work).await?;
    app.scheduler.mark(vshard, [job]);
    Ok(done)
}

/// Ends one place of a job on its agency's word, durably.
pub(crate) async fn dismiss(
    app: &App,
    vshard: VshardId,
    job: JobId,
    sign_up: SignUpId,
    is_no_show: bool,
) -> Result<Result<Ended, DismissRefusal>, ShardError> {
    let work = move |tx: &mut dyn ShardTx| {
        let mut shard = Shard { tx, vshard, now: clock::now() };
        match shard::dismiss(&mut shard, job, sign_up, is_no_show) {
            Err(DismissRefusal::Store(error)) => Err(error),
            done => Ok(done),
        }
    };
    let done = app.shards.write(vshard, work).await?;
    app.scheduler.mark(vshard, [job]);
    Ok(done)
}

/// Judges an order that a node of this region passes on: by its signature, then by whose the job is, then by its seats.
pub(crate) async fn command(
    app: &App,
    writer: Writer,
    region: &str,
    command: Command,
) -> Result<CommandOutcome, ShardError> {
    let (picture, job) = (app.directory.picture(), command.job);
    let tenant = picture.tenants.values().find(|tenant| tenant.id.0 == command.tenant);
    // The present key comes first; a tenant whose key an earlier version made has none.
    let key = tenant.and_then(|tenant| tenant.sign_keys.first_chunk());
    if !key.is_some_and(|key| command.is_signed_by(key, writer)) {
        return Ok(CommandOutcome::NotProved);
    }
    if let Err(wait_s) = app.gauges.take(Caller::Tenant(TenantId(command.tenant)), app.now_ms()) {
        return Ok(CommandOutcome::TooMany { wait_s: u32::try_from(wait_s).unwrap_or(u32::MAX) });
    }
    let owns = |topic: TopicId| {
        let known = picture.topics.get(&topic);
        known.is_some_and(|known| known.tenant.0 == command.tenant && known.region == region)
    };
    let Some(vshard) = place_of(app, job, owns).await? else { return Ok(CommandOutcome::Unknown) };
    let signer = app.signer.clone();
    let work = move |tx: &mut dyn ShardTx| {
        let sign = |body: &ReceiptBody| signer.receipt(body);
        shard::command(&mut Shard { tx, vshard, now: clock::now() }, &command, &sign)
    };
    let outcome = app.shards.write(vshard, work).await?;
    let CommandOutcome::Done(mut standing) = outcome else { return Ok(outcome) };
    app.scheduler.mark(vshard, [job]);
    standing.unheard = unheard(app, job).await?.iter().map(|(_, rights)| rights).sum();
    Ok(CommandOutcome::Done(standing))
}

/// Nodes that hold free rights to a job and have no line, with how many.
pub(crate) async fn unheard(app: &App, job: JobId) -> Result<Vec<(Writer, u32)>, ShardError> {
    let Some((view, _)) = live::job(app, job).await? else { return Ok(Vec::new()) };
    let nodes = live::nodes(app).await?;
    let without_line = |writer: Writer| {
        nodes.iter().any(|node| {
            node.record.writer == writer && matches!(node.state, PeerState::CutOff | PeerState::Never)
        })
    };
    let free =
        view.holdings.iter().filter(|(writer, _)| without_line(*writer)).map(|(writer, holding)| {
            (*writer, holding.granted.saturating_sub(holding.returned + holding.live))
        });
    Ok(free.filter(|(_, rights)| *rights > 0).collect())
}

//! Pictures of the running hub for the API and the console: read from the shards, the directory and the board.

use crate::{
    app::App,
    clock,
    directory::vshards,
    peers::{Contact, PeerState, state},
    shard_workers::ShardError,
};
use std::collections::BTreeMap;
use sync_protocol::{
    documents::{Draw, JobFields},
    ids::{JobId, NodeId, VshardId, Writer},
    seats::{HubHolding, HubJob, LossPolicy, SeatState, Standing, out_total},
};
use sync_store::{EndingRow, JobSummary, NodeRecord, SeatRow, SeatTotals, ShardTx, StoreError, WaitRow};

/// A node with its contact and rights.
#[derive(Debug)]
pub(crate) struct NodeView {
    pub(crate) record: NodeRecord,
    pub(crate) contact: Option<Contact>,
    pub(crate) state: PeerState,
    /// When a file of it was taken last since the hub started, epoch seconds.
    pub(crate) carried_at: Option<i64>,
    /// Rights with it: granted and not returned.
    pub(crate) held: u64,
    /// Rights that live sign-ups use, as last reported.
    pub(crate) used: u64,
}

/// All nodes that have joined, in the order of their numbers.
pub(crate) async fn nodes(app: &App) -> Result<Vec<NodeView>, ShardError> {
    let mut sums: BTreeMap<Writer, (u64, u64)> = BTreeMap::new();
    for total in app.shards.read_all(|tx| tx.holding_totals()).await?.into_iter().flatten() {
        let (held, used) = sums.entry(total.writer).or_default();
        *held += total.granted.saturating_sub(total.returned);
        *used += total.live;
    }
    let (mut contacts, carried) = (app.board.contacts(), app.board.carried_at());
    let picture = app.directory.picture();
    let view = |record: &NodeRecord| {
        let contact = contacts.remove(&record.writer);
        let (held, used) = sums.get(&record.writer).copied().unwrap_or_default();
        let state = state(record.fenced.is_some(), contact.as_ref());
        let carried_at = carried.get(&record.writer).copied();
        NodeView { record: record.clone(), contact, state, carried_at, held, used }
    };
    Ok(picture.nodes.values().map(view).collect())
}

/// Where a node stands in one vshard.
#[derive(Debug)]
pub(crate) struct Cursor {
    pub(crate) vshard: VshardId,
    pub(crate) history: u16,
    pub(crate) seq: u64,
    pub(crate) head: u64,
    pub(crate) received: u64,
}

/// Where a node stands in every vshard of its region.
pub(crate) async fn cursors(app: &App, node: &NodeView) -> Result<Vec<Cursor>, ShardError> {
    let interest = app.directory.picture().interest(&node.record.region);
    let mut all = Vec::new();
    for vshard in vshards(&interest) {
        let (history, head) = app.shards.read(vshard, move |tx| tx.head(vshard)).await?;
        let contact = node.contact.as_ref();
        let at = contact.and_then(|contact| contact.cursors.get(&vshard)).filter(|at| at.history == history);
        let received = contact.and_then(|contact| contact.received.get(&vshard)).copied().unwrap_or(0);
        all.push(Cursor { vshard, history, seq: at.map_or(0, |at| at.seq), head, received });
    }
    Ok(all)
}

/// Sums over all jobs, and what was parked.
pub(crate) async fn totals(app: &App) -> Result<(SeatTotals, u64), ShardError> {
    let (mut sum, mut all_parked) = (SeatTotals::default(), 0);
    for (totals, parked) in app.shards.read_all(|tx| Ok((tx.seat_totals()?, tx.parked()?))).await? {
        sum.jobs += totals.jobs;
        sum.cap += totals.cap;
        sum.live += totals.live;
        sum.waiting += totals.waiting;
        sum.oversold += totals.oversold;
        all_parked += parked;
    }
    Ok((sum, all_parked))
}

/// A job with its seats.
#[derive(Debug, Clone)]
pub(crate) struct JobView {
    pub(crate) summary: JobSummary,
    pub(crate) seats: HubJob,
    pub(crate) holdings: Vec<(Writer, HubHolding)>,
    pub(crate) waiting: usize,
    /// What its document says, where it can be read.
    pub(crate) fields: Option<JobFields>,
    /// When places in line are drawn, while that is to come (epoch seconds).
    pub(crate) draw_at: Option<i64>,
}

/// A job whose seats are not written yet.
const UNKNOWN_SEATS: HubJob = HubJob { open: false, version: 0, ..HubJob::new(0, LossPolicy::WriteOff) };

impl JobView {
    pub(crate) fn read(
        tx: &mut dyn ShardTx,
        vshard: VshardId,
        summary: JobSummary,
    ) -> Result<Self, StoreError> {
        let seats = tx.hub_job(vshard, summary.job)?.unwrap_or(UNKNOWN_SEATS);
        let holdings = tx.holdings(vshard, summary.job)?;
        let waiting = tx.waiting(vshard, summary.job)?.len();
        let document = tx.document(vshard, summary.job)?;
        let document = document.as_ref().map(|stored| &stored.document);
        let fields = document.and_then(JobFields::read);
        let is_drawn = document.is_some_and(|document| Draw::read(document).seed.is_some());
        let draw_at = fields.as_ref().and_then(JobFields::draw_at).filter(|_| !is_drawn);
        Ok(Self { summary, seats, holdings, waiting, fields, draw_at })
    }

    /// Whether it is made up by a program for a demonstration.
    pub(crate) fn synthetic(&self) -> bool {
        self.fields.as_ref().is_some_and(|fields| fields.synthetic)
    }

    /// Live sign-ups, as far as reported.
    pub(crate) fn live(&self) -> u32 {
        self.holdings.iter().map(|(_, holding)| holding.live).sum()
    }

    fn out(&self) -> u32 {
        out_total(self.holdings.iter().map(|(_, holding)| holding))
    }

    /// Rights at the hub.
    pub(crate) fn pool(&self) -> i64 {
        self.seats.pool(self.out())
    }

    /// Live sign-ups beyond what may be valid (I4): must be 0.
    pub(crate) fn oversold(&self) -> u32 {
        self.live().saturating_sub(self.seats.cap.max(self.seats.bound))
    }

    /// Live sign-ups beyond a cap that was lowered under them: they were honestly sold before.
    pub(crate) fn above_cap(&self) -> u32 {
        self.live().saturating_sub(self.seats.cap).saturating_sub(self.oversold())
    }
}

/// Which jobs to find.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Search<'a> {
    /// Words of the title, the region or the id; all must be there.
    pub(crate) words: &'a str,
    /// Jobs that have ended by then are left out (epoch seconds).
    pub(crate) ends_after: i64,
}

/// Jobs of a search.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) jobs: Vec<JobView>,
    pub(crate) total: usize,
    /// Where the next page begins.
    pub(crate) next: Option<(i64, JobId)>,
}

/// Finds jobs in the order of their start, behind a place.
pub(crate) async fn find_jobs(
    app: &App,
    search: &Search<'_>,
    from: Option<(i64, JobId)>,
    count: usize,
) -> Result<Found, ShardError> {
    let words = search.words.to_lowercase();
    let words: Vec<&str> = words.split_whitespace().collect();
    let ends_after = search.ends_after;
    let all = app.shards.read_all(move |tx| tx.jobs_after(ends_after)).await?;
    let picture = app.directory.picture();
    let mut hits: Vec<_> = all
        .into_iter()
        .flatten()
        .filter(|(_, job)| {
            let region = picture.topics.get(&job.topic).map_or("", |topic| topic.region.as_str());
            let text = format!("{} {} {}", job.title.to_lowercase(), region.to_lowercase(), job.job);
            words.iter().all(|word| text.contains(word))
        })
        .collect();
    hits.sort_unstable_by_key(|(_, job)| (job.start_at, job.job));
    let total = hits.len();
    let begin = from.map_or(0, |place| hits.partition_point(|(_, job)| (job.start_at, job.job) <= place));
    let page: Vec<_> = hits.into_iter().skip(begin).take(count).collect();
    let last = page.last().map(|(_, job)| (job.start_at, job.job));
    let next = last.filter(|_| begin + page.len() < total);
    let mut jobs = Vec::new();
    for (vshard, summary) in page {
        jobs.push(app.shards.read(vshard, move |tx| JobView::read(tx, vshard, summary.clone())).await?);
    }
    Ok(Found { jobs, total, next })
}

/// One job with its sign-ups; `None` where it is not known.
pub(crate) async fn job(app: &App, job: JobId) -> Result<Option<(JobView, Vec<SeatRow>)>, ShardError> {
    let found = app
        .shards
        .read_all(move |tx| {
            let Some(vshard) = tx.vshard_of(job)? else { return Ok(None) };
            let Some(summary) = tx.job_summary(vshard, job)? else { return Ok(None) };
            let seats = tx.seats(vshard, job)?;
            Ok(Some((JobView::read(tx, vshard, summary)?, seats)))
        })
        .await?;
    Ok(found.into_iter().flatten().next())
}

/// Where each incarnation with rights to a job stands in the job's vshard.
pub(crate) async fn standings(app: &App, job: JobId) -> Result<BTreeMap<Writer, Standing>, ShardError> {
    let found = app
        .shards
        .read_all(move |tx| {
            let Some(vshard) = tx.vshard_of(job)? else { return Ok(BTreeMap::new()) };
            let writers = tx.holdings(vshard, job)?.into_iter().map(|(writer, _)| writer);
            writers.map(|writer| Ok((writer, tx.standing(vshard, writer)?))).collect()
        })
        .await?;
    Ok(found.into_iter().flatten().collect())
}

/// Who waits for a job.
#[derive(Debug)]
pub(crate) struct WaitList {
    /// In the order in which they are served.
    pub(crate) waiting: Vec<WaitRow>,
    /// When that order is drawn, while it is to come (epoch seconds).
    pub(crate) draw_at: Option<i64>,
}

/// The wait list of a job; `None` where the job is not known.
pub(crate) async fn waiting(app: &App, job: JobId) -> Result<Option<WaitList>, ShardError> {
    let found = app
        .shards
        .read_all(move |tx| {
            let Some(vshard) = tx.vshard_of(job)? else { return Ok(None) };
            let Some(summary) = tx.job_summary(vshard, job)? else { return Ok(None) };
            let draw_at = JobView::read(tx, vshard, summary)?.draw_at;
            Ok(Some(WaitList { waiting: tx.waiting(vshard, job)?, draw_at }))
        })
        .await?;
    Ok(found.into_iter().flatten().next())
}

/// What the figures of a reserved right need of its job.
#[derive(Debug)]
pub(crate) struct JobSummaryOf {
    pub(crate) summary: JobSummary,
    pub(crate) policy: LossPolicy,
}

/// A sign-up that is to end, with who was asked to end it.
#[derive(Debug)]
pub(crate) struct EndingView {
    pub(crate) row: EndingRow,
    pub(crate) holder: Writer,
}

/// The sign-ups of a job that are to end or were ended, latest first; `None` where the job is not known.
pub(crate) async fn endings(app: &App, job: JobId) -> Result<Option<Vec<EndingView>>, ShardError> {
    let found = app
        .shards
        .read_all(move |tx| {
            let Some(vshard) = tx.vshard_of(job)? else { return Ok(None) };
            let mut all = Vec::new();
            for row in tx.endings(vshard, job)? {
                let sign_up = row.ending.sign_up;
                let holder = tx.seat(vshard, job, sign_up)?.map_or(sign_up.writer, |seat| seat.holder);
                all.push(EndingView { row, holder });
            }
            all.sort_by_key(|view| (std::cmp::Reverse(view.row.at), view.row.ending.sign_up));
            Ok(Some(all))
        })
        .await?;
    Ok(found.into_iter().flatten().next())
}

/// Sign-ups whose end was asked for and is not reported.
pub(crate) async fn endings_open(app: &App) -> Result<u64, ShardError> {
    Ok(app.shards.read_all(|tx| tx.endings_open()).await?.into_iter().sum())
}

/// The tenant's name and the region of a job.
pub(crate) fn place_of(app: &App, summary: &JobSummary) -> (String, String) {
    let picture = app.directory.picture();
    let tenant = picture.tenants.get(&summary.tenant).map(|tenant| tenant.name.clone());
    let region = picture.topics.get(&summary.topic).map(|topic| topic.region.clone());
    (tenant.unwrap_or_default(), region.unwrap_or_default())
}

/// The name under which a writer joined; `hub` for the hub itself.
pub(crate) fn name_of(app: &App, writer: Writer) -> String {
    if writer.is_hub() {
        return "hub".to_owned();
    }
    let picture = app.directory.picture();
    picture.nodes.get(&NodeId(writer.node.0)).map_or_else(|| writer.to_string(), |node| node.name.clone())
}

/// A seat's state in the API.
pub(crate) const fn seat_word(state: SeatState) -> &'static str {
    match state {
        SeatState::Live => "live",
        SeatState::Cancelled => "cancelled",
        SeatState::Bumped => "bumped",
        SeatState::Waiting => "waiting",
        SeatState::Requested => "requested",
    }
}

/// Seconds since a time.
pub(crate) fn seconds_since(at: i64) -> u64 {
    u64::try_from(clock::now() - at).unwrap_or(0)
}

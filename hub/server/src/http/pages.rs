//! The console's pages, filled from live state.

use super::{
    jobs::{read_token, write_token},
    problem::Problem,
};
use crate::{
    app::App,
    clock,
    console::view::{
        AwaitingRow, EndingRow, Event, Frame, IncarnationsPage, JOBS, JobRow, JobsPage, LimboRow, NodeRow,
        NodeSeats, NodesPage, OverCounts, OverRow, OverviewPage, PeerRow, ProblemPage, SHEET, SeatsPage,
        Silent, State as Sign, SyncPage,
    },
    incarnations::{self, Awaiting, Over, Reserved},
    limits::{CONSOLE_EVENTS, PAGE_SIZE_DEFAULT},
    live::{self, EndingView, JobView, NodeView, Search},
    peers::{Contact, PeerState},
};
use askama::Template;
use axum::{
    extract::{Path, Query, Request, State, rejection::QueryRejection},
    http::header,
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use serde::Deserialize;
use std::{collections::BTreeSet, sync::Arc};
use sync_protocol::{
    ids::{JobId, Writer},
    seats::{EndReason, HubHolding, LossPolicy, Standing},
};
use sync_store::{EventRow, FenceCause};

const REFRESH_SECONDS: u32 = 5;

type Page = Result<Html<String>, Problem>;

fn render(page: &impl Template) -> Page {
    page.render().map(Html).map_err(|error| Problem::internal(&error.into()))
}

fn frame(app: &App) -> Frame {
    Frame {
        hub: app.name.clone(),
        clock: clock::wall(clock::now(), "%H:%M:%S %Z"),
        refresh_s: REFRESH_SECONDS,
        synthetic: false,
    }
}

const fn sign(state: PeerState) -> Sign {
    match state {
        PeerState::Up => Sign::Up,
        PeerState::Behind => Sign::Behind,
        PeerState::CutOff => Sign::CutOff,
        PeerState::Fenced => Sign::Fenced,
        PeerState::Never => Sign::Unknown,
    }
}

/// What the last acknowledgement took, where there was one.
fn lag_ms(contact: Option<&Contact>) -> Option<u64> {
    contact.filter(|contact| contact.batches_sent > 0).map(|contact| contact.lag_ms)
}

fn small(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn node_row(view: &NodeView) -> NodeRow {
    let contact = view.contact.as_ref();
    NodeRow {
        name: view.record.name.clone(),
        region: view.record.region.clone(),
        incarnation: u64::from(view.record.writer.incarnation.0),
        state: sign(view.state),
        lag_ms: lag_ms(contact),
        pending: contact.map(|contact| contact.behind),
        held: small(view.held.saturating_sub(view.used)),
        used: small(view.used),
        contact_s: contact.map(|contact| live::seconds_since(contact.last_contact_at)),
        carried_s: view.carried_at.map(live::seconds_since),
    }
}

async fn node_rows(app: &App) -> Result<Vec<NodeRow>, Problem> {
    let mut rows: Vec<_> = live::nodes(app).await?.iter().map(node_row).collect();
    rows.sort_by(|a, b| (&a.region, &a.name).cmp(&(&b.region, &b.name)));
    Ok(rows)
}

/// The overview.
pub(super) async fn overview(State(app): State<Arc<App>>) -> Page {
    let nodes = node_rows(&app).await?;
    let (totals, _) = live::totals(&app).await?;
    let over = incarnations::read_all(&app).await?;
    let events = app.directory.change(|store| store.events(CONSOLE_EVENTS)).await;
    let events = events.map_err(|error| Problem::internal(&error))?;
    let out_of_reach = nodes.iter().filter(|node| node.state.is_bound() && node.contact_s.is_some());
    let silent = out_of_reach.max_by_key(|node| node.contact_s);
    let silent = silent.map(|node| Silent {
        age_s: node.contact_s.unwrap_or(0),
        node: node.name.clone(),
        state: node.state,
    });
    let event = |row: EventRow| Event {
        at: clock::wall(row.at, "%H:%M"),
        text: if row.times > 1 {
            format!("{} ({} times; this is the last)", row.text, row.times)
        } else {
            row.text
        },
    };
    let lately = app.scheduler.sign_ups();
    render(&OverviewPage {
        frame: frame(&app),
        nodes,
        sign_ups: lately.minutes,
        sign_ups_today: lately.today,
        since: clock::wall(lately.since, "%H:%M %Z"),
        jobs: totals.jobs,
        oversold: small(totals.oversold),
        silent,
        over: OverCounts {
            limbo_rights: over.reserved(),
            copied: over.copied(),
            awaiting: over.awaiting.len() as u64,
        },
        events: events.into_iter().map(event).collect(),
    })
}

/// The table of nodes.
pub(super) async fn nodes(State(app): State<Arc<App>>) -> Page {
    render(&NodesPage { frame: frame(&app), nodes: node_rows(&app).await? })
}

/// Which jobs to list.
#[derive(Debug, Deserialize)]
pub(super) struct JobsQuery {
    #[serde(default)]
    q: String,
    /// `1` lists jobs that have ended as well.
    #[serde(default)]
    past: String,
    #[serde(default)]
    page: String,
}

fn job_row(app: &App, view: &JobView) -> JobRow {
    JobRow {
        id: view.summary.job.to_string(),
        title: view.summary.title.clone(),
        region: live::place_of(app, &view.summary).1,
        start: clock::wall(view.summary.start_at, "%Y-%m-%d %H:%M %Z"),
        cap: view.seats.cap,
        used: view.live(),
        pool: u32::try_from(view.pool()).unwrap_or(0),
        waiting: u32::try_from(view.waiting).unwrap_or(u32::MAX),
        open: view.seats.open,
        synthetic: view.synthetic(),
    }
}

/// The list of jobs.
pub(super) async fn jobs(
    State(app): State<Arc<App>>,
    query: Result<Query<JobsQuery>, QueryRejection>,
) -> Page {
    let Query(query) = query.map_err(|error| Problem::bad_request(error.body_text()))?;
    let with_past = query.past == "1";
    let ends_after = if with_past { i64::MIN } else { clock::now() };
    let search = Search { words: &query.q, ends_after };
    let found = live::find_jobs(&app, &search, read_token(&query.page), PAGE_SIZE_DEFAULT).await?;
    let words: String = query.q.bytes().map(escaped).collect();
    let past = if with_past { "&past=1" } else { "" };
    let jobs: Vec<_> = found.jobs.iter().map(|view| job_row(&app, view)).collect();
    render(&JobsPage {
        frame: Frame { synthetic: jobs.iter().any(|job| job.synthetic), ..frame(&app) },
        total: found.total as u64,
        jobs,
        next: found.next.map(|place| format!("{JOBS}?q={words}{past}&page={}", write_token(place))),
        q: query.q,
        with_past,
    })
}

fn escaped(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
}

/// The seats of one job.
pub(super) async fn seats(State(app): State<Arc<App>>, Path(id): Path<String>) -> Page {
    let job = id.parse().map_err(|_| Problem::not_found("a job's id looks like j0-1-1024"))?;
    let Some((view, _)) = live::job(&app, job).await? else {
        return Err(Problem::not_found(format!("there is no job {job}")));
    };
    let known = live::nodes(&app).await?;
    let settled = settled(&app, &view, &known).await?;
    let holder = |(writer, holding): &(Writer, HubHolding)| {
        let node = known.iter().find(|node| node.record.writer == *writer);
        let contact = node.and_then(|node| node.contact.as_ref());
        NodeSeats {
            node: live::name_of(&app, *writer),
            state: match node {
                _ if settled.contains(writer) => Sign::Settled,
                Some(node) => sign(node.state),
                None if writer.is_hub() => Sign::Up,
                None => Sign::Fenced,
            },
            granted: holding.granted,
            returned: holding.returned,
            used: holding.live,
            known_s: match (contact, node.and_then(|node| node.carried_at)) {
                (None, None) => writer.is_hub().then_some(0),
                (contact, carried_at) => {
                    contact.map(|contact| contact.last_contact_at).max(carried_at).map(live::seconds_since)
                }
            },
            note: node.is_none().then(|| {
                if writer.is_hub() { "left to the hub" } else { "an earlier incarnation" }.to_owned()
            }),
        }
    };
    render(&SeatsPage {
        frame: Frame { synthetic: view.synthetic(), ..frame(&app) },
        job: job_row(&app, &view),
        nodes: view.holdings.iter().map(holder).collect(),
        oversold: view.oversold(),
        above_cap: view.above_cap(),
        open: view.seats.open,
        endings: ending_rows(&app, job).await?,
    })
}

/// Holders of the job whose incarnation is over and whose whole log is here: what the hub knows of them is exact.
async fn settled(app: &App, view: &JobView, known: &[NodeView]) -> Result<BTreeSet<Writer>, Problem> {
    let is_over = |writer: Writer| {
        let node = known.iter().find(|node| node.record.writer == writer);
        !writer.is_hub() && node.is_none_or(|node| node.state == PeerState::Fenced)
    };
    if !view.holdings.iter().any(|(writer, _)| is_over(*writer)) {
        return Ok(BTreeSet::new());
    }
    let all = incarnations::read_all(app).await?;
    let settled = all.over.iter().filter(|over| over.standing == Standing::Settled);
    Ok(settled.map(|over| over.writer).collect())
}

const fn reason_words(reason: EndReason) -> &'static str {
    match reason {
        EndReason::Worker => "the worker cancelled at another kiosk",
        EndReason::Closed => "the job was closed",
        EndReason::CapLowered => "the cap was lowered",
        EndReason::Duplicate => "the worker has another place at that time",
        EndReason::NoShow => "the worker did not come",
        EndReason::Employer => "the agency cancelled this place",
        EndReason::Voided => "its node's rights were reclaimed before the hub had heard of it",
    }
}

async fn ending_rows(app: &App, job: JobId) -> Result<Vec<EndingRow>, Problem> {
    let row = |view: &EndingView| EndingRow {
        sign_up: view.row.ending.sign_up.to_string(),
        holder: live::name_of(app, view.holder),
        reason: reason_words(view.row.ending.reason),
        asked_at: clock::wall(view.row.at, "%Y-%m-%d %H:%M %Z"),
        done: view.row.done,
    };
    Ok(live::endings(app, job).await?.unwrap_or_default().iter().map(row).collect())
}

/// Incarnations that are over.
pub(super) async fn incarnations(State(app): State<Arc<App>>) -> Page {
    let all = incarnations::read_all(&app).await?;
    let over = |over: &Over| OverRow {
        name: over.name.clone(),
        node: over.writer.node.0,
        incarnation: over.writer.incarnation.0,
        is_settled: over.standing == Standing::Settled,
        cause: over.cause,
        detail: over.detail.clone(),
        since: clock::wall(over.since, "%Y-%m-%d %H:%M %Z"),
        reserved: over.reserved,
    };
    let is_copied = |writer| {
        let of_writer = all.over.iter().find(|over| over.writer == writer);
        of_writer.is_some_and(|over| over.cause == FenceCause::Copied)
    };
    let limbo = |reserved: &Reserved| LimboRow {
        job: reserved.row.job.to_string(),
        title: reserved.title.clone(),
        start: clock::wall(reserved.start_at, "%Y-%m-%d %H:%M %Z"),
        has_started: reserved.start_at <= clock::now(),
        holder: format!("{} ({})", reserved.name, reserved.row.writer),
        reserved: reserved.row.out,
        used: reserved.row.live,
        needs_a_choice: is_copied(reserved.row.writer),
        can_be_reclaimed: reserved.policy == LossPolicy::Reclaim,
    };
    let awaiting = |vshard: &Awaiting| AwaitingRow {
        vshard: vshard.vshard.0,
        history: vshard.history,
        nodes: vshard.nodes.iter().map(|(writer, name)| format!("{name} ({writer})")).collect(),
    };
    render(&IncarnationsPage {
        frame: frame(&app),
        over: all.over.iter().map(over).collect(),
        limbo: all.limbo.iter().map(limbo).collect(),
        awaiting: all.awaiting.iter().map(awaiting).collect(),
    })
}

/// The sync peers.
pub(super) async fn sync(State(app): State<Arc<App>>) -> Page {
    let mut peers = Vec::new();
    for view in live::nodes(&app).await? {
        let cursors = live::cursors(&app, &view).await?;
        let contact = view.contact.as_ref();
        let (bytes_out, bytes_in) = contact.map(Contact::bytes).unwrap_or_default();
        peers.push(PeerRow {
            name: view.record.name.clone(),
            state: sign(view.state),
            sent: cursors.iter().map(|at| at.seq).sum(),
            head: cursors.iter().map(|at| at.head).sum(),
            received: cursors.iter().map(|at| at.received).sum(),
            lag_ms: lag_ms(contact),
            bytes_out,
            bytes_in,
            batches: contact.map_or(0, |contact| contact.batches_sent + contact.batches_received),
            contact_s: contact.map(|contact| live::seconds_since(contact.last_contact_at)),
            carried_s: view.carried_at.map(live::seconds_since),
        });
    }
    let connected = peers.iter().filter(|peer| !peer.state.is_bound());
    let mut lags: Vec<u64> = connected.filter_map(|peer| peer.lag_ms).collect();
    lags.sort_unstable();
    let (median_ms, max_ms) = (lags.get(lags.len() / 2).copied(), lags.last().copied());
    render(&SyncPage { frame: frame(&app), median_ms, max_ms, peers })
}

/// Shows a problem to a browser as a page; programs get the document.
pub(super) async fn problem_as_page(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let accepts = request.headers().get(header::ACCEPT).and_then(|accepts| accepts.to_str().ok());
    let is_browser = accepts.is_some_and(|accepts| accepts.contains("text/html"));
    let mut response = next.run(request).await;
    let Some(problem) = response.extensions_mut().remove::<Problem>().filter(|_| is_browser) else {
        return response;
    };
    let (title, detail) = problem.words();
    match (ProblemPage { frame: frame(&app), title, detail }).render() {
        Ok(page) => (response.status(), Html(page)).into_response(),
        Err(_) => response,
    }
}

/// The style sheet.
pub(super) async fn sheet() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=300")], SHEET)
}

/// Browsers ask for an icon on every site; the console has none.
pub(super) async fn icon() -> axum::http::StatusCode {
    axum::http::StatusCode::NO_CONTENT
}

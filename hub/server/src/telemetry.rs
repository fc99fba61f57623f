//! Logs, and figures in the OpenMetrics text format, made at each scrape from what is stored.

use crate::{app::App, incarnations, live, peers::PeerState, shard_workers::ShardError};
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};
use std::io::IsTerminal;
use tracing_subscriber::{filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Begins to log to standard error; `DAYSHIFT_LOG` filters, as in `info,hub=debug`.
pub(crate) fn start() {
    let wanted = std::env::var("DAYSHIFT_LOG").ok();
    let filter = wanted.as_deref().map_or_else(|| Ok(info()), str::parse::<Targets>);
    let wrong = filter.is_err();
    // In a file, colours are noise.
    let logs = fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr);
    tracing_subscriber::registry().with(filter.unwrap_or_else(|_| info())).with(logs).init();
    if wrong {
        tracing::warn!("DAYSHIFT_LOG is not a filter such as info,hub=debug; info is used");
    }
}

fn info() -> Targets {
    Targets::new().with_default(tracing::Level::INFO)
}

/// All figures as text.
pub(crate) async fn metrics(app: &App) -> Result<String, ShardError> {
    let (seats, parked) = live::totals(app).await?;
    let nodes = live::nodes(app).await?;
    let (over, endings_open) = (incarnations::read_all(app).await?, live::endings_open(app).await?);
    let in_state = |state: PeerState| nodes.iter().filter(|node| node.state == state).count() as u64;
    let behind = nodes.iter().filter_map(|node| node.contact.as_ref()).map(|contact| contact.behind).sum();
    let bytes = nodes.iter().filter_map(|node| node.contact.as_ref()).map(crate::peers::Contact::bytes);
    let (sent, received) = bytes.fold((0, 0), |sum, bytes| (sum.0 + bytes.0, sum.1 + bytes.1));
    let mut registry = Registry::with_prefix("dayshift");
    let mut add = |name: &str, help: &str, value: u64| {
        let gauge: Gauge = Gauge::default();
        gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        registry.register(name, help, gauge);
    };
    add("oversold_total", "Live sign-ups beyond what may be valid, over all jobs; must be 0", seats.oversold);
    add("jobs", "Jobs known", seats.jobs);
    add("seats", "Places of all jobs", seats.cap);
    add("seats_live", "Live sign-ups, as far as reported", seats.live);
    add("seats_waiting", "Sign-ups on wait lists", seats.waiting);
    add("parked_entries", "Reports kept aside because they could not be applied", parked);
    add("nodes_up", "Nodes connected and in step", in_state(PeerState::Up));
    add("nodes_behind", "Nodes connected and behind", in_state(PeerState::Behind));
    add("nodes_cut_off", "Nodes without contact", in_state(PeerState::CutOff));
    add("nodes_fenced", "Nodes whose incarnation is fenced", in_state(PeerState::Fenced));
    add("nodes_never", "Nodes not heard of since the start", in_state(PeerState::Never));
    add("peer_behind_entries", "Entries that nodes have not acknowledged", behind);
    add("peer_sent_bytes", "Bytes sent to nodes since the start", sent);
    add("peer_received_bytes", "Bytes received from nodes since the start", received);
    add("uptime_seconds", "Time since the start", app.started.elapsed().as_secs());
    add("limbo_rights", "Rights reserved for incarnations that are over and not settled", over.reserved());
    add("fenced_incarnations", "Incarnations that are fenced and not settled", over.fenced());
    add("copied_incarnations", "Incarnations fenced because their log went back or apart", over.copied());
    add("awaiting_vshards", "Restored vshards that grant nothing yet", over.awaiting.len() as u64);
    add("endings_open", "Sign-ups whose end was asked for and is not reported", endings_open);
    let duplicates: Counter = Counter::default();
    duplicates.inc_by(app.scheduler.duplicates());
    let help = "Second sign-ups of a worker for one time, merged since the start";
    registry.register("duplicate_sign_ups", help, duplicates);
    let help = "Batches refused because their incarnation had reached a limit of what the hub keeps";
    registry.register("batches_over_limit", help, app.over_limits.counts());
    let help = "Requests refused because a tenant or the operators wrote too often";
    registry.register("rate_limited", help, app.gauges.refused());
    let help = "Parts of the scheduler's passes that failed and are tried again, since the start";
    registry.register("scheduler_failures", help, app.scheduler.failures());
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = encode(&mut text, &registry);
    Ok(text)
}

//! A run as one page of HTML for whoever looks into a broken promise: a lane for the hub and each machine, messages between
//! them, faults, and what each store says of a job's seats at every step. The page needs nothing beside itself.

use crate::{schedule::Step, trace_file::Head};
use serde::Serialize;

const PAGE: &str = include_str!("picture.html");
/// Where the page expects its run.
const PLACE: &str = "\"RUN\"";

/// What is drawn besides the words of the trace. Lane 0 is the hub, lane n + 1 machine n; times are virtual milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "mark", rename_all = "snake_case")]
pub enum Mark {
    Message {
        sent: u64,
        arrives: u64,
        from: usize,
        to: usize,
        kind: &'static str,
        bytes: usize,
    },
    /// A message was held back by a cut when it would have arrived.
    Held {
        at: u64,
        lane: usize,
        kind: &'static str,
    },
    /// What a machine's store says of a job after a commit.
    Seats {
        at: u64,
        lane: usize,
        job: String,
        granted: u32,
        returned: u32,
        live: u32,
    },
    /// What the hub's store says of it.
    Books {
        at: u64,
        job: String,
        cap: u32,
        open: bool,
        pool: i64,
        holders: Vec<Holder>,
    },
    Fault {
        at: u64,
        lane: Option<usize>,
        what: &'static str,
    },
}

/// One holder's row at the hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Holder {
    pub writer: String,
    pub granted: u32,
    pub returned: u32,
    pub live: u32,
}

/// The name of a frame by its first byte.
#[must_use]
pub fn kind_of(frame: &[u8]) -> &'static str {
    const NAMES: [&str; 13] = [
        "?", "Hello", "Welcome", "Refuse", "Up", "UpAck", "Down", "DownAck", "Ask", "Verdict", "Interest",
        "Renew", "Lease",
    ];
    frame.first().and_then(|kind| NAMES.get(usize::from(*kind))).copied().unwrap_or("unknown")
}

#[derive(Serialize)]
struct Run<'a> {
    head: &'a Head,
    lanes: &'a [String],
    events: &'a [(u64, String)],
    marks: &'a [Mark],
    steps: usize,
}

/// The page of a run.
pub fn page(
    head: &Head,
    lanes: &[String],
    steps: &[Step],
    events: &[(u64, String)],
    marks: &[Mark],
) -> anyhow::Result<String> {
    let run = Run { head, lanes, events, marks, steps: steps.len() };
    // No text of the run can end the script that it stands in.
    let json = serde_json::to_string(&run)?.replace('<', "\\u003c");
    Ok(PAGE.replacen(PLACE, &json, 1))
}

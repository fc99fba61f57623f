//! A run as one page of HTML: a time line of hub and machines with what lasted and what happened, a job's seats by holder over
//! time, and what must hold at the step. The page needs nothing beside itself.

mod happened;
mod spans;
mod stack;

pub use spans::{Glyph, Span};
pub use stack::{Level, Stack, Transfer};

use crate::{schedule::Step, trace_file::Head, world::Outcome};
use serde::Serialize;
use spans::Timeline;

const PAGE: &str = include_str!("picture/page.html");
const STYLE: &str = include_str!("picture/page.css");
const SCRIPTS: [&str; 2] = [include_str!("picture/draw.js"), include_str!("picture/page.js")];
/// Where the page expects its style, its script and its run.
const STYLE_PLACE: &str = "/* STYLE */";
const SCRIPT_PLACE: &str = "/* SCRIPT */";
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

impl Mark {
    /// When it is first seen.
    const fn at(&self) -> u64 {
        match self {
            Self::Message { sent: at, .. }
            | Self::Held { at, .. }
            | Self::Seats { at, .. }
            | Self::Books { at, .. }
            | Self::Fault { at, .. } => *at,
        }
    }
}

/// One holder's row at the hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Holder {
    pub writer: String,
    pub granted: u32,
    pub returned: u32,
    pub live: u32,
}

/// The name of a frame by its first byte: that of [`sync_protocol::wire::v1::Frame`], which a test compares.
#[must_use]
pub fn kind_of(frame: &[u8]) -> &'static str {
    const NAMES: [&str; 17] = [
        "Hello",
        "Welcome",
        "Refuse",
        "Up",
        "UpAck",
        "Down",
        "DownAck",
        "Ask",
        "Verdict",
        "Interest",
        "Renew",
        "Lease",
        "Held",
        "Erased",
        "Erase",
        "Command",
        "Commanded",
    ];
    let number = frame.first().and_then(|kind| usize::from(*kind).checked_sub(1));
    number.and_then(|number| NAMES.get(number)).copied().unwrap_or("unknown")
}

/// What the page is made of.
#[derive(Serialize)]
struct Run<'a> {
    head: &'a Head,
    lanes: &'a [String],
    events: &'a [(u64, String)],
    marks: Vec<&'a Mark>,
    steps: usize,
    /// When the run was over, virtual milliseconds.
    end: u64,
    /// When all faults ended, where it came to that.
    healed: Option<u64>,
    confirmed: u64,
    wait_listed: u64,
    requested: u64,
    spans: Vec<Span>,
    glyphs: Vec<Glyph>,
    stacks: Vec<Stack>,
    transfers: Vec<Transfer>,
    rules: &'a [Rule],
    /// The rule that the violation breaks.
    broken: Option<&'static str>,
}

/// Something that must hold; names as in the seat protocol.
#[derive(Debug, Serialize)]
struct Rule {
    name: &'static str,
    words: &'static str,
    /// It is looked at once everything has healed and come to rest, and not after each step.
    at_rest: bool,
}

const fn rule(name: &'static str, words: &'static str, at_rest: bool) -> Rule {
    Rule { name, words, at_rest }
}

static RULES: [Rule; 9] = [
    rule("I1", "pool + out = cap", false),
    rule("I2", "the hub knows no more than is true", false),
    rule("I3", "no node spends more than it has", false),
    rule("I4", "no seat is sold twice", false),
    rule("I5", "a place ends only with a reason", true),
    rule("I6", "no answer is lost", true),
    rule("I7", "books and holders agree", true),
    rule("I8", "closed is empty, demand is served", true),
    rule("else", "answers, draws, logs, asserts", false),
];

/// Which rule a violation breaks: its words name it, or its kind does.
fn broken((kind, text): &(String, String)) -> &'static str {
    let named =
        RULES.iter().find(|rule| text.strip_prefix(rule.name).is_some_and(|rest| rest.starts_with(':')));
    match (named, kind.as_str()) {
        (Some(rule), _) => rule.name,
        (None, "oversold") => "I4",
        (None, "lost") => "I6",
        (None, "unconverged") => "I7",
        (None, _) => "else",
    }
}

/// The page of a run.
pub fn page(head: &Head, steps: &[Step], outcome: &Outcome) -> anyhow::Result<String> {
    let Outcome { lanes, lines, marks, tally, .. } = outcome;
    let end = lines.last().map_or(0, |(at, _)| *at).max(1);
    let timeline = Timeline::of(steps, outcome, end);
    let (stacks, transfers) = stack::stacks(marks, &timeline);
    let run = Run {
        head,
        lanes,
        events: lines,
        // What arrives when all is over is not drawn.
        marks: marks.iter().filter(|mark| mark.at() <= end).collect(),
        steps: steps.len(),
        end,
        healed: timeline.healed,
        confirmed: tally.confirmed,
        wait_listed: tally.waiting,
        requested: tally.requested,
        spans: timeline.spans,
        glyphs: timeline.glyphs,
        stacks,
        transfers,
        rules: &RULES,
        broken: head.violation.as_ref().map(broken),
    };
    // No text of the run can end the script that it stands in.
    let json = serde_json::to_string(&run)?.replace('<', "\\u003c");
    Ok(PAGE
        .replacen(STYLE_PLACE, STYLE, 1)
        .replacen(SCRIPT_PLACE, &SCRIPTS.concat(), 1)
        .replacen(PLACE, &json, 1))
}

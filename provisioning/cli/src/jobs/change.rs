//! `dayshift jobs cap` and `dayshift jobs close`: commands on a job's seats, by the hub's API.

use crate::Outcome;
use crate::hub_client::{HubArgs, Refusal};
use crate::output;
use anyhow::{Context, Error, Result, anyhow};
use clap::Args;
use serde::{Deserialize, Serialize};

/// Arguments of `dayshift jobs cap`.
#[derive(Debug, Args)]
pub(crate) struct CapArgs {
    /// The job's id, such as j0-1-1024; the console and the hub's /v1/jobs list them.
    job: String,
    /// The new number of seats.
    seats: u32,
    /// Where more are confirmed than the new number, end the latest of them, with notice: who signed up last goes
    /// first, also where he was confirmed from the wait list.
    #[arg(long)]
    bump_latest: bool,
    /// Do not ask before sign-ups are ended.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    hub: HubArgs,
}

/// Arguments of `dayshift jobs close`.
#[derive(Debug, Args)]
pub(crate) struct CloseArgs {
    /// The job's id, such as j0-1-1024.
    job: String,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    hub: HubArgs,
}

#[derive(Debug, Serialize)]
struct Cap {
    cap: u32,
    excess: &'static str,
}

#[derive(Debug, Serialize, Deserialize)]
struct JobState {
    job: String,
    cap: u32,
    open: bool,
    version: u32,
    /// Sign-ups that the command ends.
    ended: Vec<Ended>,
    /// Nodes without a line that hold free rights.
    unheard: Vec<Unheard>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Ended {
    sign_up: String,
    node: String,
    reason: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Unheard {
    node: String,
    rights: u32,
}

#[derive(Debug, Deserialize)]
struct Seats {
    title: String,
    cap: u32,
    live: u32,
    waiting: u64,
}

/// Runs `dayshift jobs cap`.
pub(crate) fn cap(args: &CapArgs) -> Result<Outcome> {
    let hub = args.hub.client()?;
    let before: Seats = hub.get(&format!("/v1/jobs/{}/seats", args.job))?;
    if args.bump_latest && before.live > args.seats {
        let plan = format!(
            "{}, {}: {} are confirmed as known here; the latest {} of them would be ended, each with notice.",
            args.job,
            before.title,
            before.live,
            before.live - args.seats
        );
        output::confirm(&plan, args.yes)?;
    }
    let body = Cap { cap: args.seats, excess: if args.bump_latest { "bump_latest" } else { "refuse" } };
    let done: Result<JobState> = hub.post(&format!("/v1/jobs/{}:cap", args.job), Some(&body));
    let state = done.map_err(with_fix)?;
    let seats = output::count(u64::from(state.cap), "seat");
    let words = format!("{}, {}: {seats}, it had {}", state.job, before.title, before.cap);
    print(&state, &words, args.hub.json)
}

/// Runs `dayshift jobs close`.
pub(crate) fn close(args: &CloseArgs) -> Result<Outcome> {
    let hub = args.hub.client()?;
    let before: Seats = hub.get(&format!("/v1/jobs/{}/seats", args.job))?;
    let plan = format!(
        "{}, {}: it is closed for good; {} confirmed and {} waiting, as known here, are ended with notice.",
        args.job, before.title, before.live, before.waiting
    );
    output::confirm(&plan, args.yes)?;
    let state: JobState = hub.post(&format!("/v1/jobs/{}:close", args.job), None::<&()>)?;
    print(&state, &format!("{}, {}: closed", state.job, before.title), args.hub.json)
}

/// What the caller of this command can do about a refusal.
fn with_fix(error: Error) -> Error {
    let Some(refusal) = error.downcast_ref::<Refusal>() else { return error };
    match refusal.code.as_str() {
        "below-confirmed" => {
            anyhow!("{}; give that number, or --bump-latest to end the latest sign-ups", refusal.reason)
        }
        "closed" => anyhow!("{}; a closed job stays closed, import a new one", refusal.reason),
        _ => error,
    }
}

fn print(state: &JobState, words: &str, json: bool) -> Result<Outcome> {
    if json {
        output::result(&serde_json::to_string(state).context("write the answer")?);
    } else {
        output::result(words);
        for Ended { sign_up, node, reason } in &state.ended {
            output::result(&format!("  {sign_up} at {node} is ended: {}", reason.replace('_', " ")));
        }
        for Unheard { node, rights } in &state.unheard {
            let rights = output::count(u64::from(*rights), "right");
            output::result(&format!(
                "  {node} has no line and holds {rights}: so many more may be confirmed there before it hears of this"
            ));
        }
    }
    Ok(Outcome::Done)
}

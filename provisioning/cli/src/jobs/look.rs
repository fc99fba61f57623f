//! `dayshift jobs seats`, `jobs endings` and `jobs waiting`: one job as the hub knows it. Nothing is changed.

use crate::Outcome;
use crate::hub_client::HubArgs;
use crate::output;
use anyhow::{Context, Result};
use clap::Args;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Which job to look at.
#[derive(Debug, Args)]
pub(crate) struct LookArgs {
    /// The job's id, such as j0-1-1024; the console and the hub's /v1/jobs list them.
    job: String,
    #[command(flatten)]
    hub: HubArgs,
}

#[derive(Debug, Deserialize)]
struct Seats {
    job: String,
    title: String,
    cap: u32,
    open: bool,
    pool: i64,
    limbo: u32,
    policy: String,
    live: u32,
    waiting: u64,
    oversold: u32,
    above_cap: u32,
    holders: Vec<Holder>,
}

#[derive(Debug, Deserialize)]
struct Holder {
    node: u32,
    incarnation: u16,
    name: String,
    standing: String,
    granted: u32,
    returned: u32,
    live: u32,
}

#[derive(Debug, Deserialize)]
struct Endings {
    endings: Vec<Ending>,
}

#[derive(Debug, Deserialize)]
struct Ending {
    sign_up: String,
    holder: String,
    reason: String,
    asked_at: String,
    done: bool,
}

#[derive(Debug, Deserialize)]
struct WaitList {
    draw_at: Option<String>,
    waiting: Vec<Waiting>,
}

#[derive(Debug, Deserialize)]
struct Waiting {
    sign_up: String,
    holder: String,
    offered: bool,
}

impl LookArgs {
    /// What the hub says under the job's address; `None` where it was printed as it came.
    fn read<T: DeserializeOwned>(&self, part: &str) -> Result<Option<T>> {
        let answer: Value = self.hub.client()?.get(&format!("/v1/jobs/{}/{part}", self.job))?;
        if self.hub.json {
            output::result(&answer.to_string());
            return Ok(None);
        }
        serde_json::from_value(answer).map(Some).with_context(|| format!("the hub's {part} of {}", self.job))
    }

    fn show<T: DeserializeOwned>(&self, part: &str, lines: impl Fn(&T) -> Vec<String>) -> Result<Outcome> {
        if let Some(answer) = self.read(part)? {
            lines(&answer).iter().for_each(|line| output::result(line));
        }
        Ok(Outcome::Done)
    }
}

/// Runs `dayshift jobs seats`.
pub(crate) fn seats(args: &LookArgs) -> Result<Outcome> {
    args.show("seats", seat_lines)
}

/// Runs `dayshift jobs endings`.
pub(crate) fn endings(args: &LookArgs) -> Result<Outcome> {
    args.show("endings", ending_lines)
}

/// Runs `dayshift jobs waiting`.
pub(crate) fn waiting(args: &LookArgs) -> Result<Outcome> {
    args.show("waiting", waiting_lines)
}

fn seat_lines(seats: &Seats) -> Vec<String> {
    let Seats { job, title, cap, live, waiting, pool, limbo, .. } = seats;
    let state = if seats.open { "open" } else { "closed" };
    let out: u32 = seats.holders.iter().map(Holder::out).sum();
    let mut lines = vec![
        format!(
            "{job}, {title}: {}, {state}, {live} confirmed as known here, {waiting} waiting",
            output::count(u64::from(*cap), "seat")
        ),
        format!("rights: {pool} at the hub, {out} with holders, {limbo} of them in limbo"),
    ];
    if *pool < 0 {
        lines.push(
            "more rights are out than there are seats: the cap was lowered, and they are on their way back"
                .to_owned(),
        );
    }
    lines.extend(seats.holders.iter().map(|holder| holder.line(&seats.policy)));
    if seats.above_cap > 0 {
        lines.push(format!("{} confirmed beyond a cap that was lowered; they stand", seats.above_cap));
    }
    if seats.oversold > 0 {
        lines.push(format!("OVERSOLD by {}", seats.oversold));
    }
    lines
}

impl Holder {
    /// Rights that it holds: granted and not returned.
    const fn out(&self) -> u32 {
        self.granted.saturating_sub(self.returned)
    }

    fn line(&self, policy: &str) -> String {
        let limbo = match (self.standing.as_str(), policy) {
            ("fenced", _) if self.out() == 0 => "  fenced, nothing is reserved for it",
            ("fenced", "reclaim") => "  in limbo until its log comes or `dayshift node reclaim`",
            ("fenced", _) => "  in limbo until its log comes or the job starts",
            ("settled", _) => "  settled",
            _ => "",
        };
        format!(
            "  {:<24}{:<10}rights {:>5}  confirmed {:>5}  idle {:>5}{limbo}",
            self.name,
            format!("{}.{}", self.node, self.incarnation),
            self.out(),
            self.live,
            self.out().saturating_sub(self.live)
        )
    }
}

fn ending_lines(told: &Endings) -> Vec<String> {
    if told.endings.is_empty() {
        return vec!["nobody was ended by others than the holder of the sign-up".to_owned()];
    }
    let line = |ending: &Ending| {
        let done = if ending.done { "done" } else { "asked, not reported yet" };
        format!(
            "{:<20}{:<24}asked {}  {done}: {}",
            ending.sign_up,
            ending.holder,
            ending.asked_at,
            reason_words(&ending.reason)
        )
    };
    told.endings.iter().map(line).collect()
}

/// Why somebody was ended; a reason of a newer hub as it came.
fn reason_words(reason: &str) -> &str {
    match reason {
        "worker" => "the worker gave the place back elsewhere",
        "closed" => "the job was closed",
        "cap_lowered" => "the cap was lowered",
        "duplicate" => "the worker has another place at that time",
        "voided" => "its rights were reclaimed before the hub had heard of it",
        other => other,
    }
}

fn waiting_lines(told: &WaitList) -> Vec<String> {
    if told.waiting.is_empty() {
        return vec!["nobody waits, as known here".to_owned()];
    }
    let drawn = told.draw_at.as_ref().map(|at| format!("nobody has a place yet: the order is drawn at {at}"));
    let line = |(at, wait): (usize, &Waiting)| {
        let place = if told.draw_at.is_some() { "-".to_owned() } else { (at + 1).to_string() };
        let offered = if wait.offered { "  a right is offered, the node has not reported yet" } else { "" };
        format!("{place:>5}  {:<20}{}{offered}", wait.sign_up, wait.holder)
    };
    drawn.into_iter().chain(told.waiting.iter().enumerate().map(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_stays_reserved_is_told_with_what_ends_it() {
        let holder = |standing: &str, granted: u32, policy: &str| {
            let holder = json!({ "node": 1, "incarnation": 1, "name": "hall-1", "standing": standing, "granted": granted, "returned": 2, "live": 1 });
            serde_json::from_value::<Holder>(holder).unwrap().line(policy)
        };
        let line = holder("live", 5, "write_off");
        assert!(
            line.contains("rights     3  confirmed     1  idle     2") && !line.contains("limbo"),
            "{line}"
        );
        assert!(holder("fenced", 5, "write_off").ends_with("in limbo until its log comes or the job starts"));
        assert!(holder("fenced", 5, "reclaim").contains("dayshift node reclaim"));
        assert!(holder("fenced", 2, "reclaim").contains("nothing is reserved"));
        assert!(holder("settled", 2, "reclaim").ends_with("settled"));
    }

    #[test]
    fn before_a_draw_nobody_has_a_place() {
        let told = |draw_at: Option<&str>| {
            let waiting = [("s1-1-1", true), ("s1-1-2", false)].map(
                |(sign_up, offered)| json!({ "sign_up": sign_up, "holder": "hall-1", "offered": offered }),
            );
            let list = json!({ "draw_at": draw_at, "waiting": waiting });
            waiting_lines(&serde_json::from_value(list).unwrap())
        };
        let lines = told(None);
        assert!(lines[0].trim_start().starts_with("1  s1-1-1") && lines[0].contains("offered"), "{lines:?}");
        assert!(lines[1].trim_start().starts_with("2  s1-1-2") && !lines[1].contains("offered"), "{lines:?}");
        let lines = told(Some("2036-05-01T06:00:00Z"));
        assert!(lines[0].contains("drawn at 2036") && lines[1].trim_start().starts_with('-'), "{lines:?}");
    }
}

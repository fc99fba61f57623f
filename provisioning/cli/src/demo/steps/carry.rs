//! A node without a line is healed by a file that somebody carries: there, and back.

use crate::demo::api::{JobEntry, JobList, NodeList};
use crate::demo::cluster::Who;
use crate::demo::story::{Step, Story, timed};
use crate::demo::wait::wait_until;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::time::Duration;

/// The hub looks for a stalled line every second and gives it a few.
const CUT_SEEN_TIME_MAX: Duration = Duration::from_secs(60);
const HEARD_TIME_MAX: Duration = Duration::from_secs(15);
const SIGN_UPS: usize = 4;
const TRIPS_MAX: u32 = 3;

/// Cuts xiasha off, signs people up there, changes a job at the hub, and carries both ways.
pub(crate) fn run(story: &mut Story) -> Result<Step> {
    let who = Who::Xiasha;
    let before = story.book.entries().len();
    story.cluster.node(who).relay.cut();
    wait_until("the hub notices the cut", CUT_SEEN_TIME_MAX, || {
        let list: NodeList = story.cluster.hub()?.get("/v1/nodes", &[])?;
        let name = story.cluster.node(who).name;
        let node = list.nodes.iter().find(|node| node.name == name).context("xiasha is not listed")?;
        Ok((node.state == "cut_off").then_some(()))
    })?;
    let query = [("confirmable_only", "true"), ("page_size", "10")];
    let open: JobList = story.cluster.node(who).api()?.get("/v1/jobs", &query)?;
    ensure!(!open.jobs.is_empty(), "xiasha can confirm no job by itself");
    for turn in 0..SIGN_UPS {
        let job = open.jobs[turn % open.jobs.len()].id.clone();
        story.sign_up(who, &job)?;
    }
    let new = story.book.ids_after(before);
    let cap = raise(story, &open.jobs[0].id)?;
    wait_until("xiasha notices the cut", CUT_SEEN_TIME_MAX, || {
        Ok((story.cluster.node(who).status()?.link == "down").then_some(()))
    })?;
    let (mut account, time) = timed(|| story.cluster.carry(who))?;
    let mut pending = story.cluster.node(who).status()?;
    for _ in 1..TRIPS_MAX {
        // The answer may ask for rights back, and the node's word on that is one entry more.
        if pending.pending > 0 {
            account.merged += story.cluster.carry(who)?.merged;
            pending = story.cluster.node(who).status()?;
        }
    }
    ensure!(pending.pending == 0, "{} entries are still pending after the stick", pending.pending);
    ensure!(pending.link == "down", "the line is {}", pending.link);
    story.cluster.wait_converged(&[who], &new, HEARD_TIME_MAX)?;
    let heard: JobEntry =
        story.cluster.node(who).api()?.get(&format!("/v1/jobs/{}", open.jobs[0].id), &[])?;
    ensure!(heard.seats.cap == cap, "xiasha shows {} seats after the stick and not {cap}", heard.seats.cap);
    let (again, _) = timed(|| story.cluster.carry(who))?;
    ensure!(again.merged == 0 && again.saved.is_empty(), "the same file changed something: {}", again.merged);
    story.cluster.node(who).relay.heal();
    story.tell(&format!(
        "xiasha had no line and signed {} people up. A file was carried to the hub and its answer back: {} entries \
         merged, {} confirmed sign-ups that the hub had not known, and nothing left to send. Carried again: no change.",
        new.len(),
        account.merged,
        account.saved.len()
    ));
    let step = Step::new().took(time).fact("sign_ups", new.len()).fact("merged", account.merged);
    Ok(step.fact("saved", account.saved.len()).fact("again", again.merged))
}

/// Gives a job one more seat while the line is cut, and waits until the node with a line has heard of it.
fn raise(story: &Story, job: &str) -> Result<u64> {
    let hub = story.cluster.hub()?;
    let cap = hub.seats(job)?.cap + 1;
    let token = std::fs::read_to_string(format!("{}/admin.token", story.cluster.hub_data()))?;
    let bearer = format!("Bearer {}", token.trim());
    let path = format!("/v1/jobs/{job}:cap");
    let _state: Value = hub.post(&path, ("Authorization", &bearer), &json!({ "cap": cap }))?;
    wait_until("jiubao hears of the new seat", HEARD_TIME_MAX, || {
        let seen: JobEntry = story.cluster.node(Who::Jiubao).api()?.get(&format!("/v1/jobs/{job}"), &[])?;
        Ok((seen.seats.cap == cap).then_some(()))
    })?;
    Ok(cap)
}

//! A node loses its line, then its power, and comes back without its line.

use crate::demo::api::{JobList, SignUp};
use crate::demo::cluster::Who;
use crate::demo::story::{Step, Story, timed};
use crate::demo::wait::wait_until;
use anyhow::{Result, ensure};
use std::time::Duration;

const FIRST_SEARCH_TIME_MAX: Duration = Duration::from_secs(20);
const CONVERGE_TIME_MAX: Duration = Duration::from_secs(30);
const SIGN_UPS: u32 = 6;

/// Kills jiubao behind its cut line, starts it again and looks for every acknowledged sign-up.
pub(crate) fn run(story: &mut Story) -> Result<Step> {
    let who = Who::Jiubao;
    let before = story.book.entries().len();
    story.cluster.node(who).relay.cut();
    let pick = story.people.between(0, 9) as usize;
    let open: JobList = story
        .cluster
        .node(who)
        .api()?
        .get("/v1/jobs", &[("confirmable_only", "true"), ("page_size", "10")])?;
    ensure!(!open.jobs.is_empty(), "jiubao can confirm no job by itself");
    let job = open.jobs[pick % open.jobs.len()].id.clone();
    for _ in 0..SIGN_UPS {
        story.sign_up(who, &job)?;
    }
    // The power fails right after the last answer.
    story.cluster.kill_node(who)?;
    let ((), restart) = timed(|| {
        story.cluster.start_node(who)?;
        let node = story.cluster.node(who);
        wait_until("the first search after the power cut", FIRST_SEARCH_TIME_MAX, || {
            let list: JobList = node.api()?.get("/v1/jobs", &[("q", "搬运")])?;
            Ok((list.total > 0).then_some(()))
        })
    })?;
    let kept = check_kept(story, who)?;
    let heard = story.cluster.hub()?.seats(&job)?.sign_ups;
    let new = story.book.ids_after(before);
    let unheard = new.iter().all(|(_, id)| heard.iter().all(|known| known.id != *id));
    ensure!(unheard, "the hub heard of sign-ups over a cut line");
    story.cluster.node(who).relay.heal();
    let ((), heal) = timed(|| story.cluster.wait_converged(&[who], &new, CONVERGE_TIME_MAX))?;
    story.tell(&format!(
        "jiubao lost its line, signed up {SIGN_UPS} more people and lost its power (kill -9). Started again without \
         its line it answered a search after {} ms; all {kept} sign-ups that it had acknowledged are there. \
         Its line healed: converged after {} ms.",
        restart.as_millis(),
        heal.as_millis()
    ));
    let step = Step::new().took(restart).fact("kept", kept).fact("acknowledged_before_kill", new.len());
    Ok(step.fact("converged_ms", u64::try_from(heal.as_millis())?))
}

/// Asks the node for each sign-up that it has acknowledged, and counts them.
fn check_kept(story: &Story, who: Who) -> Result<u64> {
    let api = story.cluster.node(who).api()?;
    let mut kept = 0;
    for entry in story.book.entries().iter().filter(|entry| entry.who == who) {
        let found: SignUp = api.get(&format!("/v1/sign_ups/{}", entry.id), &[])?;
        ensure!(found.id == entry.id && found.job == entry.job, "{} became {found:?}", entry.id);
        if entry.receipt.is_some() {
            let expected = if entry.cancelled { "cancelled" } else { entry.status.as_str() };
            ensure!(found.status == expected, "{} was {expected} and is {}", entry.id, found.status);
        }
        kept += 1;
    }
    Ok(kept)
}

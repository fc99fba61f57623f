//! A node's disk is copied, and the copy says hello: both end in that moment, and the hall begins anew.

use crate::demo::api::{JobEntry, JobList, NodeList};
use crate::demo::cluster::Who;
use crate::demo::story::{Step, Story, timed};
use crate::demo::wait::wait_until;
use crate::stage::disk;
use anyhow::{Context, Result, ensure};
use std::time::Duration;

const NOTICED_TIME_MAX: Duration = Duration::from_secs(20);
const CONVERGE_TIME_MAX: Duration = Duration::from_secs(30);

/// Copies harlem's disk while it is off, lets the original and then the copy speak to the hub, and joins anew.
pub(crate) fn run(story: &mut Story) -> Result<Step> {
    let who = Who::Harlem;
    let name = story.cluster.node(who).name;
    let (disk_here, copied) = (story.cluster.path(name), story.cluster.path("harlem-copy"));
    story.cluster.kill_node(who)?;
    disk::copy(disk_here.as_ref(), copied.as_ref())?;
    story.cluster.start_node(who)?;
    let before = story.book.entries().len();
    let job = first_confirmable(story, who)?;
    story.sign_up(who, &job.id)?;
    story.cluster.wait_linked(&[who])?;
    story.cluster.wait_converged(&[who], &story.book.ids_after(before), CONVERGE_TIME_MAX)?;
    story.cluster.kill_node(who)?;
    disk::put_back(copied.as_ref(), disk_here.as_ref())?;
    let (reason, noticed) = timed(|| {
        story.cluster.start_node(who)?;
        let frozen = || Ok(story.cluster.node(who).status()?.frozen);
        wait_until("the copy hears that it is one", NOTICED_TIME_MAX, frozen)
    })?;
    let list: NodeList = story.cluster.hub()?.get("/v1/nodes", &[])?;
    let listed = list.nodes.iter().find(|node| node.name == name).context("harlem is not listed")?;
    ensure!(listed.state == "fenced", "the hub has harlem as {}", listed.state);
    let refused = story.sign_up(who, &job.id).err().context("the copy signed somebody up")?;
    ensure!(format!("{refused:#}").contains("503"), "the copy refused with {refused:#}");
    rejoin(story, who)?;
    let job = wait_until("the hub gives the new incarnation rights", CONVERGE_TIME_MAX, || {
        first_confirmable(story, who).map(Some)
    })?;
    let before = story.book.entries().len();
    let status = story.sign_up(who, &job.id)?;
    ensure!(status == "confirmed", "harlem's new incarnation answered {status}");
    story.cluster.wait_converged(&[who], &story.book.ids_after(before), CONVERGE_TIME_MAX)?;
    story.tell(&format!(
        "harlem's disk was copied, and the copy was started in its place. It had signed nobody up, and {} ms after its \
         start it knew that it may not: {reason}",
        noticed.as_millis()
    ));
    story.tell("  The box joined anew (edge-node join TOKEN --replace) and signs people up again.");
    Ok(Step::new().took(noticed).fact("fenced_because", reason).fact("new_incarnation", status))
}

fn first_confirmable(story: &Story, who: Who) -> Result<JobEntry> {
    let query = [("confirmable_only", "true"), ("page_size", "1")];
    let open: JobList = story.cluster.node(who).api()?.get("/v1/jobs", &query)?;
    open.jobs.first().cloned().context("it can confirm no job by itself")
}

fn rejoin(story: &mut Story, who: Who) -> Result<()> {
    story.cluster.kill_node(who)?;
    let token = story.cluster.create_token(who)?;
    story.cluster.join_again(&token, who)?;
    story.cluster.start_node(who)?;
    story.cluster.wait_linked(&[who])
}

//! The hub is killed; the nodes go on, and everything converges after its restart.

use crate::demo::api::JobList;
use crate::demo::cluster::Who;
use crate::demo::story::{Step, Story, timed};
use anyhow::{Result, ensure};
use std::time::Duration;

const CONVERGE_TIME_MAX: Duration = Duration::from_secs(30);
const SIGN_UPS_EACH: u32 = 3;

/// Kills the hub, signs people up at all three nodes and starts the hub on its ports again.
pub(crate) fn run(story: &mut Story) -> Result<Step> {
    let before = story.book.entries().len();
    story.cluster.kill_hub()?;
    let mut confirmed = 0;
    for who in Who::ALL {
        let query = [("confirmable_only", "true"), ("page_size", "20")];
        let node = story.cluster.node(who);
        let (name, list) = (node.name, node.api()?.get::<JobList>("/v1/jobs", &query)?);
        ensure!(!list.jobs.is_empty(), "{name} can confirm no job by itself");
        for _ in 0..SIGN_UPS_EACH {
            let job = story.people.pick(&list.jobs).id.clone();
            confirmed += u64::from(story.sign_up(who, &job)? == "confirmed");
        }
    }
    ensure!(confirmed > 0, "no node confirmed a seat while the hub was down");
    let new = story.book.ids_after(before);
    let ((), time) = timed(|| {
        story.cluster.start_hub()?;
        story.cluster.wait_converged(&Who::ALL, &new, CONVERGE_TIME_MAX)
    })?;
    let count = new.len();
    story.tell(&format!(
        "The hub was killed (kill -9). The three nodes signed up {count} people meanwhile and confirmed {confirmed}. \
         Restarted, it knew all of them after {} ms.",
        time.as_millis()
    ));
    Ok(Step::new().took(time).fact("sign_ups", count).fact("confirmed", confirmed))
}

//! Both Hangzhou lines are cut, and both kiosks sign people up for the same seven seats.

use super::import::SEVEN;
use crate::demo::api::JobEntry;
use crate::demo::cluster::Who;
use crate::demo::story::{Step, Story};
use crate::demo::wait::wait_until;
use anyhow::{Result, ensure};
use std::time::{Duration, Instant};

const GRANT_TIME_MAX: Duration = Duration::from_secs(15);

/// Cuts, fills the job at both kiosks in an order of the seed, and keeps the lines cut for a while.
pub(crate) fn run(story: &mut Story) -> Result<Step> {
    let job = story.seven.clone();
    wait_until("seats of the job at a Hangzhou node", GRANT_TIME_MAX, || {
        let here = seats_here(story, Who::Jiubao)? + seats_here(story, Who::Xiasha)?;
        Ok((here > 0).then_some(()))
    })?;
    for who in Who::HANGZHOU {
        story.cluster.node(who).relay.cut();
    }
    let (cut_at, cut_time) = (Instant::now(), story.cut_time());
    let held = [seats_here(story, Who::Jiubao)?, seats_here(story, Who::Xiasha)?];
    let known_before = story.cluster.hub()?.seats(&job)?.sign_ups.len();
    let mut confirmed = [0; 2];
    let mut turned_away = [0; 2];
    // Each kiosk goes on until two people in a row had to wait.
    while turned_away.iter().any(|waiting| *waiting < 2) {
        let open: Vec<Who> = Who::HANGZHOU.into_iter().filter(|who| turned_away[*who as usize] < 2).collect();
        let who = *story.people.pick(&open);
        if story.sign_up(who, &job)? == "confirmed" {
            confirmed[who as usize] += 1;
        } else {
            turned_away[who as usize] += 1;
        }
        ensure!(confirmed.iter().sum::<u64>() <= SEVEN, "more than {SEVEN} seats were confirmed");
    }
    ensure!(confirmed == held, "the nodes held {held:?} seats and confirmed {confirmed:?}");
    let known = story.cluster.hub()?.seats(&job)?.sign_ups.len();
    ensure!(known == known_before, "the hub heard of {} sign-ups over cut lines", known - known_before);
    wait_until("the cut's end", cut_time + Duration::from_secs(5), || {
        Ok((cut_at.elapsed() >= cut_time).then_some(()))
    })?;
    let waiting = turned_away.iter().sum::<u64>();
    story.tell(&format!(
        "Both Hangzhou lines were cut. Of the job with seven seats jiubao held {} and xiasha {}; they confirmed \
         {} and {} people without asking anyone, and {waiting} more wait. The hub heard nothing of it.",
        held[0], held[1], confirmed[0], confirmed[1]
    ));
    let links = [link(story, Who::Jiubao)?, link(story, Who::Xiasha)?];
    Ok(Step::new()
        .fact("confirmed", confirmed.to_vec())
        .fact("waiting", waiting)
        .fact("links", links.to_vec()))
}

fn seats_here(story: &Story, who: Who) -> Result<u64> {
    let job: JobEntry = story.cluster.node(who).api()?.get(&format!("/v1/jobs/{}", story.seven), &[])?;
    Ok(job.seats.here)
}

fn link(story: &Story, who: Who) -> Result<String> {
    Ok(story.cluster.node(who).status()?.link)
}

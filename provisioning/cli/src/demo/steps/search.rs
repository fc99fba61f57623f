//! Three searches at three nodes, each answered by the node alone.

use crate::demo::api::JobList;
use crate::demo::cluster::Who;
use crate::demo::story::{Step, Story, timed};
use anyhow::{Result, ensure};
use std::time::Duration;

/// About as far as people walk to work.
const RADIUS_M: u32 = 2_000;

/// An English word, a Chinese word of two characters, and near me by pay.
pub(crate) fn run(story: &mut Story) -> Result<Step> {
    let (english, english_time) = search(story, Who::Harlem, &[("q", "health")])?;
    let (chinese, chinese_time) = search(story, Who::Jiubao, &[("q", "分拣")])?;
    let radius_m = RADIUS_M.to_string();
    let near = [
        ("near", Who::Xiasha.position()),
        ("radius_m", radius_m.as_str()),
        ("sort", "pay"),
        ("page_size", "50"),
    ];
    let (near, near_time) = search(story, Who::Xiasha, &near)?;
    ensure!(chinese.jobs.iter().any(|job| job.title.contains("分拣")), "no title holds the searched word");
    ensure!(near.jobs.is_sorted_by(|a, b| a.pay_minor_per_hour >= b.pay_minor_per_hour), "not sorted by pay");
    let within =
        |job: &crate::demo::api::JobEntry| job.distance_m.is_some_and(|metres| metres <= f64::from(RADIUS_M));
    ensure!(near.jobs.iter().all(within), "a job is farther away than asked for");
    let found = [(&english, english_time), (&chinese, chinese_time), (&near, near_time)];
    let words = ["“health” at harlem", "“分拣” at jiubao", "within 2 km by pay at xiasha"];
    story.tell("Three searches, each answered by the node itself:");
    for (word, (list, time)) in words.iter().zip(found) {
        let first = list.jobs.first().map_or("", |job| job.title.as_str());
        story.tell(&format!("  {word}: {} jobs in {:.1} ms, first: {first}", list.total, milliseconds(time)));
    }
    let totals: Vec<u64> = found.iter().map(|(list, _)| list.total).collect();
    let latency: Vec<f64> = found.iter().map(|(_, time)| milliseconds(*time)).collect();
    Ok(Step::new().fact("totals", totals).fact("latency_ms", latency))
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

fn search(story: &Story, who: Who, query: &[(&str, &str)]) -> Result<(JobList, Duration)> {
    let node = story.cluster.node(who);
    let api = node.api()?;
    let (list, time) = timed(|| api.get::<JobList>("/v1/jobs", query))?;
    ensure!(list.total > 0 && !list.jobs.is_empty(), "{} finds nothing for {query:?}", node.name);
    Ok((list, time))
}

//! Jobs come in through the importer and reach the nodes of their region.

use crate::demo::api::JobList;
use crate::demo::api::SeatTotals;
use crate::demo::cluster::Who;
use crate::demo::relay::Traffic;
use crate::demo::story::{Step, Story, timed};
use crate::demo::wait::wait_until;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

const SYNC_TIME_MAX: Duration = Duration::from_secs(60);
pub(crate) const SEVEN: u64 = 7;
const SEVEN_WORD: &str = "七席";

#[derive(Debug, Deserialize)]
struct Summary {
    imported: u64,
    created: u64,
}

/// Imports Hangzhou's and New York's jobs and waits until all three nodes have theirs.
pub(crate) fn run(story: &mut Story) -> Result<Step> {
    let hangzhou_file = write_hangzhou(story)?;
    let before: Vec<Traffic> = traffic(story);
    let csv = story.data.join("nyc_jobs_to_2019-06-14.csv").display().to_string();
    let map = story.data.join("maps/nyc.toml").display().to_string();
    let (imported, sync) = timed(|| {
        let hangzhou = import(story, &hangzhou_file, "hangzhou", 0, &[])?;
        let new_york = import(story, &csv, "new-york", 1, &["--map", &map])?;
        wait_for_nodes(story, &hangzhou, &new_york)?;
        Ok((hangzhou, new_york))
    })?;
    let (hangzhou, new_york) = (imported.0.created, imported.1.created);
    ensure!(hangzhou == story.jobs + 1, "{hangzhou} jobs of {} were created", story.jobs + 1);
    ensure!(new_york > 0, "no job of New York was created");
    let totals: SeatTotals = story.cluster.hub()?.get("/v1/seats", &[])?;
    ensure!(
        totals.jobs == hangzhou + new_york,
        "the hub counts {} jobs and the importer {hangzhou} + {new_york}",
        totals.jobs
    );
    story.seven = find_seven(story)?;
    let bytes: Vec<u64> = traffic(story)
        .into_iter()
        .zip(before)
        .map(|(now, then)| now.since(then))
        .map(|moved| moved.up + moved.down)
        .collect();
    story.tell(&format!(
        "{hangzhou} jobs of Hangzhou (generated) and {new_york} of New York (real posts of 2014 to 2019) \
         were imported and are at their nodes after {} ms.",
        sync.as_millis()
    ));
    story.tell(&format!(
        "  On the wire, both ways: jiubao {} kB, xiasha {} kB, harlem {} kB.",
        bytes[0] / 1000,
        bytes[1] / 1000,
        bytes[2] / 1000
    ));
    let step = Step::new().took(sync).fact("hangzhou", hangzhou).fact("new_york", new_york);
    Ok(step.fact("wire_bytes", bytes))
}

fn traffic(story: &Story) -> Vec<Traffic> {
    Who::ALL.into_iter().map(|who| story.cluster.node(who).relay.traffic()).collect()
}

/// Writes the generated shifts and, by the pattern of the first, the one with seven seats.
fn write_hangzhou(story: &Story) -> Result<String> {
    let (count, seed) = (story.jobs.max(1).to_string(), story.seed.to_string());
    let arguments = ["jobs", "generate", "--region", "hangzhou", "--count", &count, "--seed", &seed];
    let output = story.cluster.programs.run_own(&arguments, &[0])?;
    let mut rows = String::from_utf8(output.stdout).context("the generator's rows")?;
    let first = rows.lines().next().context("the generator wrote nothing")?;
    let mut seven: Value = serde_json::from_str(first).context("the generator's first row")?;
    seven["key"] = json!("demo-seven");
    seven["line"] = json!(story.jobs + 1);
    seven["title"] = json!(format!("{SEVEN_WORD} 搬运工 (loader, seven seats)"));
    seven["seats"] = json!(SEVEN);
    rows.push_str(&seven.to_string());
    rows.push('\n');
    let path = story.cluster.path("hangzhou.ndjson");
    std::fs::write(&path, rows).with_context(|| format!("write {path}"))?;
    Ok(path)
}

fn import(story: &Story, file: &str, region: &str, tenant: usize, more: &[&str]) -> Result<Summary> {
    let hub = story.cluster.hub()?.base().to_owned();
    let token = format!("{}/admin.token", story.cluster.hub_data());
    let mut arguments = vec!["jobs", "import", file, "--hub", &hub, "--token-file", &token];
    arguments.extend(["--region", region, "--tenant", story.tenants[tenant], "--json"]);
    arguments.extend(more);
    // Code 2 says that some rows were refused; what came in is counted and compared below.
    let summary: Summary = story.cluster.programs.own_json(&arguments, &[0, 2])?;
    ensure!(summary.imported == summary.created, "{region}: {summary:?}, and the hub was empty");
    Ok(summary)
}

fn wait_for_nodes(story: &Story, hangzhou: &Summary, new_york: &Summary) -> Result<()> {
    let expected = [hangzhou.created, hangzhou.created, new_york.created];
    wait_until("every node has the jobs of its region", SYNC_TIME_MAX, || {
        for (who, expected) in Who::ALL.into_iter().zip(expected) {
            let (node, status) = (story.cluster.node(who), story.cluster.node(who).status()?);
            ensure!(status.jobs == expected, "{} has {} jobs of {expected}", node.name, status.jobs);
        }
        Ok(Some(()))
    })
}

fn find_seven(story: &Story) -> Result<String> {
    let list: JobList = story.cluster.hub()?.get("/v1/jobs", &[("q", SEVEN_WORD), ("page_size", "10")])?;
    let found = list.jobs.iter().find(|job| job.title.starts_with(SEVEN_WORD));
    let id = found.context("the hub does not find the job with seven seats")?.id.clone();
    let seats = story.cluster.hub()?.seats(&id)?;
    ensure!(seats.cap == SEVEN, "the hub gives the job {} seats", seats.cap);
    Ok(id)
}

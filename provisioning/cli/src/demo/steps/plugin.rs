//! A plugin is dropped into a running node's folder and changes what is found; a broken one is refused.

use crate::demo::api::JobList;
use crate::demo::cluster::Who;
use crate::demo::story::{Step, Story, timed};
use crate::demo::wait::wait_until;
use anyhow::{Context, Result, bail, ensure};
use std::path::Path;
use std::time::Duration;

const SETTLE_TIME_MAX: Duration = Duration::from_secs(30);
const GOOD: &str = "minimum-pay.wasm";
const BROKEN: &str = "broken.wasm";
/// What the shipped plugin demands in China, in fen an hour.
const FLOOR_FEN: i64 = 2_000;
/// What is searched for; where no such job is below the floor, all jobs.
const WORDS: [&str; 2] = ["分拣", ""];

/// Drops both files and asks the node what became of them.
pub(crate) fn run(story: &mut Story) -> Result<Step> {
    let folder = story.cluster.path("jiubao-plugins");
    let component = std::fs::read(&story.plugin)
        .with_context(|| format!("read {}; build it: cargo xtask plugins", story.plugin.display()))?;
    let (word, before) = below_floor(story)?;
    let ((), time) = timed(|| {
        drop_in(&folder, GOOD, &component)?;
        state(story, GOOD, "active").map(|_| ())
    })?;
    let after = wait_until("results that the plugin changed", SETTLE_TIME_MAX, || {
        // Their number says nothing: a search that finds nothing any more is widened, and then finds others.
        let after = search(story, word)?;
        Ok((lowest(&after) >= FLOOR_FEN).then_some(after))
    })?;
    drop_in(&folder, BROKEN, b"this is not a component\n")?;
    let reason = state(story, BROKEN, "refused")?;
    ensure!(!reason.is_empty(), "the broken plugin was refused without a reason");
    state(story, GOOD, "active")?;
    story.tell(&format!(
        "The plugin minimum-pay was dropped into jiubao's folder and was active after {} ms: {} finds {} \
         jobs, none below the floor, instead of {}. A broken file was refused: {reason}",
        time.as_millis(),
        if word.is_empty() { "a search for all".to_owned() } else { format!("“{word}”") },
        after.total,
        before.total
    ));
    let step = Step::new().took(time).fact("before", before.total).fact("after", after.total);
    Ok(step.fact("refused_because", reason))
}

fn search(story: &Story, word: &str) -> Result<JobList> {
    story.cluster.node(Who::Jiubao).api()?.get("/v1/jobs", &[("q", word), ("page_size", "100")])
}

/// The lowest pay of what is shown, in fen an hour.
fn lowest(list: &JobList) -> i64 {
    list.jobs.iter().map(|job| job.pay_minor_per_hour).min().unwrap_or(i64::MAX)
}

/// The first search that shows a job below the floor, with what it shows.
fn below_floor(story: &Story) -> Result<(&'static str, JobList)> {
    for word in WORDS {
        let found = search(story, word)?;
        if lowest(&found) < FLOOR_FEN {
            return Ok((word, found));
        }
    }
    bail!("no job that is shown is below the floor of {FLOOR_FEN} fen an hour")
}

/// Writes the file beside its place first: a watched folder must never show half a file.
fn drop_in(folder: &str, name: &str, content: &[u8]) -> Result<()> {
    let temporary = Path::new(folder).join(format!(".{name}.part"));
    std::fs::write(&temporary, content).with_context(|| format!("write {}", temporary.display()))?;
    std::fs::rename(&temporary, Path::new(folder).join(name)).with_context(|| format!("place {name}"))
}

/// Waits until the node says `state` of a file; gives its reason.
fn state(story: &Story, file: &str, state: &str) -> Result<String> {
    let node = story.cluster.node(Who::Jiubao);
    wait_until(&format!("{file} {state}"), SETTLE_TIME_MAX, || {
        let plugins = node.status()?.plugins;
        let found = plugins.into_iter().find(|plugin| plugin.file.ends_with(file));
        let found = found.with_context(|| format!("the node does not list {file}"))?;
        ensure!(found.state == state, "{file} is {}: {:?}", found.state, found.reason);
        Ok(Some(found.reason.unwrap_or_default()))
    })
}

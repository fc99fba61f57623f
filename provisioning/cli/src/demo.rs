//! `dayshift demo`: a hub and three nodes as real processes, and a story in which lines are cut,
//! power fails and a plugin arrives. Every step is judged by what the processes say.

pub(crate) mod api;
mod book;
pub(crate) mod cluster;
mod joining;
pub(crate) mod people;
pub(crate) mod process;
pub(crate) mod recount;
pub(crate) mod relay;
pub(crate) mod small_disk;
mod steps;
mod stick;
mod story;
pub(crate) mod wait;

use crate::{Outcome, output};
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use cluster::root_certificate;
use std::path::{Path, PathBuf};
use std::time::Instant;
use story::{Step, Story};

/// Arguments of `dayshift demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Run the story once, print one JSON line for each step and end.
    #[arg(long)]
    check: bool,
    /// Varies jobs, people, order and the length of the cuts.
    #[arg(long, default_value_t = 20_261_122)]
    seed: u64,
    /// Write every receipt that a worker was shown to this file, as a JSON list.
    #[arg(long)]
    json_receipts: Option<PathBuf>,
    /// Number of generated jobs of Hangzhou, 100 to 100000.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u64).range(100..=100_000))]
    jobs: u64,
    /// Folder for all files, new or empty, which stays; a temporary one when left out.
    #[arg(long)]
    keep: Option<PathBuf>,
    /// How long the lines stay cut, about.
    #[arg(long, default_value_t = 4.0, value_parser = parse_seconds)]
    cut_seconds: f64,
    /// The repository's data folder.
    #[arg(long)]
    data: Option<PathBuf>,
}

fn parse_seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=600.0).contains(&seconds) { Ok(seconds) } else { Err("0 to 600 seconds".to_owned()) }
}

/// Runs the story; with `--check` an error says which step failed.
pub(crate) fn run(args: &DemoArgs) -> Result<Outcome> {
    wait::watch_signals()?;
    let folder = choose_folder(args)?;
    let mut story = Story::new(args, folder.clone())?;
    story.tell(&format!("Seed {}, everything in {}.", args.seed, folder.display()));
    let told = tell(args, &mut story);
    if let Some(path) = &args.json_receipts {
        recount::write(&story.book.shown(), path)?;
    }
    if told.is_err() && !wait::stopped() {
        for line in story.cluster.log_tails() {
            output::note(&line);
        }
        output::note(&format!("all files stay in {}", folder.display()));
        return told.map(|()| Outcome::Done);
    }
    if told.is_ok() && !args.check {
        stay(&story)?;
    }
    drop(story);
    if args.keep.is_none() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("remove {}", folder.display()))?;
    }
    told.map(|()| Outcome::Done)
}

fn tell(args: &DemoArgs, story: &mut Story) -> Result<()> {
    for (name, step) in steps::STEPS {
        let start = Instant::now();
        let outcome = step(story);
        if args.check {
            output::try_result(&Step::line(name, &outcome, start.elapsed())?).context("write the step")?;
        }
        outcome.with_context(|| format!("step {name}"))?;
        if wait::stopped() {
            bail!("stopped by a signal after step {name}");
        }
    }
    Ok(())
}

/// Serves the pages until somebody ends the demo.
fn stay(story: &Story) -> Result<()> {
    let cluster = &story.cluster;
    if let Some(receipt) = story.book.entries().iter().find_map(|entry| entry.receipt.as_deref()) {
        let root = root_certificate(Path::new(&cluster.hub_data()))?;
        story.tell(&format!("  dayshift receipt verify {receipt} --root {}", root.display()));
    }
    story.tell("Everything stays up until Ctrl-C.");
    wait::until_stopped();
    Ok(())
}

fn choose_folder(args: &DemoArgs) -> Result<PathBuf> {
    let temporary = || std::env::temp_dir().join(format!("dayshift-demo-{}", std::process::id()));
    new_folder(args.keep.clone().unwrap_or_else(temporary), "--keep")
}

/// Makes the folder where it is missing; one with anything in it is refused by the option's name.
pub(crate) fn new_folder(folder: PathBuf, option: &str) -> Result<PathBuf> {
    std::fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    let folder = folder.canonicalize().with_context(|| format!("find {}", folder.display()))?;
    let empty = std::fs::read_dir(&folder).context("read the folder")?.next().is_none();
    ensure!(empty, "{} is not empty; give {option} a new folder", folder.display());
    Ok(folder)
}

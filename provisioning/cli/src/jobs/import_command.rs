//! `dayshift jobs import`: opens the file, shows progress, runs the pipeline into a hub and prints
//! what became of every row.

use super::import;
use super::map::{Map, Rules};
use super::twins::Twins;
use super::upload::Upload;
use super::verdict::Summary;
use crate::Outcome;
use crate::hub_client::{self, HubClient, read_token};
use crate::output;
use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Zoned;
use jiff::civil::Date;
use std::fs::File;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// Arguments of `dayshift jobs import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// CSV or NDJSON file.
    file: PathBuf,
    /// Mapping file (TOML); may be left out for NDJSON as `jobs generate` writes it.
    #[arg(long)]
    map: Option<PathBuf>,
    /// Address of the hub, such as http://127.0.0.1:7480; may be left out with --dry-run, which then checks here alone.
    /// Without --dry-run it may stand in DAYSHIFT_HUB of the environment.
    #[arg(long, requires_all = ["token_file", "tenant", "region"])]
    hub: Option<String>,
    /// File that holds the hub's token; `-` reads it from standard input.
    #[arg(long, env = "DAYSHIFT_TOKEN_FILE")]
    token_file: Option<PathBuf>,
    /// Check everything, change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Region the jobs belong to; the tenant must have a right to it.
    #[arg(long)]
    region: Option<String>,
    /// Tenant the jobs belong to.
    #[arg(long)]
    tenant: Option<String>,
    /// Day from which "coming days" of the map count; today when left out.
    #[arg(long)]
    from: Option<Date>,
    /// Refused rows to show; all are counted.
    #[arg(long, default_value_t = 50)]
    errors_max: u64,
    /// Print the summary as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the import; degraded when rows were refused.
pub(crate) fn run(args: &ImportArgs) -> Result<Outcome> {
    let name = args.file.display().to_string();
    // A name with a typing error is told before anything that is missing for it.
    std::fs::metadata(&args.file).with_context(|| format!("open {name}"))?;
    let map = read_map(args)?;
    let hub = open_hub(args)?;
    let today = args.from.unwrap_or_else(|| today(&map));
    let bar = progress(&args.file)?;
    let open = || {
        let file = File::open(&args.file).with_context(|| format!("open {name}"))?;
        anyhow::Ok(bar.wrap_read(file))
    };
    let twins = Twins::scan(open()?, &map).with_context(|| name.clone())?;
    let mut sink = Upload::new(hub, name.clone(), bar.clone(), args.errors_max);
    let texts = [("region", &args.region), ("tenant", &args.tenant)];
    sink.query.extend(texts.into_iter().filter_map(|(key, text)| Some((key, text.clone()?))));
    if args.dry_run {
        sink.query.push(("dry_run", "true".to_owned()));
    }
    let summary = import::run(open()?, &map, twins, today, &mut sink).with_context(|| name.clone())?;
    bar.finish_and_clear();
    let not_shown = sink.not_shown();
    if not_shown > 0 {
        output::note(&format!("{name}: {not_shown} more refused; --errors-max shows more"));
    }
    print(&summary, args)?;
    Ok(if summary.refused_count() > 0 { Outcome::Degraded } else { Outcome::Done })
}

fn read_map(args: &ImportArgs) -> Result<Map> {
    if let Some(path) = &args.map {
        return Map::read(path);
    }
    let extension = args.file.extension().and_then(|extension| extension.to_str());
    match extension {
        Some("ndjson" | "jsonl") => Ok(Map::native()),
        Some(_) | None => {
            bail!("{}: give --map; only .ndjson files of job rows are read without one", args.file.display())
        }
    }
}

fn open_hub(args: &ImportArgs) -> Result<Option<HubClient>> {
    // A rehearsal stays on this machine unless it is told otherwise.
    if args.dry_run && args.hub.is_none() {
        return Ok(None);
    }
    let address = hub_client::address(args.hub.as_ref()).context("give --hub, DAYSHIFT_HUB or --dry-run")?;
    if args.tenant.is_none() || args.region.is_none() {
        bail!("give --tenant and --region: whose jobs these are, and where");
    }
    let path = args.token_file.as_deref().context("give --token-file or DAYSHIFT_TOKEN_FILE")?;
    HubClient::new(&address, &read_token(path)?).map(Some)
}

fn today(map: &Map) -> Date {
    let now = Zoned::now();
    match &map.rules {
        Rules::Columns(rules) => now.with_time_zone(rules.time_zone.clone()).date(),
        Rules::Native(_) => now.date(),
    }
}

/// A bar over the bytes of both readings; hidden unless a person watches.
fn progress(path: &Path) -> Result<ProgressBar> {
    let bytes = std::fs::metadata(path).with_context(|| format!("open {}", path.display()))?.len();
    if !std::io::stderr().is_terminal() {
        return Ok(ProgressBar::hidden());
    }
    let style = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
        .context("progress bar")?;
    Ok(ProgressBar::new(bytes * 2).with_style(style))
}

fn print(summary: &Summary, args: &ImportArgs) -> Result<()> {
    if args.json {
        output::result(&serde_json::to_string(summary).context("write the summary")?);
        return Ok(());
    }
    let line = |name: &str, count: u64| output::result(&format!("{name:<28}{count:>10}"));
    line("read", summary.read);
    line(if args.dry_run { "would be imported" } else { "imported" }, summary.imported);
    if args.hub.is_some() || !args.dry_run {
        line("  created", summary.created);
        line("  updated", summary.updated);
        line("  unchanged", summary.unchanged);
    }
    line("duplicates dropped", summary.duplicates);
    line("twins folded", summary.twins_folded);
    line("left out", summary.left_out_count());
    for (reason, count) in &summary.left_out {
        line(&format!("  {reason}"), *count);
    }
    line("refused", summary.refused_count());
    for (reason, count) in &summary.refused {
        line(&format!("  {reason}"), *count);
    }
    line("rows with repaired text", summary.repaired);
    line("position found by words", summary.position_by_words);
    line("without position", summary.without_position);
    line("hours by default", summary.hours_by_default);
    line("seats", summary.seats);
    Ok(())
}

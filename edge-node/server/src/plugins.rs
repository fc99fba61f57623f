//! The watched plugin folder: a file that is dropped in becomes part of the chain, a bad one is refused with its reason.

mod admission;

pub(crate) use admission::AdmissionSlot;

use crate::{app::Shared, limits::CHAIN_DEADLINE};
use anyhow::Context;
use edge_core::{
    filter::{self, FilterChain, Verdict},
    search::{Candidate, Flags, Judge},
};
use notify::{RecursiveMode, Watcher};
use plugin_host::{
    AdmissionRow, Chain, ChainSlot, Host, Metering, PluginFolder, RefusedFile, category_number,
};
use std::{path::Path, sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// What the node shows about one file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub(crate) struct PluginStatus {
    pub(crate) file: String,
    /// Name that the plugin gives itself; empty where it was refused.
    pub(crate) name: String,
    pub(crate) version: String,
    /// `active`, `failing` (left out for having failed too often, and tried again) or `refused`.
    pub(crate) state: &'static str,
    pub(crate) reason: Option<String>,
}

/// Files are read this long after the last event, so that a copy under way is whole.
const SETTLE: Duration = Duration::from_millis(30);
/// Wake-ups that may wait; one is as good as many.
const WAKE_UPS_MAX: usize = 1;

/// The folder is read for the first time once.
pub(crate) const FIRST_LOOKS_MAX: usize = 1;

/// Makes the engine, reads the folder once and gives what the watch task needs.
pub(crate) fn open(dir: &Path) -> anyhow::Result<(PluginFolder, ChainSlot)> {
    std::fs::create_dir_all(dir)
        .with_context(|| format!("cannot make the plugin folder {}", dir.display()))?;
    let host = Host::new(Metering::Off).context("cannot start the plugin engine")?;
    Ok((PluginFolder::new(&host, dir), ChainSlot::new(Chain::new(Vec::new(), CHAIN_DEADLINE))))
}

/// Reads the folder and swaps the plugins of each kind whole.
fn rescan(folder: &mut PluginFolder, shared: &Shared) -> std::io::Result<()> {
    let scan = folder.scan()?;
    let refused = |refused: &RefusedFile| {
        let file = refused.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let reason = refused.refusal.to_string();
        tracing::warn!(file, reason, "a plugin was refused");
        PluginStatus {
            file,
            name: String::new(),
            version: String::new(),
            state: "refused",
            reason: Some(reason),
        }
    };
    let refused = scan.refused.iter().map(refused).collect();
    shared.chain.swap(Chain::new(scan.loaded, CHAIN_DEADLINE));
    shared.admission.swap(AdmissionRow::new(scan.admitters));
    shared.set_refused_plugins(refused);
    Ok(())
}

/// What the node shows: the plugins in use, and the files that were refused.
pub(crate) fn statuses(shared: &Shared) -> Vec<PluginStatus> {
    let status = |name: &str, version: &str, is_left_out: bool| PluginStatus {
        file: format!("{name}.wasm"),
        name: name.to_owned(),
        version: version.to_owned(),
        state: if is_left_out { "failing" } else { "active" },
        reason: is_left_out.then(|| "it failed too often; it is left out and tried again".to_owned()),
    };
    let (chain, admission) = (shared.chain.load(), shared.admission.load());
    let filters = chain.plugins().iter().map(|plugin| {
        let about = plugin.description();
        status(&about.name, &about.version, plugin.is_breaker_open())
    });
    let admitters = admission
        .plugins()
        .iter()
        .map(|plugin| status(plugin.name(), plugin.version(), plugin.is_breaker_open()));
    filters.chain(admitters).chain(shared.refused_plugins()).collect()
}

/// Follows the folder until the node stops; `is_read` is told once it was read for the first time.
pub(crate) async fn watch(
    mut folder: PluginFolder,
    dir: std::path::PathBuf,
    shared: Arc<Shared>,
    is_read: std::sync::mpsc::SyncSender<()>,
) -> anyhow::Result<()> {
    let mut is_read = Some(is_read);
    let (wake, mut wakes) = mpsc::channel(WAKE_UPS_MAX);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !event.kind.is_access()) {
            // A full channel means that a scan is due already.
            let _due = wake.try_send(());
        }
    })
    .context("cannot watch the plugin folder")?;
    watcher
        .watch(&dir, RecursiveMode::NonRecursive)
        .with_context(|| format!("cannot watch {}", dir.display()))?;
    loop {
        let scanning = shared.clone();
        let scanned;
        (folder, scanned) = tokio::task::spawn_blocking(move || {
            let scanned = rescan(&mut folder, &scanning);
            (folder, scanned)
        })
        .await
        .context("the plugin scan failed")?;
        match (scanned, is_read.take()) {
            (Ok(()), Some(is_read)) => {
                // The loop's thread is gone only where the node is ending.
                let _ending = is_read.send(());
            }
            (Ok(()), None) => {}
            // Without a first look the node would not know whom its rules keep out.
            (Err(error), Some(_)) => {
                return Err(error)
                    .with_context(|| format!("cannot read the plugin folder {}", dir.display()));
            }
            (Err(error), None) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "the plugin folder cannot be read; the plugins stay as they were"
            ),
        }
        if wakes.recv().await.is_none() {
            return Ok(());
        }
        while tokio::time::timeout(SETTLE, wakes.recv()).await.is_ok_and(|event| event.is_some()) {}
    }
}

/// The chain as the judge of one search.
pub(crate) struct ChainJudge<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) chain: Arc<Chain>,
    pub(crate) page: filter::Page,
    pub(crate) verdicts: Vec<Verdict>,
    pub(crate) now: i64,
}

impl<'a> ChainJudge<'a> {
    pub(crate) fn new(shared: &'a Shared, now: i64) -> Self {
        let chain = shared.chain.load();
        let page = filter::Page::new(chain.wanted());
        Self { shared, chain, page, verdicts: Vec::new(), now }
    }
}

impl Judge for ChainJudge<'_> {
    fn keeps_all(&self) -> bool {
        self.chain.plugins().is_empty()
    }

    fn judge(&mut self, candidates: &[Candidate<'_>], out: &mut Vec<bool>) {
        self.page.reset(self.chain.wanted());
        let currency = self.shared.currency;
        for candidate in candidates {
            if self.page.push(&columns(candidate, currency)).is_err() {
                break;
            }
        }
        let (lat, lon) = self.shared.position.unwrap_or_default();
        let context = filter::Context {
            now: self.now,
            utc_offset_s: self.shared.utc_offset_s,
            hall_lat_e7: lat.saturating_mul(10),
            hall_lon_e7: lon.saturating_mul(10),
            facts: &[],
        };
        let report = self.chain.filter(&context, &self.page, &mut self.verdicts);
        if !report.is_complete() {
            self.shared.metrics.plugin_failures.inc();
        }
        out.extend(self.verdicts.iter().map(|verdict| verdict.keeps()));
    }
}

fn columns<'a>(candidate: &Candidate<'a>, currency: u16) -> filter::Candidate<'a> {
    let row = candidate.row;
    let mut job_flags = 0;
    for (bit, flag) in [(1, Flags::MEAL), (2, Flags::BED), (4, Flags::DAILY_PAY), (8, Flags::NIGHT)] {
        if row.flags.contains(flag) {
            job_flags |= bit;
        }
    }
    filter::Candidate {
        pay_minor_per_hour: u32::try_from(row.pay_minor_per_hour).unwrap_or(0),
        currency,
        distance_m: candidate.distance_m.unwrap_or(u32::MAX),
        category: category_number(&row.category),
        start_at: row.start_at,
        end_at: row.end_at,
        offerable: u16::try_from(candidate.offerable).unwrap_or(u16::MAX),
        seats: u16::try_from(candidate.offerable).unwrap_or(u16::MAX),
        job_flags,
        min_age: 0,
        employer: u64::from(row.tenant.0),
        title: &row.title,
    }
}

//! The first figures of the product, at the size of a hall: 10,000 jobs at one node.

use super::{
    Bed, Bench, Figure, Report, Target,
    cluster::Cluster,
    fdatasync::{self, percentile},
    http::Client,
};
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::{
    fs, thread,
    time::{Duration, Instant},
};

const JOBS: usize = 10_000;
const SEARCHES: usize = 3_000;
const SIGN_UPS: usize = 1_000;
const SIGN_UPS_PER_SECOND: u32 = 100;
const STARTS: usize = 5;
const CUT_SECONDS: &str = "20";

/// What workers ask a kiosk for: near me, words, pay, facets.
const QUERIES: [&str; 8] = [
    "/v1/jobs?near=30.31,120.27&radius_m=5000&sort=distance",
    "/v1/jobs?near=30.25,120.17&radius_m=3000&confirmable_only=true",
    "/v1/jobs?q=%E6%90%AC%E8%BF%90",
    "/v1/jobs?q=%E4%BF%9D%E6%B4%81&sort=pay",
    "/v1/jobs?q=cleaning&near=30.27,120.15&radius_m=20000",
    "/v1/jobs?sort=pay&pay_min=2500",
    "/v1/jobs?flags=meal,bed&sort=start&facets=categories,days",
    "/v1/jobs?q=%E6%9C%8D%E5%8A%A1%E5%91%98&page_size=6",
];

/// The bench `first-light`.
#[derive(Debug)]
pub(super) struct FirstLight;

impl Bench for FirstLight {
    fn name(&self) -> &'static str {
        "first-light"
    }

    fn measure(&self, bed: &Bed<'_>, report: &mut Report) -> anyhow::Result<()> {
        let disk_p99 = fdatasync::measure(bed, report)?;
        node_size(bed, report)?;
        let mut cluster = Cluster::start(bed, JOBS)?;
        cluster.drop_plugin("minimum-pay.wasm")?;
        search(&mut cluster.client()?, report)?;
        sign_ups(&mut cluster.client()?, disk_p99, report)?;
        let at = format!("{JOBS} jobs, one plugin, after {SEARCHES} searches");
        let value = cluster.node_rss()?;
        report.figure(Figure {
            name: "node_rss",
            at,
            unit: "MiB",
            value,
            peer: None,
            target: Some(Target::AtMost(64.0)),
        })?;
        cold_start(&mut cluster, report)?;
        drop(cluster);
        heal(bed, report)
    }
}

fn node_size(bed: &Bed<'_>, report: &mut Report) -> anyhow::Result<()> {
    let program = bed.workspace.binary("edge-node");
    let copy = bed.folder.join("edge-node-stripped");
    fs::copy(&program, &copy).with_context(|| format!("cannot copy {}", program.display()))?;
    let status = bed.workspace.command("strip").arg(&copy).status();
    let status = status.context("cannot start strip; fix: install binutils")?;
    ensure!(status.success(), "strip failed, see above");
    let bytes = fs::metadata(&copy).context("cannot see the stripped copy")?.len();
    let kib = u32::try_from(bytes / 1024).context("the program is larger than 4 TiB")?;
    let (at, value) = ("stripped, dev profile".to_owned(), f64::from(kib) / 1024.0);
    let target = Some(Target::AtMost(20.0));
    report.figure(Figure { name: "edge_node_size", at, unit: "MiB", value, peer: None, target })
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn search(node: &mut Client, report: &mut Report) -> anyhow::Result<()> {
    let mut times = Vec::with_capacity(SEARCHES);
    let mut found = 0;
    for query in QUERIES.iter().cycle().take(SEARCHES) {
        let began = Instant::now();
        let answer = node.get(query)?;
        times.push(began.elapsed());
        found += answer["jobs"].as_array().map_or(0, Vec::len);
    }
    ensure!(found > SEARCHES, "the searches found only {found} jobs");
    for (name, percent, target) in [("search_p50", 50, None), ("search_p99", 99, Some(Target::AtMost(5.0)))] {
        let at = format!("{JOBS} jobs over HTTP, one plugin, {SEARCHES} searches");
        let value = ms(percentile(&mut times, percent));
        report.figure(Figure { name, at, unit: "ms", value, peer: None, target })?;
    }
    Ok(())
}

fn sign_ups(node: &mut Client, disk_p99: f64, report: &mut Report) -> anyhow::Result<()> {
    let jobs = node.confirmable(SIGN_UPS)?;
    let mut times = Vec::with_capacity(SIGN_UPS);
    let began = Instant::now();
    for (n, job) in (0..).zip(&jobs) {
        let due = Duration::from_secs(1) / SIGN_UPS_PER_SECOND * n;
        while let Some(left) = due.checked_sub(began.elapsed()).filter(|left| !left.is_zero()) {
            thread::park_timeout(left);
        }
        let sent = Instant::now();
        let (status, answer) = node.post(
            "/v1/sign_ups",
            &format!("bench-{n}"),
            &json!({"job": job, "phone": format!("139{n:08}")}),
        )?;
        times.push(sent.elapsed());
        ensure!(status == 201, "sign-up {n} gave {status}: {answer}");
    }
    let bound = 3.0 * disk_p99 + 5.0;
    for (name, percent, target) in
        [("acknowledgement_p50", 50, None), ("acknowledgement_p99", 99, Some(Target::AtMost(bound)))]
    {
        let at = format!("{SIGN_UPS_PER_SECOND} durable sign-ups/s over HTTP, hub on the same disk");
        let value = ms(percentile(&mut times, percent));
        report.figure(Figure { name, at, unit: "ms", value, peer: None, target })?;
    }
    Ok(())
}

fn cold_start(cluster: &mut Cluster<'_>, report: &mut Report) -> anyhow::Result<()> {
    cluster.kill_hub();
    let mut times = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        cluster.kill_node();
        times.push(cluster.start_node()?);
    }
    let at = format!("{JOBS} jobs, killed, line cut, worst of {STARTS}");
    let value = ms(percentile(&mut times, 100));
    let target = Some(Target::AtMost(500.0));
    report.figure(Figure { name: "start_to_first_search", at, unit: "ms", value, peer: None, target })
}

/// The demo's own cut and heal, with its line cut for 20 s.
fn heal(bed: &Bed<'_>, report: &mut Report) -> anyhow::Result<()> {
    let mut demo = bed.workspace.command(bed.workspace.binary("dayshift"));
    let output = demo
        .args(["demo", "--check", "--cut-seconds", CUT_SECONDS])
        .output()
        .context("cannot start the demo")?;
    let text = String::from_utf8(output.stdout).context("the demo does not print text")?;
    let steps: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let heal = steps.iter().find(|step| step["step"] == "heal").context("the demo has no step `heal`")?;
    ensure!(heal["ok"] == true, "the demo's step failed: {heal}");
    let value = heal["ms"].as_f64().context("the step has no time")?;
    let at = format!("cut of {CUT_SECONDS} s, two nodes");
    report.figure(Figure {
        name: "heal",
        at,
        unit: "ms",
        value,
        peer: None,
        target: Some(Target::AtMost(3_000.0)),
    })
}

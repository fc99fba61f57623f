//! A kiosk in a morning's rush: what one screen gets through, and what its pages, tickets and messages take.

use super::{
    Bed, Bench, Figure, Report, Target,
    cluster::{Cluster, wait_for},
    fdatasync::{self, percentile},
    http::Client,
};
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::{
    fs, thread,
    time::{Duration, Instant},
};

const JOBS: usize = 2_000;
const PAGES: usize = 2_000;
const SIGN_UPS: usize = 1_000;
const SIGN_UPS_PER_SECOND: u32 = 200;
const MESSAGES: usize = 100;

/// The pages that a worker goes through, as a browser asks for them.
const WAYS: [&str; 5] =
    ["/?lang=zh", "/near?lang=zh", "/near?lang=en&big=1", "/find?lang=zh", "/near?lang=zh&when=tomorrow"];

/// The bench `kiosk`.
#[derive(Debug)]
pub(super) struct Kiosk;

impl Bench for Kiosk {
    fn name(&self) -> &'static str {
        "kiosk"
    }

    fn measure(&self, bed: &Bed<'_>, report: &mut Report) -> anyhow::Result<()> {
        let disk_p99 = fdatasync::measure(bed, report)?;
        let cluster = Cluster::start(bed, JOBS)?;
        pages(&mut cluster.client()?, report)?;
        sign_ups(&mut cluster.client()?, disk_p99, report)?;
        messages(&cluster, report)?;
        screen(bed, &cluster, report)
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn pages(node: &mut Client, report: &mut Report) -> anyhow::Result<()> {
    let (first, sheet) = (node.page("/near?lang=zh")?, node.page("/assets/kiosk.css")?);
    let bytes = u32::try_from(first.len() + sheet.len()).context("the first page is larger than 4 GiB")?;
    report.figure(Figure {
        name: "first_page_kb",
        at: "jobs near me with the style sheet, not compressed".to_owned(),
        unit: "kB",
        value: f64::from(bytes) / 1e3,
        peer: None,
        target: Some(Target::AtMost(60.0)),
    })?;
    let mut times = Vec::with_capacity(PAGES);
    for way in WAYS.iter().cycle().take(PAGES) {
        let began = Instant::now();
        node.page(way)?;
        times.push(began.elapsed());
    }
    for (name, percent, target) in
        [("page_p50_ms", 50, None), ("page_p99_ms", 99, Some(Target::AtMost(10.0)))]
    {
        let at = format!("{JOBS} jobs, {PAGES} pages over HTTP");
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
        let body = json!({ "job": job, "phone": format!("139{n:08}") });
        let (status, answer) = node.post("/v1/sign_ups", &format!("bench-{n}"), &body)?;
        times.push(sent.elapsed());
        ensure!(status == 201, "sign-up {n} gave {status}: {answer}");
    }
    for (name, percent, target) in
        [("ack_p50_ms", 50, None), ("ack_p99_ms", 99, Some(Target::AtMost(3.0 * disk_p99 + 5.0)))]
    {
        let at = format!("{SIGN_UPS_PER_SECOND} durable sign-ups/s over HTTP, hub on the same disk");
        let value = ms(percentile(&mut times, percent));
        report.figure(Figure { name, at, unit: "ms", value, peer: None, target })?;
    }
    Ok(())
}

/// From the answer to whoever gives a place back, to the line about it for the next one, who has enrolled.
fn messages(cluster: &Cluster<'_>, report: &mut Report) -> anyhow::Result<()> {
    let (mut node, mut hub) = (cluster.client()?, cluster.hub_client()?);
    let file = cluster.node_folder().join("messages.ndjson");
    let mut times = Vec::with_capacity(MESSAGES);
    for n in 0..MESSAGES {
        let job = cluster.post_job(&mut node, n)?;
        let (first, second) = (format!("137{n:08}"), format!("136{n:08}"));
        let profile = json!({ "phone": second, "name": "Bench", "pin": "4711" });
        let (status, answer) = node.post("/v1/workers/me", "", &profile)?;
        ensure!(status == 201, "enrolling gave {status}: {answer}");
        let sign_up = |node: &mut Client, phone: &str| -> anyhow::Result<(String, String, String)> {
            let (_, answer) =
                node.post("/v1/sign_ups", &format!("m-{phone}"), &json!({ "job": job, "phone": phone }))?;
            let text = |name: &str| answer[name].as_str().map(str::to_owned).context("no sign-up");
            Ok((text("id")?, text("status")?, text("code")?))
        };
        let (has, status, code) = sign_up(&mut node, &first)?;
        ensure!(status == "confirmed", "the first worker is {status}");
        let (waits, status, _) = sign_up(&mut node, &second)?;
        ensure!(status == "wait_listed", "the second worker is {status}");
        wait_for("the hub's word of both", || {
            let seats = hub.get(&format!("/v1/jobs/{job}/seats"));
            let known = seats.is_ok_and(|seats| seats["waiting"] == 1 && seats["live"] == 1);
            Ok(known.then_some(()))
        })?;
        let (status, _) =
            node.post(&format!("/v1/sign_ups/{has}:cancel"), "", &json!({ "phone": first, "code": code }))?;
        ensure!(status == 200, "giving back gave {status}");
        let began = Instant::now();
        wait_for("the message", || {
            let told = fs::read_to_string(&file).unwrap_or_default();
            Ok(told.lines().rev().take(4).any(|line| line.contains(&waits)).then_some(()))
        })?;
        times.push(began.elapsed());
    }
    let at = format!("{MESSAGES} places given back, promoted by way of the hub, told by file");
    let value = ms(percentile(&mut times, 99));
    let target = Some(Target::AtMost(500.0));
    report.figure(Figure { name: "notify_p99_ms", at, unit: "ms", value, peer: None, target })
}

/// A scripted browser at one screen.
fn screen(bed: &Bed<'_>, cluster: &Cluster<'_>, report: &mut Report) -> anyhow::Result<()> {
    let script = bed.workspace.root().join("xtask/browser/bench_kiosk.mjs");
    let mut node = bed.workspace.command("node");
    crate::suites::describe(bed.workspace, &mut node);
    node.arg(script).env("DAYSHIFT_KIOSK", cluster.node_url()?);
    let output = node
        .output()
        .context("cannot start node; fix: `cargo xtask test --all` once installs what browsers need")?;
    ensure!(output.status.success(), "the browser failed: {}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).context("the browser's script gave no JSON")?;
    let number = |name: &str| told[name].as_f64().with_context(|| format!("the script did not tell {name}"));
    let (workers, seconds) = (number("workers")?, number("seconds")?);
    let touch_ms = number("touch_ms")?;
    report.figure(Figure {
        name: "workers_per_hour",
        at: format!(
            "one screen, {} taps each with {touch_ms} ms to find and touch each target",
            number("taps")? / workers
        ),
        unit: "workers/h",
        value: workers / seconds * 3_600.0,
        peer: None,
        target: Some(Target::AtLeast(120.0)),
    })?;
    report.figure(Figure {
        name: "card_to_ticket_s",
        at: format!(
            "card, job, ticket: {} taps each with {touch_ms} ms, and as long to hold the card",
            number("card_taps")?
        ),
        unit: "s",
        value: number("card_seconds")?,
        peer: None,
        target: None,
    })
}

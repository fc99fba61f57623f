//! What the steps share: the cluster, the people, what was told to whom, and how a step reports.

use super::DemoArgs;
use super::api::SignUp;
use super::book::{Book, Entry};
use super::cluster::{Cluster, Who, root_certificate};
use super::people::People;
use crate::{output, receipt};
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The state that one step hands to the next.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) cluster: Cluster,
    pub(crate) people: People,
    pub(crate) book: Book,
    pub(crate) seed: u64,
    pub(crate) jobs: u64,
    pub(crate) cut_seconds: f64,
    /// The repository's data folder.
    pub(crate) data: PathBuf,
    /// The committed component that the plugin step drops.
    pub(crate) plugin: PathBuf,
    /// The Hangzhou tenant's key, known after the join step.
    pub(crate) tenant_key: String,
    /// Names of the tenants: Hangzhou's, New York's.
    pub(crate) tenants: [&'static str; 2],
    /// The job with seven seats, known after the import step.
    pub(crate) seven: String,
    prose_to_stdout: bool,
}

/// What a step measured; an error instead means that the step failed.
#[derive(Debug, Default)]
pub(crate) struct Step {
    /// The time that matters, when it is not that of the whole step.
    pub(crate) ms: Option<u128>,
    facts: Map<String, Value>,
}

#[derive(Serialize)]
struct Line<'a> {
    step: &'a str,
    ok: bool,
    ms: u64,
    #[serde(flatten)]
    facts: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Step {
    /// A step without facts.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// States the time that matters.
    pub(crate) fn took(mut self, time: Duration) -> Self {
        self.ms = Some(time.as_millis());
        self
    }

    /// Adds a measured fact.
    pub(crate) fn fact(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.facts.insert(name.to_owned(), value.into());
        self
    }

    /// The line that `--check` prints.
    pub(crate) fn line(name: &str, outcome: &Result<Self>, whole: Duration) -> Result<String> {
        let none = Map::new();
        let (ms, facts, error) = match outcome {
            Ok(step) => (step.ms, &step.facts, None),
            Err(error) => (None, &none, Some(format!("{error:#}"))),
        };
        let ms = u64::try_from(ms.unwrap_or(whole.as_millis())).unwrap_or(u64::MAX);
        serde_json::to_string(&Line { step: name, ok: outcome.is_ok(), ms, facts, error })
            .context("step line")
    }
}

impl Story {
    /// Prepares a run in `folder`; nothing runs yet.
    pub(crate) fn new(args: &DemoArgs, folder: PathBuf) -> Result<Self> {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let data = args.data.clone().unwrap_or_else(|| repository.join("data"));
        ensure!(
            data.join("maps/nyc.toml").is_file(),
            "{} does not hold maps/nyc.toml; give the repository's data folder with --data",
            data.display()
        );
        Ok(Self {
            cluster: Cluster::new(folder, Who::ALL.len())?,
            people: People::new(args.seed),
            book: Book::default(),
            seed: args.seed,
            jobs: args.jobs,
            cut_seconds: args.cut_seconds,
            data,
            plugin: repository.join("plugins/shipped/minimum-pay.wasm"),
            tenant_key: String::new(),
            tenants: Default::default(),
            seven: String::new(),
            prose_to_stdout: !args.check,
        })
    }

    /// Tells a line of the story; with `--check`, standard output belongs to the step lines.
    pub(crate) fn tell(&self, line: &str) {
        // A reader who left does not end the demo: its end must pass by the children.
        if !self.prose_to_stdout || output::try_result(line).is_err() {
            output::note(line);
        }
    }

    /// Signs one more person up at a kiosk and notes the answer; returns its status.
    pub(crate) fn sign_up(&mut self, who: Who, job: &str) -> Result<String> {
        let (phone, key) = self.people.next();
        let node = self.cluster.node(who);
        let body = json!({ "job": job, "phone": phone });
        let answer: SignUp = node.api()?.post("/v1/sign_ups", ("Idempotency-Key", &key), &body)?;
        ensure!(answer.job == job, "{} signed up for {} and not for {job}", answer.id, answer.job);
        let has_receipt = answer.receipt.is_some();
        let confirmed = answer.status == "confirmed";
        ensure!(
            confirmed == has_receipt,
            "{} is {} and has a receipt: {has_receipt}",
            answer.id,
            answer.status
        );
        let status = answer.status.clone();
        self.book.note(who, node.name, phone, answer);
        Ok(status)
    }

    /// Signs people up until one is not confirmed; returns how many were.
    pub(crate) fn fill(&mut self, who: Who, job: &str, most: u64) -> Result<u64> {
        for confirmed in 0..=most {
            if self.sign_up(who, job)? != "confirmed" {
                return Ok(confirmed);
            }
        }
        let name = self.cluster.node(who).name;
        anyhow::bail!("{name} confirmed more than {most} people for {job}")
    }

    /// The key against which every receipt must hold.
    pub(crate) fn root_key(&self) -> Result<[u8; 32]> {
        receipt::read_root(&root_certificate(Path::new(&self.cluster.hub_data()))?)
    }

    /// Checks every receipt shown so far: signature, certificate, contents, and the hub's record.
    pub(crate) fn check_receipts(&self) -> Result<u64> {
        let root_key = self.root_key()?;
        let shown = self.book.entries().iter().filter(|entry| entry.receipt.is_some());
        let mut checked = 0;
        for entry in shown {
            self.check_receipt(entry, &root_key)
                .with_context(|| format!("receipt of {} for {} at {}", entry.id, entry.job, entry.node))?;
            checked += 1;
        }
        Ok(checked)
    }

    fn check_receipt(&self, entry: &Entry, root_key: &[u8; 32]) -> Result<()> {
        let text = entry.receipt.as_deref().context("no receipt")?;
        let body = receipt::verify(&receipt::decode_text(text)?, root_key)?;
        ensure!(body.job.to_string() == entry.job, "it is for job {}", body.job);
        ensure!(body.sign_up.to_string() == entry.id, "it is for sign-up {}", body.sign_up);
        let seats = self.cluster.hub()?.seats(&entry.job)?;
        let known = seats.sign_ups.iter().find(|known| known.id == entry.id);
        let state = known.context("the hub does not know the sign-up")?.state.as_str();
        let explained = matches!(state, "confirmed" | "live") || entry.cancelled && state == "cancelled";
        ensure!(explained, "the hub has it as {state}, and cancelled is {}", entry.cancelled);
        Ok(())
    }

    /// How long a line stays cut: around `--cut-seconds`, by the seed.
    pub(crate) fn cut_time(&mut self) -> Duration {
        let percent = f64::from(self.people.between(60, 140));
        Duration::from_secs_f64(self.cut_seconds * percent / 100.0)
    }
}

/// Runs something and says how long it took.
pub(crate) fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let start = Instant::now();
    let result = work()?;
    Ok((result, start.elapsed()))
}

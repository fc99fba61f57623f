//! A hub and one node as real processes for a bench, with generated jobs.

use super::{Bed, http::Client};
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How long anything may take to become true.
const WAIT: Duration = Duration::from_secs(60);
/// Short against every time that is measured.
const LOOK: Duration = Duration::from_millis(2);

/// Lifts the rates of hub and node.
const UNLIMITED: [(&str, &str); 4] = [
    ("DAYSHIFT_TENANT_WRITES_PER_MINUTE", "0"),
    ("DAYSHIFT_DEVICE_WRITES_PER_MINUTE", "0"),
    ("DAYSHIFT_PHONE_REQUESTS_PER_HOUR", "0"),
    ("DAYSHIFT_OPERATOR_WRITES_PER_MINUTE", "0"),
];

/// Running processes; dropping them ends them.
#[derive(Debug)]
pub(super) struct Cluster<'a> {
    bed: &'a Bed<'a>,
    hub: Option<Process>,
    node: Option<Process>,
    tenant_key: String,
}

#[derive(Debug)]
struct Process {
    child: Child,
    http: String,
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Waits until `look` gives something.
pub(super) fn wait_for<T>(
    what: &str,
    mut look: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let began = Instant::now();
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        ensure!(began.elapsed() < WAIT, "{what} took longer than {WAIT:?}");
        thread::park_timeout(LOOK);
    }
}

impl<'a> Cluster<'a> {
    /// Starts a hub and a node that has joined it, imports `jobs` generated jobs and waits until the node has them.
    pub(super) fn start(bed: &'a Bed<'a>, jobs: usize) -> anyhow::Result<Self> {
        let mut cluster = Self { bed, hub: None, node: None, tenant_key: String::new() };
        let hub = cluster.path("hub");
        cluster.dayshift(&["hub", "init", "--data", &hub, "--name", "bench"])?;
        let tenant = ["tenant", "create", "agency", "--data", &hub, "--region", "hangzhou", "--json"];
        let tenant: Value = serde_json::from_slice(&cluster.dayshift(&tenant)?).context("no tenant")?;
        tenant["api_key"].as_str().context("no key of the tenant")?.clone_into(&mut cluster.tenant_key);
        let (process, addresses) = cluster.spawn("hub", &["--quic", "127.0.0.1:0"])?;
        let http = process.http.clone();
        cluster.hub = Some(process);
        let quic = addresses["quic"].as_str().context("the hub announces no QUIC address")?;
        let token = [
            "token",
            "create",
            "--data",
            &hub,
            "--region",
            "hangzhou",
            "--node",
            "hall",
            "--hub-address",
            quic,
            "--json",
        ];
        let token: Value = serde_json::from_slice(&cluster.dayshift(&token)?).context("no token")?;
        let token = token["token"].as_str().context("no token")?;
        cluster.run("edge-node", &["join", token, "--data", &cluster.path("edge-node")])?;
        cluster.start_node()?;
        let file = cluster.path("jobs.ndjson");
        let generated = cluster.dayshift(&[
            "jobs",
            "generate",
            "--region",
            "hangzhou",
            "--count",
            &jobs.to_string(),
            "--seed",
            "7",
        ])?;
        fs::write(&file, generated).context("cannot write the jobs")?;
        let (url, token_file) = (format!("http://{http}"), format!("{hub}/admin.token"));
        cluster.dayshift(&[
            "jobs",
            "import",
            &file,
            "--hub",
            &url,
            "--token-file",
            &token_file,
            "--region",
            "hangzhou",
            "--tenant",
            "agency",
        ])?;
        let mut node = cluster.client()?;
        wait_for("syncing the jobs", || {
            let about = node.get("/v1/node")?;
            Ok((about["jobs"].as_u64() == u64::try_from(jobs).ok()).then_some(()))
        })?;
        let mut hub = Client::connect(&http)?;
        wait_for("granting rights", || {
            let before = hub.get("/v1/nodes")?["nodes"][0]["granted"].as_u64();
            thread::park_timeout(Duration::from_secs(1));
            let after = hub.get("/v1/nodes")?["nodes"][0]["granted"].as_u64();
            Ok((before == after && after > Some(0)).then_some(()))
        })?;
        Ok(cluster)
    }

    /// A connection to the node.
    pub(super) fn client(&self) -> anyhow::Result<Client> {
        Client::connect(&self.node.as_ref().context("the node is not running")?.http)
    }

    /// A connection to the hub.
    pub(super) fn hub_client(&self) -> anyhow::Result<Client> {
        Client::connect(&self.hub.as_ref().context("the hub is not running")?.http)
    }

    /// The node's pages.
    pub(super) fn node_url(&self) -> anyhow::Result<String> {
        Ok(format!("http://{}", self.node.as_ref().context("the node is not running")?.http))
    }

    pub(super) fn node_folder(&self) -> PathBuf {
        PathBuf::from(self.path("edge-node"))
    }

    /// Posts a job with one seat at the node; its id.
    pub(super) fn post_job(&self, node: &mut Client, n: usize) -> anyhow::Result<String> {
        let body = json!({
            "title": format!("Bench {n}"), "place": "bench", "start_at": "2099-01-01T06:00:00Z",
            "end_at": "2099-01-01T14:00:00Z", "pay_minor": 20_000, "currency": "CNY", "pay_unit": "day", "seats": 1,
        });
        let (status, answer) = node.post_as("/v1/jobs", (&self.tenant_key, &format!("job {n}")), &body)?;
        ensure!(status == 201, "posting a job gave {status}: {answer}");
        answer["id"].as_str().map(str::to_owned).context("a job without an id")
    }

    /// Starts the node and gives its first answer to a search; the time counts from before the start.
    pub(super) fn start_node(&mut self) -> anyhow::Result<Duration> {
        let began = Instant::now();
        let (process, _) = self.spawn("edge-node", &[])?;
        let mut client = Client::connect(&process.http)?;
        client.get("/v1/jobs?q=%E6%90%AC%E8%BF%90")?;
        let took = began.elapsed();
        self.node = Some(process);
        Ok(took)
    }

    /// Kills the node as a power cut would.
    pub(super) fn kill_node(&mut self) {
        self.node = None;
    }

    /// Ends the hub: the node's line is dead from here on.
    pub(super) fn kill_hub(&mut self) {
        self.hub = None;
    }

    /// Resident memory of the node in MiB.
    pub(super) fn node_rss(&self) -> anyhow::Result<f64> {
        let id = self.node.as_ref().context("the node is not running")?.child.id();
        let status = fs::read_to_string(format!("/proc/{id}/status")).context("no /proc of the node")?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
        let kib: f64 = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).context("no VmRSS")?;
        Ok(kib / 1024.0)
    }

    /// Copies a shipped plugin into the node's folder and waits until it is active.
    pub(super) fn drop_plugin(&self, name: &str) -> anyhow::Result<()> {
        let from = self.bed.workspace.root().join("plugins/shipped").join(name);
        let folder = PathBuf::from(self.path("edge-node")).join("plugins");
        fs::copy(&from, folder.join(name)).with_context(|| format!("cannot copy {}", from.display()))?;
        let mut client = self.client()?;
        wait_for("the plugin", || {
            let state = client.get("/v1/node")?["plugins"][0]["state"].as_str().map(str::to_owned);
            Ok((state.as_deref() == Some("active")).then_some(()))
        })
    }

    fn path(&self, name: &str) -> String {
        self.bed.folder.join(name).display().to_string()
    }

    fn dayshift(&self, arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
        self.run("dayshift", arguments)
    }

    fn run(&self, program: &str, arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
        let output = Command::new(self.bed.workspace.binary(program)).args(arguments).output();
        let output = output.with_context(|| format!("cannot start {program}"))?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{program} {} failed: {errors}", arguments.join(" "));
        Ok(output.stdout)
    }

    fn spawn(&self, program: &str, arguments: &[&str]) -> anyhow::Result<(Process, Value)> {
        let announce = self.path(&format!("{program}.json"));
        drop(fs::remove_file(&announce));
        let log = File::create(self.path(&format!("{program}.log"))).context("cannot create a log")?;
        let child = Command::new(self.bed.workspace.binary(program))
            .args(["run", "--data", &self.path(program), "--http", "127.0.0.1:0", "--announce", &announce])
            // What is measured is not to share its cores with a voice.
            .env("DAYSHIFT_SPEAK_COMMAND", "")
            // One generator stands for a whole hall.
            .envs(UNLIMITED)
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {program}"))?;
        let mut process = Process { child, http: String::new() };
        let addresses = wait_for(program, || {
            let Ok(text) = fs::read(&announce) else { return Ok(None) };
            Ok(serde_json::from_slice::<Value>(&text).ok())
        })?;
        process.http = addresses["http"].as_str().context("no HTTP address was announced")?.to_owned();
        Ok((process, addresses))
    }
}

//! A hub and its nodes as real processes in a folder of their own, driven by the built `dayshift` and over HTTP.

use crate::dayshift;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const WAIT_MAX: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);
const FREE_PORT: &str = "127.0.0.1:0";

/// The processes; they end with this value.
pub(crate) struct Town {
    folder: PathBuf,
    agent: ureq::Agent,
    hub: Option<Child>,
    /// Where the hub listens: the same after a restart, because nodes know it.
    http: String,
    quic: String,
    nodes: BTreeMap<&'static str, (Child, String)>,
    people: u64,
    /// The agency's key.
    pub(crate) key: String,
}

/// What `dayshift` said.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A program beside the one under test.
fn program(name: &str) -> Command {
    let own = Path::new(env!("CARGO_BIN_EXE_dayshift"));
    let path = own.parent().unwrap().join(name);
    assert!(path.is_file(), "no program {name}; build it: cargo build --workspace --bins");
    let mut command = Command::new(path);
    command.stdin(Stdio::null());
    command
}

/// Asks until there is an answer.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(began.elapsed() < WAIT_MAX, "{what}: not in time");
        thread::park_timeout(LOOK);
    }
}

/// Runs `dayshift` on files alone.
pub(crate) fn say(arguments: &[&str]) -> Said {
    let output = dayshift(arguments);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

impl Town {
    /// A hub with one agency in the region north.
    pub(crate) fn start(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _absent = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(WAIT_MAX))
            .http_status_as_error(false)
            .proxy(None)
            .build()
            .into();
        let port = || FREE_PORT.to_owned();
        let nodes = BTreeMap::new();
        let mut town = Self {
            folder,
            agent,
            hub: None,
            http: port(),
            quic: port(),
            nodes,
            people: 0,
            key: String::new(),
        };
        let data = town.data();
        assert_eq!(say(&["hub", "init", "--data", &data, "--name", "test"]).code, Some(0));
        let tenant = ["tenant", "create", "agency", "--data", &data, "--region", "north"];
        let made = say(&tenant);
        assert_eq!(made.code, Some(0), "{}", made.err);
        made.out.trim().clone_into(&mut town.key);
        town.start_hub();
        town
    }

    /// What a process has logged since its start.
    pub(crate) fn log(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(format!("{name}.log"))).unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> String {
        text(&self.folder.join(name))
    }

    /// The hub's data folder.
    pub(crate) fn data(&self) -> String {
        self.path("hub")
    }

    pub(crate) fn start_hub(&mut self) {
        let mut command = program("hub");
        command.args(["run", "--data", &self.data(), "--http", &self.http, "--quic", &self.quic]);
        let (child, ports) = self.launch(command, "hub");
        self.hub = Some(child);
        (self.http, self.quic) =
            (ports["http"].as_str().unwrap().to_owned(), ports["quic"].as_str().unwrap().to_owned());
    }

    /// Ends the hub as a power cut would.
    pub(crate) fn kill_hub(&mut self) {
        let mut hub = self.hub.take().unwrap();
        hub.kill().unwrap();
        hub.wait().unwrap();
    }

    /// Starts a server and waits until it says where it listens.
    fn launch(&self, mut command: Command, name: &str) -> (Child, Value) {
        let announced = self.folder.join(format!("{name}.ports"));
        let _absent = fs::remove_file(&announced);
        let log = fs::File::create(self.folder.join(format!("{name}.log"))).unwrap();
        command.arg("--announce").arg(&announced).stdout(Stdio::null()).stderr(log);
        let mut child = command.spawn().unwrap();
        let ports = until(&format!("{name} starts"), || {
            assert!(child.try_wait().unwrap().is_none(), "{name} ended at its start");
            serde_json::from_slice(&fs::read(&announced).ok()?).ok()
        });
        (child, ports)
    }

    /// Lets a box join under this name, also one that has joined before, and starts it.
    pub(crate) fn join(&mut self, name: &'static str) {
        self.join_as(name, name);
    }

    /// Lets a box join under the name of another, and starts it.
    pub(crate) fn join_as(&mut self, node_box: &'static str, name: &str) {
        self.admit(node_box, name);
        self.start_node(node_box);
    }

    /// Lets a box join under this name.
    pub(crate) fn admit(&self, node_box: &str, name: &str) {
        let (data, node) = (self.data(), self.path(node_box));
        let again = Path::new(&node).exists();
        let token = ["token", "create", "--data", &data, "--region", "north", "--node", name];
        let token = say(&[&token[..], &["--hub-address", &self.quic]].concat());
        assert_eq!(token.code, Some(0), "{}", token.err);
        let mut join = program("edge-node");
        join.args(["join", token.out.trim(), "--data", &node]).args(again.then_some("--replace"));
        let joined = join.output().unwrap();
        assert!(joined.status.success(), "{}", String::from_utf8_lossy(&joined.stderr));
    }

    /// Where nodes find the hub.
    pub(crate) fn quic(&self) -> &str {
        &self.quic
    }

    pub(crate) fn start_node(&mut self, name: &'static str) {
        let mut command = program("edge-node");
        command.args(["run", "--data", &self.path(name), "--http", FREE_PORT]);
        let (child, ports) = self.launch(command, name);
        let http = ports["http"].as_str().unwrap().trim_start_matches("http://").to_owned();
        self.nodes.insert(name, (child, http));
    }

    /// Ends a node as a power cut would.
    pub(crate) fn kill_node(&mut self, name: &str) {
        let (mut child, _) = self.nodes.remove(name).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    fn send(&self, at: &str, path: &str) -> (u16, String) {
        let url = format!("http://{}{path}", at.trim_start_matches("http://").trim_end_matches('/'));
        let Ok(mut answer) = self.agent.get(&url).call() else { return (0, String::new()) };
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap_or_default())
    }

    /// What the hub answers as JSON.
    pub(crate) fn hub(&self, path: &str) -> Value {
        serde_json::from_str(&self.send(&self.http, path).1).unwrap_or_default()
    }

    /// A page of the hub as text.
    pub(crate) fn page(&self, path: &str) -> String {
        let (status, body) = self.send(&self.http, path);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// What a node answers as JSON.
    pub(crate) fn node(&self, name: &str, path: &str) -> Value {
        serde_json::from_str(&self.send(&self.nodes[name].1, path).1).unwrap_or_default()
    }

    /// Asks a node with a body, and the token of a log-in where there is one: status and answer.
    pub(crate) fn call(
        &self,
        node: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> (u16, Value) {
        let url = format!("http://{}{path}", self.nodes[node].1.trim_end_matches('/'));
        let mut request = ureq::http::Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = if matches!(method, "GET" | "DELETE") {
            self.agent.run(request.body(()).unwrap())
        } else {
            let request = request.header("Content-Type", "application/json");
            let body = if body.is_null() { String::new() } else { body.to_string() };
            self.agent.run(request.body(body).unwrap())
        };
        let mut answer = answer.unwrap();
        let text = answer.body_mut().read_to_string().unwrap_or_default();
        (answer.status().as_u16(), serde_json::from_str(&text).unwrap_or_default())
    }

    /// Sends a form of a node's page, or with no pairs asks for the page: status and what stands where it leads.
    pub(crate) fn visit(&self, node: &str, path: &str, pairs: &[(&str, &str)]) -> (u16, String) {
        let url = format!("http://{}{path}", self.nodes[node].1.trim_end_matches('/'));
        let sent = if pairs.is_empty() {
            self.agent.get(&url).call()
        } else {
            self.agent.post(&url).send_form(pairs.iter().copied())
        };
        let mut answer = sent.unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap_or_default())
    }

    /// Runs `dayshift` with the hub's address and token.
    pub(crate) fn order(&self, arguments: &[&str]) -> Said {
        self.order_with(&format!("{}/admin.token", self.data()), arguments)
    }

    /// Runs `dayshift` with the hub's address and the token of this file.
    pub(crate) fn order_with(&self, token: &str, arguments: &[&str]) -> Said {
        let hub = format!("http://{}", self.http.trim_start_matches("http://"));
        say(&[arguments, &["--hub", &hub, "--token-file", token]].concat())
    }

    /// Imports a job of this many seats and waits until a node knows it.
    pub(crate) fn post_job(&self, seats: u32, node: &str) -> String {
        let job = self.import_job(seats);
        self.ready(node, &job);
        job
    }

    /// Imports a job of this many seats.
    pub(crate) fn import_job(&self, seats: u32) -> String {
        self.import_with(seats, false)
    }

    /// Imports a job of this many seats; with `reclaim_lost` a lost node's rights to it can be reclaimed.
    pub(crate) fn import_with(&self, seats: u32, reclaim_lost: bool) -> String {
        let row = json!({
            "key": "a", "line": 1, "title": "Cook", "category": "kitchen",
            "start_at": "2036-05-01T08:00:00Z", "end_at": "2036-05-01T16:00:00Z", "pay_minor": 2000,
            "currency": "CNY", "pay_unit": "hour", "pay_minor_per_hour": 2000, "seats": seats,
            "lat": 30.25, "lon": 120.16, "reclaim_lost": reclaim_lost,
        });
        let file = self.folder.join("jobs.ndjson");
        fs::write(&file, format!("{row}\n")).unwrap();
        let said = self.order(&["jobs", "import", &text(&file), "--region", "north", "--tenant", "agency"]);
        assert_eq!(said.code, Some(0), "{}", said.err);
        self.hub("/v1/jobs")["jobs"][0]["id"].as_str().unwrap().to_owned()
    }

    /// One more person signs up at a node: the sign-up's id and status, or the status of a refusal.
    pub(crate) fn sign_up(&mut self, node: &str, job: &str) -> (String, String) {
        self.people += 1;
        let url = format!("http://{}/v1/sign_ups", self.nodes[node].1.trim_end_matches('/'));
        let request = self.agent.post(&url).header("Idempotency-Key", format!("person-{}", self.people));
        let body = json!({ "job": job, "phone": format!("100{:08}", self.people) });
        let mut answer = request.send_json(&body).unwrap();
        let status = answer.status().as_u16();
        let body: Value =
            serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap_or_default();
        let word = |name: &str| body[name].as_str().map(str::to_owned);
        (word("id").unwrap_or_default(), word("status").unwrap_or_else(|| status.to_string()))
    }

    /// What proves that the latest person's place is his: a retry has the same answer.
    pub(crate) fn proof(&self, node: &str, job: &str) -> Value {
        let (key, phone) = (format!("person-{}", self.people), format!("100{:08}", self.people));
        let body = json!({ "job": job, "phone": phone });
        let (_, told) = self.call(node, "POST", "/v1/sign_ups", &[("Idempotency-Key", &key)], &body);
        json!({ "phone": phone, "code": told["code"] })
    }

    /// One more person signs up where a free right lies, and gets a seat.
    pub(crate) fn confirm(&mut self, node: &str, job: &str) -> String {
        until("a right is at the node", || {
            let here = self.node(node, &format!("/v1/jobs/{job}"))["seats"]["here"].as_u64()?;
            (here > 0).then_some(())
        });
        let (id, status) = self.sign_up(node, job);
        assert_eq!(status, "confirmed", "at {node}");
        id
    }

    /// Waits until a node knows a job and its line is up.
    pub(crate) fn ready(&self, node: &str, job: &str) {
        until("the node is ready", || {
            let up = self.node(node, "/v1/node")["link"] == "up";
            (up && self.node(node, &format!("/v1/jobs/{job}")).get("id").is_some()).then_some(())
        });
    }

    /// The hub's account of a job once `holds` of it.
    pub(crate) fn seats(&self, what: &str, job: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let began = Instant::now();
        loop {
            let seats = self.hub(&format!("/v1/jobs/{job}/seats"));
            if holds(&seats) {
                return seats;
            }
            if !seats.is_null() {
                last = seats;
            }
            assert!(began.elapsed() < WAIT_MAX, "{what}: not in time, {last}");
            thread::park_timeout(LOOK);
        }
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        let nodes = std::mem::take(&mut self.nodes).into_values().map(|(child, _)| child);
        for mut child in nodes.chain(self.hub.take()) {
            let _ = child.kill();
            let _ = child.wait();
        }
        if !thread::panicking() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

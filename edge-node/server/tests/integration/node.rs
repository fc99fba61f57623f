//! A node in a folder of its own, with an identity made here and one tenant that may post.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc::sync_channel,
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use edge_core::node::EdgeNode;
use enrolment::{Authority, NodeIdentity, NodeKey, NodeSubject, Serial};
use notify::{RecursiveMode, Watcher};
use sync_protocol::{
    documents::TenantKey,
    ids::{TenantId, TopicId, VshardId, Writer},
    wire::v1::{Interest, Tenant},
};
use sync_store::OpenOptions;

pub(crate) const TENANT_KEY: &str = "a-key-that-only-this-test-knows";
/// Key of an agency that posts nothing.
pub(crate) const OTHER_TENANT_KEY: &str = "another-key-that-only-this-test-knows";
/// The origin whose pages may call the nodes of these tests.
pub(crate) const APP_ORIGIN: &str = "http://127.0.0.1:8000";
const START_WAIT: Duration = Duration::from_secs(30);

/// A running node; it ends with this value.
#[derive(Debug)]
pub(crate) struct Node {
    child: Child,
    address: SocketAddr,
    /// The door for phones, where it has one.
    pub(crate) https: Option<SocketAddr>,
    /// What it is told beside the flags of every node.
    flags: Vec<String>,
    folder: Folder,
}

#[derive(Debug)]
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn enrol(folder: &Path) {
    let authority = Authority::create(&folder.join("authority"), "test", now()).unwrap();
    let subject = NodeSubject { region: "hangzhou".to_owned(), writer: Writer::new(7, 1) };
    let tls_key = NodeKey::generate().unwrap();
    let serial = Serial::from_random([9; 16]);
    let certificate =
        authority.issue_node_certificate(&tls_key.request().unwrap(), &subject, serial, now()).unwrap();
    let log_key = [3; 32];
    let public = ed25519_dalek::SigningKey::from_bytes(&log_key).verifying_key().to_bytes();
    let identity = NodeIdentity {
        writer: subject.writer,
        region: subject.region,
        name: "九堡零工市场".to_owned(),
        cluster_id: authority.cluster_id(),
        // Nobody listens there: the node is cut off from its first second.
        hub_address: "127.0.0.1:9".to_owned(),
        tls_key: tls_key.to_der(),
        certificate_chain: vec![certificate],
        root_certificate: authority.root_certificate().to_vec(),
        log_key,
        log_key_certificate: authority.certify_log_key(subject.writer, public).unwrap(),
    };
    identity.store(folder).unwrap();
    fs::write(folder.join("region.key"), [5; 32]).unwrap();
}

fn admit_tenant(folder: &Path) {
    let tenants = [(1, "顺达劳务", TENANT_KEY), (2, "另一家", OTHER_TENANT_KEY)];
    let topic = |id| TopicId::of(TenantId(id), "hangzhou", 0);
    let interest = Interest {
        topics: tenants.map(|(id, ..)| (topic(id).0, id, VshardId::of(topic(id)).0)).to_vec(),
        tenants: tenants
            .map(|(id, name, key)| Tenant {
                id,
                name: name.to_owned(),
                key_hash: blake3::hash(key.as_bytes()).as_bytes().to_vec(),
                sign_keys: TenantKey::of_api_key(key).public().to_vec(),
            })
            .to_vec(),
    };
    let mut store = OpenOptions::new(&folder.join("node.sqlite")).open().unwrap();
    store.transact(|tx| EdgeNode::store_interest(tx, &interest)).unwrap();
    store.checkpoint().unwrap();
}

/// A fresh folder of this name, as joining and a first contact would leave it.
fn enrolled(name: &str) -> Folder {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    fs::create_dir_all(&path).unwrap();
    let folder = Folder(path);
    enrol(&folder.0);
    admit_tenant(&folder.0);
    folder
}

impl Node {
    /// Starts a node in a fresh folder of this name.
    pub(crate) fn start(name: &str) -> Self {
        Self::start_behind(name, ".", |_| Command::new("env"))
    }

    /// Starts a node that is told more by its environment.
    pub(crate) fn start_told(name: &str, told: &[(&str, &str)]) -> Self {
        Self::start_behind(name, ".", |_| {
            let mut command = Command::new("env");
            command.args(told.iter().map(|(name, value)| format!("{name}={value}")));
            command
        })
    }

    /// Starts a node whose folder is prepared before; it is started with the flags that come of that.
    pub(crate) fn start_prepared(name: &str, prepare: impl FnOnce(&Path) -> Vec<String>) -> Self {
        let folder = enrolled(name);
        let flags = prepare(&folder.0);
        Self::run(Command::new("env"), folder, ".", flags)
    }

    /// Starts a node whose data folder is a small disk of its own: a tmpfs in a mount namespace, by `unshare -rm`.
    pub(crate) fn start_on_small_disk(name: &str, size: &str) -> Self {
        let script = "mount -t tmpfs -o size=$1 tmpfs \"$2/small\" && cp \"$2\"/*.* \"$2/small/\" && shift 2 && exec \"$@\"";
        Self::start_behind(name, "small", |folder| {
            fs::create_dir_all(folder.join("small")).unwrap();
            let mut command = Command::new("unshare");
            command.args(["-rm", "sh", "-c", script, "sh", size]).arg(folder);
            command
        })
    }

    /// A file of the node's small disk, through the node's own mount namespace.
    pub(crate) fn on_small_disk(&self, file: &str) -> PathBuf {
        // Without links: one that is absolute would lead out of that namespace.
        let folder = self.folder.0.canonicalize().unwrap().join("small");
        PathBuf::from(format!("/proc/{}/root{}", self.child.id(), folder.display())).join(file)
    }

    fn start_behind(name: &str, data: &str, command: impl FnOnce(&Path) -> Command) -> Self {
        let folder = enrolled(name);
        let command = command(&folder.0);
        Self::run(command, folder, data, Vec::new())
    }

    fn run(command: Command, folder: Folder, data: &str, flags: Vec<String>) -> Self {
        let (child, address, https) = serve(command, &folder.0, data, &flags);
        Self { child, address, https, flags, folder }
    }

    /// The node's data folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder.0
    }

    /// What only the folder's owner can read: the header by which this run of the node knows him.
    pub(crate) fn owner(&self) -> (&'static str, String) {
        let control = fs::read_to_string(self.folder().join("control.json")).unwrap();
        let control: serde_json::Value = serde_json::from_str(&control).unwrap();
        ("Authorization", format!("Bearer {}", control["token"].as_str().unwrap()))
    }

    /// Ends the process as a power cut would.
    pub(crate) fn halt(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts a halted node on the folder that it left.
    pub(crate) fn restart(&mut self) {
        (self.child, self.address, self.https) = serve(Command::new("env"), &self.folder.0, ".", &self.flags);
    }

    /// Sends a request as it stands and reads the answer.
    pub(crate) fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.send_to(&self.address.to_string(), method, target, headers, body)
    }

    /// The same to any name that the node may have.
    pub(crate) fn send_to(
        &self,
        host: &str,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut stream = self.ask((host, method, target), headers, body);
        let mut bytes = Vec::new();
        let _reset = stream.read_to_end(&mut bytes);
        Answer::parse(&String::from_utf8_lossy(&bytes))
    }

    /// Sends a request; what comes back is still to be read.
    fn ask(
        &self,
        (host, method, target): (&str, &str, &str),
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(START_WAIT)).unwrap();
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        stream.write_all(head.as_bytes()).unwrap();
        // A server that refuses a large body closes before it has read all of it.
        let _refused = stream.write_all(body);
        stream
    }

    /// Reads with headers: the connection, of which nothing is read yet.
    pub(crate) fn open(&self, target: &str, headers: &[(&str, &str)]) -> TcpStream {
        self.ask((&self.address.to_string(), "GET", target), headers, b"")
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        self.send("GET", target, &[], b"")
    }

    pub(crate) fn post(&self, target: &str, header: (&str, &str), body: &serde_json::Value) -> Answer {
        self.send(
            "POST",
            target,
            &[("Content-Type", "application/json"), header],
            body.to_string().as_bytes(),
        )
    }

    /// Posts a job in an agency's name, under a key that no other has.
    pub(crate) fn post_job(&self, key: &str, body: &serde_json::Value) -> Answer {
        self.post_job_text(key, body.to_string().as_bytes())
    }

    /// The same of any text.
    pub(crate) fn post_job_text(&self, key: &str, body: &[u8]) -> Answer {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let (bearer, fresh) = (format!("Bearer {key}"), NEXT.fetch_add(1, Ordering::Relaxed).to_string());
        let json = ("Content-Type", "application/json");
        let headers = [json, ("Authorization", bearer.as_str()), ("Idempotency-Key", &fresh)];
        self.send("POST", "/v1/jobs", &headers, body)
    }

    pub(crate) fn post_form(&self, target: &str, pairs: &[(&str, &str)]) -> Answer {
        let body: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let form = ("Content-Type", "application/x-www-form-urlencoded");
        self.send("POST", target, &[form], body.join("&").as_bytes())
    }
}

/// Does something and waits until the file is there.
pub(crate) fn until_written<T>(file: &Path, act: impl FnOnce() -> T) -> T {
    let (sender, changes) = sync_channel(64);
    let mut watcher = notify::recommended_watcher(move |_| {
        let _full = sender.try_send(());
    })
    .unwrap();
    watcher.watch(file.parent().unwrap(), RecursiveMode::NonRecursive).unwrap();
    let done = act();
    while !file.exists() {
        changes.recv_timeout(START_WAIT).expect("the file is not written");
    }
    done
}

/// What the node says of itself, in a file of its folder.
fn log(folder: &Path) -> Stdio {
    let file = fs::OpenOptions::new().create(true).append(true).open(folder.join("node.log"));
    file.unwrap().into()
}

/// Starts the process and waits until it says where it serves.
fn serve(
    mut command: Command,
    folder: &Path,
    data: &str,
    flags: &[String],
) -> (Child, SocketAddr, Option<SocketAddr>) {
    let announce = folder.join("address.json");
    drop(fs::remove_file(&announce));
    let start = command
        .arg(env!("CARGO_BIN_EXE_edge-node"))
        .args([
            "run",
            "--http",
            "127.0.0.1:0",
            "--position",
            "30.31,120.27",
            "--allow-origin",
            APP_ORIGIN,
            "--data",
        ])
        .arg(folder.join(data))
        .arg("--announce")
        .arg(&announce)
        .args(flags)
        .stderr(log(folder))
        .stdout(log(folder));
    let child = until_written(&announce, || start.spawn().unwrap());
    let announced: serde_json::Value = serde_json::from_str(&fs::read_to_string(&announce).unwrap()).unwrap();
    let door = |name: &str| announced[name].as_str().map(|address| address.parse().unwrap());
    (child, door("http").unwrap(), door("https"))
}

/// Posts a job of the year 2099; its id.
pub(crate) fn small_job(node: &Node, seats: u32) -> String {
    let job = serde_json::json!({
        "title": "分拣员", "start_at": "2099-01-01T06:00:00Z", "end_at": "2099-01-01T14:00:00Z",
        "pay_minor": 20_000, "currency": "CNY", "pay_unit": "day", "pay_minor_per_hour": 2_500, "seats": seats,
        "lat": 30.315, "lon": 120.275
    });
    let created = node.post_job(TENANT_KEY, &job);
    assert_eq!(created.status, 201, "{created:?}");
    let created: serde_json::Value = serde_json::from_str(&created.body).unwrap();
    created["id"].as_str().unwrap().to_owned()
}

/// Signs worker `n` up, always under the same key.
pub(crate) fn sign_up(node: &Node, job: &str, n: u32) -> Answer {
    let body = serde_json::json!({ "job": job, "phone": format!("1390000{n:04}") });
    node.post("/v1/sign_ups", ("Idempotency-Key", &format!("worker-{n}")), &body)
}

/// What a node answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    /// The head as it was sent.
    pub(crate) text: String,
    pub(crate) body: String,
}

impl Answer {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").expect("an HTTP answer");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head: head.to_owned(), text: head.to_owned(), body: body.to_owned() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let headers = self.head.lines().filter_map(|line| line.split_once(": "));
        headers.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        problem["type"].as_str().unwrap().to_owned()
    }

    /// The value of a hidden field of the page's form.
    pub(crate) fn field(&self, name: &str) -> &str {
        let start = format!("name=\"{name}\" value=\"");
        let rest = self.body.split(&start).nth(1).expect("the field");
        rest.split('"').next().unwrap()
    }

    /// Where the page's first form is sent.
    pub(crate) fn action(&self) -> String {
        let rest = self.body.split("method=\"post\" action=\"").nth(1).expect("the form");
        rest.split('"').next().unwrap().replace("&#38;", "&")
    }
}

//! A hub's process in a folder of its own.

use enrolment::{Authority, JoinSecret, JoinToken, TokenId, TokenRecord};
use hub_core::layout;
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};
use sync_protocol::{documents::TenantKey, ids::TenantId};
use sync_store::{ControlStore, TokenRow};

const START_TIME_MAX: Duration = Duration::from_secs(30);
pub(crate) const NOW: u64 = 1_790_000_000;

pub(crate) struct Hub {
    process: Child,
    folder: PathBuf,
    http: String,
    pub(crate) quic: String,
    pub(crate) token: String,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
    pub(crate) json: serde_json::Value,
}

impl Answer {
    /// A header by its name in small letters.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl Hub {
    pub(crate) fn start() -> Self {
        Self::start_told(&[])
    }

    /// Starts a hub that is told more on its command line.
    pub(crate) fn start_told(told: &[&str]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("dayshift-hub-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let token = "00112233445566778899aabbccddeeff".to_owned();
        fs::write(layout::admin_token(&folder), &token).unwrap();
        Authority::create(&layout::authority(&folder), "test", NOW).unwrap();
        let control = ControlStore::open(&layout::control(&folder)).unwrap();
        admit(&control, "Acme", "key", "north");
        let announced = folder.join("ports.json");
        let process = Command::new(env!("CARGO_BIN_EXE_hub"))
            .args(["run", "--http", "127.0.0.1:0", "--quic", "127.0.0.1:0", "--data"])
            .arg(&folder)
            .arg("--announce")
            .arg(&announced)
            .args(told)
            .spawn()
            .unwrap();
        let began = Instant::now();
        let ports = loop {
            if let Ok(text) = fs::read(&announced) {
                break serde_json::from_slice::<serde_json::Value>(&text).unwrap();
            }
            assert!(began.elapsed() < START_TIME_MAX, "the hub did not start");
            thread::park_timeout(Duration::from_millis(20));
        };
        let text = |name: &str| ports[name].as_str().unwrap().to_owned();
        let hub = Self { process, folder, http: text("http"), quic: text("quic"), token };
        assert_eq!(hub.get("/readyz").status, 200);
        hub
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\n"), "")
    }

    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        self.send(&format!("{method} {path} HTTP/1.1\r\n{headers}Content-Length: {length}\r\n"), body)
    }

    /// Asks as a browser does.
    pub(crate) fn browse(&self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\nAccept: text/html,*/*;q=0.8\r\n"), "")
    }

    pub(crate) fn import(&self, path: &str, body: &str) -> Answer {
        self.post(path, &self.token, body)
    }

    pub(crate) fn post(&self, path: &str, token: &str, body: &str) -> Answer {
        let length = body.len();
        self.send(
            &format!(
                "POST {path} HTTP/1.1\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
                 Content-Length: {length}\r\n"
            ),
            body,
        )
    }

    pub(crate) fn post_bytes(&self, path: &str, token: &str, body: &[u8]) -> Answer {
        let length = body.len();
        self.send_bytes(
            &format!("POST {path} HTTP/1.1\r\nAuthorization: Bearer {token}\r\nContent-Length: {length}\r\n"),
            body,
        )
    }

    fn send(&self, head: &str, body: &str) -> Answer {
        self.send_bytes(head, body.as_bytes())
    }

    fn send_bytes(&self, head: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(&self.http).unwrap();
        let host =
            if head.contains("\r\nHost: ") { String::new() } else { format!("Host: {}\r\n", self.http) };
        write!(stream, "{head}{host}Connection: close\r\n\r\n").unwrap();
        // A body over the limit is refused before all of it is read.
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let json = serde_json::from_str(body).unwrap_or_default();
        Answer { status, head: head.to_owned(), body: body.to_owned(), json }
    }

    pub(crate) fn authority(&self) -> Authority {
        Authority::open(&layout::authority(&self.folder)).unwrap()
    }

    /// A folder of the test's own beside the hub's.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// One more tenant; the hub knows it at the next import.
    pub(crate) fn add_tenant(&self, name: &str, key: &str, region: &str) {
        let control = ControlStore::open(&layout::control(&self.folder)).unwrap();
        admit(&control, name, key, region);
    }

    pub(crate) fn tenant_id(&self, name: &str) -> TenantId {
        let control = ControlStore::open(&layout::control(&self.folder)).unwrap();
        control.tenants().unwrap().into_iter().find(|tenant| tenant.name == name).unwrap().id
    }

    pub(crate) fn create_token(&self, region: &str, name: &str) -> JoinToken {
        self.create_token_until(region, name, i64::MAX)
    }

    pub(crate) fn create_token_until(&self, region: &str, name: &str, expires_at: i64) -> JoinToken {
        let authority = self.authority();
        let (id, secret) = (TokenId([7; 8]), JoinSecret([8; 16]));
        let record = TokenRecord::new(id, &secret, region, name, u64::MAX);
        let control = ControlStore::open(&layout::control(&self.folder)).unwrap();
        control
            .add_token(&TokenRow {
                id: id.to_string(),
                secret_hash: record.secret_hash.to_vec(),
                region: region.to_owned(),
                node_name: name.to_owned(),
                expires_at,
                used_at: None,
            })
            .unwrap();
        JoinToken::new(authority.root_spki_sha256(), &self.quic, id, secret).unwrap()
    }
}

fn admit(control: &ControlStore, name: &str, key: &str, region: &str) {
    let tenant = control.add_tenant(name, blake3::hash(key.as_bytes()).as_bytes()).unwrap().unwrap();
    control.put_sign_key(tenant, &TenantKey::of_api_key(key).public()).unwrap();
    control.add_topic(tenant, region).unwrap();
}

impl Drop for Hub {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

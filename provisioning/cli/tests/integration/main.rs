//! Runs the built `dayshift` against a hub of a few lines: exit codes, chunks, repeats.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cluster;
mod disks;
mod erasures;
mod orders;
mod reclaims;
mod residency;
mod restored;
mod returned;
mod shop;
mod town;
mod workers;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

/// A hub that knows keys: a first row is created, a repeat is unchanged, `refuse-…` is refused.
struct TinyHub {
    address: String,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    keys: BTreeSet<String>,
    chunk_rows: Vec<usize>,
    request_lines: Vec<String>,
}

impl TinyHub {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(stream, &shared);
            }
        });
        Self { address, seen }
    }
}

fn answer(stream: TcpStream, seen: &Mutex<Seen>) {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let header = |name: &str| {
        head.iter().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    };
    let length = header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let (status, answer) = if header("authorization").as_deref() == Some("Bearer secret") {
        ("200 OK", count(&head[0], &String::from_utf8(body).unwrap(), &mut seen.lock().unwrap()))
    } else {
        ("401 Unauthorized", r#"{"title":"token not known"}"#.to_owned())
    };
    let length = answer.len();
    let _ = write!(
        reader.get_mut(),
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{answer}"
    );
}

fn count(request_line: &str, body: &str, seen: &mut Seen) -> String {
    let (mut created, mut unchanged, mut refused) = (0, 0, Vec::new());
    for line in body.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let key = row["key"].as_str().unwrap();
        if key.starts_with("refuse-") {
            refused.push(serde_json::json!({"line": row["line"], "reason": "no such category"}));
        } else if seen.keys.insert(key.to_owned()) {
            created += 1;
        } else {
            unchanged += 1;
        }
    }
    seen.chunk_rows.push(body.lines().count());
    seen.request_lines.push(request_line.to_owned());
    serde_json::json!({"created": created, "updated": 0, "unchanged": unchanged, "refused": refused})
        .to_string()
}

pub(crate) fn dayshift(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dayshift")).args(arguments).output().unwrap()
}

/// A file of this test run, under cargo's directory for it.
fn file(name: &str, content: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    path
}

fn import(hub: &TinyHub, path: &Path, token: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let token = file(&format!("token-{token}"), token.as_bytes());
    let mut arguments = vec!["jobs", "import", path.to_str().unwrap(), "--hub", &hub.address];
    arguments.extend(["--json", "--token-file", token.to_str().unwrap()]);
    arguments.extend(["--tenant", "agency", "--region", "hangzhou west"]);
    arguments.extend(more);
    let output = dayshift(&arguments);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn generated(count: &str) -> Vec<u8> {
    let arguments = ["jobs", "generate", "--region", "hangzhou", "--seed", "7"];
    let output = dayshift(&[&arguments[..], &["--count", count, "--from", "2026-05-01"]].concat());
    assert_eq!(output.status.code(), Some(0));
    output.stdout
}

#[test]
fn generated_shifts_go_in_by_chunks_and_a_repeat_changes_nothing() {
    let hub = TinyHub::start();
    let path = file("generated.ndjson", &generated("1200"));
    let (code, out, _) = import(&hub, &path, "secret", &[]);
    assert_eq!(code, Some(0));
    assert!(out.contains(r#""created":1200,"updated":0,"unchanged":0"#), "{out}");
    let (code, out, _) = import(&hub, &path, "secret", &["--dry-run"]);
    assert_eq!(code, Some(0));
    assert!(out.contains(r#""created":0,"updated":0,"unchanged":1200"#), "{out}");
    let seen = hub.seen.lock().unwrap();
    assert_eq!(seen.chunk_rows, [500, 500, 200, 500, 500, 200]);
    assert_eq!(seen.request_lines[0], "POST /v1/jobs:import?region=hangzhou%20west&tenant=agency HTTP/1.1");
    assert!(seen.request_lines[3].contains("&dry_run=true"), "{}", seen.request_lines[3]);
}

#[test]
fn refused_rows_exit_2_and_the_good_ones_are_in() {
    let hub = TinyHub::start();
    let good = String::from_utf8(generated("3")).unwrap();
    let source = format!("{}not json\n", good.replace("hangzhou-7-2\"", "refuse-2\""));
    let path = file("refused.ndjson", source.as_bytes());
    let (code, out, err) = import(&hub, &path, "secret", &[]);
    assert_eq!(code, Some(2), "{err}");
    assert!(out.contains(r#""read":4,"imported":2,"#), "{out}");
    assert!(out.contains(r#""refused":{"by_hub":1,"not_json":1}"#), "{out}");
    assert!(err.contains("refused.ndjson:4:2: expected"), "{err}");
    assert!(err.contains("refused.ndjson:2:1: the hub refused the row: no such category"), "{err}");
}

#[test]
fn hub_and_token_may_stand_in_the_environment() {
    let hub = TinyHub::start();
    let (path, token) = (file("env.ndjson", &generated("1")), file("env.token", b"secret"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_dayshift"));
    command.args(["jobs", "import", path.to_str().unwrap(), "--tenant", "agency", "--region", "hangzhou"]);
    command.env("DAYSHIFT_HUB", &hub.address).env("DAYSHIFT_TOKEN_FILE", token);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(hub.seen.lock().unwrap().keys.len(), 1);
    command.arg("--dry-run").env("DAYSHIFT_HUB", "http://127.0.0.1:1");
    assert_eq!(command.output().unwrap().status.code(), Some(0), "a rehearsal stays on this machine");
}

#[test]
fn errors_exit_1_and_say_the_fix() {
    let hub = TinyHub::start();
    let path = file("one.ndjson", &generated("1"));
    let (code, _, err) = import(&hub, &path, "wrong", &[]);
    assert_eq!(code, Some(1));
    assert!(err.contains("401 Unauthorized: token not known; check the token file"), "{err}");

    let nowhere = dayshift(&["jobs", "import", "nowhere.csv", "--dry-run"]);
    let err = String::from_utf8(nowhere.stderr).unwrap();
    assert!(err.contains("open nowhere.csv") && !err.contains("--map"), "{err}");

    let (code, _, err) = import(&hub, Path::new("nowhere.ndjson"), "secret", &[]);
    assert_eq!(code, Some(1));
    assert!(err.contains("open nowhere.ndjson"), "{err}");

    let path = file("one.csv", b"a,b\n");
    let (code, _, err) = import(&hub, &path, "secret", &[]);
    assert_eq!((code, err.contains("give --map")), (Some(1), true), "{err}");

    assert!(err.contains("no row was taken") || !err.contains("rows before"), "{err}");

    let output = dayshift(&["jobs", "import", path.to_str().unwrap(), "--hub", &hub.address]);
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    for wanted in ["--token-file", "--tenant", "--region"] {
        assert!(err.contains(wanted), "{err}");
    }

    assert_eq!(dayshift(&["jobs", "import"]).status.code(), Some(1));
    assert_eq!(dayshift(&["--help"]).status.code(), Some(0));
}

//! Messages leave the node: to a program of this machine, and to a web address that may refuse them.

use crate::node::{Answer, Node, TENANT_KEY, small_job, until_written};
use ring::hmac;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::mpsc::{Receiver, sync_channel},
    time::{Duration, Instant},
};
use sync_store::{MessageRow, OpenOptions};

const SECRET: &str = "a secret that both ends know";
const PHONE: &str = "13905712916";
const WAIT: Duration = Duration::from_secs(30);

fn read(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

/// A worker who told his number signs up, and the agency moves the shift to another place.
fn worker_is_told(node: &Node) -> String {
    let profile = json!({ "phone": PHONE, "pin": "73918264", "name": "欧阳娜娜" });
    let enrolled = read(&node.post("/v1/workers/me", ("Accept", "application/json"), &profile));
    let session = format!("Bearer {}", enrolled["session"].as_str().unwrap());
    let job = small_job(node, 1);
    let headers =
        [("Content-Type", "application/json"), ("Authorization", session.as_str()), ("Idempotency-Key", "k")];
    let signed = node.send("POST", "/v1/sign_ups", &headers, json!({ "job": job }).to_string().as_bytes());
    assert_eq!(signed.status, 201, "{signed:?}");
    let bearer = format!("Bearer {TENANT_KEY}");
    let headers = [("Content-Type", "application/json"), ("Authorization", bearer.as_str())];
    let moved = node.send("PATCH", &format!("/v1/jobs/{job}"), &headers, r#"{"place":"乔司"}"#.as_bytes());
    assert_eq!(moved.status, 200, "{moved:?}");
    read(&signed)["code"].as_str().unwrap().to_owned()
}

/// The messages that were given up, once there are so many.
fn given_up(node: &Node, count: usize) -> Vec<Value> {
    let end = Instant::now() + WAIT;
    loop {
        let (name, value) = node.owner();
        let listed = node.send("GET", "/v1/messages", &[(name, &value)], b"");
        assert_eq!(listed.status, 200, "{listed:?}");
        let given_up = read(&listed)["given_up"].as_array().unwrap().clone();
        if given_up.len() == count {
            return given_up;
        }
        assert!(Instant::now() < end, "{listed:?}");
    }
}

fn again(node: &Node, id: &str) -> Answer {
    let (name, value) = node.owner();
    node.send("POST", &format!("/v1/messages/{id}:retry"), &[(name, &value)], b"")
}

/// The program of senders: it notes each try, and takes the message only while the file `open` is there.
fn program(folder: &Path) -> Vec<String> {
    let script =
        r#"touch "$0/tried"; test -e "$0/open" || exit 3; cat > "$0/next" && mv "$0/next" "$0/told.json""#;
    let folder_text = folder.to_str().unwrap();
    let senders = format!("[workers]\ncommand = ['sh', '-c', '''{script}''', '{folder_text}']\n");
    fs::write(folder.join("senders.toml"), senders).unwrap();
    Vec::new()
}

#[test]
fn a_program_is_handed_what_the_worker_is_to_know() {
    let node = Node::start_prepared("program", |folder| {
        fs::write(folder.join("open"), "").unwrap();
        program(folder)
    });
    let file = node.folder().join("told.json");
    let code = until_written(&file, || worker_is_told(&node));
    let told: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(
        (&told["to"], &told["kind"], &told["code"], &told["job"]["place"]),
        (&json!(PHONE), &json!("changed"), &json!(code), &json!("乔司"))
    );
    assert!(
        told["text"].as_str().is_some_and(|text| text.contains("乔司") && text.contains(&code)),
        "{told}"
    );
    assert!(!told.to_string().contains("欧阳娜娜"), "a name is not told: {told}");
}

#[test]
fn a_message_that_nobody_takes_outlives_the_power_and_is_kept_for_people() {
    let mut node = Node::start_prepared("given-up", program);
    let tried = node.folder().join("tried");
    until_written(&tried, || worker_is_told(&node));
    node.halt();
    // The power is back after the pauses between three tries, of which one is left.
    let mut store = OpenOptions::new(&node.folder().join("node.sqlite")).open().unwrap();
    let waiting = store.read(|tx| tx.messages(false, 9)).unwrap();
    assert_eq!(waiting.len(), 1);
    let last = MessageRow { tries: 2, next_at: 0, ..waiting[0].clone() };
    store.transact(|tx| tx.put_message(&last)).unwrap();
    store.checkpoint().unwrap();
    drop(store);
    node.restart();
    let given_up = given_up(&node, 1).remove(0);
    assert_eq!((&given_up["kind"], &given_up["tries"]), (&json!("changed"), &json!(3)));
    assert!(given_up["error"].as_str().unwrap().contains("exit status: 3"), "{given_up}");
    assert!(!given_up.to_string().contains(PHONE), "{given_up}");

    let id = given_up["id"].as_str().unwrap();
    assert_eq!(again(&node, "1-999999").status, 404);
    fs::write(node.folder().join("open"), "").unwrap();
    let file = node.folder().join("told.json");
    assert_eq!(until_written(&file, || again(&node, id)).status, 200);
    let told: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(told["to"], PHONE);
    given_up_is_empty(&node);
}

fn given_up_is_empty(node: &Node) {
    assert_eq!(given_up(node, 0), Vec::<Value>::new());
}

/// One request as a receiver reads it.
struct Received {
    headers: BTreeMap<String, String>,
    body: String,
    stream: TcpStream,
}

impl Received {
    fn answer(mut self, status: &str) -> (BTreeMap<String, String>, String) {
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Length: 0\r\nLocation: /moved\r\nConnection: close\r\n\r\n"
        );
        self.stream.write_all(head.as_bytes()).unwrap();
        (self.headers, self.body)
    }
}

/// A local web server: its address, and the connections that come.
fn web_address() -> (SocketAddr, Receiver<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, connections) = sync_channel(4);
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            // The test is over.
            let Ok(()) = sender.send(stream) else { return };
        }
    });
    (address, connections)
}

fn receive(connections: &Receiver<TcpStream>) -> Received {
    let stream = connections.recv_timeout(WAIT).expect("nothing is sent");
    stream.set_read_timeout(Some(WAIT)).unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap());
    let mut headers = BTreeMap::new();
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    assert_eq!(line, "POST /dayshift HTTP/1.1\r\n");
    loop {
        line.clear();
        lines.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers["content-length"].parse().unwrap()];
    lines.read_exact(&mut body).unwrap();
    Received { headers, body: String::from_utf8(body).unwrap(), stream }
}

/// Whether the signature is the secret's: HMAC-SHA-256 over seconds, full stop and body.
fn is_signed(headers: &BTreeMap<String, String>, body: &str) -> bool {
    let signature = headers["dayshift-signature"].strip_prefix("t=").unwrap();
    let (at, tag) = signature.split_once(",v1=").unwrap();
    let tag: Vec<u8> =
        (0..tag.len()).step_by(2).map(|n| u8::from_str_radix(&tag[n..n + 2], 16).unwrap()).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    hmac::verify(&key, format!("{at}.{body}").as_bytes(), &tag).is_ok()
}

#[test]
fn a_web_address_gets_signed_messages_until_it_takes_them() {
    let (address, connections) = web_address();
    let node = Node::start_prepared("webhook", |folder| {
        fs::write(folder.join("secret"), format!("{SECRET}\n")).unwrap();
        let senders = format!("[workers]\nurl = 'http://{address}/dayshift'\nsecret_file = 'secret'\n");
        fs::write(folder.join("senders.toml"), senders).unwrap();
        Vec::new()
    });
    let code = worker_is_told(&node);
    // An address that has moved has not taken the message.
    let (first, body) = receive(&connections).answer("302 Found");
    assert!(is_signed(&first, &body) && !is_signed(&first, &body.replace(&code, "000000")), "{first:?}");
    assert_eq!(first["content-type"], "application/json");
    let told: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (&told["to"], &told["code"], &told["delivery"]),
        (&json!(PHONE), &json!(code), &json!(first["dayshift-delivery"]))
    );

    // The second try comes after five seconds, under the same number.
    let (second, same) = receive(&connections).answer("500 Internal Server Error");
    assert_eq!((&second["dayshift-delivery"], &same), (&first["dayshift-delivery"], &body));
    let metrics = until_counted(&node, "dayshift_messages_total{kind=\"changed\",outcome=\"Failed\"} 2");
    assert!(!metrics.contains("outcome=\"Delivered\""), "{metrics}");
    given_up_is_empty(&node);
}

fn until_counted(node: &Node, line: &str) -> String {
    let end = Instant::now() + WAIT;
    loop {
        let metrics = node.get("/metrics").body;
        if metrics.contains(line) {
            return metrics;
        }
        assert!(Instant::now() < end, "{metrics}");
    }
}

#[test]
fn an_agencys_timesheet_is_delivered_to_its_own_address_alone() {
    let (address, connections) = web_address();
    let node = Node::start_prepared("sheet-hook", |folder| {
        fs::write(folder.join("secret"), SECRET).unwrap();
        let senders =
            format!("[tenants.'顺达劳务']\nurl = 'http://{address}/dayshift'\nsecret_file = 'secret'\n");
        fs::write(folder.join("senders.toml"), senders).unwrap();
        Vec::new()
    });
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let entered = node.send("POST", "/agency/login", &form, format!("key={TENANT_KEY}&lang=en").as_bytes());
    let cookie = entered.text.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    let cookie = cookie.split(';').next().unwrap();
    let page = node.send("GET", "/agency/timesheet", &[("Cookie", cookie)], b"");
    let body = format!("csrf={}&date={}&do=send", page.field("csrf"), page.field("date"));
    let sent = node.send("POST", "/agency/timesheet", &[form[0], ("Cookie", cookie)], body.as_bytes());
    assert_eq!(sent.status, 200, "{sent:?}");
    let (headers, body) = receive(&connections).answer("204 No Content");
    assert!(is_signed(&headers, &body), "{headers:?}");
    let told: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&told["kind"], &told["tenant"]), (&json!("timesheet"), &json!("顺达劳务")));
    assert!(told["csv"].as_str().unwrap().contains("\nseal,"), "{told}");
    until_counted(&node, "dayshift_messages_total{kind=\"timesheet\",outcome=\"Delivered\"} 1");
}

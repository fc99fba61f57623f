//! The door for phones, through real TLS handshakes: what it serves, and what it adds to answers.

use crate::node::{Node, TENANT_KEY};
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    time::Duration,
};
use ureq::{
    Agent,
    http::{Response, header},
    tls::{Certificate, RootCerts, TlsConfig},
};

const WAIT: Duration = Duration::from_secs(30);
/// A name of the certificate.
const CERTIFIED: &str = "hall.example";
const FORM: &str = "application/x-www-form-urlencoded";

/// Puts a certificate and its key where the node will find them, and returns the flags that say so.
fn papers(folder: &Path) -> Vec<String> {
    let own = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned(), CERTIFIED.to_owned()]).unwrap();
    let (certificate, key) = (folder.join("phones.pem"), folder.join("phones.key"));
    fs::write(&certificate, own.cert.pem()).unwrap();
    fs::write(&key, own.signing_key.serialize_pem()).unwrap();
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let flags = ["--https", "127.0.0.1:0", "--certificate", &path(&certificate), "--key", &path(&key)];
    flags.map(str::to_owned).to_vec()
}

/// A phone that trusts these authorities.
fn phone(roots: RootCerts) -> Agent {
    let tls = TlsConfig::builder().root_certs(roots).build();
    let agent = Agent::config_builder().tls_config(tls).max_redirects(0).http_status_as_error(false);
    agent.timeout_global(Some(WAIT)).build().into()
}

fn trusting(node: &Node) -> Agent {
    let pem = fs::read(node.folder().join("phones.pem")).unwrap();
    phone(RootCerts::from(vec![Certificate::from_pem(&pem).unwrap()]))
}

fn header_of<T>(answer: &Response<T>, name: header::HeaderName) -> Option<&str> {
    answer.headers().get(name).map(|value| value.to_str().unwrap())
}

#[test]
fn phones_are_served_behind_a_handshake_and_come_so_again() {
    let node = Node::start_prepared("https", papers);
    let door = format!("https://{}", node.https.unwrap());
    let phone = trusting(&node);
    for (page, status) in [("/near?lang=en", 200), ("/v1/jobs", 200), ("/livez", 200), ("/nothing", 404)] {
        let answer = phone.get(format!("{door}{page}")).call().unwrap();
        assert_eq!(answer.status(), status, "{page}");
        let strict = header_of(&answer, header::STRICT_TRANSPORT_SECURITY);
        assert_eq!(strict, Some("max-age=15552000"), "{page}");
    }
    assert_eq!(node.get("/livez").header("strict-transport-security"), None, "the box's own screen");
    // What is for the box's operator is not there.
    for own in ["/metrics", "/v1/messages"] {
        assert_eq!(phone.get(format!("{door}{own}")).call().unwrap().status(), 404, "{own}");
    }
    assert_eq!((node.get("/metrics").status, node.get("/v1/messages").status), (200, 401));
}

#[test]
fn a_node_is_asked_for_by_the_names_of_its_certificate() {
    let node = Node::start_prepared("https-names", papers);
    let (door, phone) = (format!("https://{}/near", node.https.unwrap()), trusting(&node));
    for (host, status) in [(CERTIFIED, 200), ("hall.example:8443", 200), ("rebound.example", 421)] {
        let answer = phone.get(&door).header(header::HOST, host).call().unwrap();
        assert_eq!(answer.status(), status, "{host}");
        assert_eq!(node.send_to(host, "GET", "/near", &[], b"").status, status, "{host}, behind a proxy");
    }
}

#[test]
fn a_log_in_over_https_is_never_sent_without_it() {
    let node = Node::start_prepared("https-cookies", papers);
    let (door, phone) = (format!("https://{}", node.https.unwrap()), trusting(&node));
    let body = format!("key={TENANT_KEY}&lang=en");
    let entered =
        phone.post(format!("{door}/agency/login")).header(header::CONTENT_TYPE, FORM).send(&body).unwrap();
    assert_eq!(entered.status(), 303);
    let cookie = header_of(&entered, header::SET_COOKIE).unwrap();
    for words in ["HttpOnly", "SameSite=Strict", "Path=/agency", "; Secure"] {
        assert!(cookie.contains(words), "{cookie}");
    }
    let named = cookie.split(';').next().unwrap().to_owned();
    let board = phone.get(format!("{door}/agency")).header(header::COOKIE, &named).call().unwrap();
    assert_eq!(board.status(), 200, "the log-in holds");

    let plain = node.send("POST", "/agency/login", &[("Content-Type", FORM)], body.as_bytes());
    let cookie = plain.header("set-cookie").unwrap();
    assert!(plain.status == 303 && !cookie.contains("Secure"), "on the box there is no other way: {cookie}");
}

#[test]
fn without_a_handshake_there_is_no_answer() {
    let node = Node::start_prepared("https-only", papers);
    let address = node.https.unwrap();
    let stranger = phone(RootCerts::from(vec![]));
    stranger.get(format!("https://{address}/livez")).call().unwrap_err();

    let mut plain = TcpStream::connect(address).unwrap();
    plain.set_read_timeout(Some(WAIT)).unwrap();
    plain.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _reset = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&answer));
    // Neither keeps others out.
    assert_eq!(trusting(&node).get(format!("https://{address}/livez")).call().unwrap().status(), 200);
}

/// What a page and the address of a ticket say of whether many people use the screen: the field for cards, the wipe, and
/// whether a ticket is closed to whoever only knows its address.
fn is_shared(phone: &Agent, door: &str) -> [bool; 3] {
    let text =
        |page: &str| phone.get(format!("{door}{page}")).call().unwrap().body_mut().read_to_string().unwrap();
    let closed = phone.get(format!("{door}/ticket/000000")).call().unwrap().status() == 303;
    [text("/").contains("class=\"scan\""), text("/near?lang=en").contains("http-equiv=\"refresh\""), closed]
}

#[test]
fn a_phone_is_nobody_elses_screen_and_a_named_screen_is_everybodys() {
    let node = Node::start_prepared("https-own", papers);
    let door = format!("https://{}", node.https.unwrap());
    assert_eq!(is_shared(&trusting(&node), &door), [false; 3]);
    let own = node.get("/").body.contains("class=\"scan\"") && node.get("/ticket/000000").status == 303;
    assert!(own, "the box's own screen");
    let named =
        |folder: &Path| [papers(folder), vec!["--screen".to_owned(), "127.0.0.1".to_owned()]].concat();
    let node = Node::start_prepared("https-screen", named);
    let door = format!("https://{}", node.https.unwrap());
    assert_eq!(is_shared(&trusting(&node), &door), [true; 3]);
}

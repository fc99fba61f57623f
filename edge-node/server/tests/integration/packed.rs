//! Answers that are packed for callers who take that, and those that never are.

use crate::node::{Node, small_job};
use flate2::read::GzDecoder;
use std::io::Read;

/// Head and body of an answer to somebody who takes gzip.
fn ask(node: &Node, target: &str) -> (String, Vec<u8>) {
    let mut stream = node.open(target, &[("Accept-Encoding", "gzip, br")]);
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let at = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let body = bytes.split_off(at + 4);
    (String::from_utf8(bytes).unwrap().to_ascii_lowercase(), body)
}

#[test]
fn long_answers_are_packed_for_who_takes_that() {
    let node = Node::start("packed");
    for _ in 0..3 {
        small_job(&node, 1);
    }
    for target in ["/v1/jobs", "/openapi.json", "/docs", "/assets/kiosk.css", "/metrics"] {
        let (head, body) = ask(&node, target);
        assert!(head.contains("content-encoding: gzip") && head.contains("vary: "), "{target}: {head}");
        assert!(head.contains("accept-encoding"), "{target}: {head}");
        let mut text = String::new();
        GzDecoder::new(&body[..]).read_to_string(&mut text).unwrap();
        let plain = node.get(target);
        assert_eq!(plain.header("content-encoding"), None, "{target}");
        if target != "/metrics" {
            assert_eq!(text, plain.body, "{target}");
        }
        if let Some(tag) = plain.header("etag") {
            assert_eq!(node.send("GET", target, &[("If-None-Match", tag)], b"").status, 304, "{target}");
        }
    }
}

#[test]
fn a_page_that_may_hold_a_secret_beside_what_was_typed_is_never_packed() {
    let node = Node::start("unpacked");
    let job = small_job(&node, 1);
    let pages =
        ["/", "/near?lang=en&q=picker", "/mine?lang=en", "/me?lang=en", "/find?lang=en", "/agency", "/help"];
    let of_job = [
        format!("/job/{job}?lang=en"),
        format!("/sign_up?job={job}&lang=en"),
        format!("/crew?job={job}&lang=en"),
    ];
    for target in pages.into_iter().chain(of_job.iter().map(String::as_str)) {
        let (head, body) = ask(&node, target);
        assert!(!head.contains("content-encoding"), "{target}: {head}");
        assert!(body.is_empty() || body.starts_with(b"<"), "{target}");
    }
    assert!(!ask(&node, "/livez").0.contains("content-encoding"), "a short answer stays as it is");
}

//! A lost node's rights to jobs that allow it: what their receipts say, the refusal while the lease may run, and what the
//! command says where the hub gives them back.

use crate::dayshift;
use crate::town::{Town, say, until};
use serde_json::json;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

#[test]
fn a_place_that_may_be_reclaimed_is_provisional_and_its_nodes_lease_is_waited_for() {
    let mut town = Town::start("leased");
    town.join("hall-1");
    let job = town.import_with(4, true);
    town.ready("hall-1", &job);
    until("rights are at the node", || {
        let here = town.node("hall-1", &format!("/v1/jobs/{job}"))["seats"]["here"].as_u64()?;
        (here > 1).then_some(())
    });
    let headers = [("Idempotency-Key", "first")];
    let body = json!({ "job": job, "phone": "10000000001" });
    let (status, told) = town.call("hall-1", "POST", "/v1/sign_ups", &headers, &body);
    assert_eq!((status, &told["status"]), (201, &json!("confirmed")), "{told}");
    let root = format!("{}/authority/root.der", town.data());
    let said = say(&["receipt", "verify", told["receipt"].as_str().unwrap(), "--root", &root]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.contains("provisional until the hub has heard of it. Before 20"), "{}", said.out);

    town.kill_node("hall-1");
    let said = town.order(&["node", "fence", "hall-1", "--reason", "burnt", "--yes"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let said = town.order(&["jobs", "seats", &job]);
    assert!(said.out.contains("until its log comes or `dayshift node reclaim`"), "{}", said.out);
    let said = town.order(&["node", "reclaim", "hall-1", "--yes"]);
    assert_eq!(said.code, Some(1), "{}", said.out);
    assert!(said.err.contains("nothing of hall-1 was reclaimed"), "{}", said.err);
    assert!(said.err.contains("its lease may still run; try again in 1"), "{}", said.err);
}

/// A hub of a few lines after the lease: it lists one node, and gives two rights back.
fn answer(stream: TcpStream, asked: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            length = if name.eq_ignore_ascii_case("content-length") {
                value.trim().parse().unwrap()
            } else {
                length
            };
        }
    }
    reader.read_exact(&mut vec![0; length]).unwrap();
    let said = if first.starts_with("GET /v1/nodes ") {
        json!({ "nodes": [{ "node": 1, "incarnation": 1, "name": "hall-1", "region": "north", "state": "fenced",
            "reason": "burnt", "granted": 3, "used": 1, "last_contact_at": null }] })
    } else {
        json!({ "jobs": [{ "job": "j0-1-1024", "rights": 2 }] })
    };
    asked.lock().unwrap().push(first.trim().to_owned());
    let said = said.to_string();
    let _ = write!(
        reader.get_mut(),
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{said}",
        said.len()
    );
}

#[test]
fn a_reclaim_is_rehearsed_asked_for_and_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let hub = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            answer(stream, &seen);
        }
    });
    let token = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reclaims.token");
    std::fs::write(&token, "secret").unwrap();
    let order = |more: &[&str]| {
        let fixed = ["node", "reclaim", "hall-1", "--hub", &hub, "--token-file", token.to_str().unwrap()];
        let output = dayshift(&[&fixed[..], more].concat());
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, _, err) = order(&[]);
    assert_eq!((code, err.contains("nothing was changed")), (Some(1), true), "{err}");
    assert!(err.contains("2 rights to 1 job with the policy `reclaim` would come back"), "{err}");
    assert!(err.contains("Receipts of those jobs that the hub does not hold are void"), "{err}");
    let rehearsal = "POST /v1/nodes/1:reclaim?dry_run=true HTTP/1.1";
    assert_eq!(*asked.lock().unwrap(), ["GET /v1/nodes HTTP/1.1", rehearsal], "nobody said yes");

    let (code, out, err) = order(&["--yes"]);
    assert_eq!((code, out.contains("2 rights are free again")), (Some(0), true), "{out}{err}");
    let last = asked.lock().unwrap().split_off(3);
    assert_eq!(last, [rehearsal, "POST /v1/nodes/1:reclaim HTTP/1.1"]);
    let (code, out, _) = order(&["--yes", "--json"]);
    assert_eq!((code, out.trim()), (Some(0), r#"{"jobs":[{"job":"j0-1-1024","rights":2}]}"#));
}

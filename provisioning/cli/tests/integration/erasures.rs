//! A worker who is known at several nodes is erased at all of them, and a retry at another node is the same sign-up.

use crate::town::{Town, until};
use serde_json::{Value, json};
use std::{fs, path::Path};

const PHONE: &str = "13905712916";
const PIN: &str = "73918264";
const NAME: &str = "Zbigniew Planted";

fn enrol(town: &Town, node: &str) -> String {
    let told = json!({ "phone": PHONE, "pin": PIN, "name": NAME, "born": "1990" });
    let (status, profile) = town.call(node, "POST", "/v1/workers/me", &[], &told);
    assert_eq!(status, 201, "{profile}");
    format!("Bearer {}", profile["session"].as_str().unwrap())
}

fn log_in(town: &Town, node: &str) -> u16 {
    town.call(node, "POST", "/v1/sessions", &[], &json!({ "phone": PHONE, "pin": PIN })).0
}

/// How each node stands with the latest order, by name.
fn states(town: &Town) -> Vec<(String, String)> {
    let nodes = town.hub("/v1/erasures")["erasures"][0]["nodes"].clone();
    let word = |node: &Value, field: &str| node[field].as_str().unwrap().to_owned();
    let nodes = nodes.as_array().cloned().unwrap_or_default();
    nodes.iter().map(|node| (word(node, "name"), word(node, "state"))).collect()
}

fn stand(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, state)| ((*name).to_owned(), (*state).to_owned())).collect()
}

fn files_with(folder: &Path, text: &[u8], found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_with(&path, text, found);
        } else if fs::read(&path).is_ok_and(|bytes| bytes.windows(text.len()).any(|window| window == text)) {
            found.push(path.display().to_string());
        }
    }
}

#[test]
fn an_erasure_reaches_every_node_and_the_hub_names_who_owes_it() {
    let mut town = Town::start("erasures");
    for name in ["hall-1", "hall-2", "hall-3", "hall-4"] {
        town.join(name);
    }
    let session = enrol(&town, "hall-1");
    enrol(&town, "hall-2");
    for name in ["hall-3", "hall-4"] {
        town.kill_node(name);
    }
    assert_eq!(town.order(&["node", "fence", "hall-4", "--reason", "stolen", "--yes"]).code, Some(0));
    assert_eq!(log_in(&town, "hall-2"), 201);

    let bearer = [("Authorization", session.as_str())];
    let (status, erased) = town.call("hall-1", "DELETE", "/v1/workers/me", &bearer, &json!({}));
    assert_eq!(status, 200, "{erased}");
    let open =
        stand(&[("hall-1", "erased"), ("hall-2", "erased"), ("hall-3", "owes"), ("hall-4", "retired")]);
    until("the other node has followed", || (states(&town) == open).then_some(()));
    assert_eq!((log_in(&town, "hall-1"), log_in(&town, "hall-2")), (401, 401));
    let said = town.order(&["erasure", "list"]);
    assert_eq!(said.code, Some(2), "{}", said.err);
    assert!(said.out.contains("hall-3") && said.out.contains("follows at its next contact"), "{}", said.out);
    assert!(said.out.contains("wipe its disk by hand"), "{}", said.out);

    // A node that was cut learns it at its next contact, also through a hub that was restarted meanwhile.
    town.kill_hub();
    town.start_hub();
    town.start_node("hall-3");
    until("the last one has followed", || (states(&town)[2].1 == "erased").then_some(()));
    let listed = town.order(&["erasure", "list", "--json"]);
    let listed: Value = serde_json::from_str(&listed.out).unwrap();
    assert_eq!(listed["erasures"][0]["owed"], 1, "the fenced one: {listed}");

    // Who comes back enrols anew, and the old order is not followed twice.
    enrol(&town, "hall-2");
    town.kill_node("hall-2");
    town.start_node("hall-2");
    until("its line is up", || (town.node("hall-2", "/v1/node")["link"] == "up").then_some(()));
    assert_eq!(log_in(&town, "hall-2"), 201);

    let mut found = Vec::new();
    for text in [PHONE, PIN, NAME] {
        files_with(Path::new(&town.path("")), text.as_bytes(), &mut found);
    }
    assert_eq!(found, Vec::<String>::new(), "personal data in the clear");
}

#[test]
fn a_retry_at_another_node_is_the_same_sign_up() {
    let mut town = Town::start("retry");
    town.join("hall-1");
    town.join("hall-2");
    let job = town.post_job(4, "hall-1");
    town.ready("hall-2", &job);
    until("a right is at the node", || {
        (town.node("hall-1", &format!("/v1/jobs/{job}"))["seats"]["here"].as_u64()? > 0).then_some(())
    });
    let sign_up = |node: &str, phone: &str| {
        let body = json!({ "job": job, "phone": phone });
        town.call(node, "POST", "/v1/sign_ups", &[("Idempotency-Key", "the same key")], &body)
    };
    let (status, first) = sign_up("hall-1", PHONE);
    assert_eq!((status, &first["status"]), (201, &json!("confirmed")), "{first}");
    let id = first["id"].as_str().unwrap().to_owned();
    // With the bookmark of the write the other node gives no answer before it has it.
    let mark = format!("{id}@{}.1:1", town.node("hall-1", "/v1/node")["node"]);
    let read = |mark: &str| {
        let path = format!("/v1/sign_ups/{id}");
        town.call("hall-2", "GET", &path, &[("Dayshift-Bookmark", mark)], &json!({}))
    };
    until("the other node has it", || {
        let (status, answer) = read(&mark);
        assert!(status == 200 || status == 503, "{status} {answer}");
        (status == 200).then(|| assert_eq!(answer["status"], "confirmed"))
    });
    let (status, behind) = read(&format!("{id}@{}.1:9", town.node("hall-1", "/v1/node")["node"]));
    assert_eq!((status, &behind["type"]), (503, &json!("/problems/behind")));
    assert_eq!(read("yesterday").0, 400);
    let (status, again) = sign_up("hall-2", PHONE);
    assert_eq!((status, &again["id"], &again["code"]), (201, &first["id"], &first["code"]), "{again}");
    assert_eq!(sign_up("hall-2", "13905712917").0, 422, "the key is taken");
    let seats = town.seats("one is known", &job, |seats| seats["live"] == 1);
    assert_eq!(seats["oversold"], 0);
}

//! The stream of events as a program reads it: what changed, what it missed, and when it must begin again.

use crate::node::{Node, sign_up, small_job};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    net::TcpStream,
};

/// One event; the data of its name.
#[derive(Debug)]
pub(crate) struct Event {
    name: String,
    data: Value,
    id: Option<String>,
}

/// A listener: its answer's head is read, and events follow.
pub(crate) struct Listener(BufReader<TcpStream>);

impl Listener {
    /// Listens, from behind an event where its id is given.
    pub(crate) fn new(node: &Node, last: Option<&str>) -> Self {
        let headers: Vec<_> = last.map(|last| ("Last-Event-ID", last)).into_iter().collect();
        let mut lines = BufReader::new(node.open("/v1/events", &headers));
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(lines.read_line(&mut head).unwrap(), 0, "{head}");
        }
        assert!(head.starts_with("HTTP/1.1 200") && head.contains("text/event-stream"), "{head}");
        Self(lines)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert_ne!(self.0.read_line(&mut line).unwrap(), 0, "the stream has ended");
        line.trim_end().to_owned()
    }

    /// The next event. Between events the body has the lengths of its parts, and comments that keep the line open.
    fn next(&mut self) -> Event {
        let (mut name, mut data, mut id) = (None, None, None);
        loop {
            let line = self.line();
            match line.split_once(": ") {
                Some(("event", value)) => name = Some(value.to_owned()),
                Some(("data", value)) => data = Some(serde_json::from_str(value).unwrap()),
                Some(("id", value)) => id = Some(value.to_owned()),
                _ if line.is_empty() && name.is_some() => {
                    return Event { name: name.unwrap(), data: data.unwrap(), id };
                }
                _ => {}
            }
        }
    }

    /// Events up to the next that has an id, and that id.
    pub(crate) fn change(&mut self) -> (Vec<Event>, String) {
        let mut events = Vec::new();
        loop {
            events.push(self.next());
            if let Some(id) = events.last().and_then(|event| event.id.clone()) {
                return (events, id);
            }
        }
    }
}

fn names(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.name.as_str()).collect()
}

#[test]
fn a_listener_hears_of_jobs_seats_and_sign_ups_and_of_what_it_missed() {
    let node = Node::start("events");
    let mut listener = Listener::new(&node, None);
    let job = small_job(&node, 2);
    let (posted, first) = listener.change();
    assert_eq!(names(&posted), ["seats", "jobs"]);
    assert_eq!(posted[0].data["seats"][0]["job"], json!(job));
    assert_eq!(posted[0].data["seats"][0]["here"], 2);
    assert_eq!(posted[1].data, json!({ "jobs": [job] }));

    let taken: Value = serde_json::from_str(&sign_up(&node, &job, 1).body).unwrap();
    let (told, second) = listener.change();
    assert_eq!(names(&told), ["sign_ups", "seats", "jobs"]);
    let stands = json!({ "id": taken["id"], "job": job, "status": "confirmed" });
    assert_eq!(told[0].data, json!({ "sign_ups": [stands] }), "and nothing of the worker");
    assert_eq!(told[1].data["seats"][0]["here"], 1);
    drop(listener);

    let path = format!("/v1/sign_ups/{}:cancel", taken["id"].as_str().unwrap());
    let proof = json!({ "phone": "13900000001", "code": taken["code"] });
    assert_eq!(node.post(&path, ("Accept", "*/*"), &proof).status, 200);
    let (missed, third) = Listener::new(&node, Some(&second)).change();
    assert_eq!(missed[0].data["sign_ups"][0]["status"], "cancelled");
    let mut all = Listener::new(&node, Some(&first));
    assert_eq!([all.change().1, all.change().1], [second, third], "each once and in order");
}

#[test]
fn whoever_was_away_for_a_run_of_the_node_begins_again() {
    let mut node = Node::start("events-run");
    let mut listener = Listener::new(&node, None);
    small_job(&node, 1);
    let id = listener.change().1;
    assert_eq!(Listener::new(&node, Some("1-1")).next().name, "reset", "an id of another run");
    node.halt();
    node.restart();
    assert_eq!(Listener::new(&node, Some(&id)).next().name, "reset");
}

#[test]
fn only_so_many_listen_at_a_time() {
    const LISTENERS: usize = 256;
    let node = Node::start("listeners");
    let mut listening: Vec<Listener> = (0..LISTENERS).map(|_| Listener::new(&node, None)).collect();
    let one_more = node.get("/v1/events");
    assert_eq!((one_more.status, one_more.problem().as_str()), (503, "/problems/busy"));
    small_job(&node, 1);
    assert_eq!(listening[LISTENERS - 1].change().0.len(), 2, "the others are served");
    drop(listening);
    let is_let_in = || {
        let mut line = String::new();
        BufReader::new(node.open("/v1/events", &[])).read_line(&mut line).unwrap();
        line.starts_with("HTTP/1.1 200")
    };
    assert!((0..10_000).any(|_| is_let_in()), "who has gone makes room");
}

//! A full disk: a clear refusal, nothing half done, and work goes on when there is room.

use crate::node::{Node, sign_up, small_job, until_written};
use serde_json::Value;
use std::{
    fs::File,
    io::{ErrorKind, Write},
    path::PathBuf,
};

/// More than any small disk of a test holds: whoever meets a larger one stops here.
const BALLAST_BLOCKS_MAX: usize = 16_384;

/// Writes until nothing more fits.
fn fill(path: &PathBuf) {
    let mut file = File::create(path).unwrap();
    let block = [0; 4096];
    let mut writes = std::iter::repeat_with(|| file.write_all(&block)).take(BALLAST_BLOCKS_MAX);
    let full = writes.find_map(Result::err).expect("the disk is a small one");
    assert_eq!(full.kind(), ErrorKind::StorageFull);
}

#[test]
fn a_node_starts_without_room_for_its_control_file_and_writes_it_later() {
    let mut node = Node::start("no-room-at-start");
    node.halt();
    let control = node.folder().join("control.json");
    std::fs::remove_file(&control).unwrap();
    // Whatever is written there finds a full disk.
    let next = node.folder().join("control.json.next");
    std::os::unix::fs::symlink("/dev/full", &next).unwrap();
    node.restart();
    assert_eq!(node.get("/v1/jobs").status, 200);
    assert!(!control.exists(), "there was no room");
    until_written(&control, || std::fs::remove_file(&next).unwrap());
}

fn seats_here(node: &Node) -> u64 {
    let jobs: Value = serde_json::from_str(&node.get("/v1/jobs").body).unwrap();
    jobs["jobs"][0]["seats"]["here"].as_u64().unwrap()
}

#[test]
fn a_full_disk_refuses_clearly_and_recovers() {
    let node = Node::start_on_small_disk("small-disk", "16m");
    let job = small_job(&node, 50);
    let job = job.as_str();
    assert_eq!(sign_up(&node, job, 1).status, 201);

    let ballast = node.on_small_disk("ballast");
    fill(&ballast);
    // The node gives the room of its write-ahead log back when the disk is full, so some still fit after a refusal.
    let answers: Vec<_> = (2..42).map(|n| sign_up(&node, job, n)).collect();
    let refused = answers.iter().find(|answer| answer.status != 201).expect("a full disk refuses");
    assert_eq!((refused.status, refused.problem().as_str()), (507, "/problems/disk-full"));
    let confirmed = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(seats_here(&node), 49 - confirmed as u64, "searching goes on and nothing is half done");

    std::fs::remove_file(&ballast).unwrap();
    for n in 2..42 {
        let answer = sign_up(&node, job, n);
        assert_eq!(answer.status, 201, "a retry under the same key: {answer:?}");
    }
    assert_eq!(seats_here(&node), 50 - 41);
}

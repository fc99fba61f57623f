//! A damaged database: the node signs nobody up and says why, searching goes on, and nothing is deleted.

use crate::node::{Node, sign_up, small_job};
use serde_json::Value;
use std::{
    fs,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};
use sync_store::OpenOptions;

const PAGE: u64 = 8192;

fn database(folder: &Path) -> PathBuf {
    folder.join("node.sqlite")
}

/// Overwrites what lies behind the first page: everything but the schema.
fn overwrite(path: &Path) {
    let pages = fs::metadata(path).unwrap().len() / PAGE;
    assert!(pages > 4, "a database of {pages} pages");
    let file = fs::File::options().write(true).open(path).unwrap();
    for page in 1..pages {
        file.write_all_at(&[0x5a; 2048], page * PAGE + 256).unwrap();
        file.write_all_at(&[0x5a; 64], page * PAGE).unwrap();
    }
}

fn assert_out_of_order(node: &Node) {
    let ready = node.get("/readyz");
    assert_eq!(ready.status, 503);
    assert!(ready.body.contains("damaged") && ready.body.contains("edge-node join TOKEN"), "{ready:?}");
    assert_eq!(node.get("/livez").status, 200);
    let metrics = node.get("/metrics");
    assert!(metrics.status == 200 && metrics.body.contains("dayshift_frozen 1"), "{metrics:?}");
    let start = node.get("/?lang=en");
    assert_eq!(start.status, 503);
    assert!(start.body.contains("No sign-ups at this kiosk now") && start.body.contains("damaged"));
    let about: Value = serde_json::from_str(&node.get("/v1/node").body).unwrap();
    assert!(about["frozen"].as_str().unwrap().contains("damaged"), "{about}");
}

fn assert_refuses(node: &Node, job: &str, n: u32) {
    let refused = sign_up(node, job, n);
    assert_eq!((refused.status, refused.problem().as_str()), (503, "/problems/frozen"), "{refused:?}");
    assert!(refused.body.contains("database is damaged") && refused.body.contains("edge-node join TOKEN"));
}

/// Neither the interface nor a page says that the job can be had here, though rights to it lie here.
fn assert_offers_nothing(node: &Node, job: &str) {
    let found: Value = serde_json::from_str(&node.get("/v1/jobs").body).unwrap();
    let one: Value = serde_json::from_str(&node.get(&format!("/v1/jobs/{job}")).body).unwrap();
    for told in [&found["jobs"][0], &one] {
        assert_eq!(
            (&told["confirmable_here"], &told["seats"]["here"]),
            (&Value::from(false), &Value::from(0))
        );
    }
    let counted: Value =
        serde_json::from_str(&node.get("/v1/jobs?confirmable_only=true&facets=categories,days").body)
            .unwrap();
    assert_eq!((&counted["total"], &counted["jobs"]), (&Value::from(0), &serde_json::json!([])));
    assert_eq!(counted["facets"]["days"], serde_json::json!({}));
    for page in
        ["/near?lang=en", "/near?lang=en&when=any&here=1", "/help?lang=en", &format!("/job/{job}?lang=en")]
    {
        let shown = node.get(page);
        assert_eq!(shown.status, 200, "{page}");
        for said in ["No sign-ups at this kiosk now", "<b>No sign-ups</b>"] {
            assert!(shown.body.contains(said), "{page}: {said}");
        }
        for banned in ["/sign_up", "n the spot", "job--go", "I want this job"] {
            assert!(!shown.body.contains(banned), "{page}: {banned}");
        }
    }
    assert!(node.get("/near?lang=en&when=any").body.contains(&format!("/job/{job}?")));
}

/// Moves all of a halted node's write-ahead log into its database.
fn checkpoint(node: &Node) {
    OpenOptions::new(&database(node.folder())).open().unwrap().checkpoint().unwrap();
}

#[test]
fn a_damaged_page_that_a_reader_meets_freezes_the_node() {
    let node = Node::start("damaged-page");
    let job = small_job(&node, 50);
    let signed: Value = serde_json::from_str(&sign_up(&node, &job, 1).body).unwrap();
    let ticket = format!("/v1/sign_ups/{}", signed["id"].as_str().unwrap());
    // The write-ahead log holds the newest pages, each behind a header of 24 bytes.
    let wal = node.folder().join("node.sqlite-wal");
    let length = fs::metadata(&wal).unwrap().len();
    let file = fs::File::options().write(true).open(&wal).unwrap();
    for frame in 0..(length - 32) / (PAGE + 24) {
        file.write_all_at(&[0x5a; 8192], 32 + frame * (PAGE + 24) + 24).unwrap();
    }
    let met = node.get(&ticket);
    assert_eq!((met.status, met.problem().as_str()), (503, "/problems/frozen"), "{met:?}");
    assert_refuses(&node, &job, 2);
    assert_out_of_order(&node);
    let found: Value = serde_json::from_str(&node.get("/v1/jobs").body).unwrap();
    assert_eq!((found["total"].as_u64(), found["jobs"][0]["id"].as_str()), (Some(1), Some(job.as_str())));
    assert_eq!(found["jobs"][0]["title"], "分拣员", "from the index in memory");
    assert_offers_nothing(&node, &job);
    assert_eq!(fs::metadata(&wal).unwrap().len(), length, "nothing is deleted");
}

#[test]
fn a_damaged_row_that_the_event_loop_meets_freezes_the_node() {
    let node = Node::start("damaged-row");
    let job = small_job(&node, 50);
    assert_eq!(sign_up(&node, &job, 1).status, 201);
    let mut store = OpenOptions::new(&database(node.folder())).open().unwrap();
    store.transact(|tx| tx.put_meta("counter", b"no number")).unwrap();
    assert_refuses(&node, &job, 2);
    assert_out_of_order(&node);
    assert_refuses(&node, &job, 1);
    let found: Value = serde_json::from_str(&node.get("/v1/jobs").body).unwrap();
    assert_eq!(found["jobs"][0]["title"], "分拣员");
    assert_offers_nothing(&node, &job);
}

#[test]
fn a_node_starts_with_a_damaged_database_and_says_so() {
    let mut node = Node::start("damaged-start");
    let job = small_job(&node, 3);
    node.halt();
    checkpoint(&node);
    overwrite(&database(node.folder()));
    let before = fs::read(database(node.folder())).unwrap();
    node.restart();
    assert_out_of_order(&node);
    assert_refuses(&node, &job, 1);
    assert_eq!(node.get("/v1/jobs").status, 200);
    assert_eq!(node.get("/near?lang=en").status, 200);
    node.halt();
    assert!(before == fs::read(database(node.folder())).unwrap(), "nothing is written or deleted");
}

#[test]
fn a_file_that_is_no_database_is_said_so() {
    let mut node = Node::start("no-database");
    node.halt();
    checkpoint(&node);
    fs::write(database(node.folder()), vec![0x42; 8 * 8192]).unwrap();
    node.restart();
    assert_out_of_order(&node);
}

#[test]
fn a_damaged_witness_freezes_but_searching_goes_on() {
    let mut node = Node::start("damaged-witness");
    let job = small_job(&node, 3);
    for n in 1..4 {
        assert_eq!(sign_up(&node, &job, n).status, 201);
    }
    node.halt();
    let witness = node.folder().join("witness");
    let mut bytes = fs::read(&witness).unwrap();
    bytes[70] ^= 1;
    fs::write(&witness, &bytes).unwrap();
    node.restart();
    let ready = node.get("/readyz");
    assert!(ready.status == 503 && ready.body.contains("witness"), "{ready:?}");
    assert_refuses(&node, &job, 9);
    let found: Value = serde_json::from_str(&node.get("/v1/jobs").body).unwrap();
    assert_eq!(found["total"], 1);
    assert_eq!(fs::read(&witness).unwrap(), bytes, "it is left as it was found");
}

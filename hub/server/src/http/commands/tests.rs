//! A reclaim through the hub's routes, with its own files and a clock of the test's: refused while the lease may run, given
//! once it is over.

use super::*;
use crate::{
    config::{Cli, Command, Config},
    peers::LeaseClock,
    run,
};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, header},
};
use clap::Parser;
use enrolment::Authority;
use http_face::Hosts;
use hub_core::{
    layout,
    scheduler::Move,
    shard::{self, Batch, Shard},
};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path as File, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};
use sync_protocol::{
    documents::TenantKey,
    ids::{SignUpId, VshardId, WorkerId},
    log::{Entry, EntryKind},
    seats::{NodeEvent, NodeRow},
};
use sync_store::{ControlStore, NodeRecord, ShardTx, TokenRow};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

const LOST: Writer = Writer::new(1, 1);
const OPERATOR: &str = "00112233445566778899aabbccddeeff";
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// A hub's folder with the tenant Acme in the region north and a node that has joined.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("dayshift-commands-{}-{name}", std::process::id()));
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).unwrap();
    fs::write(layout::admin_token(&folder), OPERATOR).unwrap();
    Authority::create(&layout::authority(&folder), "test", 1_790_000_000).unwrap();
    let mut control = ControlStore::open(&layout::control(&folder)).unwrap();
    let tenant = control.add_tenant("Acme", blake3::hash(b"key").as_bytes()).unwrap().unwrap();
    control.put_sign_key(tenant, &TenantKey::of_api_key("key").public()).unwrap();
    control.add_topic(tenant, "north").unwrap();
    let token = TokenRow {
        id: "token".to_owned(),
        secret_hash: vec![1; 32],
        region: "north".to_owned(),
        node_name: "hall-1".to_owned(),
        expires_at: i64::MAX,
        used_at: None,
    };
    control.add_token(&token).unwrap();
    let node = NodeRecord {
        writer: LOST,
        name: "hall-1".to_owned(),
        region: "north".to_owned(),
        log_key: vec![2; 32],
        fenced: None,
        joined_at: 1_790_000_000,
    };
    assert!(control.join("token", &node).unwrap());
    folder
}

fn config(folder: &File) -> Config {
    let Command::Run(args) =
        Cli::parse_from([File::new("hub"), File::new("run"), File::new("--data"), folder]).command
    else {
        panic!("not the command to run")
    };
    Config::try_from(args).unwrap()
}

async fn ask(router: &Router, method: &str, path: &str, body: &str) -> (u16, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "127.0.0.1")
        .header(header::AUTHORIZATION, format!("Bearer {OPERATOR}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let bytes = to_bytes(answer.into_body(), ANSWER_BYTES_MAX).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

/// Imports a job of five seats whose rights come back from a lost node, and gives its id.
async fn import(router: &Router) -> JobId {
    let row = json!({
        "key": "a", "line": 1, "title": "Cook", "category": "kitchen", "start_at": "2036-05-01T08:00:00Z",
        "end_at": "2036-05-01T16:00:00Z", "pay_minor": 2000, "currency": "CNY", "pay_unit": "hour",
        "pay_minor_per_hour": 2000, "seats": 5, "reclaim_lost": true,
    });
    let (status, told) =
        ask(router, "POST", "/v1/jobs:import?region=north&tenant=Acme", &row.to_string()).await;
    assert_eq!((status, &told["created"]), (200, &json!(1)), "{told}");
    ask(router, "GET", "/v1/jobs", "").await.1["jobs"][0]["id"].as_str().unwrap().parse().unwrap()
}

/// Gives the node three rights, of which it has told that one is used.
async fn sell(app: &App, vshard: VshardId, job: JobId) {
    let topic = *app.directory.picture().topics.keys().next().unwrap();
    let work = move |tx: &mut dyn ShardTx| {
        let mut shard = Shard { tx, vshard, now: 1_790_000_000 };
        shard::execute(&mut shard, &Move::Grant { job, to: LOST, count: 3, reason: "test" })?;
        let event = NodeEvent::Accept { sign_up: SignUpId::sign_up(LOST, 1), worker: WorkerId([7; 16]) };
        let body = minicbor::to_vec(NodeRow { job, event }).unwrap();
        let entries = [Entry::new(EntryKind::NodeLedger, topic, job, body)];
        let batch =
            Batch { writer: LOST, first: 1, entries: &entries, allowed: &|_| true, signed: &|_| true };
        let merged = shard::merge(&mut shard, &batch).unwrap();
        assert_eq!((merged.violation, merged.parked), (None, 0));
        Ok(())
    };
    app.shards.write(vshard, work).await.unwrap();
}

#[test]
fn a_reclaim_waits_for_the_lease_and_then_brings_back_what_nobody_used() {
    let folder = folder("reclaim");
    let now_ms = Arc::new(AtomicU64::new(0));
    let clock = Arc::clone(&now_ms);
    let leases = LeaseClock::new(move || clock.load(Ordering::Relaxed));
    let (app, threads) = run::open(&config(&folder), leases, &CancellationToken::new()).unwrap();
    let router = crate::http::router(Arc::clone(&app), Hosts::named(&[])).unwrap();
    let term = lease_at_hub(LEASE_MS);
    Runtime::new().unwrap().block_on(async {
        let job = import(&router).await;
        let vshard = app.directory.picture().topics.values().next().unwrap().vshard;
        sell(&app, vshard, job).await;
        let (status, told) = ask(&router, "POST", "/v1/nodes/1:reclaim", "").await;
        assert_eq!((status, &told["type"]), (409, &json!("/problems/not-fenced")), "{told}");
        let reason = json!({ "reason": "flooded" }).to_string();
        assert_eq!(ask(&router, "POST", "/v1/nodes/1:fence", &reason).await.0, 200);

        // From the hub's start, because a lease of before might run; and then from the last renewal.
        let leased = async || {
            for query in ["?dry_run=true", ""] {
                let (status, told) = ask(&router, "POST", &format!("/v1/nodes/1:reclaim{query}"), "").await;
                assert_eq!((status, &told["type"]), (409, &json!("/problems/leased")), "{told}");
            }
        };
        leased().await;
        now_ms.store(term, Ordering::Relaxed);
        leased().await;
        app.board.renew_lease(LOST);
        now_ms.store(2 * term, Ordering::Relaxed);
        leased().await;
        let seats = |told: Value| (told["pool"].clone(), told["live"].clone(), told["oversold"].clone());
        let path = format!("/v1/jobs/{job}/seats");
        let before = ask(&router, "GET", &path, "").await.1;
        assert_eq!(seats(before), (json!(2), json!(1), json!(0)), "nothing has come back");

        now_ms.store(2 * term + 1, Ordering::Relaxed);
        let back = json!({ "jobs": [{ "job": job.to_string(), "rights": 2 }] });
        let rehearsed = ask(&router, "POST", "/v1/nodes/1:reclaim?dry_run=true", "").await;
        assert_eq!(rehearsed, (200, back.clone()));
        assert_eq!(ask(&router, "GET", &path, "").await.1["pool"], 2, "a rehearsal changes nothing");
        assert_eq!(ask(&router, "POST", "/v1/nodes/1:reclaim", "").await, (200, back));
        let after = ask(&router, "GET", &path, "").await.1;
        assert_eq!(seats(after.clone()), (json!(4), json!(1), json!(0)), "{after}");
        let holder = after["sign_ups"][0]["holder"].as_str().unwrap();
        assert!(holder.starts_with("0."), "the hub's own node holds the place that it knew of: {after}");
        let again = ask(&router, "POST", "/v1/nodes/1:reclaim", "").await;
        assert_eq!(again, (200, json!({ "jobs": [] })), "once");
    });
    drop((router, app));
    threads.join();
    fs::remove_dir_all(folder).unwrap();
}

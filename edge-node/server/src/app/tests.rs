//! A node whose event loop has ended by itself: until its process ends it promises nothing and says so.

use super::*;
use crate::config::{Cli, Command, REGION_KEY_FILE};
use clap::Parser;
use enrolment::{Authority, NodeIdentity, NodeKey, NodeSubject, Serial};
use std::{fs, path::Path};

/// The configuration of a node that joined in this folder.
fn joined(folder: &Path) -> Config {
    let now = jiff::Timestamp::now().as_second().unsigned_abs();
    let authority = Authority::create(&folder.join("authority"), "test", now).unwrap();
    let subject = NodeSubject { region: "hangzhou".to_owned(), writer: Writer::new(7, 1) };
    let (tls_key, log_key) = (NodeKey::generate().unwrap(), [3; 32]);
    let serial = Serial::from_random([9; 16]);
    let certificate =
        authority.issue_node_certificate(&tls_key.request().unwrap(), &subject, serial, now).unwrap();
    let public = ed25519_dalek::SigningKey::from_bytes(&log_key).verifying_key().to_bytes();
    let identity = NodeIdentity {
        writer: subject.writer,
        region: subject.region,
        name: "hall".to_owned(),
        cluster_id: authority.cluster_id(),
        hub_address: "127.0.0.1:9".to_owned(),
        tls_key: tls_key.to_der(),
        certificate_chain: vec![certificate],
        root_certificate: authority.root_certificate().to_vec(),
        log_key,
        log_key_certificate: authority.certify_log_key(subject.writer, public).unwrap(),
    };
    identity.store(folder).unwrap();
    fs::write(folder.join(REGION_KEY_FILE), [5; 32]).unwrap();
    let told = ["edge-node", "run", "--http", "127.0.0.1:0", "--data", folder.to_str().unwrap()];
    let Command::Run(run) = Cli::parse_from(told).command else { panic!("it is told to run") };
    Config::load(&run).unwrap()
}

/// Status, `Retry-After` and body of an answer.
fn asked(agent: &ureq::Agent, address: &str, post: Option<&str>) -> (u16, Option<String>, String) {
    let answer = match post {
        None => agent.get(address).call(),
        Some(body) => agent
            .post(address)
            .header("content-type", "application/json")
            .header("idempotency-key", "one")
            .send(body),
    };
    let mut answer = answer.unwrap();
    let again = answer.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    (answer.status().as_u16(), again, answer.body_mut().read_to_string().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_loop_has_ended_is_not_ready_and_signs_nobody_up() {
    let folder = std::env::temp_dir().join(format!("dayshift-ended-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let config = joined(&folder);
    let open = OpenOptions::new(&folder.join("node.sqlite")).opener();
    drop(open().unwrap());
    let (_, chain) = plugins::open(&config.plugins).unwrap();
    let shared = Arc::new(shared(&config, open, chain, None, None).unwrap());
    let (events, ended) = mpsc::channel(1);
    drop(ended);
    let app = App::new(
        shared,
        events,
        mpsc::channel(1).0,
        Senders::load(&folder).unwrap(),
        Gauges::new(config.rates),
    );
    let listener = TcpListener::bind(config.http).await.unwrap();
    let node = format!("http://{}", listener.local_addr().unwrap());
    let (desk, _control) =
        Desk::open(app.clone(), &config.identity, &folder, listener.local_addr().unwrap()).unwrap();
    let asking = tokio::task::spawn_blocking(move || {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let sign_up = r#"{"job":"j7-1-1","phone":"13905712916"}"#;
        let ready = asked(&agent, &format!("{node}/readyz"), None);
        (
            ready,
            asked(&agent, &format!("{node}/v1/sign_ups"), Some(sign_up)),
            asked(&agent, &format!("{node}/livez"), None),
        )
    });
    let stop = async {
        let ((status, _, text), (refused, again, why), (alive, ..)) = asking.await.unwrap();
        assert!(status == 503 && text.contains("the event loop has ended"), "{status}: {text}");
        assert_eq!((refused, again.as_deref()), (503, Some("1")), "{why}");
        assert_eq!(alive, 200, "the process answers until it ends");
    };
    http::serve(app, desk, (&[], Hosts::named(&[])), listener, None, stop).await.unwrap();
    fs::remove_dir_all(&folder).unwrap();
}

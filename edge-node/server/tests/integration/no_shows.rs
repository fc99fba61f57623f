//! Nobody presses anything: by the node's own clock the place of who did not come goes to the next in line.

use crate::{
    events::Listener,
    node::{Node, TENANT_KEY, now},
};
use edge_core::node::{Act, Attend, Batch, Claim, Decision, EdgeNode, NewJob, SignUpRequest, Uplink};
use serde_json::Value;
use std::path::Path;
use sync_protocol::{
    documents::{Demands, JobFields, PayUnit, TenantKey, WaitOrder},
    ids::{JobId, SignUpId, TenantId, WorkerId, Writer},
    seats::LossPolicy,
};
use sync_store::{OpenOptions, SqliteShard};

const MINUTE: i64 = 60;

fn shift(start_at: i64) -> JobFields {
    JobFields {
        title: "Picker".to_owned(),
        text: String::new(),
        category: String::new(),
        employer: "顺达劳务".to_owned(),
        place: String::new(),
        position: None,
        start_at,
        end_at: start_at + 480 * MINUTE,
        pay_minor: 2_000,
        pay_unit: PayUnit::Hour,
        pay_minor_per_hour: 2_000,
        currency: "CNY".to_owned(),
        meal: false,
        bed: false,
        daily_pay: false,
        language: String::new(),
        requirements: String::new(),
        demands: Demands::default(),
        synthetic: false,
        redated: false,
        created_at: start_at - 120 * MINUTE,
        tenant: 1,
        region: "hangzhou".to_owned(),
        no_show_after_min: 15,
        wait: WaitOrder::default(),
    }
}

/// The node's day before it was switched off: as if its program had run at those times.
struct Before<'a> {
    me: EdgeNode,
    store: &'a mut SqliteShard,
}

impl Before<'_> {
    fn at<T>(&mut self, now: i64, work: impl FnOnce(&mut Batch<'_>) -> T) -> T {
        let me = &self.me;
        let done = self.store.transact(|tx| {
            let mut batch = Batch::new(me, tx, now, Uplink::Down);
            batch.in_name_of = Some(TenantKey::of_api_key(TENANT_KEY));
            Ok(work(&mut batch))
        });
        done.unwrap()
    }

    fn sign_up(&mut self, now: i64, job: JobId, n: u8) -> SignUpId {
        let (worker, key) = (WorkerId([n; 16]), [n; 16]);
        let wish = SignUpRequest { job, worker, idempotency: key, body_hash: key, claim: Claim::default() };
        match self.at(now, |batch| batch.sign_up(&wish)).unwrap() {
            Decision::Answer(answer) => answer.sign_up,
            Decision::Ask(ask) => panic!("{ask:?}"),
        }
    }
}

/// A shift that began an hour ago, with two places: one came, one did not, and one waits in line.
fn begun(folder: &Path, told: &mut [Option<SignUpId>; 3]) {
    let start_at = i64::try_from(now()).unwrap() - 60 * MINUTE;
    let mut store = OpenOptions::new(&folder.join("node.sqlite")).open().unwrap();
    let mut me = EdgeNode::new(Writer::new(7, 1), "hangzhou", &[3; 32], b"", 8 * 3_600);
    store.transact(|tx| me.load(tx)).unwrap();
    let mut before = Before { me, store: &mut store };
    let eve = start_at - 120 * MINUTE;
    let new = NewJob {
        fields: shift(start_at),
        seats: 2,
        policy: LossPolicy::WriteOff,
        key: String::new(),
        body_hash: [0; 16],
    };
    let job = before.at(eve, |batch| batch.create_job(&new)).unwrap();
    let people = [1, 2, 3].map(|n| before.sign_up(eve, job, n));
    let came = Attend { tenant: TenantId(1), sign_up: people[0], act: Act::CheckIn };
    before.at(start_at + MINUTE, |batch| batch.attend(came)).unwrap();
    store.checkpoint().unwrap();
    *told = people.map(Some);
}

fn stands(node: &Node, sign_up: Option<SignUpId>) -> (String, String) {
    let answer = node.get(&format!("/v1/sign_ups/{}", sign_up.unwrap()));
    let told: Value = serde_json::from_str(&answer.body).unwrap();
    (told["status"].as_str().unwrap().to_owned(), told["reason"].as_str().unwrap().to_owned())
}

#[test]
fn the_place_of_who_did_not_come_goes_to_the_next_by_itself() {
    let mut people = [None; 3];
    let node = Node::start_prepared("no-shows", |folder| {
        begun(folder, &mut people);
        Vec::new()
    });
    let mut listener = Listener::new(&node, None);
    while stands(&node, people[2]).0 != "confirmed" {
        listener.change();
    }
    assert_eq!(stands(&node, people[0]), ("confirmed".to_owned(), String::new()), "who came stays");
    assert_eq!(stands(&node, people[1]), ("bumped".to_owned(), "no_show".to_owned()));
}

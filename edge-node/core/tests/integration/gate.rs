//! The gate: who is checked in, who did not come, and to whom the freed seat goes. One line a step: minutes from the start
//! of the shift, what happens, what comes of it.

use crate::places::Node;
use crate::world::{NOW, TENANT, fields, topic};
use edge_core::node::{
    Act, Attend, AttendRefusal, Batch, EditRefusal, JobEdit, NewJob, Uplink, attendance_of,
};
use sync_protocol::{
    documents::{JobFields, Status},
    ids::{JobId, SignUpId, TenantId},
    log::EntryKind,
    seats::{EndReason, Ending, LossPolicy, NodeEvent, NodeRow},
};

const START: i64 = NOW + 86_400;

/// A job with as many seats as workers are confirmed, and others who wait.
struct Gate {
    node: Node,
    job: JobId,
    sign_ups: Vec<SignUpId>,
    uplink: Uplink,
}

impl Gate {
    fn new(name: &str, seats: u32, workers: u8, no_show_after_min: u32) -> Self {
        let mut node = Node::cut_off(&format!("gate-{name}"));
        let fields = JobFields { no_show_after_min, ..fields("born") };
        let new =
            NewJob { fields, seats, policy: LossPolicy::WriteOff, key: String::new(), body_hash: [0; 16] };
        let job = node.batch(|batch| batch.create_job(&new)).unwrap();
        let sign_ups = (1..=workers).map(|n| node.sign_up(job, n).sign_up).collect();
        Self { node, job, sign_ups, uplink: Uplink::Down }
    }

    fn at<T>(&mut self, minute: i64, work: impl FnOnce(&mut Batch<'_>) -> T) -> T {
        let (me, uplink) = (&self.node.me, self.uplink);
        let now = START + minute * 60;
        self.node.store.transact(|tx| Ok(work(&mut Batch::new(me, tx, now, uplink)))).unwrap()
    }

    /// What the agency does about worker `n`: `ok`, or why not.
    fn act(&mut self, minute: i64, n: usize, act: Act) -> String {
        let order = Attend { tenant: TENANT, sign_up: self.sign_ups[n - 1], act };
        match self.at(minute, |batch| batch.attend(order)) {
            Ok(_) => "ok".to_owned(),
            Err(refused) => format!("{refused:?}"),
        }
    }

    /// Worker `n` gives the place back, on the day.
    fn cancel(&mut self, n: usize) -> String {
        let sign_up = self.sign_ups[n - 1];
        format!("{:?}", self.at(10, |batch| batch.cancel(sign_up).map(|answer| answer.status)))
    }

    fn tick(&mut self, minute: i64) {
        self.at(minute, |batch| batch.tick()).unwrap();
    }

    /// Each worker in a word: `in`, `out`, `coming`, `waits`, or why the place is gone.
    fn roster(&mut self) -> String {
        let sign_ups = self.sign_ups.clone();
        let word = |batch: &mut Batch<'_>, sign_up: &SignUpId| {
            let row = batch.tx.sign_up(*sign_up).unwrap().unwrap();
            let attendance = attendance_of(batch.tx, &row).unwrap();
            match (row.status(), attendance.checked_in_at, attendance.checked_out_at) {
                (Status::Confirmed, Some(_), Some(_)) => "out".to_owned(),
                (Status::Confirmed, Some(_), None) => "in".to_owned(),
                (Status::Confirmed, None, _) => "coming".to_owned(),
                (Status::WaitListed, ..) => "waits".to_owned(),
                (Status::Bumped, ..) => row.fields.reason,
                (status, ..) => status.as_str().to_owned(),
            }
        };
        let words = self.at(0, |batch| sign_ups.iter().map(|s| word(batch, s)).collect::<Vec<_>>());
        words.join(" ")
    }
}

#[test]
fn who_did_not_come_gives_the_seat_to_the_next_in_line_once() {
    let mut gate = Gate::new("declared", 3, 5, 15);
    assert_eq!(gate.roster(), "coming coming coming waits waits");
    assert_eq!(gate.act(-20, 1, Act::CheckIn), "ok");
    gate.tick(14);
    assert_eq!(gate.roster(), "in coming coming waits waits", "not due");
    gate.tick(15);
    assert_eq!(gate.roster(), "in no_show no_show coming coming");
    gate.tick(16);
    gate.tick(59);
    assert_eq!(
        gate.roster(),
        "in no_show no_show coming coming",
        "who took the places later is not missed at once"
    );
}

#[test]
fn a_gate_that_has_scanned_nobody_declares_nothing() {
    let mut gate = Gate::new("elsewhere", 2, 3, 5);
    gate.tick(60);
    assert_eq!(gate.roster(), "coming coming waits");
}

#[test]
fn who_was_checked_in_has_no_place_to_give_back() {
    let mut gate = Gate::new("came", 2, 3, 5);
    assert_eq!(gate.act(0, 1, Act::CheckIn), "ok");
    assert_eq!(gate.cancel(1), "Err(Came)");
    assert_eq!(gate.cancel(2), "Ok(Cancelled)");
    assert_eq!(gate.roster(), "in cancelled coming");
}

#[test]
fn a_rule_that_is_off_frees_nothing() {
    let mut gate = Gate::new("off", 2, 3, 0);
    assert_eq!(gate.act(0, 1, Act::CheckIn), "ok");
    gate.tick(119);
    assert_eq!(gate.roster(), "in coming waits");
}

#[test]
fn a_gate_that_opens_late_lets_those_in_who_stand_before_it() {
    let mut gate = Gate::new("late", 2, 3, 5);
    assert_eq!(gate.act(30, 1, Act::CheckIn), "ok");
    gate.tick(34);
    assert_eq!(gate.roster(), "in coming waits");
    gate.tick(35);
    assert_eq!(gate.roster(), "in no_show coming");
}

#[test]
fn a_clerk_moves_the_time_or_marks_by_hand() {
    let mut gate = Gate::new("hand", 3, 5, 15);
    assert_eq!(gate.act(-31, 3, Act::NoShow), "TooEarly");
    assert_eq!(gate.act(-30, 3, Act::NoShow), "ok");
    assert_eq!(gate.act(-5, 1, Act::CheckIn), "ok");
    let (job, later) = (gate.job, JobFields { no_show_after_min: 45, ..fields("born") });
    let edit = JobEdit { tenant: TENANT, job, fields: later };
    gate.at(10, |batch| batch.edit_job(&edit)).unwrap();
    gate.tick(15);
    assert_eq!(gate.roster(), "in coming no_show coming waits");
    assert_eq!(gate.act(16, 1, Act::NoShow), "CameAlready");
    assert_eq!(gate.act(16, 5, Act::NoShow), "NotConfirmed(WaitListed)");
    assert_eq!(gate.act(16, 5, Act::Dismiss), "ok");
    assert_eq!(gate.act(16, 2, Act::CheckIn), "ok");
    gate.tick(45);
    assert_eq!(gate.roster(), "in in no_show no_show employer");
    let off = JobFields { no_show_after_min: 0, ..fields("born") };
    let edit = JobEdit { tenant: TENANT, job, fields: off };
    gate.at(46, |batch| batch.edit_job(&edit)).unwrap();
    let stored = gate.at(46, |batch| batch.tx.document(topic().1, job).unwrap().unwrap());
    assert_eq!(JobFields::read(&stored.document).unwrap().no_show_after_min, 0);
}

#[test]
fn what_is_said_twice_changes_nothing_and_the_first_time_stands() {
    let mut gate = Gate::new("twice", 1, 2, 15);
    assert_eq!(gate.act(0, 1, Act::CheckOut), "NotIn");
    assert_eq!(gate.act(0, 1, Act::Minutes(1)), "NotIn");
    assert_eq!(gate.act(0, 2, Act::CheckIn), "NotConfirmed(WaitListed)");
    for minute in [-7, 3] {
        assert_eq!(gate.act(minute, 1, Act::CheckIn), "ok");
    }
    for minute in [173, 200] {
        assert_eq!(gate.act(minute, 1, Act::CheckOut), "ok");
    }
    assert_eq!(gate.act(201, 1, Act::Minutes(2_881)), "Minutes");
    assert_eq!(gate.act(201, 1, Act::Minutes(180)), "ok");
    let sign_up = gate.sign_ups[0];
    let mut minutes = |said| gate.at(202, |batch| batch.confirm_as_worker(sign_up, said)).unwrap().attendance;
    let disputed = minutes(200);
    assert_eq!((disputed.measured_minutes(), disputed.is_agreed()), (Some(180), false));
    let agreed = minutes(180);
    assert_eq!((agreed.checked_in_at, agreed.checked_out_at), (Some(START - 420), Some(START + 173 * 60)));
    assert_eq!((agreed.gate, agreed.is_agreed()), (Some(gate.node.me.writer), true));
    assert_eq!(gate.roster(), "out waits");
}

#[test]
fn another_agency_finds_nothing() {
    let mut gate = Gate::new("foreign", 1, 1, 15);
    let (sign_up, job, tenant) = (gate.sign_ups[0], gate.job, TenantId(TENANT.0 + 1));
    let receipt = Act::CheckInByReceipt(job);
    for act in [Act::CheckIn, receipt, Act::CheckOut, Act::Minutes(1), Act::NoShow, Act::Dismiss] {
        let refused = gate.at(0, |batch| batch.attend(Attend { tenant, sign_up, act })).unwrap_err();
        assert!(matches!(refused, AttendRefusal::Unknown), "{act:?}: {refused}");
    }
    let edit = JobEdit { tenant, job, fields: fields("mine") };
    assert!(matches!(gate.at(0, |batch| batch.edit_job(&edit)), Err(EditRefusal::Unknown)));
    assert_eq!(gate.roster(), "coming");
}

#[test]
fn times_are_changed_before_the_start_alone() {
    let mut gate = Gate::new("times", 1, 1, 0);
    let edit = |start_at, end_at, title: &str| JobEdit {
        tenant: TENANT,
        job: JobId::job(sync_protocol::ids::Writer::new(0, 0), 0),
        fields: JobFields { start_at, end_at, ..fields(title) },
    };
    let end = START + 13_600;
    for (minute, start_at, end_at, expected) in [
        (-60, START + 600, end, "ok"),
        (-60, START + 600, START, "Err(Times)"),
        (-60, START - 3_600, end, "Err(Times)"),
        (10, START + 900, end, "Err(Begun)"),
        (10, START + 600, end, "ok"),
    ] {
        let edit = JobEdit { job: gate.job, ..edit(start_at, end_at, "called another") };
        let found = match gate.at(minute, |batch| batch.edit_job(&edit)) {
            Ok(()) => "ok".to_owned(),
            refused => format!("{refused:?}"),
        };
        assert_eq!(found, expected, "{minute} {start_at} {end_at}");
    }
    let job = gate.job;
    let kept = gate.at(0, |batch| batch.tx.job_summary(topic().1, job).unwrap().unwrap());
    assert_eq!((kept.title.as_str(), kept.start_at), ("called another", START + 600));
}

#[test]
fn a_receipt_that_comes_before_its_sign_up_is_written_once_that_is_here() {
    let (mut gate, mut hall) = (Gate::new("early", 1, 1, 5), Gate::new("early-hall", 1, 1, 5));
    let far = SignUpId::sign_up(sync_protocol::ids::Writer::new(9, 1), 4);
    let (job, tenant) = (gate.job, TENANT);
    let order = Attend { tenant, sign_up: far, act: Act::CheckInByReceipt(job) };
    for minute in [-3, 4] {
        let told = gate.at(minute, |batch| batch.attend(order)).unwrap();
        assert_eq!((told.is_early, told.attendance.checked_in_at), (true, Some(START - 180)));
    }
    gate.tick(4);
    assert_eq!(gate.roster(), "coming");
    gate.tick(5);
    assert_eq!(gate.roster(), "no_show", "the gate is open, and the rule holds for whom it knows");

    // The sign-up arrives as the hall made it.
    let sign_up = hall.sign_ups[0];
    let stored = hall.at(0, |batch| batch.tx.document(topic().1, sign_up).unwrap().unwrap());
    let mut row = hall.at(0, |batch| batch.tx.sign_up(sign_up).unwrap().unwrap());
    row.fields.job = job;
    gate.at(6, |batch| {
        batch.tx.put_document(topic().1, far, topic().0, &stored.document).unwrap();
        batch.tx.put_sign_up(topic().1, far, &row.fields).unwrap();
    });
    gate.tick(6);
    gate.sign_ups = vec![far];
    assert_eq!(gate.roster(), "in");
    let read = |batch: &mut Batch<'_>| {
        let row = batch.tx.sign_up(far).unwrap().unwrap();
        attendance_of(batch.tx, &row).unwrap().checked_in_at
    };
    assert_eq!(gate.at(7, read), Some(START - 180), "the time of the gate, not of the arrival");
}

/// What this node wrote of a job's seats.
fn told(gate: &mut Gate) -> Vec<NodeEvent> {
    let job = gate.job;
    let entries = gate.at(0, |batch| batch.tx.read_own(topic().1, 0, 100, 1 << 20).unwrap().0);
    let rows = entries.iter().filter(|entry| entry.kind == EntryKind::NodeLedger.to_u8() && entry.doc == job);
    rows.map(|entry| minicbor::decode::<NodeRow>(&entry.body).unwrap().event).collect()
}

#[test]
fn with_the_line_up_a_freed_seat_goes_back_to_the_hub_which_asks_the_next() {
    let mut gate = Gate::new("up", 1, 2, 15);
    gate.uplink = Uplink::Up;
    let first = gate.sign_ups[0];
    assert_eq!(gate.act(0, 1, Act::NoShow), "ok");
    assert_eq!(gate.roster(), "no_show waits");
    let events = told(&mut gate);
    assert_eq!(
        events[events.len() - 2..],
        [NodeEvent::Cancel { sign_up: first }, NodeEvent::Return { returned: 1 }]
    );
}

#[test]
fn the_holder_does_not_end_whoever_came() {
    let mut gate = Gate::new("holder", 2, 2, 15);
    assert_eq!(gate.act(-5, 1, Act::CheckIn), "ok");
    let job = gate.job;
    for (n, reason) in [(1, EndReason::NoShow), (2, EndReason::NoShow)] {
        let ending = Ending { sign_up: gate.sign_ups[n - 1], reason };
        gate.at(20, |batch| crate::received::end(batch, job, ending));
    }
    assert_eq!(gate.roster(), "in no_show");
}

//! Rules of plugins at a sign-up and when a place in line comes up.

use crate::{
    places::{Node, worker},
    world::{NOW, fields},
};
use edge_core::{
    admit::{Admission, Admit, Denial, Occasion, Question},
    node::{
        Batch, Claim, CrewDecision, CrewRefusal, CrewRequest, Decision, NewJob, SignUpRefusal, SignUpRequest,
        Unfit, Uplink,
    },
};
use std::sync::Mutex;
use sync_protocol::{
    documents::{JobFields, Status},
    ids::{JobId, SignUpId},
    seats::LossPolicy,
};

/// On one occasion denies whoever has another shift, or gives no answer; keeps what it was asked.
#[derive(Debug)]
struct OneShift {
    on: Occasion,
    answers: bool,
    asked: Mutex<Vec<(Occasion, String, usize)>>,
}

impl Admit for OneShift {
    fn is_idle(&self) -> bool {
        false
    }

    fn ask(&self, question: &Question<'_>) -> Admission {
        let shifts = question.shifts.len();
        self.asked.lock().unwrap().push((question.occasion, question.title.to_owned(), shifts));
        if shifts == 0 || question.occasion != self.on {
            return Admission::Admitted;
        }
        if !self.answers {
            return Admission::Unanswered("one-shift".to_owned());
        }
        let words = [("zh", "一个就够"), ("en", "One is enough")];
        Admission::Denied(Denial {
            plugin: "one-shift".to_owned(),
            reason: 1,
            words: words.map(|(language, words)| (language.to_owned(), words.to_owned())).to_vec(),
        })
    }
}

struct Hall {
    node: Node,
    rule: OneShift,
}

impl Hall {
    fn of(name: &str, on: Occasion) -> Self {
        let rule = OneShift { on, answers: true, asked: Mutex::default() };
        Self { node: Node::cut_off(&format!("admission-{name}")), rule }
    }

    fn at<T>(&mut self, work: impl FnOnce(&mut Batch<'_>) -> T) -> T {
        let (me, rule) = (&self.node.me, &self.rule);
        let decide = |tx: &mut dyn sync_store::ShardTx| {
            let mut batch = Batch::new(me, tx, NOW, Uplink::Down);
            batch.admit = Some(rule);
            Ok(work(&mut batch))
        };
        self.node.store.transact(decide).unwrap()
    }

    /// A job so many days from now.
    fn job(&mut self, title: &str, days: i64, seats: u32) -> JobId {
        let start_at = NOW + days * 86_400;
        let fields = JobFields { start_at, end_at: start_at + 8 * 3_600, ..fields(title) };
        let new =
            NewJob { fields, seats, policy: LossPolicy::WriteOff, key: String::new(), body_hash: [0; 16] };
        self.at(|batch| batch.create_job(&new)).unwrap()
    }

    /// Worker `n` signs up: the sign-up and what it is, or why not.
    fn sign_up(&mut self, job: JobId, n: u8) -> Result<(SignUpId, Status), SignUpRefusal> {
        let request = SignUpRequest {
            job,
            worker: worker(n),
            idempotency: [n; 16].map(|byte| byte ^ u8::try_from(job.counter << 4).unwrap()),
            body_hash: [n; 16],
            claim: Claim::default(),
        };
        match self.at(|batch| batch.sign_up(&request))? {
            Decision::Answer(answer) => Ok((answer.sign_up, answer.status)),
            Decision::Ask(ask) => panic!("{ask:?}"),
        }
    }

    fn stands(&mut self, sign_up: SignUpId) -> (Status, String) {
        let row = self.at(|batch| batch.tx.sign_up(sign_up)).unwrap().unwrap();
        (row.status(), row.fields.reason)
    }

    /// What was asked since the last time: title and number of other shifts.
    fn asked(&self) -> Vec<String> {
        let asked = std::mem::take(&mut *self.rule.asked.lock().unwrap());
        asked.iter().map(|(_, title, shifts)| format!("{title} {shifts}")).collect()
    }
}

#[test]
fn a_rule_is_asked_at_each_sign_up_and_told_of_other_shifts_alone() {
    let mut hall = Hall::of("sign-up", Occasion::SignUp);
    let (first, second) = (hall.job("first", 1, 1), hall.job("second", 2, 1));
    let far = hall.job("far", 60, 1);
    assert_eq!(hall.sign_up(first, 1).unwrap().1, Status::Confirmed);
    let refused = hall.sign_up(second, 1).unwrap_err();
    let SignUpRefusal::Unfit(Unfit::NotAdmitted(denial)) = refused else { panic!("{refused}") };
    assert_eq!((denial.words("zh"), denial.to_string().as_str()), ("一个就够", "One is enough"));
    assert_eq!(Unfit::NotAdmitted(denial).code(), "not-admitted");
    assert_eq!(hall.sign_up(far, 1).unwrap().1, Status::Confirmed, "its shift is too far away to be told");
    assert_eq!(hall.sign_up(second, 2).unwrap().1, Status::Confirmed, "another person");
    assert_eq!(hall.asked(), ["first 0", "second 1", "far 0", "second 0"]);
}

#[test]
fn a_shift_that_was_given_back_is_not_told() {
    let mut hall = Hall::of("given-back", Occasion::SignUp);
    let (first, second) = (hall.job("first", 1, 1), hall.job("second", 2, 1));
    let (held, _) = hall.sign_up(first, 1).unwrap();
    hall.at(|batch| batch.cancel(held)).unwrap();
    assert_eq!(hall.sign_up(second, 1).unwrap().1, Status::Confirmed);
    assert_eq!(hall.asked(), ["first 0", "second 0"]);
}

#[test]
fn a_rule_is_asked_again_when_a_place_comes_up_and_the_next_one_gets_it() {
    let mut hall = Hall::of("promotion", Occasion::Promotion);
    let (wanted, other) = (hall.job("wanted", 1, 1), hall.job("other", 2, 1));
    let (holder, _) = hall.sign_up(wanted, 1).unwrap();
    let (second, waits) = hall.sign_up(wanted, 2).unwrap();
    let (third, _) = hall.sign_up(wanted, 3).unwrap();
    assert_eq!(waits, Status::WaitListed);
    assert_eq!(hall.sign_up(other, 2).unwrap().1, Status::Confirmed, "while he waits");
    hall.asked();
    hall.at(|batch| batch.cancel(holder)).unwrap();
    assert_eq!(hall.stands(second), (Status::Cancelled, "not-admitted".to_owned()));
    assert_eq!(hall.stands(third).0, Status::Confirmed);
    assert_eq!(hall.asked(), ["wanted 1", "wanted 0"], "each of them once");
}

#[test]
fn a_rule_without_an_answer_refuses_for_now_and_takes_nothing() {
    let mut hall = Hall::of("silent", Occasion::SignUp);
    hall.rule.answers = false;
    let (first, second) = (hall.job("first", 1, 1), hall.job("second", 2, 1));
    hall.sign_up(first, 1).unwrap();
    let refused = hall.sign_up(second, 1).unwrap_err();
    let SignUpRefusal::Unfit(unfit) = refused else { panic!("{refused}") };
    assert_eq!((unfit.code(), unfit), ("rule-unanswered", Unfit::RuleUnanswered("one-shift".to_owned())));
    hall.rule.on = Occasion::Promotion;
    assert_eq!(hall.sign_up(second, 1).unwrap().1, Status::Confirmed, "the same request, once it answers");
}

#[test]
fn a_rule_without_an_answer_ends_nobodys_place_in_line() {
    let mut hall = Hall::of("silent-line", Occasion::Promotion);
    hall.rule.answers = false;
    let (wanted, other) = (hall.job("wanted", 1, 1), hall.job("other", 2, 1));
    let (holder, _) = hall.sign_up(wanted, 1).unwrap();
    let (second, _) = hall.sign_up(wanted, 2).unwrap();
    hall.sign_up(other, 2).unwrap();
    hall.at(|batch| batch.cancel(holder)).unwrap();
    assert_eq!(hall.stands(second).0, Status::Confirmed);
}

#[test]
fn each_member_of_a_crew_is_asked_about_once_and_one_denial_takes_nothing() {
    let mut hall = Hall::of("crew", Occasion::SignUp);
    let (wanted, other) = (hall.job("wanted", 1, 3), hall.job("other", 2, 1));
    hall.sign_up(other, 2).unwrap();
    hall.asked();
    let crew = |numbers: [u8; 2]| CrewRequest {
        job: wanted,
        workers: numbers.map(worker).to_vec(),
        idempotency: [numbers[1]; 16],
        body_hash: [numbers[1]; 16],
    };
    let refused = hall.at(|batch| batch.sign_up_crew(&crew([1, 2]))).unwrap_err();
    let CrewRefusal::Unfit { member: 2, unfit: Unfit::NotAdmitted(_) } = refused else { panic!("{refused}") };
    assert_eq!(refused.to_string(), "member 2 may not take this place: One is enough");
    assert_eq!(hall.asked(), ["wanted 0", "wanted 1"]);
    let CrewDecision::Answered(answers) = hall.at(|batch| batch.sign_up_crew(&crew([1, 3]))).unwrap() else {
        panic!("not confirmed")
    };
    assert_eq!(answers.len(), 2);
    assert_eq!(hall.asked(), ["wanted 0", "wanted 0"]);
}

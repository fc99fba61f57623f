//! The page of a run calls each frame by the name that it has.

use simulations::picture::kind_of;
use sync_protocol::{
    command::{Change, Command, CommandOutcome, Commanded},
    ids::{JobId, SignUpId, WorkerId, Writer},
    wire::v1::{
        Ask, Down, DownState, Erase, Erased, Frame, Held, Hello, Interest, Lease, Outcome, Reason, Refuse,
        Renew, Up, UpAck, Verdict, Welcome,
    },
};

const WRITER: Writer = Writer::new(1, 1);

fn frames() -> Vec<Frame> {
    let (job, sign_up) = (JobId::job(WRITER, 1), SignUpId::sign_up(WRITER, 1));
    vec![
        Frame::Hello(Hello {
            versions: (1, 1),
            cluster: Vec::new(),
            writer: WRITER,
            up: Vec::new(),
            down: Vec::new(),
            build: String::new(),
            contact: 0,
            draining: false,
        }),
        Frame::Welcome(Welcome {
            version: 1,
            interest: Interest::default(),
            acked: Vec::new(),
            time: 0,
            retired: None,
            contact: 0,
        }),
        Frame::Refuse(Refuse { reason: Reason::Busy, detail: String::new(), retry_after_ms: 0 }),
        Frame::Up(Up { vshard: 1, first: 1, entries: Vec::new(), signature: Vec::new() }),
        Frame::UpAck(UpAck { vshard: 1, wseq: 1 }),
        Frame::Down(Down { vshard: 1, history: 1, upto: 1, entries: Vec::new(), sent_at: 0 }),
        Frame::DownAck(DownState { vshard: 1, history: 1, seq: 1 }),
        Frame::Ask(Ask { job, sign_up, worker: WorkerId([1; 16]), topic: 1 }),
        Frame::Verdict(Verdict { sign_up, job, outcome: Outcome::Closed }),
        Frame::Interest(Interest::default()),
        Frame::Renew(Renew { sent_ms: 1 }),
        Frame::Lease(Lease { sent_ms: 1, duration_ms: 1 }),
        Frame::Held(Held { contact: 1 }),
        Frame::Erased(Erased { receipts: Vec::new() }),
        Frame::Erase(Erase { orders: Vec::new(), heard: Vec::new() }),
        Frame::Command(Command { id: [1; 16], tenant: 1, job, change: Change::Close, signature: Vec::new() }),
        Frame::Commanded(Commanded { id: [1; 16], outcome: CommandOutcome::Closed }),
    ]
}

#[test]
fn each_frame_has_its_name() {
    for frame in frames() {
        let shown = format!("{frame:?}");
        assert_eq!(Some(kind_of(&frame.encode())), shown.split('(').next(), "{shown}");
    }
}

#[test]
fn each_kind_of_frame_that_can_be_read_has_a_name() {
    let read: Vec<u8> = (0..=u8::MAX)
        .filter(|kind| !matches!(Frame::decode(&[*kind, 0, 0, 0]), Ok(Frame::Unknown(_))))
        .collect();
    let named: Vec<u8> = (0..=u8::MAX).filter(|kind| kind_of(&[*kind]) != "unknown").collect();
    assert_eq!(named, read);
    assert_eq!(named.len(), frames().len(), "the test above knows each of them");
    assert_eq!(kind_of(&[]), "unknown");
}

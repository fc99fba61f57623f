//! Sessions without I/O: greeting, order, and what breaks them.

use sync_protocol::{
    command::{Change, Command, CommandOutcome as Ordered, Commanded},
    documents::TenantKey,
    erasure::{EraseOrder, ErasureReceipt},
    ids::{JobId, SignUpId, TenantId, TopicId, VSHARDS, VshardId, WorkerId, Writer},
    limits::{
        ACK_WAIT_MS_MAX, ASKS_IN_FLIGHT_MAX, BATCH_ENTRIES_MAX, ERASURES_MAX, LEASE_MS, TOPICS_MAX,
        lease_at_node,
    },
    log::{Entry, EntryKind, Head},
    session::{End, HubOutput, HubSession, NodeOutput, NodeSession},
    wire::v1::{
        Ask, Down, DownState, Erase, Erased, Frame, Held, Hello, Interest, Lease, Outcome, Reason, Refuse,
        Renew, Up, UpAck, UpState, Verdict, Welcome,
    },
};

const VSHARD: VshardId = VshardId(7);

fn writer() -> Writer {
    Writer::new(4, 2)
}

fn hello(wseq: u64) -> Hello {
    let up = UpState { vshard: VSHARD.0, wseq, head: Head::genesis(writer(), VSHARD) };
    Hello {
        versions: (1, 1),
        cluster: vec![1; 16],
        writer: writer(),
        up: vec![up],
        down: Vec::new(),
        build: "1".into(),
        contact: 0,
        draining: false,
    }
}

fn welcome(acked: u64) -> Welcome {
    Welcome {
        retired: None,
        contact: 0,
        version: 1,
        interest: Interest::default(),
        acked: vec![UpAck { vshard: VSHARD.0, wseq: acked }],
        time: 5,
    }
}

fn entry() -> Entry {
    Entry::new(EntryKind::Change, TopicId(1), JobId::job(writer(), 1), vec![1, 2, 3])
}

fn outputs(session: &mut NodeSession) -> Vec<NodeOutput> {
    std::iter::from_fn(|| session.poll_output()).collect()
}

fn welcomed(own: u64, acked: u64) -> NodeSession {
    let mut node = NodeSession::new(&hello(own), 0);
    outputs(&mut node);
    node.handle_frame(&Frame::Welcome(welcome(acked)).encode(), 1);
    node
}

fn last(session: &mut NodeSession) -> NodeOutput {
    outputs(session).pop().expect("an output")
}

#[test]
fn a_node_sends_what_the_hub_lacks() {
    let mut node = welcomed(3, 1);
    assert_eq!(last(&mut node), NodeOutput::ReadOwn { vshard: VSHARD, after: 1 });
    node.handle_own(VSHARD, 2, vec![entry(), entry()], vec![0; 64], 10);
    assert!(matches!(last(&mut node), NodeOutput::Send(_)));
    assert_eq!(node.pending(), 2);
    node.handle_frame(&Frame::UpAck(UpAck { vshard: VSHARD.0, wseq: 3 }).encode(), 20);
    assert_eq!((node.pending(), node.poll_timeout()), (0, None));
}

#[test]
fn a_silent_line_ends_the_session() {
    let mut node = welcomed(1, 0);
    outputs(&mut node);
    node.handle_own(VSHARD, 1, vec![entry()], Vec::new(), 100);
    outputs(&mut node);
    node.handle_timeout(100 + ACK_WAIT_MS_MAX - 1);
    assert!(node.is_live());
    node.handle_timeout(100 + ACK_WAIT_MS_MAX);
    assert_eq!(last(&mut node), NodeOutput::End(End::Stalled));
}

#[test]
fn what_breaks_the_protocol_ends_the_session() {
    let mut node = welcomed(1, 2);
    assert!(
        matches!(last(&mut node), NodeOutput::End(End::Protocol(_))),
        "acknowledged more than was written"
    );
    let mut node = welcomed(1, 1);
    node.handle_frame(&Frame::UpAck(UpAck { vshard: VSHARD.0, wseq: 2 }).encode(), 2);
    assert!(matches!(last(&mut node), NodeOutput::End(End::Protocol(_))), "acknowledged what was not sent");
    let mut node = welcomed(1, 1);
    node.handle_frame(&[9], 2);
    assert!(matches!(last(&mut node), NodeOutput::End(End::Frame(_))));

    let mut hub = HubSession::new(Writer::new(9, 9));
    hub.handle_frame(&Frame::Hello(hello(0)).encode());
    assert!(matches!(hub.poll_output(), Some(HubOutput::Send(_))));
    let Some(HubOutput::End(End::Refused(refuse))) = hub.poll_output() else {
        panic!("another node's Hello was taken")
    };
    assert_eq!(refuse.reason, Reason::Protocol);

    let mut hub = HubSession::new(writer());
    hub.handle_frame(&Frame::UpAck(UpAck { vshard: 0, wseq: 0 }).encode());
    assert!(matches!(hub.poll_output(), Some(HubOutput::End(End::Protocol(_)))), "a frame before Hello");
}

#[test]
fn the_hub_sends_from_the_cursor_and_begins_again_in_a_new_history() {
    let check = |history, cursor, expected| {
        let mut hub = HubSession::new(writer());
        let mut hello = hello(0);
        hello.down = vec![DownState { vshard: VSHARD.0, history: 1, seq: cursor }];
        hub.handle_frame(&Frame::Hello(hello).encode());
        hub.welcome(&welcome(0), &[(VSHARD, history, 10)]);
        let reads = std::iter::from_fn(|| hub.poll_output()).find_map(|output| match output {
            HubOutput::ReadDown { after, .. } => Some(after),
            _ => None,
        });
        assert_eq!(reads, expected, "history {history} cursor {cursor}");
    };
    check(1, 0, Some(0));
    check(1, 6, Some(6));
    check(1, 10, None);
    check(2, 6, Some(0));
}

fn ask(n: u64) -> Ask {
    let (job, sign_up) = (JobId::job(writer(), 1), SignUpId::sign_up(writer(), n));
    Ask { job, sign_up, worker: WorkerId([1; 16]), topic: 1 }
}

fn verdict(n: u64) -> Verdict {
    let Ask { job, sign_up, .. } = ask(n);
    Verdict { sign_up, job, outcome: Outcome::Closed }
}

fn command() -> Command {
    let (key, job) = (TenantKey::of_api_key("key"), JobId::job(Writer::hub(1), 9));
    Command::signed(&key, writer(), [1; 16], TenantId(8), job, Change::Close)
}

fn refuse() -> Refuse {
    Refuse { reason: Reason::Busy, detail: "full".into(), retry_after_ms: 9 }
}

/// Frames that a node alone sends, and those that the hub alone sends.
fn frames() -> (Vec<Frame>, Vec<Frame>) {
    let cursor = DownState { vshard: VSHARD.0, history: 1, seq: 0 };
    let up = Up { vshard: VSHARD.0, first: 1, entries: vec![entry()], signature: Vec::new() };
    let node = vec![
        Frame::Up(up),
        Frame::DownAck(cursor),
        Frame::Ask(ask(1)),
        Frame::Renew(Renew { sent_ms: 1 }),
        Frame::Held(Held { contact: 1 }),
        Frame::Erased(Erased { receipts: Vec::new() }),
        Frame::Command(command()),
    ];
    let hub = vec![
        Frame::UpAck(UpAck { vshard: VSHARD.0, wseq: 0 }),
        Frame::Down(Down { vshard: VSHARD.0, history: 1, upto: 1, entries: Vec::new(), sent_at: 5 }),
        Frame::Verdict(verdict(1)),
        Frame::Interest(Interest::default()),
        Frame::Lease(Lease { sent_ms: 1, duration_ms: 1 }),
        Frame::Erase(Erase { orders: Vec::new(), heard: Vec::new() }),
        Frame::Commanded(Commanded { id: [1; 16], outcome: Ordered::Closed }),
    ];
    (node, hub)
}

fn hub_outputs(session: &mut HubSession) -> Vec<HubOutput> {
    std::iter::from_fn(|| session.poll_output()).collect()
}

/// A hub that has welcomed the node, with one vshard of ten entries, all of them sent.
fn welcoming() -> HubSession {
    let mut hub = HubSession::new(writer());
    hub.handle_frame(&Frame::Hello(hello(0)).encode());
    hub.welcome(&welcome(0), &[(VSHARD, 1, 10)]);
    hub.handle_page(VSHARD, 10, Vec::new(), 5);
    hub_outputs(&mut hub);
    hub
}

#[test]
fn a_frame_of_the_wrong_side_or_before_the_greeting_ends_the_session() {
    let (of_node, of_hub) = frames();
    let breaks_hub = |hub: &mut HubSession, frame: &Frame| {
        hub.handle_frame(&frame.encode());
        assert!(matches!(hub_outputs(hub).pop(), Some(HubOutput::End(End::Protocol(_)))), "{frame:?}");
    };
    let breaks_node = |node: &mut NodeSession, frame: &Frame| {
        node.handle_frame(&frame.encode(), 2);
        assert!(matches!(last(node), NodeOutput::End(End::Protocol(_))), "{frame:?}");
        assert!(!node.is_live());
    };
    let greetings = [Frame::Welcome(welcome(0)), Frame::Refuse(refuse())];
    for frame in of_hub.iter().chain(&greetings).chain([&Frame::Hello(hello(0))]) {
        breaks_hub(&mut welcoming(), frame);
    }
    for frame in of_node.iter().chain([&Frame::Hello(hello(0)), &Frame::Welcome(welcome(0))]) {
        breaks_node(&mut welcomed(1, 0), frame);
    }
    for frame in &of_node {
        breaks_hub(&mut HubSession::new(writer()), frame);
    }
    for frame in &of_hub {
        breaks_node(&mut NodeSession::new(&hello(1), 0), frame);
    }
}

#[test]
fn a_session_that_is_over_says_nothing_more() {
    let (of_node, of_hub) = frames();
    let mut hub = welcoming();
    hub.refuse(Reason::Revoked, "fenced");
    assert!(matches!(hub_outputs(&mut hub)[..], [HubOutput::Send(_), HubOutput::End(End::Refused(_))]));
    of_node.iter().for_each(|frame| hub.handle_frame(&frame.encode()));
    hub.handle_merged(VSHARD, 1);
    hub.handle_grew(VSHARD, 99);
    hub.handle_page(VSHARD, 99, Vec::new(), 5);
    hub.handle_renewed(Renew { sent_ms: 1 });
    hub.handle_interest(Interest::default(), &[(VshardId(8), 1, 1)]);
    assert_eq!(hub_outputs(&mut hub), []);

    let mut node = welcomed(1, 0);
    node.handle_frame(&Frame::Refuse(refuse()).encode(), 3);
    assert_eq!(last(&mut node), NodeOutput::End(End::Refused(refuse())));
    of_hub.iter().for_each(|frame| node.handle_frame(&frame.encode(), 4));
    node.handle_own(VSHARD, 1, vec![entry()], Vec::new(), 5);
    node.handle_applied(DownState { vshard: VSHARD.0, history: 1, seq: 1 });
    node.handle_kept(4);
    node.handle_lease_due(6);
    assert!(!node.handle_ask(ask(1), 7));
    assert_eq!(outputs(&mut node), []);
}

#[test]
fn frames_of_a_later_version_are_passed_over() {
    let (mut hub, mut node) = (welcoming(), welcomed(0, 0));
    outputs(&mut node);
    hub.handle_frame(&Frame::Unknown(77).encode());
    node.handle_frame(&Frame::Unknown(77).encode(), 2);
    assert_eq!((hub_outputs(&mut hub), outputs(&mut node)), (Vec::new(), Vec::new()));
    assert!(node.is_live());
}

#[test]
fn a_hello_that_cannot_be_served_is_refused_with_the_reason() {
    let check = |hello: Hello, expected: Reason| {
        let mut hub = HubSession::new(writer());
        hub.handle_frame(&Frame::Hello(hello).encode());
        let Some(HubOutput::End(End::Refused(refuse))) = hub_outputs(&mut hub).pop() else {
            panic!("was not refused")
        };
        assert_eq!(refuse.reason, expected);
    };
    check(Hello { versions: (2, 9), ..hello(0) }, Reason::TooOld);
    check(Hello { versions: (0, 0), ..hello(0) }, Reason::TooOld);
    let cursor = DownState { vshard: 0, history: 0, seq: 0 };
    check(Hello { down: vec![cursor; TOPICS_MAX + 1], ..hello(0) }, Reason::Protocol);
    check(Hello { down: vec![DownState { vshard: VSHARDS, ..cursor }], ..hello(0) }, Reason::Protocol);
    let log = hello(0).up[0].clone();
    check(Hello { up: vec![UpState { vshard: VSHARDS, ..log }], ..hello(0) }, Reason::Protocol);
    check(Hello { up: vec![log; TOPICS_MAX + 1], ..hello(0) }, Reason::Protocol);
}

#[test]
fn a_batch_is_merged_whole_or_ends_the_session() {
    let check = |entries: usize, merges: bool| {
        let mut hub = welcoming();
        let up = Up { vshard: VSHARD.0, first: 1, entries: vec![entry(); entries], signature: Vec::new() };
        hub.handle_frame(&Frame::Up(up.clone()).encode());
        let found = hub_outputs(&mut hub);
        assert_eq!(found == [HubOutput::Merge(up)], merges, "{entries} entries");
        assert_eq!(matches!(found[..], [HubOutput::End(End::Protocol(_))]), !merges, "{entries} entries");
    };
    check(0, false);
    check(1, true);
    check(BATCH_ENTRIES_MAX, true);
    check(BATCH_ENTRIES_MAX + 1, false);
}

#[test]
fn a_vshard_that_there_is_not_ends_the_session() {
    for (vshard, merges) in [(0, true), (VSHARDS - 1, true), (VSHARDS, false), (u16::MAX, false)] {
        let mut hub = welcoming();
        let up = Up { vshard, first: 1, entries: vec![entry()], signature: Vec::new() };
        hub.handle_frame(&Frame::Up(up.clone()).encode());
        let found = hub_outputs(&mut hub);
        assert_eq!(found == [HubOutput::Merge(up)], merges, "{vshard}");
        assert_eq!(matches!(found[..], [HubOutput::End(End::Protocol(_))]), !merges, "{vshard}");
    }
}

#[test]
fn the_hub_knows_how_far_a_node_is_behind() {
    let mut hub = welcoming();
    let ack = |hub: &mut HubSession, vshard: u16, history: u16, seq: u64| {
        hub.handle_frame(&Frame::DownAck(DownState { vshard, history, seq }).encode());
        hub_outputs(hub)
    };
    assert_eq!(hub.behind(), 10);
    assert!(matches!(ack(&mut hub, VSHARD.0, 1, 7)[..], [HubOutput::DownAcked(_)]));
    assert_eq!(hub.behind(), 3);
    assert_eq!(ack(&mut hub, 99, 1, 7), [], "a vshard that it does not follow");
    hub.handle_interest(Interest::default(), &[(VSHARD, 1, 10), (VshardId(8), 1, 5)]);
    let found = hub_outputs(&mut hub);
    let read = HubOutput::ReadDown { vshard: VshardId(8), after: 0 };
    assert!(matches!(found[..], [HubOutput::Send(_), _]) && found[1] == read, "{found:?}");
    assert_eq!(hub.behind(), 8);
    for (history, seq) in [(2, 7), (1, 11)] {
        let mut hub = welcoming();
        let end = ack(&mut hub, VSHARD.0, history, seq).pop();
        assert!(matches!(end, Some(HubOutput::End(End::Protocol(_)))), "history {history} seq {seq}");
    }
}

#[test]
fn questions_come_to_the_hub_and_answers_to_the_node() {
    let (mut hub, mut node) = (welcoming(), welcomed(0, 0));
    outputs(&mut node);
    // What the node says is what the hub hears.
    let mut hears = |node: &mut NodeSession| {
        for output in outputs(node) {
            let NodeOutput::Send(bytes) = output else { panic!("{output:?}") };
            hub.handle_frame(&bytes);
        }
        hub_outputs(&mut hub)
    };
    assert!(node.handle_ask(ask(1), 10));
    node.handle_lease_due(500);
    node.handle_kept(0);
    node.handle_kept(6);
    let renew = Renew { sent_ms: 500 };
    assert_eq!(hears(&mut node), [HubOutput::Ask(ask(1)), HubOutput::Renew(renew), HubOutput::Held(6)]);

    hub.handle_renewed(renew);
    let Some(HubOutput::Send(bytes)) = hub.poll_output() else { panic!("no lease") };
    node.handle_frame(&bytes, 20);
    assert_eq!(last(&mut node), NodeOutput::Leased { until_ms: 500 + lease_at_node(LEASE_MS) });
    assert_eq!(node.poll_timeout(), Some(10 + ACK_WAIT_MS_MAX), "a lease does not answer an ask");
    node.handle_frame(&Frame::Verdict(verdict(1)).encode(), 30);
    assert_eq!(outputs(&mut node), [NodeOutput::Verdict(verdict(1))]);
    assert_eq!(node.poll_timeout(), None);
    node.handle_frame(&Frame::Interest(Interest::default()).encode(), 40);
    assert_eq!(last(&mut node), NodeOutput::Interest(Interest::default()));
}

#[test]
fn a_node_asks_only_so_much_at_a_time() {
    let mut node = welcomed(0, 0);
    let asked = (1..).take_while(|n| node.handle_ask(ask(*n), 1)).count();
    assert_eq!(asked, ASKS_IN_FLIGHT_MAX);
    node.handle_frame(&Frame::Verdict(verdict(1)).encode(), 2);
    assert!(node.handle_ask(ask(1_000), 3));
    assert!(!node.handle_ask(ask(1_001), 4));
}

#[test]
fn erasures_go_both_ways_and_only_so_many_at_a_time() {
    let (mut hub, mut node) = (welcoming(), welcomed(0, 0));
    outputs(&mut node);
    let receipt = |n| ErasureReceipt { body: vec![n], signature: Vec::new(), certificate: Vec::new() };
    let order = |n| EraseOrder { id: [n; 16], worker: WorkerId([n; 16]), at: 5 };
    node.handle_erased(Vec::new());
    assert_eq!(outputs(&mut node), [], "nothing to tell");
    node.handle_erased(vec![receipt(1)]);
    let NodeOutput::Send(bytes) = last(&mut node) else { panic!("nothing was sent") };
    hub.handle_frame(&bytes);
    assert_eq!(hub_outputs(&mut hub), [HubOutput::Erased(vec![receipt(1)])]);

    hub.handle_erase(Vec::new(), Vec::new());
    assert_eq!(hub_outputs(&mut hub), [], "nothing to tell");
    hub.handle_erase(vec![order(2)], vec![order(1)]);
    let Some(HubOutput::Send(bytes)) = hub.poll_output() else { panic!("nothing was sent") };
    node.handle_frame(&bytes, 20);
    assert_eq!(last(&mut node), NodeOutput::Erase(Erase { orders: vec![order(2)], heard: vec![order(1)] }));

    let many = ERASURES_MAX + 1;
    let erase = Erase { orders: Vec::new(), heard: vec![order(1); many] };
    node.handle_frame(&Frame::Erase(erase).encode(), 30);
    assert_eq!(last(&mut node), NodeOutput::End(End::Protocol("too many erasures in a frame")));
    hub.handle_frame(&Frame::Erased(Erased { receipts: vec![receipt(1); many] }).encode());
    assert_eq!(hub_outputs(&mut hub), [HubOutput::End(End::Protocol("too many erasures in a frame"))]);
}

#[test]
fn orders_go_to_the_hub_and_hold_up_nothing_where_it_does_not_know_them() {
    let (mut hub, mut node) = (welcoming(), welcomed(0, 0));
    outputs(&mut node);
    assert!(node.handle_command(command()));
    assert_eq!(node.poll_timeout(), None, "a hub of an earlier version passes it over");
    let NodeOutput::Send(bytes) = last(&mut node) else { panic!("nothing was sent") };
    hub.handle_frame(&bytes);
    assert_eq!(hub_outputs(&mut hub), [HubOutput::Command(command())]);
    let answer = Commanded { id: [1; 16], outcome: Ordered::BelowConfirmed { confirmed: 12 } };
    hub.handle_commanded(answer);
    let Some(HubOutput::Send(bytes)) = hub.poll_output() else { panic!("nothing was sent") };
    node.handle_frame(&bytes, 20);
    assert_eq!(last(&mut node), NodeOutput::Commanded(answer));

    let mut early = NodeSession::new(&hello(0), 0);
    assert!(!early.handle_command(command()), "before the hub's welcome nothing is sent");
}

#[test]
fn a_history_without_an_entry_is_told() {
    let check = |history, cursor: Option<u16>, expected: Option<u16>| {
        let mut hub = HubSession::new(writer());
        let mut hello = hello(0);
        hello.down.extend(cursor.map(|history| DownState { vshard: VSHARD.0, history, seq: 5 }));
        hub.handle_frame(&Frame::Hello(hello).encode());
        hub.welcome(&welcome(0), &[(VSHARD, history, 0)]);
        let told = std::iter::from_fn(|| hub.poll_output()).find_map(|output| match output {
            HubOutput::Send(frame) => match Frame::decode(&frame) {
                Ok(Frame::Down(down)) => Some(down),
                _ => None,
            },
            _ => None,
        });
        assert_eq!(told, expected.map(|history| Down::of_history(VSHARD, history)), "{history} {cursor:?}");
        // What the node answers is in order.
        hub.handle_frame(&Frame::DownAck(DownState { vshard: VSHARD.0, history, seq: 0 }).encode());
        assert!(std::iter::from_fn(|| hub.poll_output()).all(|output| !matches!(output, HubOutput::End(_))));
    };
    check(1, None, None);
    check(1, Some(1), None);
    check(2, Some(1), Some(2));
    check(2, None, Some(2));
    check(2, Some(2), None);
}

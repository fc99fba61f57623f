//! Sessions without I/O: greeting, order, and what breaks them.

use sync_protocol::{
    ids::{JobId, TopicId, VshardId, Writer},
    limits::ACK_WAIT_MS_MAX,
    log::{Entry, EntryKind, Head},
    session::{End, HubOutput, HubSession, NodeOutput, NodeSession},
    wire::v1::{DownState, Frame, Hello, Interest, Reason, UpAck, UpState, Welcome},
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

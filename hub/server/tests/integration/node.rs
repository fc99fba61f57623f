//! A node that keeps nothing: joins, says hello, acknowledges what it is sent.

use crate::hub::{Hub, NOW};
use ed25519_dalek::SigningKey;
use enrolment::{Admitted, JoinAnswer, JoinRequest, JoinToken, NodeKey};
use std::{sync::Arc, time::Duration};
use sync_protocol::{
    command::{Command, CommandOutcome},
    log::EntryKind,
    seats::HoldingRow,
    session::{NodeOutput, NodeSession},
    wire::v1::{Down, DownState, Hello},
};
use sync_quic::{NodeCredentials, NodeEndpoint, TimeSource, request_join};
use tokio::{runtime::Runtime, time::timeout};

/// Seed of the key that signs every node's log here.
pub(crate) const LOG_KEY: [u8; 32] = [9; 32];
const SYNC_TIME_MAX: Duration = Duration::from_secs(30);

pub(crate) struct Node {
    admitted: Admitted,
    key: NodeKey,
}

pub(crate) fn time() -> TimeSource {
    TimeSource::new(Arc::new(|| NOW), NOW)
}

fn exchange(hub: &Hub, token: &JoinToken, key: &NodeKey) -> JoinAnswer {
    let request = JoinRequest {
        token_id: token.id,
        secret: token.secret.clone(),
        csr: key.request().unwrap(),
        log_public_key: SigningKey::from_bytes(&LOG_KEY).verifying_key().to_bytes(),
    };
    let (address, root) = (hub.quic.parse().unwrap(), token.root_spki_sha256);
    let answer = Runtime::new().unwrap().block_on(async {
        let pending = request_join(address, root, &time()).await.unwrap();
        pending.exchange(&request.encode()).await.unwrap()
    });
    JoinAnswer::decode(&answer).unwrap()
}

/// Joins with a token; `None` where the hub refuses it.
pub(crate) fn try_join(hub: &Hub, token: &JoinToken) -> Option<Node> {
    let key = NodeKey::generate().unwrap();
    match exchange(hub, token, &key) {
        JoinAnswer::Admitted(admitted) => Some(Node { admitted: *admitted, key }),
        JoinAnswer::Refused { .. } => None,
    }
}

impl Node {
    pub(crate) fn join(hub: &Hub, region: &str, name: &str) -> Self {
        let node = try_join(hub, &hub.create_token(region, name)).unwrap();
        assert_eq!((node.admitted.region.as_str(), node.admitted.name.as_str()), (region, name));
        node
    }

    /// Syncs until rights have come; returns how many changes came, and the rights.
    pub(crate) fn sync_until_granted(&self, hub: &Hub) -> (usize, u32) {
        let runtime = Runtime::new().unwrap();
        runtime.block_on(async { timeout(SYNC_TIME_MAX, self.sync(hub)).await.expect("no rights came") })
    }

    pub(crate) fn credentials(&self) -> NodeCredentials {
        NodeCredentials {
            certificate_chain: self.admitted.certificate_chain.clone(),
            private_key: self.key.to_der(),
            root_certificate: self.admitted.root_certificate.clone(),
        }
    }

    /// What the hub gave the box at its join.
    pub(crate) fn admitted(&self) -> &Admitted {
        &self.admitted
    }

    pub(crate) fn hello(&self) -> Hello {
        Hello {
            versions: (1, 1),
            cluster: self.admitted.cluster_id.0.to_vec(),
            writer: self.admitted.writer,
            up: Vec::new(),
            down: Vec::new(),
            build: "test".to_owned(),
            contact: 0,
            draining: false,
        }
    }

    /// Passes orders on, one after the other, and returns what the hub answers to each.
    pub(crate) fn pass_on(&self, hub: &Hub, commands: &[Command]) -> Vec<CommandOutcome> {
        let conversation = async {
            let endpoint = NodeEndpoint::bind(None, &self.credentials(), time()).unwrap();
            let link = endpoint.connect(hub.quic.parse().unwrap()).await.unwrap();
            let (mut sender, mut receiver) = link.split();
            let mut session = NodeSession::new(&self.hello(), 0);
            let mut left = commands.iter();
            let mut outcomes = Vec::new();
            loop {
                let mut may_send = false;
                while let Some(output) = session.poll_output() {
                    match output {
                        NodeOutput::Send(frame) => sender.send(&frame).await.unwrap(),
                        NodeOutput::Welcomed(_) => may_send = true,
                        NodeOutput::Commanded(commanded) => {
                            assert_eq!(commanded.id, commands[outcomes.len()].id);
                            outcomes.push(commanded.outcome);
                            may_send = true;
                        }
                        NodeOutput::End(end) => panic!("{end}"),
                        NodeOutput::Apply(down) => {
                            let (vshard, history, seq) = (down.vshard, down.history, down.upto);
                            session.handle_applied(DownState { vshard, history, seq });
                        }
                        NodeOutput::Leased { .. }
                        | NodeOutput::Erase(_)
                        | NodeOutput::Interest(_)
                        | NodeOutput::ReadOwn { .. }
                        | NodeOutput::Acked(_)
                        | NodeOutput::Verdict(_) => {}
                    }
                }
                if outcomes.len() == commands.len() {
                    return outcomes;
                }
                match may_send.then(|| left.next()).flatten() {
                    Some(command) => assert!(session.handle_command(command.clone())),
                    None => session.handle_frame(&receiver.recv().await.unwrap().unwrap(), 0),
                }
            }
        };
        Runtime::new().unwrap().block_on(async { timeout(SYNC_TIME_MAX, conversation).await.unwrap() })
    }

    async fn sync(&self, hub: &Hub) -> (usize, u32) {
        let endpoint = NodeEndpoint::bind(None, &self.credentials(), time()).unwrap();
        let link = endpoint.connect(hub.quic.parse().unwrap()).await.unwrap();
        let (mut sender, mut receiver) = link.split();
        let hello = self.hello();
        let mut session = NodeSession::new(&hello, 0);
        let mut changes = 0;
        loop {
            while let Some(output) = session.poll_output() {
                match output {
                    NodeOutput::Send(frame) => sender.send(&frame).await.unwrap(),
                    NodeOutput::Welcomed(welcome) => assert_eq!(welcome.interest.topics.len(), 1),
                    NodeOutput::Apply(down) => {
                        changes += count(&down, EntryKind::Change);
                        let granted = granted(&down);
                        let state = DownState { vshard: down.vshard, history: down.history, seq: down.upto };
                        session.handle_applied(state);
                        if granted > 0 {
                            return (changes, granted);
                        }
                    }
                    NodeOutput::Leased { .. } | NodeOutput::Erase(_) => {}
                    NodeOutput::End(end) => panic!("{end}"),
                    NodeOutput::Interest(_) => {}
                    other @ (NodeOutput::ReadOwn { .. }
                    | NodeOutput::Acked(_)
                    | NodeOutput::Verdict(_)
                    | NodeOutput::Commanded(_)) => {
                        panic!("unexpected: {other:?}")
                    }
                }
            }
            session.handle_frame(&receiver.recv().await.unwrap().unwrap(), 0);
        }
    }
}

fn count(down: &Down, kind: EntryKind) -> usize {
    down.entries.iter().filter(|entry| entry.entry.kind == kind.to_u8()).count()
}

fn granted(down: &Down) -> u32 {
    let rows = down.entries.iter().filter(|entry| entry.entry.kind == EntryKind::HoldingLedger.to_u8());
    rows.map(|entry| minicbor::decode::<HoldingRow>(&entry.entry.body).unwrap().granted).sum()
}

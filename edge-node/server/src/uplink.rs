//! The line to the hub: connects, drives one sync session after the other, backs off while the line is cut.

use crate::{
    app::{Shared, boot_ms},
    event_loop::{Event, Failure},
    join::{resolve, time_source},
    limits::{
        ASK_WAIT, BACK_OFF_FIRST, BACK_OFF_LONG_MAX, BACK_OFF_OVER_MAX, BACK_OFF_SHORT_MAX, CONNECT_WAIT,
        LISTEN_EVERY, ORDER_WAIT, ORDERS_IN_FLIGHT_MAX, SHORT_CUT, STEADY,
    },
};
use anyhow::Context;
use edge_core::node::EdgeNode;
use enrolment::NodeIdentity;
use futures_util::{StreamExt, stream::FuturesUnordered};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};
use sync_protocol::{
    command::{Command, CommandOutcome},
    erasure::ErasureReceipt,
    ids::{SignUpId, VshardId},
    limits::{BATCH_BYTES_MAX, BATCH_ENTRIES_MAX, ERASURES_MAX, LEASE_MS},
    session::{End, NodeOutput, NodeSession},
    wire::v1::{Ask, DownState, Hello, Interest, Outcome, Reason, UpState},
};
use sync_quic::{CloseCode, Link, LinkReceiver, LinkSender, NodeCredentials, NodeEndpoint};
use tokio::{
    sync::{mpsc, oneshot},
    time::{sleep_until, timeout},
};

/// A question to the hub with the place for its answer.
#[derive(Debug)]
pub(crate) enum Question {
    Ask(Ask, oneshot::Sender<Outcome>),
    /// A tenant's order. `None` is answered where it was not sent.
    Command(Command, oneshot::Sender<Option<CommandOutcome>>),
}

/// The uplink task's own things.
pub(crate) struct Uplink {
    shared: Arc<Shared>,
    identity: NodeIdentity,
    /// Signs heads; its state of tenants and topics is not used here.
    signer: EdgeNode,
    events: mpsc::Sender<Event>,
    questions: mpsc::Receiver<Question>,
    began: Instant,
}

/// One session's own things.
struct Running {
    session: NodeSession,
    sender: LinkSender,
    open: BTreeMap<SignUpId, oneshot::Sender<Outcome>>,
    /// Orders that were sent, by their ids.
    orders: BTreeMap<[u8; 16], oneshot::Sender<Option<CommandOutcome>>>,
    applied: mpsc::Sender<DownState>,
    /// Words of the hub that the event loop is about to write down.
    heard: FuturesUnordered<oneshot::Receiver<Result<(), Failure>>>,
}

/// How often the lease is renewed: two answers in a row may be lost.
const LEASE_EVERY: Duration = Duration::from_millis(LEASE_MS / 4);

/// Batches of the hub that may be applied at a time; the hub keeps fewer than this in flight per vshard.
const APPLYING_MAX: usize = 1024;

impl Uplink {
    pub(crate) fn new(
        shared: Arc<Shared>,
        identity: NodeIdentity,
        signer: EdgeNode,
        events: mpsc::Sender<Event>,
        questions: mpsc::Receiver<Question>,
    ) -> Self {
        Self { shared, identity, signer, events, questions, began: Instant::now() }
    }

    /// Milliseconds of this task's monotonic clock.
    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Keeps the line up until the node stops.
    pub(crate) async fn run(mut self) -> anyhow::Result<()> {
        let credentials = NodeCredentials {
            certificate_chain: self.identity.certificate_chain.clone(),
            private_key: self.identity.tls_key.clone(),
            root_certificate: self.identity.root_certificate.clone(),
        };
        let endpoint = NodeEndpoint::bind(None, &credentials, time_source(0))
            .context("cannot open the line to the hub")?;
        let mut down_since = Instant::now();
        let mut back_off = BACK_OFF_FIRST;
        let mut is_over = false;
        loop {
            let began = Instant::now();
            match self.session(&endpoint).await {
                Ok(end) => {
                    is_over |= is_the_end(&end);
                    tracing::info!(%end, "session with the hub is over");
                }
                Err(error) => tracing::debug!("no session with the hub: {error:#}"),
            }
            // A session that ends at once, as where a copy of this machine takes the line again and again, is no reason to
            // hurry.
            if self.shared.set_link_down() && began.elapsed() >= STEADY {
                (down_since, back_off) = (Instant::now(), BACK_OFF_FIRST);
            }
            while let Ok(question) = self.questions.try_recv() {
                question.was_not_sent();
            }
            let rests = is_over && self.has_delivered();
            back_off = back_off_of(back_off, is_over.then_some(rests), down_since.elapsed());
            // Spread by the node's own number, so that a hall of nodes does not knock at once.
            let writer = self.identity.writer;
            let jitter = back_off
                .mul_f64(f64::from((writer.node.0.wrapping_add(u32::from(writer.incarnation.0))) % 8) / 32.0);
            let pause = (back_off + jitter).saturating_sub(began.elapsed().min(back_off));
            // Whoever wants a new session does not wait for a line that was long cut.
            if timeout(pause, self.shared.redialled()).await.is_ok() {
                back_off = BACK_OFF_FIRST;
            } else {
                back_off *= 2;
            }
        }
    }

    async fn session(&mut self, endpoint: &NodeEndpoint) -> anyhow::Result<End> {
        let address = resolve(&self.identity.hub_address)?;
        let link =
            timeout(CONNECT_WAIT, endpoint.connect(address)).await.context("the hub did not answer")??;
        let hello = self.hello()?;
        let handle = link.handle();
        self.shared.begin_traffic(handle.clone());
        let result = self.drive(link, &hello).await;
        self.shared.end_traffic();
        handle.close(CloseCode::Done, "");
        result
    }

    fn hello(&self) -> anyhow::Result<Hello> {
        let writer = self.identity.writer;
        let (up, down, contact) = self.shared.readers.read(|tx| {
            let known: BTreeMap<VshardId, _> = tx.own_heads()?.into_iter().collect();
            let up = known
                .iter()
                .map(|(vshard, head)| UpState { vshard: vshard.0, wseq: head.wseq, head: head.head })
                .collect::<Vec<_>>();
            Ok((up, tx.cursors()?, EdgeNode::contact(tx, writer)?))
        })?;
        Ok(Hello {
            versions: (1, sync_protocol::wire::LATEST),
            cluster: self.identity.cluster_id.0.to_vec(),
            writer,
            up,
            down,
            build: env!("CARGO_PKG_VERSION").to_owned(),
            contact,
            draining: self.shared.is_draining(),
        })
    }

    /// Whether the hub has acknowledged all of the own logs. What cannot be read is not delivered any more.
    fn has_delivered(&self) -> bool {
        let pending = self.shared.readers.read(|tx| {
            let mut pending = 0;
            for (vshard, head) in tx.own_heads()? {
                pending += head.wseq.saturating_sub(tx.acked(vshard)?);
            }
            Ok(pending)
        });
        pending.unwrap_or(0) == 0
    }

    async fn drive(&mut self, link: Link, hello: &Hello) -> anyhow::Result<End> {
        let handle = link.handle();
        let (sender, mut receiver) = link.split();
        let (applied, mut applications) = mpsc::channel(APPLYING_MAX);
        let session = NodeSession::new(hello, self.now_ms());
        let mut running = Running {
            session,
            sender,
            open: BTreeMap::new(),
            orders: BTreeMap::new(),
            applied,
            heard: FuturesUnordered::new(),
        };
        let mut heads = self.shared.heads();
        heads.mark_changed();
        let mut erasures = self.shared.erasures();
        let mut lease = tokio::time::interval(LEASE_EVERY);
        lease.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut listen = tokio::time::interval(LISTEN_EVERY);
        listen.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut heard = 0;
        loop {
            if let Some(end) = self.drain(&mut running).await? {
                return Ok(end);
            }
            let due = running.session.poll_timeout().unwrap_or(u64::MAX / 2);
            let due = tokio::time::Instant::from_std(self.began + Duration::from_millis(due.min(1 << 40)));
            tokio::select! {
                frame = receive(&mut receiver) => {
                    running.session.handle_frame(&frame?, self.now_ms());
                    self.shared.hear_word();
                }
                changed = heads.changed() => {
                    changed.context("the event loop has stopped")?;
                    for (vshard, head) in heads.borrow_and_update().iter() {
                        running.session.handle_own_grew(*vshard, *head);
                    }
                }
                changed = erasures.changed() => {
                    changed.context("the event loop has stopped")?;
                    self.tell_erasures(&mut running.session)?;
                }
                Some(written) = running.heard.next() => match written.context("the event loop has stopped")? {
                    // A frozen node writes nothing, and what it wrote before is still to be delivered.
                    Ok(()) | Err(Failure::Frozen(_)) => {}
                    Err(failure) => return Err(failure).context("a word of the hub was not written"),
                },
                Some(question) = self.questions.recv() => self.put_question(&mut running, question),
                Some(state) = applications.recv() => running.session.handle_applied(state),
                _ = listen.tick() => {
                    let received = handle.stats().datagrams_received;
                    if std::mem::replace(&mut heard, received) != received {
                        self.shared.hear();
                    }
                }
                _ = lease.tick() => running.session.handle_lease_due(boot_ms()),
                () = self.shared.redialled() => anyhow::bail!("a new session was asked for"),
                () = sleep_until(due) => running.session.handle_timeout(self.now_ms()),
                error = handle.closed() => return Err(error).context("the connection ended"),
            }
        }
    }

    fn put_question(&self, running: &mut Running, question: Question) {
        match question {
            Question::Ask(ask, verdict) => {
                let sign_up = ask.sign_up;
                if running.session.handle_ask(ask, self.now_ms()) {
                    running.open.retain(|_, verdict| !verdict.is_closed());
                    running.open.insert(sign_up, verdict);
                }
            }
            Question::Command(command, answer) => {
                let id = command.id;
                running.orders.retain(|_, answer| !answer.is_closed());
                if running.orders.len() < ORDERS_IN_FLIGHT_MAX && running.session.handle_command(command) {
                    running.orders.insert(id, answer);
                } else {
                    Question::refuse(answer);
                }
            }
        }
    }

    /// Does what the session asks for until it asks for nothing more.
    async fn drain(&self, running: &mut Running) -> anyhow::Result<Option<End>> {
        while let Some(output) = running.session.poll_output() {
            match output {
                NodeOutput::Send(frame) => {
                    running.sender.send(&frame).await.context("cannot send to the hub")?
                }
                NodeOutput::Welcomed(welcome) => {
                    if let Some(reason) = welcome.retired {
                        let reason = format!("the hub has ended this node's incarnation: {reason}");
                        self.retire(&reason, welcome.interest).await?;
                        continue;
                    }
                    self.keep_contact(welcome.contact).await?;
                    running.session.handle_kept(welcome.contact);
                    running.session.handle_lease_due(boot_ms());
                    self.keep_interest(welcome.interest).await?;
                    self.shared.set_link_up();
                    self.tell_erasures(&mut running.session)?;
                    tracing::info!("in step with the hub from here on");
                }
                NodeOutput::Interest(interest) => self.keep_interest(interest).await?,
                NodeOutput::ReadOwn { vshard, after } => {
                    self.read_own(&mut running.session, vshard, after)?
                }
                NodeOutput::Apply(down) => self.apply(down, running.applied.clone()).await?,
                NodeOutput::Acked(ack) => self.hear(running, |reply| Event::Acked(ack, reply)).await?,
                NodeOutput::Verdict(verdict) => {
                    if let Some(waiting) = running.open.remove(&verdict.sign_up) {
                        // A worker who was told "requested" in the meantime no longer listens.
                        let _late = waiting.send(verdict.outcome);
                    }
                }
                NodeOutput::Commanded(commanded) => {
                    if let Some(waiting) = running.orders.remove(&commanded.id) {
                        // Whoever ordered may have gone; the order is carried out all the same.
                        let _late = waiting.send(Some(commanded.outcome));
                    }
                }
                NodeOutput::Erase(erase) => {
                    for order in erase.orders {
                        self.hear(running, |reply| Event::EraseOrdered(order, reply)).await?;
                    }
                    if !erase.heard.is_empty() {
                        let is_full = erase.heard.len() == ERASURES_MAX;
                        self.hear(running, |reply| Event::ErasuresTold(erase.heard, reply)).await?;
                        if is_full {
                            self.shared.announce_erasures();
                        }
                    }
                }
                NodeOutput::Leased { until_ms } => self.shared.set_lease(until_ms),
                NodeOutput::End(end) => {
                    if let End::Refused(refuse) = &end
                        && is_the_end(&end)
                    {
                        let why = refuse.detail.trim_start_matches("fenced: ");
                        let reason = format!("the hub has fenced this node: {why}");
                        self.retire(&reason, Interest::default()).await?;
                    }
                    return Ok(Some(end));
                }
            }
        }
        Ok(None)
    }

    /// Keeps the number of this contact durably. Nothing is granted to a disk that could be the copy of another then.
    async fn keep_contact(&self, number: u64) -> anyhow::Result<()> {
        if number == 0 {
            return Ok(());
        }
        let (reply, done) = oneshot::channel();
        self.send_event(Event::Contact(number, reply)).await?;
        Ok(done.await.context("the event loop has stopped")??)
    }

    /// Keeps what this node may see durably: what follows is read by it.
    async fn keep_interest(&self, interest: Interest) -> anyhow::Result<()> {
        let (reply, done) = oneshot::channel();
        self.send_event(Event::Interest(interest, reply)).await?;
        Ok(done.await.context("the event loop has stopped")??)
    }

    /// Ends this incarnation durably: it signs nobody up any more, also after a restart without its line.
    async fn retire(&self, reason: &str, interest: Interest) -> anyhow::Result<()> {
        let (reply, done) = oneshot::channel();
        self.send_event(Event::Retire(reason.to_owned(), interest, reply)).await?;
        // A loop that refuses is frozen already.
        let _frozen = done.await;
        self.shared.freeze(reason);
        Ok(())
    }

    /// Sends receipts of erasures that the hub has not stored.
    fn tell_erasures(&self, session: &mut NodeSession) -> anyhow::Result<()> {
        let untold = self.shared.readers.read(|tx| tx.erasures_untold(ERASURES_MAX))?;
        let receipts: Result<Vec<_>, _> =
            untold.iter().map(|row| ErasureReceipt::from_bytes(&row.receipt)).collect();
        session.handle_erased(receipts.context("a stored erasure receipt")?);
        Ok(())
    }

    fn read_own(&self, session: &mut NodeSession, vshard: VshardId, after: u64) -> anyhow::Result<()> {
        let (entries, head) =
            self.shared.readers.read(|tx| tx.read_own(vshard, after, BATCH_ENTRIES_MAX, BATCH_BYTES_MAX))?;
        let signature = head.map_or_else(Vec::new, |head| self.signer.sign_head(vshard, &head));
        session.handle_own(vshard, after + 1, entries, signature, self.now_ms());
        Ok(())
    }

    /// Hands a batch to the event loop; its cursor comes back once it is durable.
    async fn apply(
        &self,
        down: sync_protocol::wire::v1::Down,
        applied: mpsc::Sender<DownState>,
    ) -> anyhow::Result<()> {
        let (reply, done) = oneshot::channel();
        self.send_event(Event::Receive(down, reply)).await?;
        let state = done.await.context("the event loop has stopped")??;
        applied.try_send(state).context("too many batches at once")
    }

    /// Has a word of the hub written down beside the session, which ends where that fails: the next one hears it again.
    async fn hear(
        &self,
        running: &Running,
        event: impl FnOnce(oneshot::Sender<Result<(), Failure>>) -> Event,
    ) -> anyhow::Result<()> {
        let (reply, done) = oneshot::channel();
        running.heard.push(done);
        self.send_event(event(reply)).await
    }

    async fn send_event(&self, event: Event) -> anyhow::Result<()> {
        self.events.send(event).await.context("the event loop has stopped")
    }
}

/// The pause before the next attempt, from the doubled one. `over` says whether an incarnation that is over has delivered
/// all that it has; `None` while it is not over.
fn back_off_of(doubled: Duration, over: Option<bool>, cut_for: Duration) -> Duration {
    match over {
        Some(true) => BACK_OFF_OVER_MAX,
        Some(false) => doubled.min(BACK_OFF_OVER_MAX),
        None if cut_for < SHORT_CUT => doubled.min(BACK_OFF_SHORT_MAX),
        None => doubled.min(BACK_OFF_LONG_MAX),
    }
}

/// Whether the hub has said that this incarnation is over.
fn is_the_end(end: &End) -> bool {
    matches!(end, End::Refused(refuse) if refuse.reason == Reason::Revoked)
}

async fn receive(receiver: &mut LinkReceiver) -> anyhow::Result<Vec<u8>> {
    receiver.recv().await.context("the line to the hub broke")?.context("the hub ended the stream")
}

/// Asks the hub and waits for its verdict, at most [`ASK_WAIT`].
pub(crate) async fn ask(questions: &mpsc::Sender<Question>, ask: Ask) -> Option<Outcome> {
    let (verdict, answer) = oneshot::channel();
    questions.try_send(Question::Ask(ask, verdict)).ok()?;
    timeout(ASK_WAIT, answer).await.ok()?.ok()
}

impl Question {
    /// The line went before it was sent.
    fn was_not_sent(self) {
        if let Self::Command(_, answer) = self {
            Self::refuse(answer);
        }
    }

    fn refuse(answer: oneshot::Sender<Option<CommandOutcome>>) {
        // Nobody may listen any more.
        let _gone = answer.send(None);
    }
}

/// What is known of an order that was passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PassedOn {
    /// The hub has decided.
    Decided(CommandOutcome),
    /// It never left this node: nothing was changed.
    NotSent,
    /// It was sent, and no answer came within [`ORDER_WAIT`]: it may have been carried out.
    Unanswered,
}

/// Passes a tenant's order on and waits for the hub's answer.
pub(crate) async fn order(questions: &mpsc::Sender<Question>, command: Command) -> PassedOn {
    let (reply, answer) = oneshot::channel();
    if questions.try_send(Question::Command(command, reply)).is_err() {
        return PassedOn::NotSent;
    }
    match timeout(ORDER_WAIT, answer).await {
        Ok(Ok(Some(outcome))) => PassedOn::Decided(outcome),
        Ok(Ok(None)) => PassedOn::NotSent,
        Ok(Err(_)) | Err(_) => PassedOn::Unanswered,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_over_and_has_delivered_everything_knocks_rarely() {
        let check = |doubled_ms, over, cut_for_s, pause_ms| {
            let (doubled, cut_for) = (Duration::from_millis(doubled_ms), Duration::from_secs(cut_for_s));
            assert_eq!(back_off_of(doubled, over, cut_for), Duration::from_millis(pause_ms));
        };
        check(100, None, 0, 100);
        check(6_400, None, 10, 800);
        check(51_200, None, 600, 30_000);
        check(100, Some(true), 0, 300_000);
        check(100, Some(false), 0, 100);
        check(51_200, Some(false), 0, 51_200);
        check(900_000, Some(false), 0, 300_000);
    }
}

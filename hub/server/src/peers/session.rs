//! One node's session: carries frames between its link and the state machine, and does what that asks for.

use super::{
    erasures,
    hello::{self, lanes},
    work::{self, Node},
};
use crate::{
    app::App,
    clock, fencing,
    limits::{PEER_TICK, REFUSAL_TIME_MAX},
    orders,
};
use anyhow::{Result, bail};
use enrolment::parse_peer_certificate;
use hub_core::shard::{self, Answer, OverLimit, Taken};
use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};
use sync_protocol::{
    command::{Command, CommandOutcome, Commanded},
    erasure::EraseOrder,
    ids::VshardId,
    session::{End, HubOutput, HubSession},
    wire::v1::{DownState, Hello, Interest, Reason, Up},
};
use sync_quic::{CloseCode, Link, LinkHandle, LinkReceiver, LinkSender, StallWatch};
use sync_store::{FenceCause, ShardTx};
use tokio::time::{MissedTickBehavior, interval, timeout};

/// Runs a session to its end.
pub(super) async fn run(app: Arc<App>, link: Link) {
    let handle = link.handle();
    let ended = async {
        let peer = parse_peer_certificate(link.peer())?;
        let log_key = app.directory.picture().log_key(peer.writer).map(<[u8]>::to_vec);
        let node = Node { writer: peer.writer, region: peer.region, log_key };
        let (session, fresh) = app.board.connect(node.writer, link.handle());
        tracing::info!(writer = %node.writer, session, "connected");
        let (sender, receiver) = link.split();
        let mut driver = Driver {
            session: HubSession::new(node.writer),
            app: &app,
            handle: handle.clone(),
            sender,
            node,
            number: session,
            fresh,
            interest: Interest::default(),
            retired: false,
            sent: VecDeque::new(),
            started: Instant::now(),
            stall: StallWatch::default(),
            datagrams: 0,
        };
        let ended = driver.drive(receiver).await;
        app.board.disconnect(driver.node.writer, session);
        match &ended {
            Ok(end) => tracing::info!(writer = %driver.node.writer, session, %end, "session over"),
            Err(error) => {
                tracing::info!(writer = %driver.node.writer, session, error = format!("{error:#}"), "session lost")
            }
        }
        ended.map(drop)
    };
    if ended.await.is_err() {
        handle.close(CloseCode::Done, "");
    }
}

struct Driver<'a> {
    app: &'a Arc<App>,
    session: HubSession,
    handle: LinkHandle,
    sender: LinkSender,
    node: Node,
    number: u64,
    /// The node was not eligible for rights before this session.
    fresh: bool,
    interest: Interest,
    /// The incarnation is fenced and sends the rest of its logs.
    retired: bool,
    /// Batches on their way, oldest first, with the time of sending.
    sent: VecDeque<(VshardId, u64, Instant)>,
    started: Instant,
    stall: StallWatch,
    datagrams: u64,
}

impl Driver<'_> {
    async fn drive(&mut self, mut receiver: LinkReceiver) -> Result<End> {
        let mut growth = self.app.shards.growth();
        let mut changes = self.app.directory.changes();
        let mut erasures = self.app.erasures.subscribe();
        let mut tick = interval(PEER_TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            while let Some(output) = self.session.poll_output() {
                if let Some(end) = self.obey(output).await? {
                    self.part(&end).await;
                    return Ok(end);
                }
            }
            tokio::select! {
                frame = receiver.recv() => match frame? {
                    Some(frame) => {
                        self.app.board.heard(self.node.writer, self.number);
                        self.session.handle_frame(&frame);
                    }
                    None => bail!("the node has ended the session"),
                },
                _ = growth.changed() => self.grew(),
                _ = changes.changed() => self.directory_changed().await?,
                _ = erasures.changed() => self.erase(Vec::new()).await?,
                _ = tick.tick() => self.tick()?,
            }
        }
    }

    async fn obey(&mut self, output: HubOutput) -> Result<Option<End>> {
        match output {
            HubOutput::Send(frame) => self.sender.send(&frame).await?,
            HubOutput::Hello(hello) => self.hello(&hello).await?,
            HubOutput::Merge(up) => self.merge(up).await?,
            HubOutput::ReadDown { vshard, after } => {
                let (upto, entries) = work::read_down(self.app, &self.node, vshard, after).await?;
                self.sent.push_back((vshard, upto, Instant::now()));
                self.session.handle_page(vshard, upto, entries, clock::now());
                self.update_board(|contact| contact.batches_sent += 1);
            }
            HubOutput::DownAcked(state) => self.acked(state),
            HubOutput::Ask(ask) => {
                let verdict = work::ask(self.app, &self.node, ask).await?;
                self.session.handle_verdict(verdict);
            }
            HubOutput::Command(command) => self.command(command).await?,
            HubOutput::Renew(renew) => {
                if !self.retired {
                    self.app.board.renew_lease(self.node.writer);
                    self.session.handle_renewed(renew);
                }
            }
            HubOutput::Held(number) => {
                let writer = self.node.writer;
                let work = move |tx: &mut dyn ShardTx| shard::held(tx, writer, number);
                self.app.shards.write(shard::contacts_vshard(writer), work).await?;
            }
            HubOutput::Erased(receipts) => {
                let heard = erasures::heard(self.app, &self.node, receipts).await?;
                self.erase(heard).await?;
            }
            HubOutput::End(end) => return Ok(Some(end)),
        }
        Ok(None)
    }

    async fn hello(&mut self, hello: &Hello) -> Result<()> {
        match hello::judge(self.app, self.node.writer, &self.node.region, hello).await? {
            hello::Verdict::Refuse(reason, detail) => self.session.refuse(reason, &detail),
            hello::Verdict::Welcome(welcome, lanes) => {
                self.interest = welcome.interest.clone();
                self.retired = welcome.retired.is_some();
                let received: Vec<_> =
                    welcome.acked.iter().map(|acked| (VshardId(acked.vshard), acked.wseq)).collect();
                let draining = hello.draining;
                let cursors: Vec<_> = hello.down.iter().map(|down| (VshardId(down.vshard), *down)).collect();
                self.update_board(|contact| {
                    contact.received.extend(received);
                    contact.cursors.extend(cursors);
                    contact.draining = Some(draining);
                });
                self.session.welcome(&welcome, &lanes);
                if self.fresh {
                    self.app.scheduler.mark_region(&self.node.region);
                }
                self.erase(Vec::new()).await?;
                // Vshards may have grown between the reading of their heads and here.
                self.grew();
            }
        }
        Ok(())
    }

    /// A tenant's order: carried out, or refused with the reason. To an incarnation that is over there is no job.
    async fn command(&mut self, command: Command) -> Result<()> {
        let (id, region) = (command.id, &self.node.region);
        let outcome = if self.retired {
            CommandOutcome::Unknown
        } else {
            orders::command(self.app, self.node.writer, region, command).await?
        };
        self.session.handle_commanded(Commanded { id, outcome });
        Ok(())
    }

    /// Tells the node whom it has to erase, and which of its receipts are stored.
    async fn erase(&mut self, heard: Vec<EraseOrder>) -> Result<()> {
        let orders = if self.retired { Vec::new() } else { erasures::owed(self.app, &self.node).await? };
        self.session.handle_erase(orders, heard);
        Ok(())
    }

    async fn merge(&mut self, up: Up) -> Result<()> {
        let vshard = VshardId(up.vshard);
        let Taken { merged, answer } = work::merge(self.app, &self.node, self.number, up).await?;
        match answer {
            Answer::Acknowledge(wseq) => {
                self.session.handle_merged(vshard, wseq);
                if merged.is_some_and(|merged| merged.settled) {
                    self.settled().await?;
                }
                self.update_board(|contact| {
                    contact.batches_received += 1;
                    contact.received.insert(vshard, wseq);
                });
            }
            Answer::Refuse(reason) => self.session.refuse(Reason::Protocol, &reason),
            Answer::OverLimit(limit) => {
                self.app.over_limits.count(limit);
                tracing::warn!(writer = %self.node.writer, %limit, "a batch was refused");
                // The bucket of cancellations fills again by itself; the others do not.
                let reason = if limit == OverLimit::Cancels { Reason::Busy } else { Reason::Protocol };
                self.session.refuse(reason, &limit.to_string());
            }
            Answer::Fence(cause, reason) => {
                fencing::fence(self.app, self.node.writer, cause, &reason).await?;
                self.session.refuse(Reason::Revoked, &format!("fenced: {reason}"));
            }
            Answer::Apart(reason) => {
                let text = format!("node {}, which is over, came back and {reason}", self.node.writer);
                self.app.directory.note(text).await?;
                self.session.refuse(Reason::Revoked, &reason);
            }
        }
        Ok(())
    }

    /// A whole log is here; once all of them are, the incarnation has nothing more to say.
    async fn settled(&mut self) -> Result<()> {
        let writer = self.node.writer;
        // Its other logs are awaited as well, also where it ended by itself.
        fencing::fence(self.app, writer, FenceCause::Retired, "it left").await?;
        if !fencing::awaits_log(self.app, writer).await? {
            self.app.directory.note(format!("node {writer} settled: its whole log is here")).await?;
            self.session.refuse(Reason::Revoked, "settled: this node's incarnation is over; join again");
        }
        Ok(())
    }

    fn acked(&mut self, state: DownState) {
        let vshard = VshardId(state.vshard);
        let mut lag = None;
        self.sent.retain(|(of, upto, at)| {
            let done = *of == vshard && *upto <= state.seq;
            if done {
                lag = Some(at.elapsed());
            }
            !done
        });
        let behind = self.session.behind();
        self.update_board(|contact| {
            contact.cursors.insert(vshard, state);
            contact.behind = behind;
            if let Some(lag) = lag {
                contact.lag_ms = millis(lag);
            }
        });
    }

    fn grew(&mut self) {
        for vshard in crate::directory::vshards(&self.interest) {
            self.session.handle_grew(vshard, self.app.shards.head(vshard));
        }
    }

    async fn directory_changed(&mut self) -> Result<()> {
        if self.retired {
            return Ok(());
        }
        if let Some(reason) = hello::standing(self.app, self.node.writer, &self.node.region) {
            // Whoever may still send the rest of its log is told so when it says hello again.
            let awaits = fencing::awaits_log(self.app, self.node.writer).await?;
            let code = if awaits { Reason::Busy } else { Reason::Revoked };
            self.session.refuse(code, &reason);
            return Ok(());
        }
        let interest = self.app.directory.picture().interest(&self.node.region);
        if interest != self.interest {
            let lanes = lanes(self.app, &interest).await?;
            self.interest = interest.clone();
            self.session.handle_interest(interest, &lanes);
        }
        Ok(())
    }

    fn tick(&mut self) -> Result<()> {
        let stats = self.handle.stats();
        if stats.datagrams_received != self.datagrams {
            self.datagrams = stats.datagrams_received;
            self.app.board.heard(self.node.writer, self.number);
        }
        let oldest = self.sent.front().map(|(_, _, at)| at.elapsed());
        if self.stall.is_cut(self.started.elapsed(), &stats, oldest.is_some()) {
            self.handle.close(CloseCode::Stalled, "nothing was acknowledged");
            bail!("the line is cut");
        }
        let behind = self.session.behind();
        self.update_board(|contact| {
            contact.behind = behind;
            if let Some(oldest) = oldest {
                contact.lag_ms = contact.lag_ms.max(millis(oldest));
            }
        });
        Ok(())
    }

    fn update_board(&self, change: impl FnOnce(&mut super::Contact)) {
        self.app.board.update(self.node.writer, self.number, change);
    }

    /// Lets the node read why the session ends, then closes.
    async fn part(&mut self, end: &End) {
        self.sender.finish();
        // Whether it was read makes no difference here.
        let _ = timeout(REFUSAL_TIME_MAX, self.handle.closed()).await;
        let code = match end {
            End::Refused(refuse) if refuse.reason == Reason::Revoked => CloseCode::Revoked,
            End::Refused(_) | End::Stalled => CloseCode::Done,
            End::Protocol(_) | End::Frame(_) => CloseCode::Protocol,
        };
        self.handle.close(code, "");
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

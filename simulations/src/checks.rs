//! What must hold: after each step from the stores, and at rest when everything has healed.
//!
//! Names as in the seat protocol: I1 the hub's pool and what is out make up the cap, I2 what the hub knows is never ahead of
//! the truth, I3 no node has used more than it was granted, I4 nobody is seated twice, I7 and I8 what must be so at rest.

use crate::{
    model::Violation,
    picture::{Holder, Mark},
    world::{World, faults::quietly, people::vshard_of},
};
use std::collections::{BTreeMap, BTreeSet};
use sync_protocol::{
    documents::{Draw, JobFields, Status},
    ids::{JobId, SignUpId, VshardId, Writer},
    seats::{HubHolding, NodeJob, SeatState},
};
use sync_store::{FenceCause, SeatRow, SqliteShard, StoreError, Stored};

/// Live sign-ups of a job by holder: (machine, incarnation), the hub's own under a number of its own.
pub(crate) type LiveSeats = BTreeMap<JobId, BTreeMap<(usize, u16), u32>>;

/// What each job looked like when its seats were counted last.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    at_nodes: BTreeMap<(usize, JobId), NodeJob>,
    at_hub: BTreeMap<JobId, Books>,
}

impl Checked {
    /// The hub's books are others now.
    pub(crate) fn forget_hub(&mut self) {
        self.at_hub.clear();
    }
}

/// Cap, bound, whether it is open, and all holdings of a job.
type Books = (u32, u32, bool, Vec<(Writer, HubHolding)>);

/// Seconds after which a draw that was due must have been held.
const DRAW_LATE_S: i64 = 300;
pub(crate) const HUB: (usize, u16) = (usize::MAX, 0);
/// Answers that a start looks at; all of them are looked at in the end.
const KEPT_AT_START: usize = 30;
/// Sign-ups that are compared at other nodes in the end.
const COMPARED_ELSEWHERE: usize = 40;

fn violation<T>(kind: &'static str, text: String) -> Result<T, Violation> {
    Err(Violation { kind, text })
}

fn holder_of((writer, holding): &(Writer, HubHolding)) -> Holder {
    let HubHolding { granted, returned, live } = *holding;
    Holder { writer: writer.to_string(), granted, returned, live }
}

fn count_live(seats: &[SeatRow], holder: Writer) -> u32 {
    let live = seats.iter().filter(|seat| seat.holder == holder && seat.state == SeatState::Live);
    u32::try_from(live.count()).unwrap_or(u32::MAX)
}

impl World {
    /// After a batch of a node: counters and seats agree, and all holders together stay within the cap.
    pub(crate) fn check_node(&mut self, m: usize, changed: &BTreeSet<JobId>) {
        let place = &mut self.machines[m];
        let (disk, writer, vshard) = (place.disk, place.writer, vshard_of(place.region));
        let Some(running) = &mut place.running else { return };
        let checked = &mut self.checked.at_nodes;
        let read = quietly(disk, || {
            running.store.read(|tx| {
                let mut all = Vec::with_capacity(changed.len());
                for job in changed {
                    let Some((counters, _)) = tx.node_job(vshard, *job)? else { continue };
                    // Seats change together with counters; that they agree where nothing moved is looked at in the end.
                    let before = checked.insert((m, *job), counters);
                    if before != Some(counters) {
                        all.push((*job, before, counters, tx.seats(vshard, *job)?));
                    }
                }
                Ok(all)
            })
        });
        let Ok(all) = read else { return };
        for (job, before, counters, seats) in all {
            let live = count_live(&seats, writer);
            let at = self.now;
            self.trace.mark(|| Mark::Seats {
                at,
                lane: m + 1,
                job: job.to_string(),
                granted: counters.granted,
                returned: counters.returned,
                live,
            });
            if counters.live != live || counters.returned + counters.live > counters.granted {
                let text = format!("I3: node {writer} counts {counters:?} for {job} and has {live} live");
                return self.fail("invariant", text);
            }
            self.see_ended(&seats, |holder| holder == writer);
            // What was reclaimed is counted where it came to; what is left here is void.
            if !self.directory.reclaimed.contains(&(writer, job)) {
                self.seen(job, (m, writer.incarnation.0), live);
            } else if live > before.map_or(0, |before| before.live) {
                let text = format!("node {writer} sold a right to {job} after it was reclaimed");
                return self.fail("invariant", text);
            }
        }
    }

    /// Who is bumped by the holder has no seat any more (I5: only with a reason).
    fn see_ended(&mut self, seats: &[SeatRow], holds: impl Fn(Writer) -> bool) {
        for seat in seats.iter().filter(|seat| seat.state == SeatState::Bumped && holds(seat.holder)) {
            self.tally.sometimes("a sign-up was bumped");
            self.model.ended(seat.sign_up);
        }
    }

    /// I4 over what all stores hold.
    fn seen(&mut self, job: JobId, holder: (usize, u16), live: u32) {
        let holders = self.live_seats.entry(job).or_default();
        holders.insert(holder, live);
        let all: u32 = holders.values().sum();
        let Some(facts) = self.model.jobs.get(&job) else { return };
        let most = facts.valid.unwrap_or(facts.cap);
        if all > most + facts.excess {
            let text = format!("I4: {all} live sign-ups for {most} seats of {job}: {holders:?}");
            self.fail("oversold", text);
        }
    }

    /// After a transaction of the hub.
    pub(crate) fn check_hub(&mut self, touched: &BTreeSet<JobId>) {
        for job in touched {
            let result = self.check_hub_job(*job);
            self.take(result);
        }
    }

    fn check_hub_job(&mut self, job: JobId) -> Result<(), Violation> {
        let Some(region) = self.model.jobs.get(&job).map(|facts| facts.region) else { return Ok(()) };
        let vshard = vshard_of(region);
        if self.is_waiting_for_nodes(vshard) {
            return Ok(());
        }
        let Some(store) = &mut self.hub.store else { return Ok(()) };
        let checked = &mut self.checked.at_hub;
        let read = quietly(self.hub.disk, || {
            store.read(|tx| {
                let (row, holdings) = (tx.hub_job(vshard, job)?, tx.holdings(vshard, job)?);
                let moved = row.map(|row| (row.cap, row.bound, row.open, holdings));
                if checked.get(&job) == moved.as_ref() {
                    return Ok(None);
                }
                let Some((_, _, _, holdings)) = moved.clone() else { return Ok(None) };
                checked.extend(moved.map(|moved| (job, moved)));
                Ok(row.map(|row| (row, holdings)).zip(Some(tx.seats(vshard, job)?)))
            })
        });
        let Ok(Some(((row, holdings), seats))) = read else { return Ok(()) };
        let out: u32 = holdings.iter().map(|(_, holding)| holding.out()).sum();
        let at = self.now;
        self.trace.mark(|| Mark::Books {
            at,
            job: job.to_string(),
            cap: row.cap,
            open: row.open,
            pool: row.pool(out),
            holders: holdings.iter().map(holder_of).collect(),
        });
        if out > row.cap.max(row.bound) {
            return violation("invariant", format!("I1: {out} rights are out of {} of {job}", row.cap));
        }
        if let Some(facts) = self.model.jobs.get_mut(&job) {
            facts.valid = Some(row.most_valid(out));
        }
        // A copy that has written nothing is not told from its original at a contact: what is granted to both until then
        // may be spent by both.
        let is_forked = |writer: &Writer| self.directory.forked.contains_key(writer);
        let of_copies = holdings.iter().filter(|(writer, _)| is_forked(writer));
        let spendable = |(writer, holding): &(Writer, HubHolding)| {
            let before = self.directory.returned_before.get(&(*writer, job)).copied().unwrap_or(0);
            holding.granted - before.min(holding.granted)
        };
        let at_copies: u32 = of_copies.map(spendable).sum();
        if let Some(facts) = self.model.jobs.get_mut(&job) {
            facts.excess = facts.excess.max(at_copies);
        }
        for (writer, holding) in &holdings {
            let live = count_live(&seats, *writer);
            if holding.live != live {
                let text =
                    format!("the hub counts {} live of {writer} for {job} and has {live}", holding.live);
                return violation("invariant", text);
            }
            if writer.is_hub() {
                self.seen(job, HUB, live);
                continue;
            }
            self.check_known(job, vshard, *writer, holding)?;
        }
        self.see_ended(&seats, Writer::is_hub);
        if seats.iter().any(|seat| seat.holder.is_hub() && seat.state == SeatState::Live) {
            self.tally.sometimes("the hub accepted a sign-up that was left to it");
        }
        Ok(())
    }

    /// I2: what the hub has of an honest holder is never ahead of that holder's own store.
    fn check_known(
        &mut self,
        job: JobId,
        vshard: VshardId,
        writer: Writer,
        holding: &HubHolding,
    ) -> Result<(), Violation> {
        let directory = &self.directory;
        if directory.over.contains_key(&writer) || directory.forked.contains_key(&writer) {
            return Ok(());
        }
        let place = self.machines.iter_mut().find(|m| m.writer == writer && m.copy_of.is_none());
        let Some(place) = place else { return Ok(()) };
        let disk = place.disk;
        let Some(running) = &mut place.running else { return Ok(()) };
        let own = quietly(disk, || running.store.read(|tx| tx.node_job(vshard, job)));
        let Ok(Some((own, _))) = own else { return Ok(()) };
        if own.granted > holding.granted || holding.returned > own.returned {
            let text = format!("I2: the hub knows {holding:?} of {writer} for {job}, which has {own:?}");
            return violation("invariant", text);
        }
        Ok(())
    }

    /// What was merged of a copied or restored node is the log of the machine that sent it.
    pub(crate) fn check_chain(&mut self, connection: u64, writer: Writer, vshard: VshardId, wseq: u64) {
        if !self.directory.forked.contains_key(&writer) || self.directory.fenced.contains_key(&writer) {
            return;
        }
        let Some(m) = self.connections.get(&connection).map(|c| c.machine) else { return };
        let (Some(hub), place) = (&mut self.hub.store, &mut self.machines[m]) else { return };
        let known = quietly(self.hub.disk, || hub.read(|tx| tx.origin(vshard, writer)));
        let disk = place.disk;
        let Some(running) = &mut place.running else { return };
        let own = quietly(disk, || running.store.read(|tx| tx.own_head(vshard)));
        if let (Ok(Some(known)), Ok(Some(own))) = (known, own)
            && (known.wseq, own.wseq) == (wseq, wseq)
            && known.head != own.head
            && !place.has_signed(known.head)
        {
            self.fail(
                "invariant",
                format!("the hub merged {wseq} entries of machine {m}, which wrote others"),
            );
        }
    }

    /// Who was answered once is never refused under the same key.
    pub(crate) fn check_refusal(&mut self, m: usize, request: usize, why: &str) {
        let writer = self.machines[m].writer;
        let told = self.model.requests.get(request).and_then(|request| request.told);
        let same = told.is_some_and(|(_, by)| by == writer) && !self.directory.forked.contains_key(&writer);
        if same && !why.starts_with("cancel") {
            self.fail("answer", format!("request {request} was answered and is refused now: {why}"));
        }
    }

    /// At a start: what was told before must be there.
    pub(crate) fn check_kept(&mut self, m: usize) {
        let writer = self.machines[m].writer;
        if self.directory.forked.contains_key(&writer) {
            return;
        }
        let told: Vec<SignUpId> =
            self.model.confirmed_by(writer).rev().take(KEPT_AT_START).map(|(sign_up, _)| sign_up).collect();
        let result = self.check_told(m, &told);
        self.take(result);
    }

    fn check_told(&mut self, m: usize, told: &[SignUpId]) -> Result<(), Violation> {
        let place = &mut self.machines[m];
        let (disk, vshard) = (place.disk, vshard_of(place.region));
        let Some(running) = &mut place.running else { return Ok(()) };
        for sign_up in told {
            let Some(number) = self.model.by_sign_up.get(sign_up) else { continue };
            let job = self.model.requests[*number].job;
            let seat = quietly(disk, || running.store.read(|tx| tx.seat(vshard, job, *sign_up)));
            match seat {
                Ok(Some(seat)) if matches!(seat.state, SeatState::Live | SeatState::Bumped) => {}
                // Confirmed by the hub's own node, and told here.
                Ok(Some(seat)) if seat.state == SeatState::Requested => {}
                Ok(seat) => {
                    let state = seat.map(|seat| seat.state);
                    let text = format!("{sign_up} was told confirmed, and its node has {state:?}");
                    return violation("lost", text);
                }
                // Damage that is noticed loses nothing that the hub has; the node freezes once it reads it itself.
                Err(error) if place.is_flipped && error.is_corrupt() => return Ok(()),
                Err(error) => return violation("lost", format!("{sign_up} cannot be read: {error}")),
            }
        }
        Ok(())
    }

    /// When everything has healed and come to rest.
    pub(crate) fn check_rest(&mut self) {
        let result = self.at_rest();
        self.take(result);
    }

    fn at_rest(&mut self) -> Result<(), Violation> {
        for m in 0..self.machines.len() {
            self.check_copy(m)?;
            self.check_drained(m)?;
        }
        let jobs: Vec<(JobId, usize)> =
            self.model.jobs.iter().map(|(job, facts)| (*job, facts.region)).collect();
        for (job, region) in jobs {
            self.check_job_at_rest(job, region)?;
        }
        for m in 0..self.machines.len() {
            let writer = self.machines[m].writer;
            if !self.machines[m].retired && !self.directory.forked.contains_key(&writer) {
                let told: Vec<SignUpId> =
                    self.model.confirmed_by(writer).map(|(sign_up, _)| sign_up).collect();
                self.check_told(m, &told)?;
            }
        }
        self.check_ends()?;
        self.check_elsewhere()?;
        self.check_readers()
    }

    /// I5 at rest: whoever lost a place is told why, and where the job is said to be closed, it is.
    fn check_ends(&mut self) -> Result<(), Violation> {
        let Some(store) = &mut self.hub.store else { return Ok(()) };
        for sign_up in self.model.by_sign_up.keys() {
            let read = store.read(|tx| {
                let Some(row) = tx.sign_up(*sign_up)?.filter(|row| row.status() == Status::Bumped) else {
                    return Ok(None);
                };
                let is_open = tx.hub_job(row.vshard, row.fields.job)?.is_some_and(|job| job.open);
                Ok(Some((row.fields.reason, is_open)))
            });
            match read {
                Ok(Some((reason, is_open))) if reason.is_empty() || (reason == "closed" && is_open) => {
                    let text =
                        format!("I5: {sign_up} was ended, its reason is `{reason}`, its job open: {is_open}");
                    return violation("invariant", text);
                }
                Ok(_) => {}
                Err(error) => return violation("lost", format!("the hub cannot read {sign_up}: {error}")),
            }
        }
        Ok(())
    }

    /// A copy that wrote something of its own was noticed.
    fn check_copy(&mut self, m: usize) -> Result<(), Violation> {
        let Some(original) = self.machines[m].copy_of.filter(|_| !self.machines[m].retired) else {
            return Ok(());
        };
        if self.machines[original].writer != self.machines[m].writer {
            return Ok(());
        }
        let mut heads = [original, m].map(|machine| {
            let running = self.machines[machine].running.as_mut();
            running.and_then(|running| running.store.read(|tx| tx.own_heads()).ok())
        });
        let fenced = self.directory.fenced.contains_key(&self.machines[m].writer);
        if heads[0].take() != heads[1].take() && !fenced {
            return violation("invariant", format!("machine {m}, a copy of {original}, was never noticed"));
        }
        // Two machines with the same log and one name take the line from each other; one of them goes.
        self.machines[m].retired = true;
        Ok(())
    }

    /// What this incarnation knew may be gone with its disk, or stand twice.
    fn is_away(&self, writer: Writer) -> bool {
        let lost = self.directory.over.get(&writer) == Some(&FenceCause::Replaced);
        lost || self.directory.forked.contains_key(&writer)
    }

    fn check_drained(&mut self, m: usize) -> Result<(), Violation> {
        let place = &mut self.machines[m];
        if place.retired {
            return Ok(());
        }
        let (writer, vshard) = (place.writer, vshard_of(place.region));
        let Some(running) = place.running.as_mut().filter(|_| place.frozen.is_none()) else {
            return violation(
                "unconverged",
                format!("machine {m} does not serve after everything has healed"),
            );
        };
        let own = running.store.read(|tx| Ok((tx.own_head(vshard)?, tx.acked(vshard)?, tx.cursors()?)));
        let at_hub = self.hub.store.as_mut().map(|hub| hub.read(|tx| tx.head(vshard)));
        if place.is_flipped && own.as_ref().is_err_and(StoreError::is_corrupt) {
            return Ok(());
        }
        let (Ok((own, acked, cursors)), Some(Ok((_, head)))) = (own, at_hub) else {
            return violation("unconverged", format!("the stores of machine {m} cannot be read"));
        };
        let own = own.map_or(0, |own| own.wseq);
        if own != acked {
            let text = format!("node {writer} wrote {own} entries, of which {acked} are acknowledged");
            return violation("unconverged", text);
        }
        let cursor = cursors.iter().find(|cursor| cursor.vshard == vshard.0).map_or(0, |cursor| cursor.seq);
        if cursor != head {
            return violation("unconverged", format!("node {writer} has applied {cursor} of {head} entries"));
        }
        Ok(())
    }

    fn check_job_at_rest(&mut self, job: JobId, region: usize) -> Result<(), Violation> {
        let vshard = vshard_of(region);
        let Some(store) = &mut self.hub.store else { return Ok(()) };
        let read: Result<_, StoreError> = store.read(|tx| {
            let (row, holdings) = (tx.hub_job(vshard, job)?, tx.holdings(vshard, job)?);
            let (document, waiting) = (tx.document(vshard, job)?, tx.waiting(vshard, job)?);
            let has_text = tx.job_summary(vshard, job)?.is_some();
            Ok((row, holdings, tx.seats(vshard, job)?, waiting, document, has_text))
        });
        let Ok((row, holdings, seats, waiting, document, has_text)) = read else {
            return violation("lost", format!("the hub cannot read {job}"));
        };
        // Made after the hub's backup and heard of by nobody, it is gone; its text is gone in any case.
        let was_lost = self.is_away(job.writer) || (job.writer.is_hub() && self.hub_history > 0);
        let Some(row) = row else {
            return if was_lost { Ok(()) } else { violation("lost", format!("the hub does not know {job}")) };
        };
        let out: u32 = holdings.iter().map(|(_, holding)| holding.out()).sum();
        let has_lost_writer = self.check_holdings(vshard, job, &holdings, &seats)?;
        let still = |seat: &SeatRow| seat.state == SeatState::Live && !self.is_away(seat.holder);
        if !row.open && seats.iter().any(still) {
            return violation("unconverged", format!("I8: {job} is closed, and sign-ups of it are live"));
        }
        let is_drawn_later = self.check_draw(job, document.as_ref(), row.open)?;
        let open_waits = waiting.iter().filter(|wait| !wait.promoted).count();
        let is_for_all = row.open && !is_drawn_later && !has_lost_writer && has_text;
        if open_waits > 0 && row.pool(out) > 0 && is_for_all {
            let text = format!(
                "I8: {open_waits} wait for {job} while {} rights lie at the hub: {waiting:?}",
                row.pool(out)
            );
            return violation("unconverged", text);
        }
        Ok(())
    }

    /// Nodes and hub say the same of a job's rights and seats. Returns whether a holder is gone, or its damage was noticed.
    fn check_holdings(
        &mut self,
        vshard: VshardId,
        job: JobId,
        holdings: &[(Writer, HubHolding)],
        seats: &[SeatRow],
    ) -> Result<bool, Violation> {
        let live_of = |seats: &[SeatRow], of: Writer| -> BTreeSet<SignUpId> {
            seats.iter().filter(|s| s.holder == of && s.state == SeatState::Live).map(|s| s.sign_up).collect()
        };
        let mut has_lost_writer = false;
        for (writer, holding) in holdings {
            if writer.is_hub() {
                continue;
            }
            if self.is_away(*writer) {
                has_lost_writer = true;
                continue;
            }
            let Some(place) = self.machines.iter_mut().find(|m| m.writer == *writer) else { continue };
            let Some(running) = &mut place.running else { continue };
            let read = running.store.read(|tx| Ok((tx.node_job(vshard, job)?, tx.seats(vshard, job)?)));
            let (own, own_seats) = match read {
                Ok(read) => read,
                Err(error) if place.is_flipped && error.is_corrupt() => {
                    self.tally.sometimes("a bit that turned over was noticed where it was read");
                    has_lost_writer = true;
                    continue;
                }
                Err(error) => {
                    return violation("lost", format!("node {writer} cannot read {job}: {error}"));
                }
            };
            let (known, truth) = (live_of(seats, *writer), live_of(&own_seats, *writer));
            if known != truth {
                let text = format!("{job}: node {writer} holds {truth:?}, the hub knows {known:?}");
                return violation("unconverged", text);
            }
            let own = own.map_or_else(Default::default, |(own, _)| own);
            if holding.out() != own.live + own.avail() {
                let text = format!("I7: {job}: node {writer} has {own:?}, the hub {holding:?}");
                return violation("unconverged", text);
            }
        }
        Ok(has_lost_writer)
    }

    /// A draw that was held is what anybody may check, and none is left out. Returns whether one is still to come.
    fn check_draw(
        &mut self,
        job: JobId,
        document: Option<&Stored>,
        is_open: bool,
    ) -> Result<bool, Violation> {
        let Some(stored) = document else { return Ok(false) };
        let Some(fields) = JobFields::read(&stored.document) else { return Ok(false) };
        let Some(at) = fields.draw_at() else { return Ok(false) };
        let draw = Draw::read(&stored.document);
        let fault = |text: String| Err(Violation { kind: "draw", text: format!("{job}: {text}") });
        if draw.seed.is_some() {
            self.tally.sometimes("places in line were drawn");
            return draw.verify().map(|()| false).or_else(|wrong| fault(wrong.to_string()));
        }
        let wall = self.hub_wall();
        if is_open && wall > at + DRAW_LATE_S && wall < fields.end_at {
            return fault(format!("the draw was due at {at}, and at {wall} it was not held"));
        }
        Ok(true)
    }

    /// A sample of sign-ups: every node of the region and the hub say the same of them.
    fn check_elsewhere(&mut self) -> Result<(), Violation> {
        let known = self.model.by_sign_up.len();
        let every = (known / COMPARED_ELSEWHERE).max(1);
        let sample: Vec<SignUpId> = self.model.by_sign_up.keys().step_by(every).copied().collect();
        for sign_up in sample {
            if self.is_away(sign_up.writer) {
                continue;
            }
            let region = self.directory.regions.get(&sign_up.writer.node.0).copied().unwrap_or(0);
            let at_hub = self.hub.store.as_mut().and_then(|store| status(store, sign_up));
            for m in 0..self.machines.len() {
                let place = &mut self.machines[m];
                if place.region != region || place.retired || place.is_flipped {
                    continue;
                }
                let here = place.running.as_mut().and_then(|running| status(&mut running.store, sign_up));
                if here != at_hub || here.is_none() {
                    let text = format!("{sign_up} is {here:?} at machine {m} and {at_hub:?} at the hub");
                    return violation("unconverged", text);
                }
            }
        }
        Ok(())
    }
}

fn status(store: &mut SqliteShard, sign_up: SignUpId) -> Option<Status> {
    store.read(|tx| tx.sign_up(sign_up)).ok().flatten().map(|row| row.status())
}

//! Workers who look at their sign-up again, at any node of the region, with the bookmark that the last answer gave them: nobody
//! reads older than what he was told or has read (read your writes, monotonic reads). And who cancels at another node than
//! the one that answered: the wish reaches whoever holds the place.

use super::{World, faults::quietly, node::NodeEvent, note, people::vshard_of};
use crate::{
    model::{RequestNo, Violation, pick_of},
    world::REGIONS,
};
use edge_core::{bookmark::Bookmark, node::Answer};
use std::collections::BTreeMap;
use sync_protocol::{
    documents::{Attendance, Status},
    ids::{SignUpId, Writer},
};
use sync_store::StoreError;

/// Of so many requests one is looked at again.
const EVERY: usize = 16;

/// What workers keep of their answers.
#[derive(Debug, Default)]
pub(crate) struct Readers {
    last: BTreeMap<RequestNo, Seen>,
    /// Who took a wish to cancel that is for another holder.
    wishes: BTreeMap<SignUpId, Writer>,
}

#[derive(Debug, Clone)]
struct Seen {
    sign_up: SignUpId,
    status: Status,
    bookmark: Bookmark,
}

/// How far a sign-up has come; it never goes back.
const fn stage(status: Status) -> u8 {
    match status {
        Status::Requested | Status::WaitListed => 0,
        Status::Confirmed => 1,
        Status::Cancelled | Status::Bumped => 2,
    }
}

fn older(text: String) -> Result<(), Violation> {
    Err(Violation { kind: "answer", text })
}

impl World {
    /// A worker keeps what an answer says and how far its node was.
    pub(super) fn keep_bookmark(&mut self, m: usize, number: RequestNo, answer: &Answer) {
        if number.is_multiple_of(EVERY) {
            let told = self.read_at(m, number, answer.sign_up, Some(answer.status));
            self.take(told);
        }
    }

    /// Somebody who keeps a bookmark reads at a node.
    pub(super) fn read(&mut self, pick: u64) {
        let known: Vec<RequestNo> = self.readers.last.keys().rev().take(60).copied().collect();
        let Some(number) = pick_of(&known, pick).copied() else { return };
        let at = self.model.requests[number].machine;
        let Some(m) = self.another_machine(at, pick / 64) else { return };
        let sign_up = self.readers.last[&number].sign_up;
        let read = self.read_at(m, number, sign_up, None);
        self.take(read);
    }

    /// A machine of the same region that serves.
    fn another_machine(&self, of: usize, pick: u64) -> Option<usize> {
        let region = self.machines[of].region;
        let others: Vec<usize> = (0..self.machines.len())
            .filter(|m| *m != of && self.machines[*m].region == region && self.machines[*m].is_serving())
            .collect();
        pick_of(&others, pick).copied()
    }

    /// Compares what a machine says with what the worker has seen. `told`: by an answer, which waits for no bookmark.
    fn read_at(
        &mut self,
        m: usize,
        number: RequestNo,
        sign_up: SignUpId,
        told: Option<Status>,
    ) -> Result<(), Violation> {
        let before = self.readers.last.get(&number).filter(|seen| seen.sign_up == sign_up).cloned();
        if self.is_doubtful(sign_up.writer) || self.is_doubtful(self.machines[m].writer) {
            return Ok(());
        }
        let place = &mut self.machines[m];
        let Some(running) = &mut place.running else { return Ok(()) };
        let given = before.as_ref().map(|seen| seen.bookmark.clone()).unwrap_or_default();
        let read = quietly(place.disk, || {
            running.store.read(|tx| {
                let is_reached = given.is_reached(tx)?;
                let status = tx.sign_up(sign_up)?.map(|row| row.status());
                Ok((is_reached, status, Bookmark::of(tx, sign_up)?))
            })
        });
        let Ok((is_reached, here, mut bookmark)) = read else { return Ok(()) };
        if told.is_none() && !is_reached {
            self.tally.sometimes("a node was behind a reader's bookmark");
            return Ok(());
        }
        let Some(status) = told.or(here) else {
            return older(format!(
                "{sign_up}, which its worker has seen, is unknown at machine {m}, which has all of his bookmark"
            ));
        };
        bookmark.join(&given);
        if let Some(seen) = before {
            if stage(status) < stage(seen.status) {
                if told.is_some() {
                    // An answer that waited for no bookmark is no step back of what he keeps.
                    return Ok(());
                }
                let (was, is) = (seen.status.as_str(), status.as_str());
                return older(format!(
                    "{sign_up} was {was} to its worker, and machine {m}, which has all of his bookmark, says {is}"
                ));
            }
            if told.is_none() {
                self.tally.sometimes("a worker read at another node what he had seen before");
            }
        }
        self.readers.last.insert(number, Seen { sign_up, status, bookmark });
        Ok(())
    }

    /// What this incarnation wrote may be gone, or stand twice.
    fn is_doubtful(&self, writer: Writer) -> bool {
        self.directory.over.contains_key(&writer) || self.directory.forked.contains_key(&writer)
    }

    /// A worker cancels at another node than the one that answered.
    pub(super) fn cancel_elsewhere(&mut self, number: RequestNo, pick: u64) {
        let request = &self.model.requests[number];
        let Some((sign_up, _)) = request.told else { return };
        let Some(m) = self.another_machine(request.machine, pick / 64) else { return };
        // What the node has not heard of it cannot pass on.
        let place = &mut self.machines[m];
        let Some(running) = &mut place.running else { return };
        let known = quietly(place.disk, || running.store.read(|tx| tx.sign_up(sign_up)));
        if matches!(known, Ok(Some(_))) {
            self.model.cancels(number);
            self.tell_node(m, NodeEvent::Wish(sign_up));
        }
    }

    /// A node has taken a wish, durably.
    pub(crate) fn wish_taken(&mut self, m: usize, answer: &Answer) {
        let writer = self.machines[m].writer;
        note!(self, "node {writer} passes on that {} is given back", answer.sign_up);
        self.tally.sometimes("a wish to cancel was passed on to the holder");
        self.readers.wishes.insert(answer.sign_up, writer);
    }

    /// At rest each node has all of every bookmark, and each wish that was taken is done, unless its worker had come.
    pub(crate) fn check_readers(&mut self) -> Result<(), Violation> {
        let last = std::mem::take(&mut self.readers.last);
        for (number, seen) in last {
            if self.is_doubtful(seen.sign_up.writer) {
                continue;
            }
            let region = self.machines[self.model.requests[number].machine].region;
            for m in 0..self.machines.len() {
                let place = &mut self.machines[m];
                if place.retired || place.region != region || place.is_flipped {
                    continue;
                }
                let Some(running) = &mut place.running else { continue };
                let is_reached = running.store.read(|tx| seen.bookmark.is_reached(tx));
                if !matches!(is_reached, Ok(true)) {
                    let (sign_up, bookmark) = (seen.sign_up, &seen.bookmark);
                    let text = format!(
                        "machine {m} never has all of the bookmark {bookmark} of {sign_up}: {is_reached:?}"
                    );
                    return Err(Violation { kind: "unconverged", text });
                }
            }
        }
        let wishes = std::mem::take(&mut self.readers.wishes);
        for (sign_up, taken_by) in wishes {
            if !self.is_doubtful(sign_up.writer) && !self.is_doubtful(taken_by) {
                self.check_wish(sign_up)?;
            }
        }
        Ok(())
    }

    fn check_wish(&mut self, sign_up: SignUpId) -> Result<(), Violation> {
        let region = self.directory.regions.get(&sign_up.writer.node.0).copied().unwrap_or(0) % REGIONS.len();
        let vshard = vshard_of(region);
        let Some(store) = &mut self.hub.store else { return Ok(()) };
        let read: Result<_, StoreError> = store.read(|tx| {
            let come = tx.document(vshard, sign_up)?;
            let has_come =
                come.is_some_and(|stored| Attendance::read(&stored.document).checked_in_at.is_some());
            Ok((tx.sign_up(sign_up)?.map(|row| row.status()), has_come))
        });
        match read {
            Ok((Some(status), false)) if status.is_current() => {
                let text =
                    format!("{sign_up} was given back at another node, and is {} still", status.as_str());
                Err(Violation { kind: "unconverged", text })
            }
            Ok(_) => Ok(()),
            Err(error) => {
                Err(Violation { kind: "lost", text: format!("the hub cannot read {sign_up}: {error}") })
            }
        }
    }
}

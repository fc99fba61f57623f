//! Messages to workers and tenants: written in the transaction of what they tell of, sent by the server afterwards.
//!
//! So no message tells of what was not kept, and none is lost with the power. A message may be sent twice, under the same
//! number. The node at which a worker signed up is the one that tells him.

use super::Batch;
use sync_protocol::{
    documents::{JobFields, SignUpFields, Status},
    ids::{DocumentKind, JobId, SignUpId, VshardId},
};
use sync_store::{MessageKind, MessageRow, StoreError};

/// Seconds before the second and the third try; after the third a message is given up.
const PAUSES_S: [i64; 2] = [5, 30];
/// Messages that wait; what comes on top is not told, and places are given all the same.
const WAITING_MAX: u64 = 100_000;
/// Messages given up that are kept for people; above it the oldest goes.
const DEAD_MAX: u64 = 1_000;

impl Batch<'_> {
    /// Writes a message into the outbox; returns whether there was room.
    pub fn tell(
        &mut self,
        vshard: VshardId,
        kind: MessageKind,
        subject: Vec<u8>,
    ) -> Result<bool, StoreError> {
        if self.tx.message_counts()?.0 >= WAITING_MAX {
            return Ok(false);
        }
        let n = self.tx.next_counter()?;
        let message = MessageRow {
            vshard,
            n,
            kind,
            subject,
            at: self.now,
            tries: 0,
            next_at: self.now,
            error: String::new(),
            is_dead: false,
        };
        self.tx.put_message(&message)?;
        self.told = true;
        Ok(true)
    }

    /// What became of a try to send: delivered messages go, others are tried again or given up.
    pub fn sent(&mut self, vshard: VshardId, n: u64, result: Result<(), &str>) -> Result<(), StoreError> {
        let Some(mut message) = self.tx.message(vshard, n)? else { return Ok(()) };
        let Err(error) = result else { return self.tx.remove_message(vshard, n) };
        message.tries += 1;
        error.clone_into(&mut message.error);
        let pause = usize::try_from(message.tries).ok().and_then(|tries| PAUSES_S.get(tries - 1));
        match pause {
            Some(pause) => message.next_at = self.now + pause,
            None => message.is_dead = true,
        }
        self.tx.put_message(&message)?;
        if message.is_dead && self.tx.message_counts()?.1 > DEAD_MAX {
            for oldest in self.tx.messages(true, 1)? {
                self.tx.remove_message(oldest.vshard, oldest.n)?;
            }
        }
        Ok(())
    }

    /// Sends a message that was given up once more, with all of its tries; returns whether there is such a one.
    pub fn send_again(&mut self, vshard: VshardId, n: u64) -> Result<bool, StoreError> {
        let Some(message) = self.tx.message(vshard, n)?.filter(|message| message.is_dead) else {
            return Ok(false);
        };
        self.tx.put_message(&MessageRow { tries: 0, next_at: self.now, is_dead: false, ..message })?;
        self.told = true;
        Ok(true)
    }

    /// Tells a worker who signed up at this node that others changed what he was told.
    pub(super) fn tell_of_status(
        &mut self,
        vshard: VshardId,
        sign_up: SignUpId,
        before: Option<Status>,
        after: &SignUpFields,
    ) -> Result<(), StoreError> {
        let is_own = sign_up.writer.node == self.node.writer.node;
        let waited = matches!(before, Some(Status::WaitListed | Status::Requested));
        let kind = match after.status {
            Status::Confirmed if waited => MessageKind::Confirmed,
            Status::Bumped if before.is_some_and(Status::is_current) => MessageKind::Ended,
            // A place in line whose worker did not fit when his turn came; his own wish has no reason.
            Status::Cancelled if waited && !after.reason.is_empty() => MessageKind::Ended,
            Status::Confirmed
            | Status::Bumped
            | Status::WaitListed
            | Status::Requested
            | Status::Cancelled => {
                return Ok(());
            }
        };
        if is_own {
            self.tell(vshard, kind, sign_up.to_bytes().to_vec())?;
        }
        Ok(())
    }

    /// Tells those who have a place of a job, from this node, that its time or place is another.
    pub(super) fn tell_of_change(
        &mut self,
        vshard: VshardId,
        job: JobId,
        before: Option<&JobFields>,
        after: &JobFields,
    ) -> Result<(), StoreError> {
        let plan = |of: &JobFields| (of.start_at, of.end_at, of.place.clone(), of.position);
        if before.is_none_or(|before| plan(before) == plan(after)) {
            return Ok(());
        }
        for seat in self.tx.seats(vshard, job)? {
            let sign_up = seat.sign_up;
            let is_own = sign_up.kind == DocumentKind::SignUp && sign_up.writer.node == self.node.writer.node;
            let stands = self.tx.sign_up(sign_up)?.map(|row| row.status());
            if is_own && stands == Some(Status::Confirmed) {
                self.tell(vshard, MessageKind::Changed, sign_up.to_bytes().to_vec())?;
            }
        }
        Ok(())
    }
}

//! What an agency orders of this node, what a worker says of his hours, and what time makes due at the gate.

use super::{Failure, Finish, Reply, fail, finish};
use edge_core::node::{Attend, AttendRefusal, Attended, Batch, EditRefusal, JobEdit};
use sync_protocol::{
    documents::TenantKey,
    ids::{SignUpId, VshardId},
};
use sync_store::{MessageKind, StoreError};

/// An order of the agency's side.
#[derive(Debug)]
pub(crate) enum Order {
    Attend(Attend, Reply<Result<Attended, AttendRefusal>>),
    /// A worker confirms so many minutes.
    WorkerMinutes(SignUpId, u32, Reply<Result<Attended, AttendRefusal>>),
    /// With the key that signs in the tenant's name.
    EditJob(Box<JobEdit>, TenantKey, Reply<Result<(), EditRefusal>>),
    /// A tenant's timesheet of a day, or a one-time code, is to be sent; tells whether the outbox had room.
    Send(VshardId, MessageKind, Vec<u8>, Reply<bool>),
    /// Time has passed: the gate looks what is due.
    Tick,
}

impl Order {
    /// Carries it out in the batch; an error of the store takes the batch with it.
    pub(super) fn handle(
        self,
        batch: &mut Batch<'_>,
        finishes: &mut Vec<Finish>,
    ) -> Result<Option<Finish>, StoreError> {
        let (reply, result) = match self {
            Self::Tick => return batch.tick().map(|()| None),
            Self::EditJob(edit, key, reply) => {
                batch.in_name_of = Some(key);
                let edited = batch.edit_job(&edit);
                batch.in_name_of = None;
                return match edited {
                    Err(EditRefusal::Store(error)) => {
                        finishes.push(fail(reply));
                        Err(error)
                    }
                    result => Ok(Some(finish(reply, result))),
                };
            }
            Self::Send(vshard, kind, subject, reply) => {
                let told = batch.tell(vshard, kind, subject)?;
                return Ok(Some(finish(reply, told)));
            }
            Self::Attend(order, reply) => (reply, batch.attend(order)),
            Self::WorkerMinutes(sign_up, minutes, reply) => {
                (reply, batch.confirm_as_worker(sign_up, minutes))
            }
        };
        match result {
            Err(AttendRefusal::Store(error)) => {
                finishes.push(fail(reply));
                Err(error)
            }
            result => Ok(Some(finish(reply, result))),
        }
    }

    /// Answers its caller with why nothing of it was kept.
    pub(super) fn refuse(self, failure: &Failure) {
        match self {
            Self::Attend(_, reply) | Self::WorkerMinutes(_, _, reply) => {
                drop(reply.send(Err(failure.clone())))
            }
            Self::EditJob(_, _, reply) => drop(reply.send(Err(failure.clone()))),
            Self::Send(_, _, _, reply) => drop(reply.send(Err(failure.clone()))),
            Self::Tick => {}
        }
    }
}

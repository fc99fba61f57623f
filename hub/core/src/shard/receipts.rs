//! Receipts of places that the hub's own node confirmed. The key stays with the caller, who signs what it is shown.

use super::Shard;
use sync_protocol::{
    documents::{SignUpFields, Value},
    ids::{JobId, SignUpId, Writer},
    log::Head,
    receipt::ReceiptBody,
    seats::SeatState,
};
use sync_store::StoreError;

/// Whom a receipt of the hub names: the hub, in no history of any vshard, as the certificate of its log key does.
pub const RECEIPT_WRITER: Writer = Writer::hub(0);

/// What stands in the place of a receipt until it is signed.
const OWED: &[u8] = &[];

/// Signs a body with the hub's log key and gives the bytes of the receipt.
pub type SignReceipt<'a> = dyn Fn(&ReceiptBody) -> Vec<u8> + 'a;

/// Notes that the hub's own node has confirmed a place.
pub(super) fn owe(shard: &mut Shard<'_>, sign_up: SignUpId) -> Result<(), StoreError> {
    shard.tx.put_receipt(shard.vshard, sign_up, OWED)
}

/// Signs what is owed for live places of a job, and sends it with the sign-up's document; how many.
///
/// A receipt names the last row of the vshard's sequence when it was signed, which says that the place is confirmed or
/// comes after the row that says so. Its head is that row alone behind the genesis of the hub's log of that history.
pub fn sign_receipts(shard: &mut Shard<'_>, job: JobId, sign: &SignReceipt<'_>) -> Result<u32, StoreError> {
    let hub = shard.writer()?;
    if shard.tx.holding(shard.vshard, job, hub)?.live == 0 {
        return Ok(0);
    }
    let mut signed = 0;
    for seat in shard.tx.seats(shard.vshard, job)? {
        let is_live = seat.holder.is_hub() && seat.state == SeatState::Live;
        if !is_live || shard.tx.receipt(shard.vshard, seat.sign_up)?.as_deref() != Some(OWED) {
            continue;
        }
        // A sign-up whose document has not come yet is signed with it.
        let Some(mut stored) = shard.tx.document(shard.vshard, seat.sign_up)? else { continue };
        let (wseq, head) = last_row(shard, hub)?;
        let body = ReceiptBody {
            job,
            sign_up: seat.sign_up,
            worker: seat.worker,
            writer: RECEIPT_WRITER,
            vshard: shard.vshard.0,
            wseq,
            head,
            issued_at: shard.now,
            // The hub has it: no reclaim can void it.
            class: None,
            final_by: None,
        };
        let receipt = sign(&body);
        let fields = [(SignUpFields::RECEIPT, Value::Bytes(receipt.clone()))];
        // It is kept here also where the document has no room for it.
        shard.edit(seat.sign_up, stored.topic, &mut stored.document, &fields)?;
        shard.tx.put_receipt(shard.vshard, seat.sign_up, &receipt)?;
        signed += 1;
    }
    Ok(signed)
}

fn last_row(shard: &mut Shard<'_>, hub: Writer) -> Result<(u64, Head), StoreError> {
    let (_, seq) = shard.tx.head(shard.vshard)?;
    let page = shard.tx.read_since(shard.vshard, seq.saturating_sub(1), 1, usize::MAX)?;
    let (_, row) = page.entries.last().ok_or(StoreError::BadRow("last row of a vshard"))?;
    Ok((seq, Head::genesis(hub, shard.vshard).then(&row.entry)))
}

//! Worker cards: a random token, shown once as a QR code and kept as a hash. The card says who; the PIN proves it.

use crate::{http::Problem, person::record::random};
use sync_protocol::ids::WorkerId;
use sync_store::{ShardTx, StoreError};

/// What the text of a card begins with.
pub(crate) const PREFIX: &str = "dsc1.";
const TOKEN_BYTES: usize = 16;
/// Longest text that is looked at: a scanner may add an end of line.
const TEXT_CHARS_MAX: usize = 64;

/// A fresh card: its text, and the hash that is kept of it.
pub(crate) fn fresh(region_key: &[u8; 32]) -> Result<(String, [u8; 32]), Problem> {
    let token: [u8; TOKEN_BYTES] = random()?;
    Ok((format!("{PREFIX}{}", pages::base64url(&token)), hash(region_key, &token)))
}

fn hash(region_key: &[u8; 32], token: &[u8; TOKEN_BYTES]) -> [u8; 32] {
    let key = blake3::derive_key("dayshift worker card v1", region_key);
    *blake3::keyed_hash(&key, token).as_bytes()
}

/// The hash of the token in a card's text; `None` where the text is no card's.
pub(crate) fn read(region_key: &[u8; 32], text: &str) -> Option<[u8; 32]> {
    let text = text.trim();
    let token = Some(text).filter(|text| text.len() <= TEXT_CHARS_MAX)?.strip_prefix(PREFIX)?;
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let token = base64::Engine::decode(&engine, token).ok()?.try_into().ok()?;
    Some(hash(region_key, &token))
}

/// The worker of a card that is good here.
pub(crate) fn known(
    tx: &mut dyn ShardTx,
    region_key: &[u8; 32],
    text: &str,
) -> Result<Option<WorkerId>, StoreError> {
    match read(region_key, text) {
        Some(token) => tx.card(&token),
        None => Ok(None),
    }
}

/// The worker whom a card names. Of a text that is no card, and of a card that is void, a worker whom nobody is: what
/// follows takes as long and fails.
pub(crate) fn holder(
    tx: &mut dyn ShardTx,
    region_key: &[u8; 32],
    text: &str,
) -> Result<WorkerId, StoreError> {
    Ok(known(tx, region_key, text)?.unwrap_or_else(|| {
        let mut nobody = [0; 16];
        nobody.copy_from_slice(&blake3::keyed_hash(region_key, text.trim().as_bytes()).as_bytes()[16..]);
        WorkerId(nobody)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cards_text_leads_to_its_hash_and_nothing_else_does() {
        let key = [3; 32];
        let (text, kept) = fresh(&key).unwrap();
        assert_eq!(read(&key, &text), Some(kept));
        assert_eq!(read(&key, &format!(" {text}\r\n")), Some(kept), "as a scanner types it");
        assert_ne!(read(&[4; 32], &text), Some(kept), "another region");
        assert_ne!(fresh(&key).unwrap().1, kept);
        for wrong in ["", "dsc1.", "dsc1.AAAA", &text[5..], &text[..text.len() - 1], &"dsc1.".repeat(40)] {
            assert_eq!(read(&key, wrong), None, "{wrong}");
        }
    }
}

//! Who may change something: whoever holds the operators' token.

use super::problem::Problem;
use crate::app::App;
use axum::http::{HeaderMap, StatusCode, header};
use subtle::ConstantTimeEq;

/// Passes a request that carries the operators' token.
pub(super) fn require_admin(app: &App, headers: &HeaderMap) -> Result<(), Problem> {
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = shown.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    // Hashes have one length, so that the comparison tells nothing of the token's.
    let (shown, known) = (blake3::hash(shown.trim().as_bytes()), blake3::hash(app.admin_token.as_bytes()));
    if bool::from(shown.as_bytes().ct_eq(known.as_bytes())) {
        return Ok(());
    }
    let detail =
        "this needs `Authorization: Bearer` with the content of admin.token in the hub's data folder";
    Err(Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail))
}

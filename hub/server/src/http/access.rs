//! Who may change something: whoever holds the operators' token, and a tenant what is its own.

use super::problem::Problem;
use crate::app::App;
use axum::http::{HeaderMap, StatusCode, header};
use subtle::ConstantTimeEq;
use sync_protocol::ids::{TenantId, TopicId};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    Operator,
    Tenant(TenantId),
}

impl Caller {
    /// Whether a job of this topic is the caller's to change.
    pub(super) fn owns(self, app: &App, topic: TopicId) -> bool {
        match self {
            Self::Operator => true,
            Self::Tenant(tenant) => {
                app.directory.picture().topics.get(&topic).is_some_and(|known| known.tenant == tenant)
            }
        }
    }
}

/// Hashes have one length, so that comparing them tells nothing of a secret's.
fn shown(headers: &HeaderMap) -> blake3::Hash {
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = shown.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    blake3::hash(shown.trim().as_bytes())
}

fn is_admin(app: &App, headers: &HeaderMap) -> bool {
    let known = blake3::hash(app.admin_token.as_bytes());
    bool::from(shown(headers).as_bytes().ct_eq(known.as_bytes()))
}

/// Passes a request that carries the operators' token.
pub(super) fn require_admin(app: &App, headers: &HeaderMap) -> Result<(), Problem> {
    if is_admin(app, headers) {
        return Ok(());
    }
    let detail =
        "this needs `Authorization: Bearer` with the content of admin.token in the hub's data folder";
    Err(Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail))
}

/// Whose key or token a request shows.
pub(crate) fn caller(app: &App, headers: &HeaderMap) -> Option<Caller> {
    if is_admin(app, headers) {
        return Some(Caller::Operator);
    }
    let (shown, picture) = (shown(headers), app.directory.picture());
    let known = |key_hash: &[u8]| bool::from(shown.as_bytes().ct_eq(key_hash));
    let tenant = picture.tenants.values().find(|tenant| known(&tenant.key_hash))?;
    Some(Caller::Tenant(tenant.id))
}

/// Passes a request that carries the operators' token or a tenant's API key.
pub(super) fn require_caller(app: &App, headers: &HeaderMap) -> Result<Caller, Problem> {
    if let Some(caller) = caller(app, headers) {
        return Ok(caller);
    }
    let detail = "this needs `Authorization: Bearer` with the content of admin.token in the hub's data folder, or \
                  with the API key of the job's tenant";
    Err(Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail))
}

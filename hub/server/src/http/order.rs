//! The body of an order: some orders have one, and the others must come without.

use super::problem::Problem;
use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest, Request, rejection::BytesRejection},
    http::header,
};
use serde::de::DeserializeOwned;
use std::convert::Infallible;

/// A body that is read once it is known which order it belongs to.
#[derive(Debug)]
pub(super) struct Order {
    bytes: Result<Bytes, BytesRejection>,
    is_json: bool,
}

impl<S: Send + Sync> FromRequest<S> for Order {
    type Rejection = Infallible;

    async fn from_request(request: Request, state: &S) -> Result<Self, Infallible> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
        let is_json = kind.trim().eq_ignore_ascii_case("application/json");
        Ok(Self { bytes: Bytes::from_request(request, state).await, is_json })
    }
}

impl Order {
    fn bytes(self) -> Result<Bytes, Problem> {
        self.bytes.map_err(|error| Problem::bytes(&error, error.body_text()))
    }

    /// What the order says.
    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, Problem> {
        if !self.is_json {
            return Err(Problem::not_json());
        }
        let Json(body) =
            Json::from_bytes(&self.bytes()?).map_err(|error| Problem::bad_request(error.body_text()))?;
        Ok(body)
    }

    /// Refuses words where the order has none: they would be passed over.
    pub(super) fn without_words(self) -> Result<(), Problem> {
        if self.bytes()?.trim_ascii().is_empty() {
            return Ok(());
        }
        Err(Problem::bad_request("this order has no body; send none"))
    }
}

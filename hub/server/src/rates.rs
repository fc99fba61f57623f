//! How often a tenant and the operators may write: each has a bucket, by the key or the clerk's log-in that a request shows.

use crate::{
    agency::Office,
    app::App,
    http::{Caller, Problem, caller},
    limits::{OPERATOR_WRITES_PER_MINUTE, RATED_MAX, TENANT_WRITES_PER_MINUTE},
};
use axum::{
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};
use clap::Args;
use http_face::{Rate, Rates};
use pages::agency::door::shown;
use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue},
    metrics::{counter::Counter, family::Family},
};
use std::sync::{Arc, Mutex, PoisonError};
use sync_protocol::ids::TenantId;

/// How much is let through; 0 sets no limit.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct RateArgs {
    /// Requests that write of one tenant in a minute, here and passed on by nodes. 0 sets no limit.
    #[arg(long, env = "DAYSHIFT_TENANT_WRITES_PER_MINUTE", value_name = "COUNT", default_value_t = TENANT_WRITES_PER_MINUTE)]
    tenant_writes_per_minute: u32,
    /// Requests that write with the operators' token in a minute. 0 sets no limit.
    #[arg(long, env = "DAYSHIFT_OPERATOR_WRITES_PER_MINUTE", value_name = "COUNT", default_value_t = OPERATOR_WRITES_PER_MINUTE)]
    operator_writes_per_minute: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
enum By {
    Tenant,
    Operator,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Label {
    by: By,
}

/// The buckets of the hub, and how often they were empty since the start.
#[derive(Debug)]
pub(crate) struct Gauges {
    tenants: Mutex<Rates<TenantId>>,
    operators: Mutex<Rates<()>>,
    refused: Family<Label, Counter>,
}

impl Gauges {
    pub(crate) fn new(args: RateArgs) -> Self {
        let (tenant, operator) = (
            Rate::per_minute(args.tenant_writes_per_minute),
            Rate::per_minute(args.operator_writes_per_minute),
        );
        Self {
            tenants: Mutex::new(Rates::new(tenant, RATED_MAX)),
            operators: Mutex::new(Rates::new(operator, 1)),
            refused: Family::default(),
        }
    }

    /// Takes a write, or says after how many seconds there is one.
    pub(crate) fn take(&self, caller: Caller, now_ms: u64) -> Result<(), u64> {
        let (by, taken) = match caller {
            Caller::Tenant(tenant) => {
                let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
                (By::Tenant, tenants.take(tenant, now_ms))
            }
            Caller::Operator => {
                let mut operators = self.operators.lock().unwrap_or_else(PoisonError::into_inner);
                (By::Operator, operators.take((), now_ms))
            }
        };
        if taken.is_err() {
            self.refused.get_or_create(&Label { by }).inc();
        }
        taken
    }

    /// Refused requests, for a registry.
    pub(crate) fn refused(&self) -> Family<Label, Counter> {
        self.refused.clone()
    }
}

/// Lets a request that writes through, or says when to ask again. Who shows no known key is refused by the handler.
pub(crate) async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let writes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let of_clerk =
        || shown(&Office(Arc::clone(&app)), request.headers()).map(|scope| Caller::Tenant(scope.tenant));
    let caller = if writes { caller(&app, request.headers()).or_else(of_clerk) } else { None };
    match caller.map(|caller| app.gauges.take(caller, app.now_ms())) {
        Some(Err(wait_s)) => Problem::too_many_requests(wait_s).into_response(),
        Some(Ok(())) | None => next.run(request).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_and_operators_are_counted_apart() {
        let args = RateArgs { tenant_writes_per_minute: 2, operator_writes_per_minute: 3 };
        let gauges = Gauges::new(args);
        let let_through = |caller, now_ms| (0..9).filter(|_| gauges.take(caller, now_ms).is_ok()).count();
        let (one, other) = (Caller::Tenant(TenantId(1)), Caller::Tenant(TenantId(2)));
        assert_eq!((let_through(one, 0), let_through(other, 0), let_through(Caller::Operator, 0)), (2, 2, 3));
        assert_eq!(gauges.take(one, 10_000), Err(20));
        assert_eq!(let_through(one, 30_000), 1);
        assert_eq!(let_through(Caller::Operator, 30_000), 1);
        let refused = |by| gauges.refused().get_or_create(&Label { by }).get();
        assert_eq!((refused(By::Tenant), refused(By::Operator)), (7 + 7 + 1 + 8, 6 + 8));
    }
}

//! How often a tenant, a device and a phone number may ask: each has a bucket of its own, and nobody is counted by an
//! address alone where he can be told by more.
//!
//! A request that writes (any but GET and HEAD) counts once, before its body is read: for the tenant whose key or log-in it
//! shows; else for the worker who is logged in; else for its connection's address together with the class of its route
//! (interface, kiosk, agency), so that what a program does from an address leaves the pages there alone. A key that nobody has
//! counts for the address: guessed keys make no new buckets. Beside that, what is asked in the name of a phone number counts
//! for its pseudonym, unless its worker is logged in, whom nobody else can shut out.

use crate::{
    app::App,
    http::{Problem, tenant, workers},
    limits::{CROWD, DEVICE_WRITES_PER_MINUTE, PHONE_REQUESTS_PER_HOUR, RATED_MAX, TENANT_WRITES_PER_MINUTE},
    telemetry::{By, ByLabel},
};
use axum::{
    extract::{ConnectInfo, Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};
use clap::Args;
use http_face::{Rate, Rates};
use pages::{agency::door, guesses::whole};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Mutex, MutexGuard, PoisonError},
};
use sync_protocol::ids::{TenantId, WorkerId};

/// How much is let through; 0 sets no limit.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct RateArgs {
    /// Requests that write of one tenant in a minute: by its key, and by its clerks. 0 sets no limit.
    #[arg(long, env = "DAYSHIFT_TENANT_WRITES_PER_MINUTE", value_name = "COUNT", default_value_t = TENANT_WRITES_PER_MINUTE)]
    tenant_writes_per_minute: u32,
    /// Requests that write of one device in a minute: of a worker who is logged in, or else of an address, for each of
    /// interface, kiosk and agency. Raise it for a proxy that hides a whole hall. 0 sets no limit.
    #[arg(long, env = "DAYSHIFT_DEVICE_WRITES_PER_MINUTE", value_name = "COUNT", default_value_t = DEVICE_WRITES_PER_MINUTE)]
    device_writes_per_minute: u32,
    /// Sign-ups, holds and enrolments in the name of one phone number in an hour. 0 sets no limit.
    #[arg(long, env = "DAYSHIFT_PHONE_REQUESTS_PER_HOUR", value_name = "COUNT", default_value_t = PHONE_REQUESTS_PER_HOUR)]
    phone_requests_per_hour: u32,
}

/// Who writes, where it is no tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Device {
    Worker(WorkerId),
    Address(IpAddr, Class),
}

/// What a route is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Interface,
    Kiosk,
    Agency,
}

impl Class {
    fn of(path: &str) -> Self {
        let is_below =
            |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        match (is_below("/v1"), is_below("/agency")) {
            (true, _) => Self::Interface,
            (_, true) => Self::Agency,
            _ => Self::Kiosk,
        }
    }
}

/// The buckets of a node.
#[derive(Debug)]
pub(crate) struct Gauges {
    tenants: Mutex<Rates<TenantId>>,
    devices: Mutex<Rates<Device>>,
    /// All who are logged in behind one address.
    crowds: Mutex<Rates<IpAddr>>,
    phones: Mutex<Rates<WorkerId>>,
}

fn locked<K>(rates: &Mutex<Rates<K>>) -> MutexGuard<'_, Rates<K>> {
    rates.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gauges {
    pub(crate) const fn new(args: RateArgs) -> Self {
        let (tenant, device) = (
            Rate::per_minute(args.tenant_writes_per_minute),
            Rate::per_minute(args.device_writes_per_minute),
        );
        Self {
            tenants: Mutex::new(Rates::new(tenant, RATED_MAX)),
            devices: Mutex::new(Rates::new(device, RATED_MAX)),
            crowds: Mutex::new(Rates::new(
                Rate::per_minute(args.device_writes_per_minute.saturating_mul(CROWD)),
                RATED_MAX,
            )),
            phones: Mutex::new(Rates::new(Rate::per_hour(args.phone_requests_per_hour), RATED_MAX)),
        }
    }
}

fn refused(app: &App, by: By, whose: &str, wait_s: u64) -> Problem {
    app.shared.metrics.rate_limited.get_or_create(&ByLabel { by }).inc();
    Problem::too_many_requests(whose, wait_s)
}

/// Lets a request that writes through, or says when to ask again.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    match admit(&app, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => {
            let mut response = problem.clone().into_response();
            // For the page that a browser is shown.
            response.extensions_mut().insert(problem);
            response
        }
    }
}

fn admit(app: &App, request: &Request) -> Result<(), Problem> {
    let (headers, now_ms) = (request.headers(), app.now_ms());
    let class = Class::of(request.uri().path());
    let is_desk = class == Class::Agency;
    let clerk = || door::shown(app, headers).filter(|_| is_desk).map(|scope| scope.tenant);
    if let Some(tenant) = tenant::shown(app, headers).or_else(clerk) {
        let taken = locked(&app.gauges.tenants).take(tenant, now_ms);
        return taken.map_err(|wait_s| refused(app, By::Tenant, "of this tenant", wait_s));
    }
    let worker = workers::logged_in(app, workers::bearer(headers).as_ref());
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| whole(peer.ip()));
    // Whoever invents workers is one address still; a hall behind one address has a share for each of many.
    if worker.is_some() {
        let taken = locked(&app.gauges.crowds).take(address, now_ms);
        taken.map_err(|wait_s| refused(app, By::Device, "from this address", wait_s))?;
    }
    let device = worker.map_or(Device::Address(address, class), Device::Worker);
    let taken = locked(&app.gauges.devices).take(device, now_ms);
    taken.map_err(|wait_s| refused(app, By::Device, "from this device", wait_s))
}

/// What was counted for phone numbers.
#[derive(Debug)]
pub(crate) struct Counted<'a> {
    app: &'a App,
    workers: Vec<WorkerId>,
}

impl<'a> Counted<'a> {
    /// Counts a request in the names of these workers, together or not at all.
    pub(crate) fn take(app: &'a App, workers: Vec<WorkerId>) -> Result<Self, Problem> {
        let taken = locked(&app.gauges.phones).take_each(&workers, app.now_ms());
        taken.map_err(|wait_s| refused(app, By::Phone, "in the name of this phone number", wait_s))?;
        Ok(Self { app, workers })
    }

    /// Keeps what was counted, unless the request was a retry or the node could not do it.
    pub(crate) fn settle<T>(self, decided: &Result<T, Problem>, is_retry: impl Fn(&T) -> bool) {
        let is_kept = match decided {
            Ok(done) => !is_retry(done),
            Err(problem) => problem.status < 500,
        };
        if !is_kept {
            let mut phones = locked(&self.app.gauges.phones);
            self.workers.into_iter().for_each(|worker| phones.give_back(worker));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_route_has_its_class() {
        for (path, class) in [
            ("/v1/sign_ups", Class::Interface),
            ("/v1", Class::Interface),
            ("/v12", Class::Kiosk),
            ("/sign_up", Class::Kiosk),
            ("/agency", Class::Agency),
            ("/agency/rows", Class::Agency),
            ("/agencyx", Class::Kiosk),
        ] {
            assert_eq!(Class::of(path), class, "{path}");
        }
    }
}

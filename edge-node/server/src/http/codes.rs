//! Codes to phones, for the interface and for the kiosk's pages: whether one can be sent from here, and what came of it.

use super::Problem;
use crate::{
    app::App,
    event_loop::{Event, Order},
    person::{
        codes::{Code, CodeWay, Pass, Typed, six},
        record::random,
    },
};
use edge_core::node::Uplink;
use pages::Lang;
use std::net::IpAddr;
use sync_protocol::ids::{VshardId, WorkerId};
use sync_store::MessageKind;
use tokio::sync::oneshot;

/// Why a code was not sent.
#[derive(Debug)]
pub(crate) enum Unsent {
    NoLine,
    /// Too many were; seconds until there may be one.
    TooMany(u64),
    /// Too many messages wait.
    Busy,
    Problem(Problem),
}

impl From<Problem> for Unsent {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Unsent> for Problem {
    fn from(unsent: Unsent) -> Self {
        match unsent {
            Unsent::NoLine => Self::new("no-line", "no code can be sent to a phone now; nothing was changed"),
            Unsent::TooMany(wait_s) => Self::too_many_requests("for codes to phones", wait_s),
            Unsent::Busy => Self::new("busy", "too many messages wait to be sent"),
            Unsent::Problem(problem) => problem,
        }
    }
}

/// Whether a code can be sent now.
pub(crate) fn way(app: &App) -> CodeWay {
    match (app.senders.reaches_workers(), app.shared.uplink()) {
        (true, Uplink::Up) => CodeWay::Offered,
        (true, Uplink::Down) => CodeWay::NoLine,
        (false, Uplink::Up | Uplink::Down) => CodeWay::None,
    }
}

/// Sends a code to a number, as somebody at an address asked.
pub(crate) async fn send(
    app: &App,
    (worker, from): (WorkerId, IpAddr),
    phone: &str,
    lang: Lang,
) -> Result<(), Unsent> {
    if way(app) != CodeWay::Offered {
        return Err(Unsent::NoLine);
    }
    let id = random()?;
    let code = Code { phone: phone.to_owned(), digits: six(random()?), lang };
    app.persons.codes().make((worker, from), id, code, app.now_ms()).map_err(Unsent::TooMany)?;
    let (reply, answer) = oneshot::channel();
    // The outbox is one file of this node: a code belongs to no job, and any vshard's number names its row.
    app.send(Event::Order(Order::Send(VshardId(0), MessageKind::Code, id.to_vec(), reply)))?;
    if app.wait(answer).await? { Ok(()) } else { Err(Unsent::Busy) }
}

/// Compares what was typed, after as many tries as there may be; else says after how many seconds there is one. The pass
/// is then of whoever typed a right code.
pub(crate) fn take(
    app: &App,
    worker: WorkerId,
    typed: &str,
    pass: &Pass,
    from: IpAddr,
) -> Result<Typed, u64> {
    let now_ms = app.now_ms();
    app.persons.tries().take(worker, from, now_ms)?;
    let taken = app.persons.codes().take(worker, typed, pass, now_ms);
    if taken == Typed::Right {
        app.persons.tries().was_right(worker, from);
    }
    Ok(taken)
}

//! What a request says whatever its page: query pairs, language, size, and the frame that follows from them.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use axum::{
    Form,
    extract::{ConnectInfo, FromRequest, FromRequestParts, Query, Request, rejection::FormRejection},
    http::{StatusCode, request::Parts},
};
use edge_core::node::Uplink;

use crate::{
    app::App,
    http::{DoorForPhones, Problem},
    kiosk::{
        link::{self, Choice, Link},
        view::{Frame, Line, Typed},
        visit::{Seen, Visit, Visits},
    },
    person::Known,
    phone::PhonePlan,
};
use pages::{Lang, country::Country, forms::is_foreign};
use sync_protocol::ids::WorkerId;

/// Seconds without a touch after which a kiosk wipes its page: one that is being read or typed on, and a ticket, which
/// is photographed and left.
const IDLE_S: u32 = 120;
const TICKET_IDLE_S: u32 = 30;
/// Seconds after which an untouched start page shows what there is.
const START_IDLE_S: u32 = 60;
/// Seconds by which the token of a visit outlives the page that carries it, for a last touch just before the wipe.
const GRACE_S: u32 = 15;

/// Name and value pairs of a query or a form; of several with one name the first counts.
#[derive(Debug, Clone, Default)]
pub(super) struct Pairs(Vec<(String, String)>);

impl Pairs {
    /// The value under a name, or nothing.
    pub(super) fn get(&self, name: &str) -> &str {
        self.find(name).unwrap_or_default()
    }

    /// All values under a name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value under a name where there is one.
    pub(super) fn find(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The query of a request and what it says of its reader; anything unknown in it is passed over.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub(super) pairs: Pairs,
    pub(super) choice: Choice,
    /// The address that asks; a proxy in front is one asker.
    pub(super) peer: IpAddr,
    /// The visit that the address belongs to.
    pub(super) seen: Seen,
    /// Whether the page goes to a reader's own phone, and not to a screen that is everybody's.
    pub(super) is_own_phone: bool,
    /// The worker of this visit, where a card or a log-in has named one.
    pub(super) known: Option<Known>,
}

impl FromRequestParts<App> for Ask {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map(|query| query.0);
        let pairs = Pairs(pairs.unwrap_or_default());
        let lang = Lang::from_code(pairs.get("lang")).unwrap_or_else(|| home_lang(app));
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip());
        let is_proxied =
            ["forwarded", "x-forwarded-for"].iter().any(|name| parts.headers.contains_key(*name));
        let by_door_for_phones = parts.extensions.get::<DoorForPhones>().is_some();
        let is_own_phone = is_proxied || !is_screen(peer, by_door_for_phones, &app.shared.screens);
        let seen = app.visits.read(pairs.get("view"), app.shared.now());
        let choice = Choice { lang, big: pairs.get("big") == "1", visit: None };
        let mut ask = Self { pairs, choice, peer, seen, is_own_phone, known: None };
        if let Seen::Live(visit) = seen {
            ask.known = app.persons.sessions().touch(&app.visits.log_in(visit), app.now_ms());
        }
        ask.carry(app);
        Ok(ask)
    }
}

/// Whether the caller is a shared screen: the box's own, which comes by its loopback address, or one that the operator named.
fn is_screen(peer: IpAddr, by_door_for_phones: bool, screens: &[IpAddr]) -> bool {
    let peer = peer.to_canonical();
    screens.contains(&peer) || (peer.is_loopback() && !by_door_for_phones)
}

impl Ask {
    /// Whether the person stands before the box's own screen.
    pub(super) fn is_here(&self) -> bool {
        !self.is_own_phone && self.peer.to_canonical().is_loopback()
    }

    /// What surrounds a page at `here`.
    pub(super) fn frame(&self, app: &App, here: Link) -> Frame {
        let shared = &app.shared;
        Frame {
            choice: self.choice,
            home: home_lang(app),
            here,
            hall: shared.name.clone(),
            kiosk: shared.node.to_string(),
            now: super::cards::local(app, shared.now()),
            line: line(app),
            frozen: shared.is_frozen(),
            synthetic: false,
            redated: false,
            idle_s: (!self.is_own_phone).then_some(IDLE_S),
            listen: None,
            idle_to: link::START,
            view: self.choice.visit.map(|visit| visit.to_string()),
            is_known: self.known.is_some(),
        }
    }

    /// What surrounds the start page and the one that it turns into: nothing of them is wiped, they change.
    pub(super) fn open_frame(&self, app: &App, here: Link) -> Frame {
        let idle_s = (!self.is_own_phone).then_some(START_IDLE_S);
        let choice = Choice { visit: None, ..self.choice };
        let frame = self.frame(app, here);
        Frame { idle_s, idle_to: link::ATTRACT, choice, view: None, is_known: false, ..frame }
    }

    /// What surrounds a page on which somebody types what is theirs.
    pub(super) fn typing_frame(&self, app: &App, here: Link) -> Result<Frame, Problem> {
        self.visit_frame(app, here, IDLE_S)
    }

    /// What surrounds a ticket.
    pub(super) fn ticket_frame(&self, app: &App, here: Link) -> Result<Frame, Problem> {
        self.visit_frame(app, here, TICKET_IDLE_S)
    }

    fn visit_frame(&self, app: &App, here: Link, idle_s: u32) -> Result<Frame, Problem> {
        let frame = self.frame(app, here);
        if self.has_no_visit() {
            return Ok(frame);
        }
        let view = self.token(app, idle_s)?;
        let here = frame.here.clone().with("view", &view);
        Ok(Frame { here, idle_s: frame.idle_s.map(|_| idle_s), view: Some(view), ..frame })
    }

    /// A token of this visit, or of one that begins here.
    fn token(&self, app: &App, idle_s: u32) -> Result<String, Problem> {
        let visit = match self.seen {
            Seen::Live(visit) => visit,
            Seen::None | Seen::Over => begin()?,
        };
        Ok(app.visits.token(visit, app.shared.now() + i64::from(idle_s + GRACE_S)))
    }

    /// The address of a ticket that this reader has just been given or has named the digits of.
    pub(super) fn ticket(&self, app: &App, code: &str) -> Result<Link, Problem> {
        self.on_visit(app, Link::below(link::TICKET, code))
    }

    /// An address that belongs to this visit, or to one that begins here.
    pub(super) fn on_visit(&self, app: &App, link: Link) -> Result<Link, Problem> {
        if self.has_no_visit() {
            return Ok(link);
        }
        Ok(link.with("view", self.token(app, TICKET_IDLE_S)?))
    }

    /// Whether the address may show a ticket: on the shared screen only while its visit goes on.
    pub(super) fn may_see_tickets(&self) -> bool {
        self.is_own_phone || matches!(self.seen, Seen::Live(_))
    }

    /// A reader's own phone has visits only while somebody is logged in on it.
    fn has_no_visit(&self) -> bool {
        self.is_own_phone && self.known.is_none()
    }

    /// Whether a form was sent again from the browser's history, after its visit was over.
    pub(super) fn is_over(&self) -> bool {
        !self.is_own_phone && self.seen == Seen::Over
    }

    /// The worker of this visit who has proved to be that worker.
    pub(super) fn proved(&self) -> Option<WorkerId> {
        self.known.filter(|known| known.proved).map(|known| known.worker)
    }

    /// Whether it is this worker: logged in, or by the number that is typed; `None` where that is no number. Whoever types
    /// wrong ones too often waits, as with the digits.
    pub(super) fn is_of(&self, app: &App, worker: WorkerId, typed: &Typed) -> Result<Option<bool>, Problem> {
        if self.proved() == Some(worker) {
            return Ok(Some(true));
        }
        let Some(phone) = typed.plan.read(&typed.phone) else { return Ok(None) };
        app.take_guess(self.peer).map_err(Problem::too_many_guesses)?;
        let is_right = WorkerId::of_phone(&app.shared.region_key, &phone) == worker;
        if is_right {
            app.guessed_right(self.peer);
        }
        Ok(Some(is_right))
    }

    /// Begins a visit of a worker, in place of the one before: whoever knew an address of that learns nothing by it.
    pub(super) fn begin_as(&mut self, app: &App, known: Known) -> Result<(), Problem> {
        self.leave(app);
        let visit = begin()?;
        app.persons.sessions().begin(&app.visits.log_in(visit), known, app.now_ms());
        (self.seen, self.known) = (Seen::Live(visit), Some(known));
        self.carry(app);
        Ok(())
    }

    /// Ends the visit, on the answer to a request that ended it.
    pub(super) fn end(&mut self, app: &App) {
        self.leave(app);
        (self.seen, self.known, self.choice.visit) = (Seen::None, None, None);
    }

    /// From here on every address carries the visit of a worker who is known.
    fn carry(&mut self, app: &App) {
        let until = app.shared.now() + i64::from(IDLE_S + GRACE_S);
        self.choice.visit = match self.seen {
            Seen::Live(visit) if self.known.is_some() => Some(app.visits.carried(visit, until)),
            Seen::Live(_) | Seen::None | Seen::Over => None,
        };
    }

    /// Ends the visit of this address, and the log-in on it.
    pub(super) fn leave(&self, app: &App) {
        if let Seen::Live(visit) = self.seen {
            app.persons.sessions().end(&app.visits.log_in(visit));
        }
        app.visits.end(self.pairs.get("view"), app.shared.now(), i64::from(IDLE_S + GRACE_S));
    }
}

fn begin() -> Result<Visit, Problem> {
    Visits::begin().map_err(|error| Problem::internal(&anyhow::anyhow!("no random bytes: {error}")))
}

fn home_lang(app: &App) -> Lang {
    if in_north_america(app) { Lang::EN } else { Lang::ZH }
}

fn in_north_america(app: &App) -> bool {
    app.shared.country == Country::UnitedStates
}

/// How phone numbers are written where this node stands.
pub(super) fn phone_plan(app: &App) -> PhonePlan {
    PhonePlan::from(app.shared.country)
}

fn line(app: &App) -> Line {
    let shared = &app.shared;
    line_of(shared.uplink(), shared.link_times(), shared.last_word(), shared.now().unsigned_abs())
}

/// How the line is called at `now`: it is so since `since`, and the hub was heard last at `last_contact` (epoch seconds, 0 is
/// never). A line that stands and on which the hub says nothing brings no news of other kiosks.
fn line_of(uplink: Uplink, (since, last_contact): (u64, u64), last_word: u64, now: u64) -> Line {
    let minutes = |since: u64| u32::try_from(now.saturating_sub(since) / 60).unwrap_or(u32::MAX);
    match uplink {
        Uplink::Up => Line::InStep { age_min: minutes(last_word) },
        Uplink::Down if last_contact == 0 => Line::Alone,
        Uplink::Down => Line::CutOff { since_min: minutes(since.max(last_contact)) },
    }
}

/// The fields of a form, or the status to refuse it with. A form that another site's page sent is refused here, so that
/// every handler of a POST takes its fields as this.
#[derive(Debug)]
pub(super) struct Filled(pub(super) Result<Pairs, StatusCode>);

impl FromRequest<App> for Filled {
    type Rejection = Infallible;

    async fn from_request(request: Request, app: &App) -> Result<Self, Infallible> {
        if is_foreign(request.headers()) {
            return Ok(Self(Err(StatusCode::FORBIDDEN)));
        }
        let form: Result<Form<Vec<(String, String)>>, FormRejection> = Form::from_request(request, app).await;
        Ok(Self(form.map(|Form(pairs)| Pairs(pairs)).map_err(|refused| refused.status())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    #[test]
    fn whoever_is_no_shared_screen_is_a_readers_own_phone() {
        let named = ["192.0.2.20".parse().unwrap()];
        for (peer, by_door_for_phones, is_shared) in [
            ("127.0.0.1", false, true),
            ("::1", false, true),
            ("127.0.0.1", true, false),
            ("192.0.2.7", true, false),
            ("192.0.2.20", true, true),
            ("::ffff:192.0.2.20", true, true),
            ("0.0.0.0", false, false),
        ] {
            let peer = peer.parse().unwrap();
            assert_eq!(is_screen(peer, by_door_for_phones, &named), is_shared, "{peer} {by_door_for_phones}");
        }
    }

    #[test]
    fn the_age_of_the_hubs_last_word_is_told_also_while_the_line_stands() {
        let long = NOW - 9_000;
        for (uplink, times, last_word, line) in [
            (Uplink::Up, (long, NOW), NOW - 59, Line::InStep { age_min: 0 }),
            (Uplink::Up, (long, NOW), NOW - 14 * 60, Line::InStep { age_min: 14 }),
            (Uplink::Up, (NOW, NOW), NOW + 5, Line::InStep { age_min: 0 }),
            (Uplink::Down, (long, NOW - 360), long, Line::CutOff { since_min: 6 }),
            (Uplink::Down, (NOW - 120, NOW - 360), long, Line::CutOff { since_min: 2 }),
            (Uplink::Down, (NOW - 120, 0), 0, Line::Alone),
        ] {
            assert_eq!(line_of(uplink, times, last_word, NOW), line, "{uplink:?} {times:?} {last_word}");
        }
    }
}

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
    http::Problem,
    kiosk::{
        link::{self, Choice, Link},
        view::{Frame, Line},
        visit::{Seen, Visit, Visits},
    },
    phone::PhonePlan,
};
use pages::{Lang, country::Country, forms::is_foreign};

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
    /// Whether the page came through a proxy, to a reader's own phone.
    pub(super) is_own_phone: bool,
}

impl FromRequestParts<App> for Ask {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map(|query| query.0);
        let pairs = Pairs(pairs.unwrap_or_default());
        let lang = Lang::from_code(pairs.get("lang")).unwrap_or_else(|| home_lang(app));
        let choice = Choice { lang, big: pairs.get("big") == "1" };
        let is_own_phone =
            ["forwarded", "x-forwarded-for"].iter().any(|name| parts.headers.contains_key(*name));
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip());
        let seen = app.visits.read(pairs.get("view"), app.shared.now());
        Ok(Self { pairs, choice, peer, seen, is_own_phone })
    }
}

impl Ask {
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
            view: None,
        }
    }

    /// What surrounds the start page and the one that it turns into: nothing of them is wiped, they change.
    pub(super) fn open_frame(&self, app: &App, here: Link) -> Frame {
        let idle_s = (!self.is_own_phone).then_some(START_IDLE_S);
        Frame { idle_s, idle_to: link::ATTRACT, ..self.frame(app, here) }
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
        if self.is_own_phone {
            return Ok(frame);
        }
        let view = self.token(app, idle_s)?;
        let here = frame.here.clone().with("view", &view);
        Ok(Frame { here, idle_s: Some(idle_s), view: Some(view), ..frame })
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
        if self.is_own_phone {
            return Ok(link);
        }
        Ok(link.with("view", self.token(app, TICKET_IDLE_S)?))
    }

    /// Whether the address may show a ticket: on the shared screen only while its visit goes on.
    pub(super) fn may_see_tickets(&self) -> bool {
        self.is_own_phone || matches!(self.seen, Seen::Live(_))
    }

    /// Whether a form was sent again from the browser's history, after its visit was over.
    pub(super) fn is_over(&self) -> bool {
        !self.is_own_phone && self.seen == Seen::Over
    }

    /// Ends the visit of this address.
    pub(super) fn leave(&self, app: &App) {
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
    let (since, last_contact) = app.shared.link_times();
    let minutes = |since: u64| {
        let seconds = app.shared.now().unsigned_abs().saturating_sub(since);
        u32::try_from(seconds / 60).unwrap_or(u32::MAX)
    };
    match app.shared.uplink() {
        Uplink::Up => Line::InStep { age_min: 0 },
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

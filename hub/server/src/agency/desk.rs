//! The hub as a desk: whose key opens it, in which region, and what its pages say of themselves.

use super::scope::TenantScope;
use crate::{app::App, http::Problem};
use askama::filters::Safe;
use axum::{http::StatusCode, response::Response};
use pages::{
    Lang,
    agency::{
        Clerks, Desk, Frame, Line,
        logins::Login,
        view::{TroublePage, show},
    },
    forms::Pairs,
    guesses::Guesses,
};
use std::{
    ops::Deref,
    sync::{Arc, Mutex},
};

/// The bar of the hub's desk.
const TABS: &[(&str, &str)] =
    &[("/agency", "a-nav-board"), ("/agency/who", "a-nav-who"), ("/agency/timesheet", "a-nav-sheet")];

/// The hub, as its desk sees it.
#[derive(Debug, Clone)]
pub(crate) struct Office(pub(crate) Arc<App>);

impl Deref for Office {
    type Target = App;

    fn deref(&self) -> &App {
        &self.0
    }
}

impl Desk for Office {
    type Scope = TenantScope;
    type Problem = Problem;

    fn clerks(&self) -> &Mutex<Clerks> {
        &self.clerks
    }

    fn guesses(&self) -> &Mutex<Guesses> {
        &self.guesses
    }

    fn scope_of_key(&self, key: &str) -> Option<TenantScope> {
        TenantScope::of_hash(self, &blake3::hash(key.as_bytes()), "")
    }

    fn scope_of(&self, login: &Login, query: &Pairs) -> Option<TenantScope> {
        TenantScope::of_hash(self, &login.key_hash, query.get("region"))
    }

    fn home_lang(&self) -> Lang {
        let picture = self.directory.picture();
        self.regions.home_lang(picture.topics.values().map(|topic| topic.region.as_str()))
    }

    fn frame(&self, lang: Lang, here: &'static str, scope: Option<&TenantScope>, csrf: String) -> Frame {
        let frame = Frame {
            lang,
            here,
            tenant: String::new(),
            hall: self.name.clone(),
            now: self.regions.of("").now(),
            line: Line::Centre,
            region: String::new(),
            regions: Vec::new(),
            tabs: TABS,
            refresh_s: None,
            csrf,
        };
        let Some(scope) = scope else { return frame };
        Frame {
            tenant: scope.name.clone(),
            hall: scope.region.said(),
            now: scope.region.now(),
            region: scope.region.name.clone(),
            regions: scope.regions.clone(),
            ..frame
        }
    }

    fn foreign_form() -> Problem {
        Problem::new(StatusCode::FORBIDDEN, "foreign-form", "the form is of another site or of an old log-in")
    }

    fn explain(f: Frame, problem: &Problem) -> Response {
        let said = trouble_words(&f, problem);
        show(problem.status(), &TroublePage { f, said })
    }
}

/// A problem in the clerk's words.
pub(super) fn trouble_words(f: &Frame, problem: &Problem) -> Safe<String> {
    f.t(match problem.code() {
        "not-found" => "a-trouble-unknown",
        "storage" | "stopping" | "timeout" | "too-many-requests" => "a-trouble-busy",
        "foreign-form" => "a-trouble-foreign",
        "bad-request" => "a-trouble-bad",
        _ => "a-trouble-broken",
    })
}

//! The node as a desk: whose key opens it, and what its pages say of themselves.

use super::{local, view::trouble};
use crate::{
    app::App,
    http::{Problem, tenant::TenantScope},
};
use axum::response::Response;
use edge_core::node::Uplink;
use pages::{
    Lang,
    agency::{Clerks, Desk, Frame, Line, logins::Login},
    forms::Pairs,
    guesses::Guesses,
};
use std::sync::Mutex;

/// The bar of a node's desk.
const TABS: &[(&str, &str)] =
    &[("/agency", "a-nav-board"), ("/agency/gate", "a-nav-gate"), ("/agency/timesheet", "a-nav-sheet")];

impl Desk for App {
    type Scope = TenantScope;
    type Problem = Problem;

    fn clerks(&self) -> &Mutex<Clerks> {
        &self.clerks
    }

    fn guesses(&self) -> &Mutex<Guesses> {
        &self.guesses
    }

    fn scope_of_key(&self, key: &str) -> Option<TenantScope> {
        TenantScope::of_key(self, key)
    }

    fn scope_of(&self, login: &Login, _: &Pairs) -> Option<TenantScope> {
        TenantScope::of_login(self, &login.key_hash, login.key.clone())
    }

    fn home_lang(&self) -> Lang {
        self.shared.country.language_of_clerks()
    }

    fn frame(&self, lang: Lang, here: &'static str, scope: Option<&TenantScope>, csrf: String) -> Frame {
        let shared = &self.shared;
        Frame {
            lang,
            here,
            tenant: scope.map_or_else(String::new, |scope| scope.name.clone()),
            hall: shared.name.clone(),
            now: local(self, shared.now()),
            line: if shared.uplink() == Uplink::Down { Line::Cut } else { Line::Up },
            region: String::new(),
            regions: Vec::new(),
            refresh_s: None,
            tabs: TABS,
            csrf,
        }
    }

    fn foreign_form() -> Problem {
        Problem::new("foreign-form", "the form is of another site or of an old log-in")
    }

    fn explain(frame: Frame, problem: &Problem) -> Response {
        trouble(frame, problem)
    }
}

//! Logs and metrics of the node.

use edge_core::admit::Admission;
use plugin_host::Asked;
use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};
use std::io::IsTerminal;
use tracing_subscriber::{filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Starts logging to stderr; `DAYSHIFT_LOG` filters, as in `info,edge_node=debug`.
pub(crate) fn start_logs() {
    let wanted = std::env::var("DAYSHIFT_LOG").ok();
    let filter = wanted.as_deref().map_or_else(|| Ok(info()), str::parse::<Targets>);
    let wrong = filter.is_err();
    // In a file, colours are noise.
    let logs = fmt::layer().with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr);
    tracing_subscriber::registry().with(filter.unwrap_or_else(|_| info())).with(logs).init();
    if wrong {
        tracing::warn!("DAYSHIFT_LOG is not a filter such as info,edge_node=debug; info is used");
    }
}

fn info() -> Targets {
    Targets::new().with_default(tracing::Level::INFO)
}

/// How a sign-up was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Outcome {
    Confirmed,
    WaitListed,
    Requested,
    Refused,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct OutcomeLabel {
    pub(crate) outcome: Outcome,
}

/// What became of a try to send a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Delivery {
    Delivered,
    Failed,
    /// Its worker gave no number, or is erased.
    Nobody,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct MessageLabel {
    pub(crate) kind: String,
    pub(crate) outcome: Delivery,
}

/// What became of a slip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum PrintOutcome {
    Printed,
    /// The program ended with another status than 0.
    Failed,
    /// It was ended at its time limit.
    Late,
    /// There is no such program.
    Missing,
    /// Too many waited for the printer.
    Full,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct PrintLabel {
    pub(crate) outcome: PrintOutcome,
}

/// Whose rate was at its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum By {
    Tenant,
    Device,
    Phone,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ByLabel {
    pub(crate) by: By,
}

/// What plugins said to whether a worker may take a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Ruling {
    Admitted,
    Denied,
    /// A plugin without which nobody is signed up gave no answer.
    Unanswered,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct AdmissionLabel {
    pub(crate) outcome: Ruling,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct PluginLabel {
    pub(crate) plugin: String,
}

/// Every metric that the node registers.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) sign_ups: Family<OutcomeLabel, Counter>,
    pub(crate) searches: Counter,
    pub(crate) search_seconds: Histogram,
    pub(crate) commit_seconds: Histogram,
    pub(crate) pending_changes: Gauge,
    pub(crate) link_up: Gauge,
    pub(crate) jobs: Gauge,
    pub(crate) parked_changes: Gauge,
    pub(crate) plugin_failures: Counter,
    admissions: Family<AdmissionLabel, Counter>,
    admission_failures: Family<PluginLabel, Counter>,
    pub(crate) queue_depth: Gauge,
    pub(crate) frozen: Gauge,
    pub(crate) holds: Gauge,
    pub(crate) messages: Family<MessageLabel, Counter>,
    pub(crate) message_seconds: Histogram,
    pub(crate) messages_given_up: Gauge,
    pub(crate) rate_limited: Family<ByLabel, Counter>,
    pub(crate) prints: Family<PrintLabel, Counter>,
}

const SEARCH_SECONDS: [f64; 8] = [0.0001, 0.0003, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25];
const COMMIT_SECONDS: [f64; 8] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.2, 1.0];

const MESSAGE_SECONDS: [f64; 8] = [0.001, 0.005, 0.02, 0.05, 0.1, 0.5, 2.0, 5.0];

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("dayshift"),
            sign_ups: Family::default(),
            searches: Counter::default(),
            search_seconds: Histogram::new(SEARCH_SECONDS),
            commit_seconds: Histogram::new(COMMIT_SECONDS),
            pending_changes: Gauge::default(),
            link_up: Gauge::default(),
            jobs: Gauge::default(),
            parked_changes: Gauge::default(),
            plugin_failures: Counter::default(),
            admissions: Family::default(),
            admission_failures: Family::default(),
            queue_depth: Gauge::default(),
            frozen: Gauge::default(),
            holds: Gauge::default(),
            messages: Family::default(),
            message_seconds: Histogram::new(MESSAGE_SECONDS),
            messages_given_up: Gauge::default(),
            rate_limited: Family::default(),
            prints: Family::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("sign_ups", "Sign-ups by the answer given", self.sign_ups.clone());
        registry.register("searches", "Searches answered", self.searches.clone());
        registry.register(
            "search_duration_seconds",
            "Time of a search with its plugins",
            self.search_seconds.clone(),
        );
        registry.register(
            "commit_duration_seconds",
            "Time of a durable commit and witness",
            self.commit_seconds.clone(),
        );
        registry.register(
            "pending_changes",
            "Own log entries that the hub has not acknowledged",
            self.pending_changes.clone(),
        );
        registry.register("link_up", "Whether a session with the hub is live", self.link_up.clone());
        registry.register("jobs", "Jobs in the search index", self.jobs.clone());
        registry.register(
            "parked_changes",
            "Received entries that could not be applied",
            self.parked_changes.clone(),
        );
        registry.register(
            "plugin_failures",
            "Pages that a plugin failed on or was late for",
            self.plugin_failures.clone(),
        );
        self.register_admission();
        let registry = &mut self.registry;
        registry.register(
            "frozen",
            "Whether this node signs nobody up; /readyz says why",
            self.frozen.clone(),
        );
        registry.register("holds", "Rights set aside for workers who are typing", self.holds.clone());
        registry.register(
            "messages",
            "Tries to send a message, by what became of them",
            self.messages.clone(),
        );
        registry.register(
            "message_delivery_seconds",
            "Time from a message's turn to its sender's answer",
            self.message_seconds.clone(),
        );
        registry.register(
            "messages_given_up",
            "Messages that no try delivered; `dayshift messages list` names them",
            self.messages_given_up.clone(),
        );
        registry.register(
            "rate_limited",
            "Requests refused because a tenant, a device or a phone number asked too often",
            self.rate_limited.clone(),
        );
        registry.register("prints", "Slips for the printer, by what became of them", self.prints.clone());
        registry.register(
            "event_queue_depth",
            "Requests waiting for the event loop",
            self.queue_depth.clone(),
        );
    }

    fn register_admission(&mut self) {
        self.registry.register(
            "admissions",
            "Questions to plugins whether a worker may take a place, by their answer",
            self.admissions.clone(),
        );
        self.registry.register(
            "admission_failures",
            "Such questions that a plugin failed on, was late for or was left out of",
            self.admission_failures.clone(),
        );
    }

    /// Counts a question to the admission plugins.
    pub(crate) fn admission(&self, asked: &Asked) {
        let outcome = match asked.admission {
            Admission::Admitted => Ruling::Admitted,
            Admission::Denied(_) => Ruling::Denied,
            Admission::Unanswered(_) => Ruling::Unanswered,
        };
        self.admissions.get_or_create(&AdmissionLabel { outcome }).inc();
        for plugin in &asked.failed {
            self.admission_failures.get_or_create(&PluginLabel { plugin: plugin.clone() }).inc();
        }
    }

    /// The text that a Prometheus server scrapes.
    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            tracing::error!("metrics could not be written");
        }
        text
    }
}

//! What a browser is shown where there is no page.

use super::{Frame, OVERVIEW, SHEET_PATH, Tab};
use askama::Template;

/// Why there is no page.
#[derive(Debug, Clone, Template)]
#[template(path = "console/problem.html")]
pub(crate) struct ProblemPage {
    /// What surrounds every page.
    pub(crate) frame: Frame,
    /// The status in words.
    pub(crate) title: String,
    /// What is the matter, without a full stop.
    pub(crate) detail: String,
}

impl ProblemPage {
    /// None of the pages that the head names.
    fn tab(&self) -> Tab {
        Tab::Elsewhere
    }
}

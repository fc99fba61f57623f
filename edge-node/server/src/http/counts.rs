//! What there is at this node, in figures: `GET /v1/regions` and `GET /v1/categories`.

use super::{Problem, search};
use crate::app::App;
use axum::{
    Json,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use edge_core::search::{Availability, CategoryCount, Facets, Page, Query, QueryFields};
use serde::Serialize;

/// The regions whose jobs are here.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct RegionsJson {
    regions: Vec<RegionJson>,
}

/// The region of this node.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct RegionJson {
    #[schema(example = "hangzhou")]
    name: String,
    /// IANA name of the zone in which its days begin.
    #[schema(example = "Asia/Shanghai")]
    time_zone: String,
    /// Jobs that are known here, closed ones and those that have begun among them.
    jobs: usize,
    /// Of those, jobs that a search finds.
    open: usize,
}

/// The categories of the jobs that are known here, by name.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct CategoriesJson {
    categories: Vec<CategoryJson>,
    /// More jobs match than plugins may judge: the numbers of open ones are those before the plugins.
    open_is_upper_bound: bool,
}

/// One category.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct CategoryJson {
    /// As its jobs write it; empty for jobs without one.
    #[schema(example = "warehouse")]
    name: String,
    /// Jobs that are known here, closed ones and those that have begun among them.
    jobs: usize,
    /// Of those, jobs that a search finds.
    open: usize,
}

impl From<CategoryCount> for CategoryJson {
    fn from(CategoryCount { name, jobs, found }: CategoryCount) -> Self {
        Self { name, jobs, open: found }
    }
}

/// A search for everything, which counts by category.
fn open(app: &App) -> Result<Page, Problem> {
    let fields = QueryFields {
        availability: Availability::Open,
        page_size: 1,
        facets: Facets::CATEGORIES,
        utc_offset_s: app.shared.utc_offset_s,
        ..QueryFields::default()
    };
    let query = Query::new(fields).map_err(|error| Problem::internal(&error.into()))?;
    Ok(search::run(app, &query))
}

/// Names the regions whose jobs are here: the one that this node stands in.
#[utoipa::path(get, path = "/v1/regions",
    params(("If-None-Match" = Option<String>, Header, description = "The ETag of an earlier answer.")),
    responses((status = 200, body = RegionsJson, headers(("ETag" = String, description = "Changes with what is here."))),
        (status = 304, description = "As the ETag has it.")))]
pub(crate) async fn regions(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    search::unless_known(&app, "regions", &headers, || {
        let region = RegionJson {
            name: app.shared.region.clone(),
            time_zone: app.shared.time_zone.iana_name().unwrap_or("UTC").to_owned(),
            jobs: app.shared.index().len(),
            open: open(&app)?.facets.categories.values().sum(),
        };
        Ok(Json(RegionsJson { regions: vec![region] }).into_response())
    })
}

/// Counts the jobs that are known here by category. The numbers of open ones are those of `facets=categories`.
#[utoipa::path(get, path = "/v1/categories",
    params(("If-None-Match" = Option<String>, Header, description = "The ETag of an earlier answer.")),
    responses((status = 200, body = CategoriesJson, headers(("ETag" = String, description = "Changes with what is here."))),
        (status = 304, description = "As the ETag has it.")))]
pub(crate) async fn categories(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    search::unless_known(&app, "categories", &headers, || {
        let index = app.shared.index();
        let page = open(&app)?;
        let mut categories: Vec<_> =
            index.categories(&page.facets).into_iter().map(CategoryJson::from).collect();
        categories.sort_by(|a, b| a.name.cmp(&b.name));
        let open_is_upper_bound = page.total_is_lower_bound;
        Ok(Json(CategoriesJson { categories, open_is_upper_bound }).into_response())
    })
}

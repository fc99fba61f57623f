//! The search index against tables in its own words and against a scan over all jobs.

mod random;
mod reference;
mod tables;

use edge_core::search::{Index, Judge, Page, Query, QueryFields};

/// Walks all pages of a query; the last page comes back with the hits of all of them.
fn all_pages(index: &Index, fields: &QueryFields, now: i64, judge: &mut dyn Judge) -> Page {
    let mut fields = fields.clone();
    let mut hits = Vec::new();
    loop {
        let mut page = index.search(&Query::new(fields.clone()).unwrap(), now, judge);
        assert!(page.hits.len() <= fields.page_size);
        hits.append(&mut page.hits);
        let Some(next) = page.next else { return Page { hits, ..page } };
        let token = next.to_string().parse().unwrap();
        assert_eq!(next, token);
        fields.page_token = Some(token);
    }
}

//! The seam through which plugins judge candidates inside a search.

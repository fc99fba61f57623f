//! No file above 256 KiB except under a `data/` folder: a checkout stays quick to clone.

use super::Finding;
use super::tree::Tree;

/// The largest file outside `data/`. Larger ones stay in the history of every clone for good.
const BLOB_BYTES_MAX: u64 = 256 * 1024;

/// Finds large files.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let large = tree.files.iter().filter(|file| file.bytes > BLOB_BYTES_MAX);
    let misplaced = large.filter(|file| !file.path.split('/').any(|part| part == "data"));
    misplaced
        .map(|file| {
            let what = format!("{} KiB, and {} KiB is the most", file.bytes / 1024, BLOB_BYTES_MAX / 1024);
            Finding::new(&file.path, 1, what, "generate it, shrink it, or move it under data/")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::check_rule;

    #[test]
    fn only_data_may_be_large() {
        let large = "x".repeat(300 * 1024);
        check_rule(
            super::check,
            &[("docs/a.svg", &large)],
            &["docs/a.svg:1 300 KiB, and 256 KiB is the most"],
        );
        check_rule(super::check, &[("data/a.csv", &large), ("b/data/c", &large), ("d", "x")], &[]);
    }
}

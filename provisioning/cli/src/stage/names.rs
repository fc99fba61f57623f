//! Invented people for the stage, so that everyone who was told something has a name.

const FAMILY: [(&str, &str); 12] = [
    ("王", "Wang"),
    ("李", "Li"),
    ("张", "Zhang"),
    ("刘", "Liu"),
    ("陈", "Chen"),
    ("杨", "Yang"),
    ("赵", "Zhao"),
    ("黄", "Huang"),
    ("周", "Zhou"),
    ("吴", "Wu"),
    ("徐", "Xu"),
    ("孙", "Sun"),
];
const GIVEN: [(&str, &str); 7] = [
    ("伟", "Wei"),
    ("芳", "Fang"),
    ("敏", "Min"),
    ("强", "Qiang"),
    ("丽", "Li"),
    ("军", "Jun"),
    ("洋", "Yang"),
];

/// The name of the person with this number, in English and in Chinese; 84 are different.
pub(crate) fn name_of(number: u64) -> [String; 2] {
    let place = |count: usize| usize::try_from(number % count as u64).unwrap_or(0);
    let ((family_zh, family_en), (given_zh, given_en)) =
        (FAMILY[place(FAMILY.len())], GIVEN[place(GIVEN.len())]);
    [format!("{given_en} {family_en}"), format!("{family_zh}{given_zh}")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_first_people_have_names_of_their_own() {
        let names: BTreeSet<_> = (1..=84).map(name_of).collect();
        assert_eq!(names.len(), 84);
    }
}

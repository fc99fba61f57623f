//! A field class that never leaves its region.

use std::fmt;

/// A value that only this node's region may know.
///
/// It is no `Encode` and no `Serialize`: a frame, a log row or a document that held one would not compile, and what is
/// printed of it is its absence. It is read by [`Regional::reveal`], whose callers are few and easy to find.
///
/// ```compile_fail
/// let name = edge_core::person::Regional::new("Wang".to_owned());
/// minicbor::to_vec(name).unwrap();
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Regional<T>(T);

impl<T> Regional<T> {
    /// Marks a value as one that stays in its region.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for a decision or for the person's own eyes.
    pub const fn reveal(&self) -> &T {
        &self.0
    }

    /// The value, for a change by the person.
    pub fn into_revealed(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Regional<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("regional")
    }
}

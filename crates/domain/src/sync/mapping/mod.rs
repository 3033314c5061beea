//! Our codes and facts on one side, the statuses, custom fields and options of ClickUp's lists on the other.
//!
//! - [`document`]: the mapping as data; [`parse`]: reading and checking it
//! - [`rules`]: which list, tags and priority an application gets
//! - [`shape`]: a list as ClickUp describes it
//! - [`resolve`]: document and list to a [`Mapping`], and what the list lacks
//! - [`target`]: one field: our values to theirs and back; [`codec`]: ClickUp's JSON for each type
//! - [`text`]: templates for names and descriptions
//! - [`remap`]: what a new mapping means for tasks that exist

mod check;
pub mod codec;
pub mod document;
mod kind;
mod parse;
pub mod remap;
mod resolve;
mod rules;
mod shape;
mod target;
pub(super) mod text;

#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod tests;

pub use document::{Document, Problem};
pub use kind::Kind;
pub use resolve::{Mapping, Missing};
pub use rules::fits;
pub use shape::{FieldShape, ListShape, OptionShape, fold};
pub use target::{Target, Written, moment_text};

/// Pairs that the names alone do not give: our code, ClickUp's name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MappingRules {
    /// For statuses. The first pair of a code is what is sent, all pairs of it are understood.
    pub statuses: Vec<(String, String)>,
}

impl MappingRules {
    /// The mapping that applies while none was activated: everything by its name, and these pairs.
    #[must_use]
    pub fn document(&self) -> Document {
        let mut document = Document::default();
        for (code, name) in &self.statuses {
            let names = document
                .statuses
                .entry(code.clone())
                .or_insert_with(|| document::Names(Vec::new()));
            names.0.push(name.clone());
        }
        document
    }
}

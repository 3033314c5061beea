//! The calls, by the kind of thing they are about.

pub(crate) mod fields;
pub(crate) mod lists;
pub(crate) mod people;
pub(crate) mod tasks;
pub(crate) mod webhooks;

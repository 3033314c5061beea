//! The objects of the API, as far as we use them. Only an id is ever required.

pub(crate) mod field;
pub(crate) mod lenient;
pub(crate) mod people;
pub(crate) mod status;
pub(crate) mod task;
pub(crate) mod webhook;

//! Tasks: object, calls, pages, tags, comments.

pub(crate) mod body;
pub(crate) mod change;
pub(crate) mod checklists;
pub(crate) mod comments;
pub(crate) mod create;
pub(crate) mod dates;
pub(crate) mod delete;
pub(crate) mod filter;
pub(crate) mod lists;
pub(crate) mod model;
pub(crate) mod moving;
pub(crate) mod page;
pub(crate) mod read;
pub(crate) mod relations;
pub(crate) mod render;
pub(crate) mod tags;
pub(crate) mod templates;
pub(crate) mod text;
pub(crate) mod update;
pub(crate) mod view;

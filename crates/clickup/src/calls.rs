//! The calls, by the kind of thing they are about. Each names the operation of the published reference that it is:
//! `O:` in the v2 file, `V3:` in the v3 file.
//!
//! Left out because nothing needs them: OAuth (one token of a service user), time entries, goals, views, guests and users of
//! Enterprise plans, user groups, comments of lists and views, making and changing spaces, folders, lists and tags (people do
//! that; a tag that a task is given comes into being by itself), merging, tasks in several lists, estimates by user.

pub(crate) mod attachments;
pub(crate) mod checklists;
pub(crate) mod comments;
pub(crate) mod fields;
pub(crate) mod history;
pub(crate) mod moving;
pub(crate) mod people;
pub(crate) mod places;
pub(crate) mod relations;
pub(crate) mod search;
pub(crate) mod tags;
pub(crate) mod task_body;
pub(crate) mod tasks;
pub(crate) mod templates;
pub(crate) mod webhooks;

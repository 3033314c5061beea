//! Typed client for the ClickUp API (v2, and v3 where v2 cannot do it), for the calls that Keylight needs.
//!
//! Four promises, each tested:
//!
//! - **Nothing is retried here.** Every call is one request; whoever owns the rate budget decides about another.
//! - **The caller learns whether the call may have happened.** [`ClickUpError::sent`] tells a request that certainly did
//!   not run from one that may have: creating a task is not idempotent.
//! - **Strange answers do not break it.** Ids, times and numbers may be text, numbers or null, unknown keys are ignored,
//!   an HTML page never hides the status it came with. A set that could not be read whole is unknown, not smaller.
//! - **The token stays here.** It goes to the API host only: no redirect is followed, files are fetched by a client that does
//!   not have it, and no `Debug` shows it or anything a person wrote.
//!
//! To add a call: a method in [`calls`](ClickUp) beside its kind, with the route template as the constant text and the
//! operation of the published reference in its documentation, and a line in `tests/contract/`, which holds every request to that
//! reference and fails for a route that it does not know.

mod call;
mod calls;
pub mod delivery;
mod download;
mod error;
mod model;
mod rate;
pub mod signature;
mod token;
mod transport;
mod upload;

pub use calls::checklists::UpdateChecklistItem;
pub use calls::comments::{NewComment, UpdateComment};
pub use calls::fields::FieldInput;
pub use calls::history::MOST_TASKS as MOST_TASKS_PER_HISTORY;
pub use calls::moving::{MoveTask, StatusMapping};
pub use calls::search::{FieldFilter, ListQuery, OrderBy, TaskPage, TeamQuery};
pub use calls::task_body::{CreateTask, Moment, PeopleChange, UpdateTask};
pub use calls::tasks::TaskParts;
pub use calls::webhooks::{NewWebhook, Scope};
pub use download::Download;
pub use error::{Class, ClickUpError, Sent, SetupError};
pub use model::attachment::{Attachment, AttachmentPage};
pub use model::checklist::{Checklist, ChecklistItem};
pub use model::comment::{Comment, CommentCursor, CommentMade, CommentPage};
pub use model::field::{Choice, Chosen, FieldDefinition, TaskField};
pub use model::field_kind::FieldKind;
pub use model::field_value::{FieldValue, Location, Reading};
pub use model::field_write::FieldWrite;
pub use model::people::{CustomItem, MILESTONE, Person, Role, Team, User};
pub use model::place::{Folder, ListInfo, Space, SpaceFeature, Tag, TaskTemplate};
pub use model::relation::{Dependency, Link};
pub use model::status::{Status, StatusKind};
pub use model::task::{Priority, Task};
pub use model::time_in_status::{StatusTime, TimeInStatus};
pub use model::webhook::{Health, Webhook};
pub use rate::RateInfo;
pub use transport::{Answer, ClickUp, Options};
pub use upload::{LARGEST_FILE, Upload};

/// Reading values whose JSON type differs between documents, examples and the live service.
pub mod lenient {
    pub use crate::model::lenient::{all, flag, id, millis, opt_id, skipping, whole};
}

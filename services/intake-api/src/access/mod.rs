//! Who may come in: every route states a [`Rule`], a guard checks it before the handler runs, and the handler is told
//! [`Who`] it is. What no rule allows is refused.
//!
//! To add a route: an OpenAPI description on the handler (`#[utoipa::path]`), and a line in the folder's `routes()` with
//! its rule. The service does not start when two routes collide or a described operation states no rule.

mod bootstrap;
pub(crate) mod cookie;
pub(crate) mod forgery;
mod guard;
mod identify;
mod identity;
mod remembered;
mod routes;
mod rule;

pub(crate) use bootstrap::AdminToken;
pub(crate) use identity::{Identity, Who};
pub(crate) use remembered::Remembered;
pub(crate) use routes::{Checked, Routes};
pub(crate) use rule::Rule;

pub(crate) use keylight_domain::access::{Role, Scope};

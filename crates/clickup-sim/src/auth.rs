//! Who is calling: tokens and their users.

use std::sync::Arc;

use crate::errors::ApiError;
use crate::state::World;

/// Who makes a change, and by which door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// Id of the user.
    pub user: u64,
    /// By the API, or by the user interface (board page and control calls).
    pub via_api: bool,
}

impl Actor {
    /// An automation of the workspace, which is no user.
    pub(crate) const AUTOMATION: Self = Self {
        user: 0,
        via_api: false,
    };

    /// The person on the board page.
    pub(crate) const PERSON: Self = Self {
        user: 2,
        via_api: false,
    };
}

/// The caller of one API request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) actor: Actor,
    /// Needed only because the real service shows it as `client_id` of webhooks.
    pub(crate) token: Arc<str>,
    /// A fault asks for stale answers.
    pub(crate) stale: bool,
}

/// Finds the user of an `Authorization` header: a personal token stands there raw, an OAuth token
/// behind `Bearer`.
///
/// # Errors
/// 400 without a header, 401 for an unknown token or the wrong form.
pub(crate) fn identify(world: &World, header: Option<&str>) -> Result<Caller, ApiError> {
    let Some(header) = header.filter(|header| !header.is_empty()) else {
        return Err(ApiError::NO_TOKEN);
    };
    let (token, oauth) = match header.strip_prefix("Bearer ") {
        Some(token) => (token, true),
        None => (header, false),
    };
    let known = |tokens: &[String]| tokens.iter().any(|known| known == token);
    let user = world.workspace.users.iter().find(|user| {
        known(if oauth {
            &user.oauth_tokens
        } else {
            &user.personal_tokens
        })
    });
    let user = user.ok_or(ApiError::BAD_TOKEN)?;
    Ok(Caller {
        actor: Actor {
            user: user.id,
            via_api: true,
        },
        token: Arc::from(token),
        stale: false,
    })
}

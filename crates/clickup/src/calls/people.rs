//! Who we are, and in which workspaces.

use reqwest::Method;
use serde::Deserialize;

use crate::call::Call;
use crate::error::ClickUpError;
use crate::model::people::{Team, User};
use crate::transport::{Answer, ClickUp};

#[derive(Deserialize)]
struct UserBody {
    user: User,
}

#[derive(Deserialize)]
struct TeamsBody {
    #[serde(default)]
    teams: Vec<Team>,
}

impl ClickUp {
    /// The user whose token this is: the identity that own changes carry.
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn authorized_user(&self) -> Result<Answer<User>, ClickUpError> {
        let call = Call::new(Method::GET, "GET /v2/user", &[]);
        Ok(self.read::<UserBody>(call).await?.map(|body| body.user))
    }

    /// The workspaces that the token may use.
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn teams(&self) -> Result<Answer<Vec<Team>>, ClickUpError> {
        let call = Call::new(Method::GET, "GET /v2/team", &[]);
        Ok(self.read::<TeamsBody>(call).await?.map(|body| body.teams))
    }
}

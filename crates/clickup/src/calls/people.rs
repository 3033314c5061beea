//! Who we are, in which workspaces, and with whom.

use reqwest::Method;
use serde::Deserialize;

use crate::call::Call;
use crate::error::ClickUpError;
use crate::model::lenient;
use crate::model::people::{CustomItem, Person, Team, User};
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

#[derive(Deserialize)]
struct MembersBody {
    #[serde(deserialize_with = "lenient::skipping")]
    members: Vec<Person>,
}

/// An object; the example of the reference has it in a list of one. That is tried first, for a list can be read as an object
/// whose parts have lost their names.
#[derive(Deserialize)]
#[serde(untagged)]
enum CustomItemsBody {
    Wrapped([CustomItems; 1]),
    Object(CustomItems),
}

#[derive(Deserialize)]
struct CustomItems {
    #[serde(deserialize_with = "lenient::skipping")]
    custom_items: Vec<CustomItem>,
}

impl ClickUp {
    /// The user whose token this is: the identity that own changes carry (`O:GetAuthorizedUser`).
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn authorized_user(&self) -> Result<Answer<User>, ClickUpError> {
        let call = Call::new(Method::GET, "GET /v2/user", &[]);
        Ok(self.read::<UserBody>(call).await?.map(|body| body.user))
    }

    /// The workspaces that the token may use, with all their people (`O:GetAuthorizedTeams`).
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn teams(&self) -> Result<Answer<Vec<Team>>, ClickUpError> {
        let call = Call::new(Method::GET, "GET /v2/team", &[]);
        Ok(self.read::<TeamsBody>(call).await?.map(|body| body.teams))
    }

    /// The people that a list was shared with by name (`O:GetListMembers`). Those who see it because they see its space are not
    /// among them: they are in [`teams`](ClickUp::teams).
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn list_members(&self, list: &str) -> Result<Answer<Vec<Person>>, ClickUpError> {
        let ids = [list];
        let call = Call::new(Method::GET, "GET /v2/list/{list}/member", &ids);
        Ok(self
            .read::<MembersBody>(call)
            .await?
            .map(|body| body.members))
    }

    /// The types of tasks of a workspace beside the ordinary one (`O:GetCustomItems`).
    ///
    /// # Errors
    /// See [`ClickUpError`].
    pub async fn custom_items(&self, team: &str) -> Result<Answer<Vec<CustomItem>>, ClickUpError> {
        let ids = [team];
        let call = Call::new(Method::GET, "GET /v2/team/{team}/custom_item", &ids);
        Ok(self.read::<CustomItemsBody>(call).await?.map(|body| {
            let (CustomItemsBody::Object(items) | CustomItemsBody::Wrapped([items])) = body;
            items.custom_items
        }))
    }
}

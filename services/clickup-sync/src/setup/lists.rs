//! The lists that a token may use, for whoever has to choose one.

use super::check::Check;
use crate::remote::{CallError, Remote, Subject};
use keylight_clickup::ListInfo;
use keylight_domain::{error::DomainError, sync::budget::Lane};

/// Spaces that are looked through at most; each costs two calls.
const MOST_SPACES: usize = 20;
/// A person waits for the answer.
const LANE: Lane = Lane::Interactive;

/// A list and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Id of the workspace.
    pub team_id: String,
    /// Its name.
    pub team: String,
    /// Name of the space.
    pub space: String,
    /// Name of the folder; empty without one.
    pub folder: String,
    /// Id of the list.
    pub list_id: String,
    /// Its name.
    pub list: String,
}

fn told(error: &CallError) -> DomainError {
    let check = Check::of_failure("token", error);
    DomainError::invalid(format!("{}. {}", check.found, check.remedy))
}

/// Walks through workspaces, spaces and folders; also tells whether there are more spaces than it looks through.
///
/// # Errors
/// When a call fails, with what to do about it.
pub async fn lists(remote: &Remote) -> Result<(Vec<Found>, bool), DomainError> {
    let client = &remote.client;
    let mut found = Vec::new();
    let mut spaces_seen = 0;
    let teams = remote
        .call(LANE, Subject::none(), client.teams())
        .await
        .map_err(|error| told(&error))?;
    for team in teams {
        let spaces = remote
            .call(LANE, Subject::none(), client.spaces(&team.id))
            .await
            .map_err(|error| told(&error))?;
        for space in spaces {
            spaces_seen += 1;
            if spaces_seen > MOST_SPACES {
                return Ok((found, true));
            }
            let folders = remote
                .call(LANE, Subject::none(), client.folders(&space.id))
                .await
                .map_err(|error| told(&error))?;
            let loose = remote
                .call(LANE, Subject::none(), client.folderless_lists(&space.id))
                .await
                .map_err(|error| told(&error))?;
            let mut add = |folder: &str, list: ListInfo| {
                if !list.archived && !list.deleted {
                    found.push(Found {
                        team_id: team.id.clone(),
                        team: team.name.clone().unwrap_or_default(),
                        space: space.name.clone().unwrap_or_default(),
                        folder: folder.to_owned(),
                        list_id: list.id,
                        list: list.name.unwrap_or_default(),
                    });
                }
            };
            for list in loose {
                add("", list);
            }
            for folder in folders.into_iter().filter(|folder| !folder.archived) {
                let name = folder.name.unwrap_or_default();
                for list in folder.lists {
                    add(&name, list);
                }
            }
        }
    }
    Ok((found, false))
}

//! Users and workspaces.

use serde::Deserialize;
use serde_json::Value;

use super::lenient;

/// The user whose token it is (`GetAuthorizedUser`).
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct User {
    /// The id that history items and creators carry.
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    /// Display name.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub username: Option<String>,
    /// Address, by which staff recognise themselves.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub email: Option<String>,
    /// Name of the time zone, which decides what a date without time means.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub timezone: Option<String>,
}
show_id_only!(User);

/// What somebody may do in a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// 1
    Owner,
    /// 2
    Admin,
    /// 3
    Member,
    /// 4
    Guest,
}

/// Somebody, as members, assignees, creators and authors are shown. Guests and people who hide it come without address.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Person {
    /// Positive number.
    #[serde(deserialize_with = "number")]
    pub id: i64,
    /// Display name.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub username: Option<String>,
    /// Address, if the token may see it.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub email: Option<String>,
    /// Role in the workspace, where it is told.
    #[serde(default, deserialize_with = "role")]
    pub role: Option<Role>,
}
show_id_only!(Person);

fn number<'de, D: serde::Deserializer<'de>>(input: D) -> Result<i64, D::Error> {
    lenient::whole(input)?.ok_or_else(|| serde::de::Error::custom("id is not a whole number"))
}

fn role<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Option<Role>, D::Error> {
    Ok(match lenient::whole(input)? {
        Some(1) => Some(Role::Owner),
        Some(2) => Some(Role::Admin),
        Some(3) => Some(Role::Member),
        Some(4) => Some(Role::Guest),
        _ => None,
    })
}

/// A workspace (`team` in the API) with its people (`GetAuthorizedTeams`): the one way to list all members on every plan.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Team {
    /// Digits.
    #[serde(deserialize_with = "lenient::id")]
    pub id: String,
    /// As people call it.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub name: Option<String>,
    /// Its people, as far as they could be read.
    #[serde(default, deserialize_with = "members")]
    pub members: Vec<Person>,
}

#[derive(Deserialize)]
struct Member {
    user: Person,
}

fn members<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Vec<Person>, D::Error> {
    let members: Vec<Value> = lenient::skipping(input)?;
    Ok(members
        .into_iter()
        .filter_map(|member| serde_json::from_value::<Member>(member).ok())
        .map(|member| member.user)
        .collect())
}

/// `custom_item_id` of milestones.
pub const MILESTONE: i64 = 1;

/// A type of tasks beside the ordinary one (`GetCustomItems`); 0 is the ordinary task and 1 the milestone, whether or not
/// they are listed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CustomItem {
    /// What a new task gives as `custom_item_id`.
    #[serde(deserialize_with = "number")]
    pub id: i64,
    /// As people call it.
    #[serde(default, deserialize_with = "lenient::opt_text")]
    pub name: Option<String>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn members_of_any_shape() {
        let team: Team = serde_json::from_str(
            r#"{"id":9001,"members":[
                {"user":{"id":"183","username":"Ann","email":"ann@x.example","role":2},"invited_by":{"id":1}},
                {"user":{"id":184,"username":null,"role":"4"}},
                {"user":{"id":185,"role":99}},
                {"user":null},{"user":{"id":"x"}},7]}"#,
        )
        .unwrap();
        let seen: Vec<_> = team
            .members
            .iter()
            .map(|person| (person.id, person.email.as_deref(), person.role))
            .collect();
        assert_eq!(
            seen,
            [
                (183, Some("ann@x.example"), Some(Role::Admin)),
                (184, None, Some(Role::Guest)),
                (185, None, None)
            ]
        );
        let shown = format!("{team:?}");
        assert!(!shown.contains("Ann") && !shown.contains("ann@"), "{shown}");
    }
}

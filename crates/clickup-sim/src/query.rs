//! Query strings with repeated `name[]=` parameters.

use crate::errors::ApiError;

/// Parameters that the API takes only as arrays; without the brackets they are an error.
const ARRAYS: [&str; 8] = [
    "statuses",
    "assignees",
    "watchers",
    "tags",
    "custom_items",
    "space_ids",
    "project_ids",
    "list_ids",
];

/// The decoded pairs of one query string.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// # Errors
    /// An array parameter that came without its brackets.
    pub(crate) fn parse(raw: Option<&str>) -> Result<Self, ApiError> {
        let pairs: Vec<(String, String)> =
            serde_urlencoded::from_str(raw.unwrap_or_default()).unwrap_or_default();
        if pairs.iter().any(|(key, _)| ARRAYS.contains(&key.as_str())) {
            return Err(ApiError::BAD_ARRAY);
        }
        Ok(Self(pairs))
    }

    pub(crate) fn first(&self, key: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// All values of a key that comes without brackets.
    pub(crate) fn repeated(&self, key: &str) -> Vec<&str> {
        let of_key = self.0.iter().filter(|(name, _)| name == key);
        of_key.map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn flag(&self, key: &str) -> bool {
        self.first(key) == Some("true")
    }

    pub(crate) fn integer(&self, key: &str) -> Option<i64> {
        self.first(key)?.parse().ok()
    }

    /// All values of `key[]`, also in the form `key[0]`, `key[1]`.
    pub(crate) fn all(&self, key: &str) -> Vec<String> {
        self.0
            .iter()
            .filter(|(name, _)| {
                name.strip_prefix(key)
                    .is_some_and(|rest| rest.starts_with('[') && rest.ends_with(']'))
            })
            .map(|(_, value)| value.clone())
            .collect()
    }
}

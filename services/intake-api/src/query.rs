//! Query parameters: never an error, of two values the last counts, names with brackets are other names.

use axum::extract::FromRequestParts;
use http::request::Parts;
use std::convert::Infallible;

/// The parameters of a request.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        // pairs of texts can be read from any text
        Self(serde_urlencoded::from_str(text).unwrap_or_default())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anything_can_be_read() {
        let query = Query::parse("q=a+b%20c&q=last&x[]=1&bad=%ff%zz&&=&flag");
        assert_eq!(query.get("q"), Some("last"));
        assert_eq!(query.get("x"), None);
        assert_eq!(query.get("flag"), Some(""));
        assert!(query.get("bad").is_some());
    }
}

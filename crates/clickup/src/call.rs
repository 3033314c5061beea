//! A call before it is sent: method, route, ids, query, body.

use reqwest::Method;
use serde::Serialize;
use url::Url;

use crate::error::ClickUpError;
use crate::upload::Upload;

/// How long a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    Usual,
    /// Pages of lists.
    Page,
    /// Files.
    Transfer,
}

/// What a call carries.
pub(crate) enum Payload {
    Json(Vec<u8>),
    Form {
        content_type: String,
        body: reqwest::Body,
    },
}

/// A call before it is sent.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    /// Method and route template, for people and metrics: `GET /v2/task/{task}`.
    pub(crate) route: &'static str,
    ids: &'a [&'a str],
    query: Vec<(&'static str, String)>,
    pub(crate) payload: Option<Payload>,
    pub(crate) pace: Pace,
}

impl<'a> Call<'a> {
    /// `route` is the method, a blank and the template; `ids` fill its placeholders in order.
    pub(crate) fn new(method: Method, route: &'static str, ids: &'a [&'a str]) -> Self {
        debug_assert!(
            route.starts_with(method.as_str()),
            "{route} is not a {method}"
        );
        Self {
            method,
            route,
            ids,
            query: Vec::new(),
            payload: None,
            pace: Pace::Usual,
        }
    }

    pub(crate) fn query(mut self, query: Vec<(&'static str, String)>) -> Self {
        self.query = query;
        self
    }

    pub(crate) fn json(mut self, body: &impl Serialize) -> Result<Self, ClickUpError> {
        let bytes = serde_json::to_vec(body)
            .map_err(|_| ClickUpError::unsendable(self.route, "body has no form in json"))?;
        self.payload = Some(Payload::Json(bytes));
        Ok(self)
    }

    pub(crate) fn form(mut self, file: Upload) -> Result<Self, ClickUpError> {
        if file.is_too_large() {
            return Err(ClickUpError::unsendable(
                self.route,
                "file is larger than clickup takes",
            ));
        }
        let (content_type, body) = file
            .into_form()
            .map_err(|_| ClickUpError::unsendable(self.route, "system has no randomness"))?;
        self.payload = Some(Payload::Form { content_type, body });
        self.pace = Pace::Transfer;
        Ok(self)
    }

    /// Gives the call the longer time limit of list pages.
    pub(crate) fn slow(mut self) -> Self {
        self.pace = Pace::Page;
        self
    }

    pub(crate) fn url(&self, base: &Url) -> Result<Url, ClickUpError> {
        let template = self
            .route
            .split_once(' ')
            .map_or(self.route, |(_, template)| template);
        let mut url = base.clone();
        let mut ids = self.ids.iter();
        {
            let mut path = url
                .path_segments_mut()
                .map_err(|()| ClickUpError::unsendable(self.route, "base address has no path"))?;
            path.pop_if_empty();
            for segment in template.trim_start_matches('/').split('/') {
                if !segment.starts_with('{') {
                    path.push(segment);
                    continue;
                }
                let id = ids.next().copied().unwrap_or("");
                // `.` and `..` would silently become another route
                if id.is_empty() || id == "." || id == ".." {
                    return Err(ClickUpError::unsendable(
                        self.route,
                        "id is empty or not an id",
                    ));
                }
                path.push(id);
            }
        }
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::error::{Class, Sent};

    fn url_of(call: &Call<'_>) -> Result<String, ClickUpError> {
        call.url(&Url::parse("https://api.example.com/api/").unwrap())
            .map(String::from)
    }

    #[test]
    fn ids_are_encoded_into_their_place() {
        let ids = ["a/b c?", "ü"];
        let call = Call::new(Method::POST, "POST /v2/task/{task}/field/{field}", &ids);
        assert_eq!(
            url_of(&call).unwrap(),
            "https://api.example.com/api/v2/task/a%2Fb%20c%3F/field/%C3%BC"
        );
    }

    #[test]
    fn an_id_never_becomes_another_route() {
        for id in ["", ".", ".."] {
            let ids = [id];
            let error =
                url_of(&Call::new(Method::DELETE, "DELETE /v2/task/{task}", &ids)).unwrap_err();
            assert_eq!((error.class, error.sent), (Class::OurFault, Sent::No));
        }
    }
}

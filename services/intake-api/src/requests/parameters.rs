//! Query parameters, read strictly: a value that makes no sense is refused by name. Of two values the last counts, an
//! empty one is none, and names that nobody asks for are ignored.

use crate::query::Query;
use axum::extract::FromRequestParts;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use http::request::Parts;
use keylight_contracts::{time::to_wire, v1};
use keylight_domain::submissions::{DEFAULT_PAGE_SIZE, MAX_PAGE, MAX_PAGE_SIZE, Paging};
use keylight_web::error::ApiError;
use prost_types::Timestamp;
use std::convert::Infallible;
use utoipa::IntoParams;
use uuid::Uuid;

/// Longest text in a parameter.
const MAX_TEXT: usize = 255;
/// Longest place in a list.
const MAX_PLACE: usize = 1024;

/// The parameters of a request.
pub(crate) struct Parameters(Query);

impl<S: Sync> FromRequestParts<S> for Parameters {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Query::from_request_parts(parts, state).await.map(Self)
    }
}

impl From<Query> for Parameters {
    fn from(query: Query) -> Self {
        Self(query)
    }
}

impl Parameters {
    /// All of them, as they were given.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.pairs()
    }

    /// The last value of this name, also an empty one.
    pub(crate) fn last(&self, name: &str) -> Option<&str> {
        self.0.get(name)
    }

    fn given(&self, name: &str) -> Option<&str> {
        self.0.get(name).filter(|value| !value.is_empty())
    }

    /// Whether the parameter is there at all, also without a value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some()
    }

    /// A text.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, ApiError> {
        self.bounded(name, MAX_TEXT)
    }

    fn bounded(&self, name: &str, longest: usize) -> Result<Option<String>, ApiError> {
        let Some(text) = self.given(name) else {
            return Ok(None);
        };
        if text.contains('\0') {
            return Err(refused(name, "must not contain the NUL character"));
        }
        if text.chars().count() > longest {
            return Err(refused(
                name,
                &format!("must be at most {longest} characters"),
            ));
        }
        Ok(Some(text.to_owned()))
    }

    /// One of a few words.
    pub(crate) fn choice(&self, name: &str, allowed: &[&str]) -> Result<Option<String>, ApiError> {
        match self.given(name) {
            None => Ok(None),
            Some(text) if allowed.contains(&text) => Ok(Some(text.to_owned())),
            Some(_) => Err(refused(
                name,
                &format!("must be one of: {}", allowed.join(", ")),
            )),
        }
    }

    /// Some of a few words, separated by commas.
    pub(crate) fn choices(&self, name: &str, allowed: &[&str]) -> Result<Vec<&str>, ApiError> {
        let given: Vec<&str> = self
            .given(name)
            .map(|text| text.split(',').map(str::trim).collect())
            .unwrap_or_default();
        if given.iter().all(|word| allowed.contains(word)) {
            Ok(given)
        } else {
            Err(refused(
                name,
                &format!("must be some of: {}", allowed.join(", ")),
            ))
        }
    }

    /// Yes or no.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.given(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(refused(name, "must be true or false")),
        }
    }

    /// A whole number within bounds.
    pub(crate) fn number(
        &self,
        name: &str,
        lowest: i64,
        highest: i64,
    ) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.given(name) else {
            return Ok(None);
        };
        let number = text
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse::<i64>().ok())
            .flatten()
            .filter(|number| (lowest..=highest).contains(number));
        match number {
            Some(number) => Ok(Some(number)),
            None => Err(refused(
                name,
                &format!("must be a whole number from {lowest} to {highest}"),
            )),
        }
    }

    /// The id of a record.
    pub(crate) fn id(&self, name: &str) -> Result<Option<i64>, ApiError> {
        self.number(name, 0, i64::MAX)
    }

    /// A UUID.
    pub(crate) fn uuid(&self, name: &str) -> Result<Option<String>, ApiError> {
        match self.given(name) {
            None => Ok(None),
            Some(text) => Uuid::try_parse(text)
                .map(|id| Some(id.to_string()))
                .map_err(|_| refused(name, "must be a UUID")),
        }
    }

    /// Where a range of times begins: a day (its first moment in UTC) or a time (RFC 3339).
    pub(crate) fn from(&self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        self.moment(name, 0)
    }

    /// Where a range of times ends: a day (all of it belongs to the range) or a time, which does not.
    pub(crate) fn to(&self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        self.moment(name, 1)
    }

    fn moment(&self, name: &str, days_on: u64) -> Result<Option<Timestamp>, ApiError> {
        let Some(text) = self.given(name) else {
            return Ok(None);
        };
        match moment(text, days_on) {
            Some(time) => Ok(Some(time)),
            None => Err(refused(name, NO_MOMENT)),
        }
    }

    /// Why, in the caller's words, for requests without a body.
    pub(crate) fn reason(&self) -> Result<Option<String>, ApiError> {
        self.bounded("reason", super::fields::MAX_REASON)
    }
}

/// What whoever sends no moment is told.
pub(crate) const NO_MOMENT: &str =
    "must be a date like 2026-11-22 or a time like 2026-11-22T06:28:55Z";

/// A day, so many days on, or a time (RFC 3339).
pub(crate) fn moment(text: &str, days_on: u64) -> Option<Timestamp> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .ok()
        .and_then(|day| day.checked_add_days(Days::new(days_on)))
        .map(|day| day.and_time(NaiveTime::MIN).and_utc())
        .or_else(|| {
            // a plus sign that was not encoded arrives as a blank
            DateTime::parse_from_rfc3339(&text.replace(' ', "+"))
                .ok()
                .map(|time| time.with_timezone(&Utc))
        })
        // what a database can compare with
        .filter(|time| (0..=9999).contains(&chrono::Datelike::year(time)))
        .map(to_wire)
}

fn refused(name: &str, words: &str) -> ApiError {
    ApiError::fields(vec![format!("{name} {words}")])
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// Number of the page, from 1.
    #[param(minimum = 1, maximum = 2_147_483_647, value_type = Option<i64>)]
    page: i64,
    /// Records on a page.
    #[param(rename = "pageSize", minimum = 1, maximum = 100, value_type = Option<i64>)]
    page_size: i32,
    /// Keyset paging instead of numbered pages, which stays fast and misses nothing while records change: empty for the
    /// first page, then what the last answer gave as `pagination.next`.
    #[param(max_length = 1024, allow_reserved)]
    after: Option<String>,
}

impl PageQuery {
    /// Reads the query strictly.
    pub(crate) fn read(query: &Parameters) -> Result<Self, ApiError> {
        Ok(Self {
            page: query.number("page", 1, MAX_PAGE)?.unwrap_or(1),
            page_size: query
                .number("pageSize", 1, i64::from(MAX_PAGE_SIZE))?
                .and_then(|size| i32::try_from(size).ok())
                .unwrap_or(DEFAULT_PAGE_SIZE),
            after: Self::after(query)?,
        })
    }

    /// Reads `page` and `pageSize` as the predecessor did, which never refused them.
    pub(crate) fn read_tolerantly(query: &Parameters) -> Result<Self, ApiError> {
        let Paging { page, page_size } =
            Paging::from_query(query.0.get("page"), query.0.get("pageSize"));
        Ok(Self {
            page,
            page_size,
            after: Self::after(query)?,
        })
    }

    fn after(query: &Parameters) -> Result<Option<String>, ApiError> {
        if query.has("after") {
            Ok(Some(query.bounded("after", MAX_PLACE)?.unwrap_or_default()))
        } else {
            Ok(None)
        }
    }

    /// Whether the caller follows `next` from page to page.
    pub(crate) const fn follows(&self) -> bool {
        self.after.is_some()
    }

    /// The place after which the page begins; empty without keyset paging.
    pub(crate) fn place(&self) -> &str {
        self.after.as_deref().unwrap_or_default()
    }

    /// The number of the page; 0 asks for keyset paging.
    pub(crate) const fn number(&self) -> i64 {
        if self.follows() { 0 } else { self.page }
    }

    /// Records on a page.
    pub(crate) const fn size(&self) -> i32 {
        self.page_size
    }

    /// Page number and size.
    pub(crate) const fn paging(&self) -> Paging {
        Paging {
            page: self.page,
            page_size: self.page_size,
        }
    }

    /// For lists that know no keyset paging.
    pub(crate) fn numbered(mut self) -> Self {
        self.after = None;
        self
    }

    /// For lists that know no numbered pages.
    pub(crate) fn following(mut self) -> Self {
        self.after.get_or_insert_default();
        self
    }

    /// As the contracts carry it.
    pub(crate) fn wire(&self) -> v1::Page {
        v1::Page {
            number: self.number(),
            size: self.page_size,
            after: self.place().to_owned(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use keylight_contracts::time::from_wire;

    fn parameters(query: &str) -> Parameters {
        Parameters(Query::parse(query))
    }

    fn line(result: Result<impl Sized, ApiError>) -> String {
        match result {
            Ok(_) => String::new(),
            Err(error) => format!("{:?}", error.details),
        }
    }

    #[test]
    fn a_bad_value_is_named() {
        let query = parameters("a=x&b=-1&c=yes&d=2026-02-30&e=z&f=%00&g=1,9");
        for (refusal, name) in [
            (line(query.number("a", 1, 9)), "a must"),
            (line(query.id("b")), "b must"),
            (line(query.flag("c")), "c must"),
            (line(query.from("d")), "d must"),
            (line(query.choice("e", &["x"])), "e must"),
            (line(query.text("f")), "f must"),
            (line(query.choices("g", &["1"])), "g must"),
            (line(query.uuid("a")), "a must"),
        ] {
            assert!(refusal.contains(name), "{refusal}");
        }
        assert_eq!(query.number("none", 1, 9).unwrap(), None);
    }

    #[test]
    fn a_day_is_a_range_of_its_own() {
        let query = parameters("from=2026-11-22&to=2026-11-22&at=2026-11-22T06:00:00+02:00");
        let text = |moment: Option<Timestamp>| from_wire(&moment.unwrap()).unwrap().to_rfc3339();
        assert_eq!(
            text(query.from("from").unwrap()),
            "2026-11-22T00:00:00+00:00"
        );
        assert_eq!(text(query.to("to").unwrap()), "2026-11-23T00:00:00+00:00");
        assert_eq!(text(query.to("at").unwrap()), "2026-11-22T04:00:00+00:00");
    }

    #[test]
    fn keyset_paging_begins_with_an_empty_place() {
        let page = PageQuery::read(&parameters("after=&pageSize=7")).unwrap();
        assert_eq!((page.number(), page.size(), page.place()), (0, 7, ""));
        let page = PageQuery::read(&parameters("page=3")).unwrap();
        assert_eq!((page.number(), page.size()), (3, 20));
        assert!(PageQuery::read(&parameters("page=0")).is_err());
        assert_eq!(
            PageQuery::read_tolerantly(&parameters("page=x&pageSize=1000"))
                .unwrap()
                .size(),
            100
        );
    }
}

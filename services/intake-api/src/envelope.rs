//! What stands around records in answers: `success`, `data`, `pagination`.

use crate::requests::PageQuery;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};
use keylight_contracts::time::from_wire;
use keylight_domain::submissions::Pagination;
use keylight_web::{reply, reply::Json, time::iso_millis};
use prost_types::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A time as clients read it; null when there is none or the calendar does not reach it.
pub(crate) fn time(time: Option<&Timestamp>) -> Option<String> {
    time.and_then(from_wire).map(iso_millis)
}

/// One record.
#[derive(Serialize, ToSchema)]
pub(crate) struct Record<T> {
    /// Always true; failures have a frame of their own.
    success: bool,
    /// What was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    message: Option<String>,
    data: T,
}

/// A record that has a version, for its `ETag`.
pub(crate) trait Versioned {
    fn version(&self) -> i64;
}

impl<T: Serialize> Record<T> {
    pub(crate) const fn new(data: T) -> Self {
        Self {
            success: true,
            message: None,
            data,
        }
    }

    pub(crate) fn done(message: impl Into<String>, data: T) -> Self {
        Self {
            message: Some(message.into()),
            ..Self::new(data)
        }
    }

    pub(crate) fn ok(self) -> Response {
        Json::ok(self).into_response()
    }

    pub(crate) fn created(self) -> Response {
        Json(StatusCode::CREATED, self).into_response()
    }
}

impl<T: Serialize + Versioned> Record<T> {
    /// 200 with the record's `ETag`, or 304 when the caller has it already.
    pub(crate) fn unless_known(self, headers: &HeaderMap) -> Response {
        reply::versioned(headers, StatusCode::OK, self.data.version(), &self)
    }

    /// The answer to a change, with the record's new `ETag`.
    pub(crate) fn changed(self, status: StatusCode) -> Response {
        reply::versioned(&HeaderMap::new(), status, self.data.version(), &self)
    }
}

/// A part of a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct Listing<T> {
    /// Always true; failures have a frame of their own.
    success: bool,
    data: Vec<T>,
    pagination: PaginationJson,
}

impl<T: Serialize> Listing<T> {
    pub(crate) fn new(data: Vec<T>, pagination: PaginationJson) -> Self {
        Self {
            success: true,
            data,
            pagination,
        }
    }

    pub(crate) fn ok(self) -> Response {
        Json::ok(self).into_response()
    }
}

/// Where a part stands in its list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Pagination)]
pub(crate) struct PaginationJson {
    /// The page that was asked for; not with keyset paging.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    page: Option<i64>,
    /// Records on a full page.
    page_size: i32,
    /// Records in the whole list; not where counting would mean reading them all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    total_count: Option<i64>,
    /// Pages in the whole list; 0 when it is empty; not with keyset paging.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    total_pages: Option<i64>,
    /// Whether more comes.
    has_next: bool,
    /// Whether something came before.
    has_prev: bool,
    /// With keyset paging: the `after` of the next page; null at the end.
    next: Option<String>,
}

impl PaginationJson {
    /// Of a list whose length is known.
    pub(crate) fn counted(asked: &PageQuery, total_count: i64, next: String) -> Self {
        if asked.follows() {
            return Self {
                total_count: Some(total_count),
                ..Self::followed(asked, next)
            };
        }
        let place = Pagination::new(asked.paging(), total_count);
        Self {
            page: Some(place.page),
            page_size: place.page_size,
            total_count: Some(place.total_count),
            total_pages: Some(place.total_pages),
            has_next: place.has_next,
            has_prev: place.has_prev,
            next: filled(next),
        }
    }

    /// Of a list that is only followed from page to page.
    pub(crate) fn followed(asked: &PageQuery, next: String) -> Self {
        Self {
            page: None,
            page_size: asked.size(),
            total_count: None,
            total_pages: None,
            has_next: !next.is_empty(),
            has_prev: !asked.place().is_empty(),
            next: filled(next),
        }
    }
}

fn filled(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

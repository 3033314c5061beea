//! What a list of submissions can be filtered by. The predecessor's filters never fail; the newer ones are strict.

use crate::{
    openapi::choices::SyncState,
    requests::{Fields, Parameters, moment},
};
use keylight_contracts::v1::SubmissionFilter;
use keylight_domain::submissions::{Filter, SubmissionStatus};
use keylight_web::error::ApiError;
use prost_types::Timestamp;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Nobody takes care of it.
const NOBODY: &str = "none";
const MAX_TEXT: usize = 255;

/// Filters as they were given, for the list to tell.
#[derive(Debug, Default, Serialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SubmissionFilters {
    /// Exactly this; a value that does not exist matches nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    buyer_category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    build_budget: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    construction_timeline: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    financing_plan: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    land_status: Option<String>,
    /// Where it stands in ClickUp.
    #[serde(rename = "syncState", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<SyncState>)]
    #[param(value_type = Option<SyncState>, inline)]
    sync_state: Option<String>,
    #[serde(rename = "userId", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    #[param(minimum = 0)]
    user_id: Option<i64>,
    #[serde(rename = "projectId", skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    #[param(minimum = 0)]
    project_id: Option<i64>,
    /// The person's e-mail address, in any case.
    #[serde(rename = "userEmail", skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 255)]
    #[param(max_length = 255)]
    user_email: Option<String>,
    /// Staff account (UUID), or `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee: Option<String>,
    /// First day (`2026-11-22`) or time (RFC 3339) of creation.
    #[serde(rename = "createdFrom", skip_serializing_if = "Option::is_none")]
    created_from: Option<String>,
    /// Last day, or the time before which.
    #[serde(rename = "createdTo", skip_serializing_if = "Option::is_none")]
    created_to: Option<String>,
    /// `createdFrom` and `createdTo` as times.
    #[serde(skip)]
    #[schema(ignore)]
    #[param(ignore)]
    created: (Option<Timestamp>, Option<Timestamp>),
}

impl SubmissionFilters {
    /// Those of one status.
    pub(crate) fn of_status(status: SubmissionStatus) -> Self {
        Self {
            status: Some(status.as_str().to_owned()),
            ..Self::default()
        }
    }

    /// Reads the query.
    pub(crate) fn from_query(query: &Parameters) -> Result<Self, ApiError> {
        let Filter {
            status,
            buyer_category,
            build_budget,
            construction_timeline,
            ..
        } = Filter::from_query(query.pairs());
        let mut read = Self {
            status,
            buyer_category,
            build_budget,
            construction_timeline,
            financing_plan: query.text("financing_plan")?,
            land_status: query.text("land_status")?,
            sync_state: query.choice("syncState", &SyncState::words())?,
            user_id: query.id("userId")?,
            project_id: query.id("projectId")?,
            user_email: query.text("userEmail")?,
            assignee: query.text("assignee")?,
            created_from: query.text("createdFrom")?,
            created_to: query.text("createdTo")?,
            created: (query.from("createdFrom")?, query.to("createdTo")?),
        };
        if let Err(words) = read.tidy_assignee() {
            return Err(ApiError::fields(vec![format!("assignee {words}")]));
        }
        Ok(read)
    }

    /// Reads an object in a body; everything in it is strict.
    pub(crate) fn from_fields(fields: &mut Fields) -> Self {
        let mut read = Self {
            status: fields.filled("status", MAX_TEXT),
            buyer_category: fields.filled("buyer_category", MAX_TEXT),
            build_budget: fields.filled("build_budget", MAX_TEXT),
            construction_timeline: fields.filled("construction_timeline", MAX_TEXT),
            financing_plan: fields.filled("financing_plan", MAX_TEXT),
            land_status: fields.filled("land_status", MAX_TEXT),
            sync_state: fields
                .choice("syncState", &SyncState::words())
                .filter(|text| !text.is_empty()),
            user_id: fields.number("userId"),
            project_id: fields.number("projectId"),
            user_email: fields.filled("userEmail", MAX_TEXT),
            assignee: fields.filled("assignee", MAX_TEXT),
            created_from: fields.filled("createdFrom", MAX_TEXT),
            created_to: fields.filled("createdTo", MAX_TEXT),
            created: (None, None),
        };
        if let Err(words) = read.tidy_assignee() {
            fields.problem("assignee", words);
        }
        let mut time = |name: &str, text: Option<&str>, days_on| {
            let found = text.map(|text| moment(text, days_on))?;
            if found.is_none() {
                fields.problem(name, crate::requests::NO_MOMENT);
            }
            found
        };
        read.created = (
            time("createdFrom", read.created_from.as_deref(), 0),
            time("createdTo", read.created_to.as_deref(), 1),
        );
        read
    }

    fn tidy_assignee(&mut self) -> Result<(), &'static str> {
        if let Some(text) = self.assignee.as_mut().filter(|text| *text != NOBODY) {
            let id = Uuid::try_parse(text).map_err(|_| "must be a UUID or none")?;
            *text = id.to_string();
        }
        Ok(())
    }

    /// Whether nothing is said, so that everything matches.
    pub(crate) fn is_empty(&self) -> bool {
        self.wire() == SubmissionFilter::default()
    }

    /// Whether no stored row can match: no text of the database holds a NUL character.
    pub(crate) fn matches_nothing(&self) -> bool {
        [
            &self.status,
            &self.buyer_category,
            &self.build_budget,
            &self.construction_timeline,
        ]
        .into_iter()
        .flatten()
        .any(|value| value.contains('\0'))
    }

    /// As the contracts carry it.
    pub(crate) fn wire(&self) -> SubmissionFilter {
        SubmissionFilter {
            status: self.status.clone(),
            buyer_category: self.buyer_category.clone(),
            build_budget: self.build_budget.clone(),
            construction_timeline: self.construction_timeline.clone(),
            financing_plan: self.financing_plan.clone(),
            land_status: self.land_status.clone(),
            sync_state: self.sync_state.clone(),
            user_id: self.user_id,
            project_id: self.project_id,
            user_email: self.user_email.clone(),
            created_from: self.created.0,
            created_to: self.created.1,
            assignee: self.assignee.clone(),
        }
    }
}

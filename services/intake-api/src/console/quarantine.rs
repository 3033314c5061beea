//! What the honeypot caught: staff look at it, and say what becomes of it.

use super::Visitor;
use crate::{
    access::{Role, Who},
    app::App,
    entity::answered_about,
    pages::{page, see_other},
    requests::{Noun, PageQuery, Parameters, PathTexts, Sent},
};
use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use keylight_contracts::{
    time::from_wire,
    v1::{ListQuarantineRequest, QuarantinedApplication, SettleQuarantineRequest},
};
use keylight_web::error::ApiError;

const RELEASE: &str = "release";
const DISMISS: &str = "dismiss";

/// The page.
#[derive(Template)]
#[template(path = "quarantine.html")]
struct QuarantinePage {
    visitor: Visitor,
    waiting: i64,
    kept: Vec<Kept>,
    /// Place of the next page; empty at the end.
    next: String,
    may_settle: bool,
}

/// One application.
struct Kept {
    id: String,
    received: String,
    reason: String,
    full_name: String,
    email_address: String,
    phone_number: String,
    category: String,
    description: String,
}

impl From<QuarantinedApplication> for Kept {
    fn from(kept: QuarantinedApplication) -> Self {
        let application = kept.application.unwrap_or_default();
        let received = kept.at.as_ref().and_then(from_wire);
        Self {
            id: kept.id,
            received: received
                .map(|time| time.format("%Y-%m-%d %H:%M").to_string())
                .unwrap_or_default(),
            reason: kept.reason,
            full_name: application.full_name,
            email_address: application.email_address,
            phone_number: application.phone_number,
            category: application.buyer_category,
            description: application.project_description,
        }
    }
}

pub(super) async fn show(
    who: Who,
    State(app): State<App>,
    query: Parameters,
) -> Result<Response, ApiError> {
    let asked = PageQuery::read(&query)?.following();
    let request = ListQuarantineRequest {
        page: Some(asked.wire()),
        settled: false,
    };
    let found = answered_about(
        Noun::QUARANTINED,
        app.entity().list_quarantine(request).await,
    )?;
    let view = QuarantinePage {
        visitor: Visitor::of(&who),
        waiting: found.waiting_count,
        kept: found.applications.into_iter().map(Kept::from).collect(),
        next: found.next,
        may_settle: who.role.includes(Role::Manager),
    };
    Ok(page(StatusCode::OK, &view))
}

pub(super) async fn settle(
    who: Who,
    State(app): State<App>,
    path: PathTexts,
    sent: Sent,
) -> Result<Response, ApiError> {
    let id = path.uuid(Noun::QUARANTINED)?;
    let mut fields = sent.fields()?;
    let decision = fields.choice("decision", &[RELEASE, DISMISS]);
    let reason = fields.reason();
    if decision.as_deref().is_none_or(str::is_empty) && !fields.has_problems() {
        fields.problem("decision", "is required");
    }
    fields.finish()?;
    let request = SettleQuarantineRequest {
        id,
        release: decision.as_deref() == Some(RELEASE),
        caller: sent.caller(&app, &who, reason),
    };
    answered_about(
        Noun::QUARANTINED,
        app.entity().settle_quarantine(request).await,
    )?;
    Ok(see_other("/console/quarantine"))
}

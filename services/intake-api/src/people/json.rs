//! A person as clients see it, in the words of the predecessor's table `users`.

use crate::envelope::{Versioned, time};
use keylight_contracts::v1;
use serde::Serialize;
use utoipa::ToSchema;

/// A client: somebody who applies.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserJson {
    id: i64,
    full_name: String,
    email_address: String,
    phone_number: Option<String>,
    company_name: Option<String>,
    #[schema(format = DateTime)]
    created_at: Option<String>,
    #[schema(format = DateTime)]
    updated_at: Option<String>,
    /// Grows with every change; see `ETag`.
    version: i64,
    /// Into whom this person was merged.
    merged_into: Option<i64>,
    #[schema(format = DateTime)]
    deleted_at: Option<String>,
    submission_count: i64,
    project_count: i64,
}

impl From<v1::Person> for UserJson {
    fn from(person: v1::Person) -> Self {
        Self {
            id: person.id,
            full_name: person.full_name,
            email_address: person.email_address,
            phone_number: person.phone_number,
            company_name: person.company_name,
            created_at: time(person.created_at.as_ref()),
            updated_at: time(person.updated_at.as_ref()),
            version: person.version,
            merged_into: person.merged_into,
            deleted_at: time(person.deleted_at.as_ref()),
            submission_count: person.submission_count,
            project_count: person.project_count,
        }
    }
}

impl Versioned for UserJson {
    fn version(&self) -> i64 {
        self.version
    }
}

//! What may be said of a person.

use crate::requests::Fields;
use keylight_contracts::v1;
use utoipa::ToSchema;

const MAX_NAME: usize = 255;
const MAX_EMAIL: usize = 255;
const MAX_PHONE: usize = 20;

/// A person to be.
#[derive(ToSchema)]
#[schema(example = json!({
    "full_name": "Grace Hopper", "email_address": "grace@example.com", "phone_number": "555-123-4567",
    "company_name": "Hopper Homes", "reason": "Called us"
}))]
pub(crate) struct NewUser {
    #[schema(min_length = 1, max_length = 255)]
    full_name: String,
    /// One person per address, whatever the case of its letters.
    #[schema(min_length = 3, max_length = 255)]
    email_address: String,
    #[schema(max_length = 20)]
    phone_number: Option<String>,
    #[schema(max_length = 255)]
    company_name: Option<String>,
    /// Why, for the audit log.
    #[schema(max_length = 500)]
    pub(super) reason: Option<String>,
}

impl NewUser {
    pub(super) fn read(fields: &mut Fields) -> Self {
        Self {
            full_name: fields.required("full_name", MAX_NAME),
            email_address: fields.required("email_address", MAX_EMAIL),
            phone_number: fields.filled("phone_number", MAX_PHONE),
            company_name: fields.filled("company_name", MAX_NAME),
            reason: fields.reason(),
        }
    }

    pub(super) fn wire(self, caller: Option<v1::Caller>) -> v1::CreatePersonRequest {
        v1::CreatePersonRequest {
            full_name: self.full_name,
            email_address: self.email_address,
            phone_number: self.phone_number,
            company_name: self.company_name,
            caller,
        }
    }
}

/// Changes of a person; what is left out stays, `null` empties where that is possible.
#[derive(ToSchema)]
#[schema(example = json!({"phone_number": "555-987-6543", "reason": "New number"}))]
pub(crate) struct UserChange {
    #[schema(min_length = 1, max_length = 255, nullable = false)]
    full_name: Option<String>,
    #[schema(min_length = 3, max_length = 255, nullable = false)]
    email_address: Option<String>,
    #[schema(max_length = 20)]
    phone_number: Option<String>,
    #[schema(max_length = 255)]
    company_name: Option<String>,
    /// The version that was seen; another one is 409.
    #[schema(minimum = 0)]
    pub(super) version: Option<i64>,
    /// Why, for the audit log.
    #[schema(max_length = 500)]
    pub(super) reason: Option<String>,
}

impl UserChange {
    pub(super) fn read(fields: &mut Fields) -> Self {
        Self {
            full_name: fields.kept("full_name", MAX_NAME),
            email_address: fields.kept("email_address", MAX_EMAIL),
            phone_number: fields.text("phone_number", MAX_PHONE),
            company_name: fields.text("company_name", MAX_NAME),
            version: fields.number("version"),
            reason: fields.reason(),
        }
    }

    pub(super) fn wire(
        self,
        id: i64,
        expected_version: Option<i64>,
        caller: Option<v1::Caller>,
    ) -> v1::UpdatePersonRequest {
        v1::UpdatePersonRequest {
            id,
            full_name: self.full_name,
            email_address: self.email_address,
            phone_number: self.phone_number,
            company_name: self.company_name,
            expected_version,
            caller,
        }
    }
}

/// A whole person: what is left out is emptied.
#[derive(ToSchema)]
#[schema(example = json!({"full_name": "Grace Hopper", "email_address": "grace@example.com"}))]
pub(crate) struct WholeUser {
    #[schema(min_length = 1, max_length = 255)]
    full_name: String,
    #[schema(min_length = 3, max_length = 255)]
    email_address: String,
    #[schema(max_length = 20)]
    phone_number: Option<String>,
    #[schema(max_length = 255)]
    company_name: Option<String>,
    /// The version that was seen; another one is 409.
    #[schema(minimum = 0)]
    version: Option<i64>,
    /// Why, for the audit log.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

impl WholeUser {
    pub(super) fn read(fields: &mut Fields) -> Self {
        Self {
            full_name: fields.required("full_name", MAX_NAME),
            email_address: fields.required("email_address", MAX_EMAIL),
            phone_number: fields.text("phone_number", MAX_PHONE),
            company_name: fields.text("company_name", MAX_NAME),
            version: fields.number("version"),
            reason: fields.reason(),
        }
    }
}

/// A change of everything.
impl From<WholeUser> for UserChange {
    fn from(whole: WholeUser) -> Self {
        Self {
            full_name: Some(whole.full_name),
            email_address: Some(whole.email_address),
            phone_number: Some(whole.phone_number.unwrap_or_default()),
            company_name: Some(whole.company_name.unwrap_or_default()),
            version: whole.version,
            reason: whole.reason,
        }
    }
}

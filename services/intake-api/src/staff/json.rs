//! An account as admins see it.

use crate::{
    envelope::{Versioned, time},
    openapi::choices::StaffRole,
};
use keylight_contracts::v1;
use serde::Serialize;
use utoipa::ToSchema;

/// A staff account.
#[derive(Serialize, ToSchema)]
#[schema(as = Staff)]
pub(crate) struct StaffJson {
    #[schema(format = Uuid)]
    pub(super) id: String,
    /// To sign in with.
    pub(super) username: String,
    full_name: String,
    #[schema(value_type = StaffRole)]
    role: String,
    /// May not sign in.
    disabled: bool,
    /// Grows with every change; see `ETag`.
    version: i64,
    #[schema(format = DateTime)]
    created_at: Option<String>,
    #[schema(format = DateTime)]
    last_sign_in_at: Option<String>,
    /// Has a password for one use.
    must_change_password: bool,
}

impl From<v1::Staff> for StaffJson {
    fn from(staff: v1::Staff) -> Self {
        Self {
            id: staff.id,
            username: staff.username,
            full_name: staff.full_name,
            role: staff.role,
            disabled: staff.disabled,
            version: staff.version,
            created_at: time(staff.created_at.as_ref()),
            last_sign_in_at: time(staff.last_sign_in_at.as_ref()),
            must_change_password: staff.must_change_password,
        }
    }
}

impl Versioned for StaffJson {
    fn version(&self) -> i64 {
        self.version
    }
}

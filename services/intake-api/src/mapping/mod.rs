//! `/api/clickup/mapping`: what goes where in ClickUp, as data with versions.

mod change;
mod drift;
mod json;
mod look;
mod versions;

use crate::{
    access::{Role, Routes, Rule, Scope},
    app::Door,
};
use keylight_contracts::v1::mapping_service_client::MappingServiceClient;
use keylight_rpc::client::Channel;
use utoipa_axum::routes;

pub(crate) fn routes() -> Routes {
    let read = Rule::Role(Role::Manager, Scope::SyncRead);
    let write = Rule::Role(Role::Admin, Scope::SettingsAdmin);
    Routes::new()
        .add(read, routes!(versions::active))
        .add(read, routes!(versions::list))
        .add(read, routes!(versions::one))
        .add(read, routes!(look::validate))
        .add(read, routes!(look::preview))
        .add(write, routes!(change::activate))
        .add(write, routes!(change::rollback))
        .add(read, routes!(drift::list))
}

impl Door {
    /// A client of clickup-sync for the mapping.
    pub(crate) fn mapping(&self) -> MappingServiceClient<Channel> {
        MappingServiceClient::new(self.deps.sync.clone())
            .max_decoding_message_size(crate::entity::MAX_ANSWER_BYTES)
    }
}

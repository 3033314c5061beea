//! `/api/sync`: how records stand with ClickUp, what stands in their way, and what people do about it.

mod calls;
mod failures;
mod json;
mod operations;
mod overview;
mod pauses;
mod record;

use crate::{
    access::{Role, Routes, Rule, Scope},
    app::Door,
};
use keylight_contracts::v1::{
    sync_operations_service_client::SyncOperationsServiceClient,
    sync_service_client::SyncServiceClient,
};
use keylight_rpc::client::Channel;
use utoipa_axum::routes;

pub(crate) fn routes() -> Routes {
    let read = Rule::Role(Role::Viewer, Scope::SyncRead);
    let write = Rule::Role(Role::Manager, Scope::SyncWrite);
    Routes::new()
        .add(read, routes!(overview::overview))
        .add(read, routes!(failures::list))
        .add(write, routes!(failures::replay))
        .add(read, routes!(record::record))
        .add(write, routes!(pauses::pause))
        .add(write, routes!(pauses::resume))
        .add(read, routes!(operations::list))
        .add(read, routes!(calls::list))
}

impl Door {
    /// A client of clickup-sync.
    pub(crate) fn sync(&self) -> SyncServiceClient<Channel> {
        SyncServiceClient::new(self.deps.sync.clone())
    }

    /// A client of clickup-sync for those who operate it.
    pub(crate) fn sync_operations(&self) -> SyncOperationsServiceClient<Channel> {
        SyncOperationsServiceClient::new(self.deps.sync.clone())
    }
}

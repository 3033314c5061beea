//! `/api/clickup`: how ClickUp is reached.

mod connect;
mod doctor;

use crate::{
    access::{Role, Routes, Rule, Scope},
    app::Door,
};
use keylight_contracts::v1::click_up_setup_service_client::ClickUpSetupServiceClient;
use keylight_rpc::client::Channel;
use utoipa_axum::routes;

pub(crate) fn routes() -> Routes {
    let settings = Rule::Role(Role::Admin, Scope::SettingsAdmin);
    Routes::new()
        .add(settings, routes!(doctor::examine))
        .add(settings, routes!(connect::lists))
        .add(settings, routes!(connect::connect))
}

impl Door {
    /// A client of clickup-sync for those who set it up.
    pub(crate) fn clickup_setup(&self) -> ClickUpSetupServiceClient<Channel> {
        ClickUpSetupServiceClient::new(self.deps.sync.clone())
    }
}

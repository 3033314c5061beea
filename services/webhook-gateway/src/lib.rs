//! Verifies, stores and passes on ClickUp's webhooks

//! Typed client for the ClickUp API

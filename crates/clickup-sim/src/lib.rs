//! ClickUp simulator for tests, demos and development

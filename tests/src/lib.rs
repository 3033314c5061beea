//! End-to-end tests against running services

//! Paths with and without a trailing slash.

use axum::{Router, routing::MethodRouter};

/// Routes that answer with and without a trailing slash, as the predecessor's did.
pub trait TolerantRoutes<S> {
    /// [`Router::route`] for `path` and for `path` with a slash at its end. `path` itself must not end with one.
    #[must_use]
    fn tolerant_route(self, path: &str, methods: MethodRouter<S>) -> Self;
}

impl<S: Clone + Send + Sync + 'static> TolerantRoutes<S> for Router<S> {
    fn tolerant_route(self, path: &str, methods: MethodRouter<S>) -> Self {
        self.route(path, methods.clone())
            .route(&format!("{path}/"), methods)
    }
}

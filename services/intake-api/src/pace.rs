//! How often one client may apply, when a limit is set.

use crate::app::{App, Door};
use axum::extract::FromRequestParts;
use http::request::Parts;
use keylight_web::{
    error::ApiError,
    rate_limit::{RateLimit, client_address},
    server::Peer,
};
use std::time::Instant;

/// The limit, and how many reverse proxies of ours stand before the door.
pub(crate) struct Pace {
    pub(crate) limit: Option<RateLimit>,
    pub(crate) proxies: usize,
}

/// Whether the caller keeps the pace; counted when it is extracted, told when the handler asks.
pub(crate) struct InPace(Result<(), ApiError>);

impl InPace {
    pub(crate) fn or_refuse(self) -> Result<(), ApiError> {
        self.0
    }
}

impl FromRequestParts<App> for InPace {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self(app.keeps_pace(parts)))
    }
}

impl Door {
    fn keeps_pace(&self, parts: &Parts) -> Result<(), ApiError> {
        // without a listener of ours there is no peer, and nobody to slow down
        let (Some(limit), Some(Peer(peer))) = (&self.pace.limit, parts.extensions.get::<Peer>())
        else {
            return Ok(());
        };
        let client = client_address(peer.ip(), &parts.headers, self.pace.proxies);
        limit.take(client, Instant::now()).map_err(|wait| {
            // rounded up, and never more than a minute
            ApiError::rate_limited(
                u32::try_from(wait.as_secs())
                    .unwrap_or(60)
                    .saturating_add(1),
            )
        })
    }
}

//! How often one client may apply, and how often all of them together, when limits are set.

use crate::app::{App, Door};
use axum::extract::FromRequestParts;
use http::request::Parts;
use keylight_web::{
    error::ApiError,
    rate_limit::{RateLimit, client_address},
    server::Peer,
};
use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr},
    time::{Duration, Instant},
};

/// Stands for all clients together.
const EVERYBODY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// The limits, and how many reverse proxies of ours stand before the door.
pub(crate) struct Pace {
    /// Of one address.
    pub(crate) limit: Option<RateLimit>,
    /// Of all together.
    pub(crate) total: Option<RateLimit>,
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
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self(app.keeps_pace(parts)))
    }
}

/// The caller keeps the pace; everybody else is refused before the body is read.
pub(crate) struct KeepsPace;

impl FromRequestParts<App> for KeepsPace {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        app.keeps_pace(parts).map(|()| Self)
    }
}

impl Door {
    fn keeps_pace(&self, parts: &Parts) -> Result<(), ApiError> {
        let now = Instant::now();
        // without a listener of ours there is no peer, and nobody to slow down
        if let (Some(limit), Some(Peer(peer))) = (&self.pace.limit, parts.extensions.get::<Peer>())
        {
            let client = client_address(peer.ip(), &parts.headers, self.pace.proxies);
            limit.take(client, now).map_err(refused)?;
        }
        // whoever is refused for itself does not use up what all share
        if let Some(total) = &self.pace.total {
            total.take(EVERYBODY, now).map_err(refused)?;
        }
        Ok(())
    }
}

fn refused(wait: Duration) -> ApiError {
    // rounded up, and never more than a minute
    ApiError::rate_limited(
        u32::try_from(wait.as_secs())
            .unwrap_or(60)
            .saturating_add(1),
    )
}

//! Whose credential a request shows.

use super::{Identity, Who, cookie, identity::Credential};
use crate::app::Door;
use http::{HeaderMap, header};
use keylight_contracts::v1::{
    IdentifyRequest, access_service_client::AccessServiceClient, identify_request,
};
use keylight_domain::{
    access::{SECRET_LENGTH, TOKEN_PREFIX},
    error::ErrorCode,
};
use keylight_rpc::{client::Channel, status::error_of};
use keylight_web::error::ApiError;
use std::{sync::Arc, time::Instant};

impl Door {
    /// A client of the service that knows accounts and tokens.
    pub(crate) fn accounts(&self) -> AccessServiceClient<Channel> {
        AccessServiceClient::new(self.deps.entity.clone())
    }

    /// Who shows the credential in these headers. A token counts before a cookie.
    ///
    /// # Errors
    /// 401 when nobody does, 503 when it cannot be found out now.
    pub(super) async fn identify(&self, headers: &HeaderMap) -> Result<Who, ApiError> {
        if headers.contains_key(header::AUTHORIZATION) {
            let token = bearer(headers).ok_or_else(ApiError::unauthenticated)?;
            let identity = if self.admin_token.is(token) {
                self.admin_token.identity()
            } else if is_spelt(token.strip_prefix(TOKEN_PREFIX)) {
                let credential = identify_request::Credential::Token(token.to_owned());
                self.ask(token, credential).await?
            } else {
                return Err(ApiError::unauthenticated());
            };
            return Ok(Who {
                identity,
                credential: Credential::Token,
            });
        }
        let secret = cookie::shown(headers, self.production)
            .filter(|secret| is_spelt(Some(secret)))
            .ok_or_else(ApiError::unauthenticated)?;
        let credential = identify_request::Credential::Session(secret.clone());
        Ok(Who {
            identity: self.ask(&secret, credential).await?,
            credential: Credential::Session(secret),
        })
    }

    async fn ask(
        &self,
        secret: &str,
        credential: identify_request::Credential,
    ) -> Result<Arc<Identity>, ApiError> {
        let now = Instant::now();
        if let Some(identity) = self.remembered.get(secret, now) {
            return Ok(identity);
        }
        let asked = self.remembered.asking(now);
        let request = IdentifyRequest {
            credential: Some(credential),
        };
        match self.accounts().identify(request).await {
            Ok(told) => {
                let identity = Arc::new(Identity::read(told.into_inner())?);
                self.remembered.keep(secret, identity.clone(), asked);
                Ok(identity)
            }
            Err(status) => {
                let error = error_of(&status);
                Err(if error.code == ErrorCode::Unauthenticated {
                    ApiError::unauthenticated()
                } else {
                    error.into()
                })
            }
        }
    }
}

/// Whether it could be a secret of ours at all. Nobody else's is asked about.
fn is_spelt(secret: Option<&str>) -> bool {
    secret.is_some_and(|secret| {
        secret.len() == SECRET_LENGTH && secret.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// The token of `Authorization: Bearer <token>`; the scheme is read in any case.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
}

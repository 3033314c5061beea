//! The door of `AccessService`: reads requests, calls the operation, answers.

use super::{
    Access, identify, password,
    sign_in::{self, Attempt},
    staff, tokens,
};
use crate::{app::Migrated, journal::Cause};
use keylight_contracts::{
    time::to_wire,
    v1::{self, access_service_server::AccessService, identify_request::Credential},
};
use keylight_domain::error::{DomainError, ErrorCode};
use keylight_rpc::status::status_of;
use keylight_runtime::trace;
use tonic::{Request, Response, Status};
use uuid::Uuid;

/// Answers the calls of `AccessService`.
pub struct Door {
    /// What the operations work with.
    pub access: Access,
    /// Whether the schema is there.
    pub(crate) migrated: Migrated,
}

type Answer<T> = Result<Response<T>, Status>;

fn answer<T>(result: Result<T, DomainError>) -> Answer<T> {
    result.map(Response::new).map_err(|error| status_of(&error))
}

impl Door {
    fn open(&self) -> Result<&Access, Status> {
        if self.migrated.is_done() {
            return Ok(&self.access);
        }
        Err(status_of(&DomainError {
            cause: None,
            ..DomainError::unavailable("")
        }))
    }
}

impl From<identify::Identity> for v1::Identity {
    fn from(identity: identify::Identity) -> Self {
        Self {
            actor: identity.actor,
            role: identity.role.as_str().to_owned(),
            scopes: identity.scopes,
            username: identity.username,
            full_name: identity.full_name,
            csrf_token: identity.csrf_token,
            id: identity.id.to_string(),
            expires_at: Some(to_wire(identity.expires_at)),
            must_change_password: identity.must_change_password,
        }
    }
}

#[tonic::async_trait]
impl AccessService for Door {
    async fn sign_in(&self, request: Request<v1::SignInRequest>) -> Answer<v1::Session> {
        let access = self.open()?;
        let request = request.into_inner();
        let cause = Cause {
            correlation_id: Uuid::try_parse(&request.correlation_id)
                .unwrap_or_else(|_| access.clock.new_id()),
            traceparent: trace::current_traceparent(),
        };
        let attempt = Attempt {
            username: &request.username,
            password: &request.password,
            address: &request.address,
            cause,
        };
        answer(sign_in::sign_in(access, attempt).await.map(|begun| {
            let identity = v1::Identity::from(begun.identity);
            v1::Session {
                secret: begun.secret,
                csrf_token: identity.csrf_token.clone(),
                expires_at: identity.expires_at,
                identity: Some(identity),
            }
        }))
    }

    async fn sign_out(&self, request: Request<v1::SignOutRequest>) -> Answer<v1::SignOutReply> {
        let access = self.open()?;
        let ended = sign_in::sign_out(access, &request.get_ref().secret).await;
        answer(ended.map(|()| v1::SignOutReply {}))
    }

    async fn identify(&self, request: Request<v1::IdentifyRequest>) -> Answer<v1::Identity> {
        let access = self.open()?;
        let identity = match request.into_inner().credential {
            Some(Credential::Session(secret)) => identify::session(access, &secret).await,
            Some(Credential::Token(secret)) => identify::token(access, &secret).await,
            None => Err(DomainError::new(
                ErrorCode::Unauthenticated,
                "No credential was shown",
            )),
        };
        answer(identity.map(Into::into))
    }

    async fn list_staff(&self, _: Request<v1::ListStaffRequest>) -> Answer<v1::StaffList> {
        let access = self.open()?;
        answer(staff::list(access).await.map(|accounts| v1::StaffList {
            staff: accounts.into_iter().map(Into::into).collect(),
        }))
    }

    async fn create_staff(&self, request: Request<v1::CreateStaffRequest>) -> Answer<v1::Staff> {
        answer(staff::create(self.open()?, request.into_inner()).await)
    }

    async fn update_staff(&self, request: Request<v1::UpdateStaffRequest>) -> Answer<v1::Staff> {
        answer(staff::update(self.open()?, request.into_inner()).await)
    }

    async fn set_password(&self, request: Request<v1::SetPasswordRequest>) -> Answer<v1::Staff> {
        answer(password::set(self.open()?, request.into_inner()).await)
    }

    async fn list_tokens(&self, request: Request<v1::ListTokensRequest>) -> Answer<v1::TokenList> {
        let listed = tokens::list(self.open()?, request.get_ref().include_revoked).await;
        answer(listed.map(|tokens| v1::TokenList { tokens }))
    }

    async fn create_token(&self, request: Request<v1::CreateTokenRequest>) -> Answer<v1::NewToken> {
        answer(tokens::create(self.open()?, request.into_inner()).await)
    }

    async fn rotate_token(&self, request: Request<v1::RotateTokenRequest>) -> Answer<v1::NewToken> {
        answer(tokens::rotate(self.open()?, request.into_inner()).await)
    }

    async fn revoke_token(&self, request: Request<v1::RevokeTokenRequest>) -> Answer<v1::Token> {
        answer(tokens::revoke(self.open()?, request.into_inner()).await)
    }
}

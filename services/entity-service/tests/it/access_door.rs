//! Ways to call `AccessService`.

use crate::system::System;
use keylight_contracts::v1::{
    self, access_service_client::AccessServiceClient, identify_request::Credential,
};
use keylight_domain::error::DomainError;
use keylight_rpc::{client, status::error_of};
use tonic::{Response, Status};

pub const PASSWORD: &str = "correct horse battery";

/// What came back, or the failure that callers see.
pub fn told<T>(answer: Result<Response<T>, Status>) -> Result<T, DomainError> {
    answer
        .map(Response::into_inner)
        .map_err(|status| error_of(&status))
}

pub fn caller(actor: &str) -> Option<v1::Caller> {
    Some(v1::Caller {
        actor: actor.to_owned(),
        reason: "a test".to_owned(),
        ..Default::default()
    })
}

/// The same request again.
pub fn keyed(actor: &str, key: &str) -> Option<v1::Caller> {
    Some(v1::Caller {
        idempotency: Some(v1::Idempotency {
            key: key.to_owned(),
            fingerprint: b"the same".to_vec(),
        }),
        ..caller(actor).unwrap_or_default()
    })
}

pub struct Door(AccessServiceClient<client::Channel>);

impl Door {
    pub fn of(system: &System) -> Self {
        Self(AccessServiceClient::new(system.channel.clone()))
    }

    pub fn client(&self) -> AccessServiceClient<client::Channel> {
        self.0.clone()
    }

    /// An account that can sign in with [`PASSWORD`].
    pub async fn account(&self, username: &str, role: &str) -> v1::Staff {
        let request = v1::CreateStaffRequest {
            username: username.to_owned(),
            full_name: "Ada Probe".to_owned(),
            role: role.to_owned(),
            password: PASSWORD.to_owned(),
            must_change_password: false,
            caller: caller("admin-token"),
        };
        told(self.client().create_staff(request).await).unwrap()
    }

    pub async fn sign_in(
        &self,
        username: &str,
        password: &str,
    ) -> Result<v1::Session, DomainError> {
        self.sign_in_from(username, password, "").await
    }

    pub async fn sign_in_from(
        &self,
        username: &str,
        password: &str,
        address: &str,
    ) -> Result<v1::Session, DomainError> {
        let request = v1::SignInRequest {
            username: username.to_owned(),
            password: password.to_owned(),
            address: address.to_owned(),
            ..Default::default()
        };
        told(self.client().sign_in(request).await)
    }

    pub async fn session(&self, secret: &str) -> Result<v1::Identity, DomainError> {
        self.identify(Credential::Session(secret.to_owned())).await
    }

    pub async fn token(&self, secret: &str) -> Result<v1::Identity, DomainError> {
        self.identify(Credential::Token(secret.to_owned())).await
    }

    async fn identify(&self, credential: Credential) -> Result<v1::Identity, DomainError> {
        let request = v1::IdentifyRequest {
            credential: Some(credential),
        };
        told(self.client().identify(request).await)
    }

    pub async fn update(&self, request: v1::UpdateStaffRequest) -> Result<v1::Staff, DomainError> {
        told(self.client().update_staff(request).await)
    }

    pub async fn new_token(
        &self,
        name: &str,
        role: &str,
        scopes: &[&str],
        actor: &str,
    ) -> Result<v1::NewToken, DomainError> {
        let request = v1::CreateTokenRequest {
            name: name.to_owned(),
            role: role.to_owned(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            days: 0,
            caller: caller(actor),
        };
        told(self.client().create_token(request).await)
    }
}

/// Disables an account, or lets it in again.
pub fn disabled(staff: &str, disabled: bool) -> v1::UpdateStaffRequest {
    v1::UpdateStaffRequest {
        staff: staff.to_owned(),
        disabled: Some(disabled),
        caller: caller("admin-token"),
        ..Default::default()
    }
}

/// Gives an account another role.
pub fn role(staff: &str, role: &str) -> v1::UpdateStaffRequest {
    v1::UpdateStaffRequest {
        staff: staff.to_owned(),
        role: Some(role.to_owned()),
        caller: caller("admin-token"),
        ..Default::default()
    }
}

/// What the audit log says of one kind of record: action, actor, before and after.
pub async fn audited(system: &System, entity: &str) -> Vec<(String, String, String)> {
    sqlx::query_as(
        "SELECT action, actor, coalesce(before::text, '') || ' > ' || coalesce(after::text, '')
         FROM entity.audit_log WHERE entity = $1 ORDER BY id",
    )
    .bind(entity)
    .fetch_all(&system.pool)
    .await
    .unwrap()
}

/// Everything that the schema holds, as one text: no secret may be in it.
pub async fn everything(system: &System) -> String {
    let mut text = String::new();
    for table in [
        "staff",
        "staff_sessions",
        "api_tokens",
        "api_token_secrets",
        "sign_in_attempts",
        "audit_log",
        "outbox",
        "events",
    ] {
        let statement = sqlx::AssertSqlSafe(format!(
            "SELECT coalesce(string_agg(t::text, ' '), '') FROM entity.{table} t"
        ));
        let rows: String = sqlx::query_scalar(statement)
            .fetch_one(&system.pool)
            .await
            .unwrap();
        text.push_str(&rows);
    }
    let replies: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT reply FROM entity.idempotency_keys WHERE reply IS NOT NULL")
            .fetch_all(&system.pool)
            .await
            .unwrap();
    for reply in replies {
        text.push_str(&String::from_utf8_lossy(&reply));
    }
    text
}

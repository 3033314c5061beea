//! API tokens.

use crate::{
    access_door::{Door, audited, caller, everything, keyed, told},
    system::System,
};
use entity_service::access::{Access, passwords::Passwords, secrets::SystemRandomness, sweep};
use keylight_contracts::v1;
use keylight_domain::error::ErrorCode;
use keylight_runtime::clock::SystemClock;
use std::sync::Arc;

fn rotation(token: &str, overlap_seconds: i64) -> v1::RotateTokenRequest {
    v1::RotateTokenRequest {
        token: token.to_owned(),
        overlap_seconds,
        caller: caller("admin-token"),
    }
}

#[tokio::test]
async fn a_token_says_who_what_and_how_long() {
    let system = System::start().await;
    let door = Door::of(&system);
    let made = door
        .new_token(
            " CI-1 ",
            "manager",
            &["people:read", "submissions:write", "people:read"],
            "admin-token",
        )
        .await
        .unwrap();
    let token = made.token.unwrap();
    assert_eq!(
        (token.name.as_str(), token.created_by.as_str()),
        ("ci-1", "admin-token")
    );
    assert!(made.secret.starts_with("kl_") && made.secret.len() == 55);
    assert!(made.secret.starts_with(&token.hint) && token.hint.len() == 9);
    let days = (token.expires_at.unwrap().seconds - token.created_at.unwrap().seconds) / 86_400;
    assert_eq!(days, 365);

    let identity = door.token(&made.secret).await.unwrap();
    assert_eq!(
        (identity.actor.as_str(), identity.role.as_str()),
        ("token:ci-1", "manager")
    );
    assert_eq!(identity.scopes, ["people:read", "submissions:write"]);
    assert!(identity.csrf_token.is_empty() && identity.username.is_empty());
    assert!(door.session(&made.secret).await.is_err());

    let listed = told(
        door.client()
            .list_tokens(v1::ListTokensRequest::default())
            .await,
    )
    .unwrap();
    assert!(listed.tokens[0].last_used_at.is_some());
    assert!(!everything(&system).await.contains(&made.secret));

    for (name, role, scopes) in [
        ("ci-1", "viewer", &[][..]),
        ("x", "viewer", &[]),
        ("ok-1", "king", &[]),
        ("ok-2", "viewer", &["all"]),
    ] {
        let error = door
            .new_token(name, role, scopes, "admin-token")
            .await
            .unwrap_err();
        let expected = if name == "ci-1" {
            ErrorCode::AlreadyExists
        } else {
            ErrorCode::InvalidInput
        };
        assert_eq!(error.code, expected, "{name}");
    }
}

#[tokio::test]
async fn last_use_is_written_at_most_once_a_minute() {
    let system = System::start().await;
    let door = Door::of(&system);
    let made = door
        .new_token("ci-job", "viewer", &[], "admin-token")
        .await
        .unwrap();
    let written = async || -> (String, Option<chrono::DateTime<chrono::Utc>>) {
        sqlx::query_as("SELECT xmin::text, last_used_at FROM entity.api_tokens")
            .fetch_one(&system.pool)
            .await
            .unwrap()
    };
    door.token(&made.secret).await.unwrap();
    let first = written().await;
    assert!(first.1.is_some());
    for _ in 0..5 {
        door.token(&made.secret).await.unwrap();
    }
    assert_eq!(written().await, first);
    sqlx::query("UPDATE entity.api_tokens SET last_used_at = now() - interval '61 seconds'")
        .execute(&system.pool)
        .await
        .unwrap();
    door.token(&made.secret).await.unwrap();
    assert!(written().await.1 >= first.1);
}

#[tokio::test]
async fn expired_and_revoked_tokens_are_nobody() {
    let system = System::start().await;
    let door = Door::of(&system);
    let (expired, revoked) = (
        door.new_token("expired", "viewer", &[], "admin-token")
            .await
            .unwrap(),
        door.new_token("revoked", "viewer", &[], "admin-token")
            .await
            .unwrap(),
    );
    sqlx::query("UPDATE entity.api_tokens SET expires_at = now() WHERE name = 'expired'")
        .execute(&system.pool)
        .await
        .unwrap();
    let revoke = |token: &str| {
        let request = v1::RevokeTokenRequest {
            token: token.to_owned(),
            caller: caller("admin-token"),
        };
        let mut client = door.client();
        async move { told(client.revoke_token(request).await) }
    };
    let once = revoke("revoked").await.unwrap();
    assert_eq!(revoke("revoked").await.unwrap(), once);
    assert_eq!(
        revoke("nothing").await.unwrap_err().code,
        ErrorCode::NotFound
    );
    for secret in [&expired.secret, &revoked.secret] {
        assert_eq!(
            door.token(secret).await.unwrap_err().code,
            ErrorCode::Unauthenticated
        );
    }
    let list = async |include_revoked| {
        let request = v1::ListTokensRequest { include_revoked };
        told(door.client().list_tokens(request).await)
            .unwrap()
            .tokens
            .len()
    };
    assert_eq!((list(false).await, list(true).await), (1, 2));
    for name in ["expired", "revoked"] {
        let refused = told(door.client().rotate_token(rotation(name, 0)).await);
        assert_eq!(refused.unwrap_err().code, ErrorCode::Conflict);
    }
}

#[tokio::test]
async fn rotation_overlaps_and_then_ends() {
    let system = System::start().await;
    let door = Door::of(&system);
    let first = door
        .new_token("ci-job", "viewer", &[], "admin-token")
        .await
        .unwrap();
    let rotate = async |overlap| {
        told(
            door.client()
                .rotate_token(rotation("ci-job", overlap))
                .await,
        )
    };
    let second = rotate(3600).await.unwrap();
    assert_ne!(first.secret, second.secret);
    assert!(
        second
            .secret
            .starts_with(&second.token.clone().unwrap().hint)
    );
    for secret in [&first.secret, &second.secret] {
        assert_eq!(door.token(secret).await.unwrap().actor, "token:ci-job");
    }
    // a third makes the first useless at once: two at the most work
    let third = rotate(3600).await.unwrap();
    assert!(door.token(&first.secret).await.is_err());
    assert!(door.token(&second.secret).await.is_ok() && door.token(&third.secret).await.is_ok());
    // the overlap ends by itself
    sqlx::query(
        "UPDATE entity.api_token_secrets SET works_until = now() WHERE works_until IS NOT NULL",
    )
    .execute(&system.pool)
    .await
    .unwrap();
    assert!(door.token(&second.secret).await.is_err() && door.token(&third.secret).await.is_ok());
    // none at all, for a secret that got out
    let last = rotate(0).await.unwrap();
    assert!(door.token(&third.secret).await.is_err() && door.token(&last.secret).await.is_ok());
    assert_eq!(rotate(-1).await.unwrap_err().code, ErrorCode::InvalidInput);
    let kept = everything(&system).await;
    for made in [first, second, third, last] {
        assert!(!kept.contains(&made.secret));
    }
    let actions: Vec<_> = audited(&system, "token")
        .await
        .into_iter()
        .map(|(action, ..)| action)
        .collect();
    assert_eq!(actions, ["created", "rotated", "rotated", "rotated"]);
}

#[tokio::test]
async fn a_repeated_request_makes_one_token_and_tells_its_secret_once() {
    let system = System::start().await;
    let door = Door::of(&system);
    let request = v1::CreateTokenRequest {
        name: "ci-job".to_owned(),
        role: "viewer".to_owned(),
        caller: keyed("admin-token", "k"),
        ..Default::default()
    };
    let first = told(door.client().create_token(request.clone()).await).unwrap();
    let again = told(door.client().create_token(request).await).unwrap();
    assert_eq!(first.token, again.token);
    assert!(first.secret.starts_with("kl_") && again.secret.is_empty());
    assert!(!everything(&system).await.contains(&first.secret));
    assert_eq!(system.count("api_tokens").await, 1);
}

#[tokio::test]
async fn the_sweep_removes_only_what_counts_no_more() {
    let system = System::start().await;
    let door = Door::of(&system);
    door.account("ada", "viewer").await;
    let kept = door
        .sign_in("ada", crate::access_door::PASSWORD)
        .await
        .unwrap();
    door.new_token("ci-job", "viewer", &[], "admin-token")
        .await
        .unwrap();
    told(door.client().rotate_token(rotation("ci-job", 3600)).await).unwrap();
    sqlx::query(
        "INSERT INTO entity.staff_sessions (digest, staff_id, created_at, used_at)
         SELECT decode(repeat('00', 32), 'hex'), id, now(), now() - interval '13 hours' FROM entity.staff",
    )
    .execute(&system.pool)
    .await
    .unwrap();
    sqlx::query("UPDATE entity.api_token_secrets SET works_until = now() - interval '1 second' WHERE works_until IS NOT NULL")
        .execute(&system.pool)
        .await
        .unwrap();
    sqlx::query("UPDATE entity.sign_in_attempts SET last_at = now() - interval '2 hours'")
        .execute(&system.pool)
        .await
        .unwrap();
    let access = Access {
        pool: system.pool.clone(),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandomness),
        passwords: Passwords::default(),
    };
    sweep::once(&access).await.unwrap();
    let rows = (
        system.count("staff_sessions").await,
        system.count("api_token_secrets").await,
        system.count("sign_in_attempts").await,
    );
    assert_eq!(rows, (1, 1, 0));
    assert!(door.session(&kept.secret).await.is_ok());
}

//! How often somebody may try to sign in.

use crate::{
    access_door::{Door, PASSWORD},
    system::System,
};
use futures::future::join_all;
use keylight_domain::error::ErrorCode;

const WRONG: &str = "wrong wrong wrong";

#[tokio::test]
async fn a_name_is_blocked_for_a_while_whether_it_exists_or_not() {
    let system = System::start().await;
    let door = Door::of(&system);
    door.account("ada", "viewer").await;
    for name in ["ada", "nobody"] {
        for _ in 0..5 {
            let error = door.sign_in(name, WRONG).await.unwrap_err();
            assert_eq!(error.code, ErrorCode::Unauthenticated, "{name}");
        }
        // held longer than the test takes
        sqlx::query(
            "UPDATE entity.sign_in_attempts SET blocked_until = now() + interval '42 seconds'",
        )
        .execute(&system.pool)
        .await
        .unwrap();
        // also with the right password
        let error = door.sign_in(name, PASSWORD).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::RateLimited);
        assert!(
            (30..=43).contains(&error.retry_after_seconds.unwrap()),
            "{error:?}"
        );
    }
    sqlx::query("UPDATE entity.sign_in_attempts SET blocked_until = now()")
        .execute(&system.pool)
        .await
        .unwrap();
    assert!(door.sign_in("ada", PASSWORD).await.is_ok());
    // success wipes the slate clean
    for _ in 0..4 {
        assert_eq!(
            door.sign_in("ada", WRONG).await.unwrap_err().code,
            ErrorCode::Unauthenticated
        );
    }
    assert!(door.sign_in("ada", PASSWORD).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_are_not_let_through_together() {
    let system = System::start().await;
    let door = Door::of(&system);
    door.account("ada", "viewer").await;
    let answers = join_all((0..30).map(|_| door.sign_in("ada", WRONG))).await;
    let looked_at = answers
        .iter()
        .filter(|answer| {
            answer
                .as_ref()
                .is_err_and(|error| error.code != ErrorCode::RateLimited)
        })
        .count();
    // five free ones, and a few whose wait was over while others were hashed
    assert!((5..=9).contains(&looked_at), "{looked_at}");
}

#[tokio::test]
async fn an_address_is_blocked_over_all_names() {
    let system = System::start().await;
    let door = Door::of(&system);
    door.account("ada", "viewer").await;
    for attempt in 0..20 {
        let name = format!("name{attempt}");
        let error = door
            .sign_in_from(&name, WRONG, "192.0.2.7")
            .await
            .unwrap_err();
        assert_eq!(error.code, ErrorCode::Unauthenticated);
    }
    let blocked: i64 = sqlx::query_scalar(
        "UPDATE entity.sign_in_attempts SET blocked_until = blocked_until + interval '1 hour'
         WHERE blocked_until IS NOT NULL RETURNING 1::bigint",
    )
    .fetch_one(&system.pool)
    .await
    .unwrap();
    assert_eq!(blocked, 1);
    let error = door
        .sign_in_from("ada", PASSWORD, "192.0.2.7")
        .await
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::RateLimited);
    assert!(
        door.sign_in_from("ada", PASSWORD, "192.0.2.8")
            .await
            .is_ok()
    );
    let kept = crate::access_door::everything(&system).await;
    assert!(!kept.contains("192.0.2"));
}

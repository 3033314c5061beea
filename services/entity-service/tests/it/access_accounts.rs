//! Accounts, sign-in, sessions, passwords.

use crate::{
    access_door::{Door, PASSWORD, audited, caller, disabled, everything, keyed, role, told},
    system::System,
};
use futures::future::join_all;
use keylight_contracts::v1;
use keylight_domain::error::{DomainError, ErrorCode};

fn code<T>(result: Result<T, DomainError>) -> ErrorCode {
    result.map(|_| ()).unwrap_err().code
}

fn password(
    staff: &str,
    password: &str,
    current: Option<&str>,
    keep: &str,
) -> v1::SetPasswordRequest {
    v1::SetPasswordRequest {
        staff: staff.to_owned(),
        password: password.to_owned(),
        current_password: current.map(str::to_owned),
        keep_session: keep.to_owned(),
        must_change_password: false,
        caller: caller("staff:ada"),
    }
}

#[tokio::test]
async fn a_password_opens_a_session_and_the_session_says_who() {
    let system = System::start().await;
    let door = Door::of(&system);
    let account = door.account(" Ada ", "manager").await;
    assert_eq!((account.username.as_str(), account.version), ("ada", 1));

    let session = door.sign_in("ADA ", PASSWORD).await.unwrap();
    assert_eq!(session.secret.len(), 52);
    let identity = door.session(&session.secret).await.unwrap();
    assert_eq!(
        (
            identity.actor.as_str(),
            identity.role.as_str(),
            identity.id.as_str()
        ),
        ("staff:ada", "manager", account.id.as_str())
    );
    assert!(!identity.must_change_password);
    assert_eq!(identity.csrf_token, session.csrf_token);
    assert!(!session.csrf_token.is_empty() && session.csrf_token != session.secret);

    // a session is no token, and other texts are nobody
    for wrong in ["", "x", &session.csrf_token, &session.secret[1..]] {
        assert_eq!(code(door.session(wrong).await), ErrorCode::Unauthenticated);
    }
    assert_eq!(
        code(door.token(&session.secret).await),
        ErrorCode::Unauthenticated
    );

    let request = v1::SignOutRequest {
        secret: session.secret.clone(),
    };
    told(door.client().sign_out(request.clone()).await).unwrap();
    told(door.client().sign_out(request).await).unwrap();
    assert_eq!(
        code(door.session(&session.secret).await),
        ErrorCode::Unauthenticated
    );

    let actions: Vec<_> = audited(&system, "staff")
        .await
        .into_iter()
        .map(|(action, actor, _)| (action, actor))
        .collect();
    let expected = [
        ("created", "admin-token"),
        ("signed_in", "staff:ada"),
        ("signed_out", "staff:ada"),
    ]
    .map(|(action, actor)| (action.to_owned(), actor.to_owned()));
    assert_eq!(actions, expected);
    let kept = everything(&system).await;
    assert!(
        !kept.contains(PASSWORD)
            && !kept.contains(&session.secret)
            && !kept.contains(&session.csrf_token)
    );
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_look_alike() {
    let system = System::start().await;
    let door = Door::of(&system);
    door.account("ada", "viewer").await;
    door.account("gone", "viewer").await;
    door.update(disabled("gone", true)).await.unwrap();
    let mut answers = Vec::new();
    for (username, password) in [
        ("ada", "wrong wrong wrong"),
        ("nobody", PASSWORD),
        ("gone", PASSWORD),
        ("", ""),
        ("ada", ""),
        ("a'; --", "\u{0}"),
        ("\u{0}", PASSWORD),
        ("ada\u{0}", PASSWORD),
    ] {
        answers.push(door.sign_in(username, password).await.unwrap_err());
    }
    assert!(
        answers
            .iter()
            .all(|error| error.code == ErrorCode::Unauthenticated && *error == answers[0])
    );
    assert_eq!(system.count("staff_sessions").await, 0);
    // names that nobody has may be passwords in the wrong field
    assert!(!everything(&system).await.contains("nobody"));
}

#[tokio::test]
async fn sessions_end_idle_or_old() {
    let system = System::start().await;
    let door = Door::of(&system);
    door.account("ada", "viewer").await;
    let session = door.sign_in("ada", PASSWORD).await.unwrap();
    for (age, valid) in [
        ("used_at = now() - interval '11 hours'", true),
        ("used_at = now() - interval '13 hours'", false),
        (
            "used_at = now(), created_at = now() - interval '6 days 23 hours'",
            true,
        ),
        (
            "used_at = now(), created_at = now() - interval '7 days 1 second'",
            false,
        ),
    ] {
        let statement = sqlx::AssertSqlSafe(format!("UPDATE entity.staff_sessions SET {age}"));
        sqlx::query(statement).execute(&system.pool).await.unwrap();
        assert_eq!(door.session(&session.secret).await.is_ok(), valid, "{age}");
    }
    // being used keeps a session alive
    sqlx::query("UPDATE entity.staff_sessions SET created_at = now(), used_at = now() - interval '11 hours'")
        .execute(&system.pool)
        .await
        .unwrap();
    door.session(&session.secret).await.unwrap();
    let fresh: bool = sqlx::query_scalar(
        "SELECT used_at > now() - interval '1 minute' FROM entity.staff_sessions",
    )
    .fetch_one(&system.pool)
    .await
    .unwrap();
    assert!(fresh);
}

#[tokio::test]
async fn disabling_ends_everything_at_once() {
    let system = System::start().await;
    let door = Door::of(&system);
    let ada = door.account("ada", "admin").await;
    door.account("bob", "admin").await;
    let session = door.sign_in("ada", PASSWORD).await.unwrap();
    let token = door
        .new_token("ci-job", "manager", &[], "staff:ada")
        .await
        .unwrap();
    let second = door
        .new_token("ci-child", "manager", &[], "token:ci-job")
        .await
        .unwrap();
    let other = door
        .new_token("other", "manager", &[], "admin-token")
        .await
        .unwrap();
    assert!(door.token(&token.secret).await.is_ok());

    let staff = door.update(disabled(&ada.id, true)).await.unwrap();
    assert!(staff.disabled && staff.version == 2);
    assert_eq!(
        code(door.session(&session.secret).await),
        ErrorCode::Unauthenticated
    );
    assert_eq!(
        code(door.token(&token.secret).await),
        ErrorCode::Unauthenticated
    );
    assert_eq!(
        code(door.token(&second.secret).await),
        ErrorCode::Unauthenticated
    );
    assert!(door.token(&other.secret).await.is_ok());
    assert_eq!(
        code(door.sign_in("ada", PASSWORD).await),
        ErrorCode::Unauthenticated
    );

    // let in again, old sessions and tokens stay ended
    door.update(disabled("ada", false)).await.unwrap();
    assert!(
        door.session(&session.secret).await.is_err() && door.token(&token.secret).await.is_err()
    );
    assert!(door.sign_in("ada", PASSWORD).await.is_ok());
    let revoked: Vec<_> = audited(&system, "token")
        .await
        .into_iter()
        .filter(|(action, ..)| action == "revoked")
        .collect();
    assert_eq!(revoked.len(), 2, "{revoked:?}");
}

#[tokio::test]
async fn a_token_never_may_more_than_its_maker() {
    let system = System::start().await;
    let door = Door::of(&system);
    door.account("ada", "admin").await;
    door.account("bob", "admin").await;
    let token = door
        .new_token("ci-job", "admin", &[], "staff:ada")
        .await
        .unwrap();
    assert_eq!(door.token(&token.secret).await.unwrap().role, "admin");
    door.update(role("ada", "viewer")).await.unwrap();
    assert_eq!(door.token(&token.secret).await.unwrap().role, "viewer");
}

#[tokio::test]
async fn the_last_admin_stays_also_when_two_leave_at_once() {
    let system = System::start().await;
    let door = Door::of(&system);
    door.account("ada", "admin").await;
    door.account("eve", "manager").await;
    for request in [disabled("ada", true), role("ada", "manager")] {
        let error = door.update(request).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::Conflict);
        assert!(error.message.contains("last admin"), "{}", error.message);
    }
    for round in 0..8 {
        let (one, two) = (format!("one{round}"), format!("two{round}"));
        door.account(&one, "admin").await;
        door.account(&two, "admin").await;
        // everybody leaves but one
        let names = ["ada".to_owned(), one, two];
        let left = join_all(names.iter().map(|name| door.update(disabled(name, true)))).await;
        assert_eq!(
            left.iter().filter(|answer| answer.is_ok()).count(),
            2,
            "{left:?}"
        );
        let admins: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM entity.staff WHERE role = 'admin' AND disabled_at IS NULL",
        )
        .fetch_one(&system.pool)
        .await
        .unwrap();
        assert_eq!(admins, 1);
        door.update(disabled("ada", false)).await.unwrap();
        for name in &names[1..] {
            door.update(disabled(name, true)).await.unwrap();
        }
    }
}

#[tokio::test]
async fn changes_are_versioned_audited_and_bounded() {
    let system = System::start().await;
    let door = Door::of(&system);
    door.account("ada", "admin").await;
    let eve = door.account("eve", "viewer").await;
    let mut request = role("eve", "manager");
    request.expected_version = Some(eve.version + 1);
    assert_eq!(
        code(door.update(request.clone()).await),
        ErrorCode::Conflict
    );
    request.expected_version = Some(eve.version);
    assert_eq!(door.update(request).await.unwrap().version, 2);
    // no change is no change
    assert_eq!(
        door.update(role("eve", "manager")).await.unwrap().version,
        2
    );
    let entries = audited(&system, "staff").await;
    let (action, actor, what) = entries.last().unwrap();
    assert_eq!(
        (action.as_str(), actor.as_str()),
        ("updated", "admin-token")
    );
    assert_eq!(what, r#"{"role": "viewer"} > {"role": "manager"}"#);

    assert_eq!(
        code(door.update(role("eve", "king")).await),
        ErrorCode::InvalidInput
    );
    assert_eq!(
        code(door.update(role("nobody", "viewer")).await),
        ErrorCode::NotFound
    );
    assert_eq!(
        code(door.update(role("e\u{0}e", "viewer")).await),
        ErrorCode::NotFound
    );
    let create = |username: &str, password: &str, role: &str| {
        let request = v1::CreateStaffRequest {
            username: username.to_owned(),
            role: role.to_owned(),
            password: password.to_owned(),
            caller: caller("admin-token"),
            ..Default::default()
        };
        let mut client = door.client();
        async move { told(client.create_staff(request).await) }
    };
    assert_eq!(
        code(create("ADA", PASSWORD, "viewer").await),
        ErrorCode::AlreadyExists
    );
    assert_eq!(
        code(create("x", PASSWORD, "viewer").await),
        ErrorCode::InvalidInput
    );
    assert_eq!(
        code(create("zoe", "short", "viewer").await),
        ErrorCode::InvalidInput
    );
    assert_eq!(
        code(create("zoe", PASSWORD, "").await),
        ErrorCode::InvalidInput
    );
    assert_eq!(system.count("staff").await, 2);
}

#[tokio::test]
async fn the_same_request_makes_one_account() {
    let system = System::start().await;
    let door = Door::of(&system);
    let request = v1::CreateStaffRequest {
        username: "ada".to_owned(),
        role: "viewer".to_owned(),
        password: PASSWORD.to_owned(),
        caller: keyed("admin-token", "k1"),
        ..Default::default()
    };
    let answers = join_all((0..4).map(|_| {
        let (mut client, request) = (door.client(), request.clone());
        async move { told(client.create_staff(request).await) }
    }))
    .await;
    let first = answers[0].as_ref().unwrap();
    assert!(
        answers
            .iter()
            .all(|answer| answer.as_ref().unwrap() == first)
    );
    assert_eq!(audited(&system, "staff").await.len(), 1);
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let system = System::start().await;
    let door = Door::of(&system);
    door.account("ada", "viewer").await;
    let mine = door.sign_in("ada", PASSWORD).await.unwrap();
    let other = door.sign_in("ada", PASSWORD).await.unwrap();
    let set = async |request| told(door.client().set_password(request).await);

    let wrong = password(
        "ada",
        "a new password",
        Some("not the current"),
        &mine.secret,
    );
    assert_eq!(code(set(wrong).await), ErrorCode::InvalidInput);
    let same = password("ada", PASSWORD, Some(PASSWORD), &mine.secret);
    assert_eq!(code(set(same).await), ErrorCode::InvalidInput);
    assert!(door.session(&other.secret).await.is_ok());

    let right = password("ada", "a new password", Some(PASSWORD), &mine.secret);
    assert_eq!(set(right).await.unwrap().version, 2);
    assert!(door.session(&mine.secret).await.is_ok());
    assert_eq!(
        code(door.session(&other.secret).await),
        ErrorCode::Unauthenticated
    );
    assert!(door.sign_in("ada", PASSWORD).await.is_err());
    assert!(door.sign_in("ada", "a new password").await.is_ok());

    // an admin needs no current one, and then nobody stays
    let mut reset = password("ada", "a third password", None, "");
    reset.must_change_password = true;
    set(reset).await.unwrap();
    assert!(door.session(&mine.secret).await.is_err());
    let session = door.sign_in("ada", "a third password").await.unwrap();
    assert!(
        door.session(&session.secret)
            .await
            .unwrap()
            .must_change_password
    );
    let kept = everything(&system).await;
    assert!(!kept.contains("a new password") && !kept.contains("a third password"));
}

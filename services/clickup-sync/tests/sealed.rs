//! Secrets of webhooks in the table: sealed, moved to another key, and found as an earlier version left them.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use chrono::DateTime;
use clickup_sync::{
    app::{MIGRATIONS, SCHEMA},
    webhooks::{
        row::{self, Seen},
        seals::Seals,
    },
};
use keylight_contracts::v1::{
    GetSealStatusRequest, ResealRequest, seal_service_client::SealServiceClient,
};
use keylight_runtime::lifecycle::Lifecycle;
use keylight_store::sealed::{Keyring, SealError, new_key};
use keylight_testkit::postgres::{Database, database};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{PgPool, migrate::Migrator};
use std::borrow::Cow;
use support::{Setup, System, keyring};
use tokio::net::TcpListener;

async fn fresh() -> Database {
    database(|pool| async move { keylight_store::migrate(&pool, &MIGRATIONS, SCHEMA).await }).await
}

/// A database as the first version left it.
async fn of_the_first_version() -> Database {
    database(|pool| async move {
        let first = Migrator {
            migrations: Cow::Owned(MIGRATIONS.migrations[..1].to_vec()),
            ..Migrator::DEFAULT
        };
        keylight_store::migrate(&pool, &first, SCHEMA).await
    })
    .await
}

fn seals(pool: &PgPool, keyring: &Keyring) -> Seals {
    Seals {
        pool: pool.clone(),
        keyring: keyring.clone(),
    }
}

fn join(keys: &[&SecretString]) -> Keyring {
    let keys: Vec<_> = keys.iter().map(|key| key.expose_secret()).collect();
    Keyring::parse(&keys.join(",").into()).unwrap()
}

/// Everything that the table holds, as text.
async fn everything(pool: &PgPool) -> String {
    sqlx::query_scalar("SELECT COALESCE(string_agg(w::text, '|'), '') FROM sync.webhooks w")
        .fetch_one(pool)
        .await
        .unwrap()
}

async fn secrets(pool: &PgPool, keyring: &Keyring, name: &str) -> Vec<String> {
    let (_, secrets) = row::secrets(pool, keyring, name).await.unwrap().unwrap();
    let shown = secrets
        .iter()
        .map(|secret| secret.expose_secret().to_owned());
    shown.collect()
}

async fn store(pool: &PgPool, keyring: &Keyring, id: &str, secret: Option<&str>) {
    let secret = secret.map(SecretString::from);
    let seen = Seen {
        webhook_id: id,
        endpoint: "https://example.com/webhooks/clickup/intake",
        secret: secret.as_ref(),
        health: "active",
        fail_count: 0,
        checked_at: DateTime::default(),
    };
    row::store(pool, keyring, "intake", &seen).await.unwrap();
}

#[tokio::test]
async fn what_an_earlier_version_left_is_sealed_in_place_or_not_at_all() {
    let database = of_the_first_version().await;
    let pool = &database.pool;
    sqlx::raw_sql(
        "INSERT INTO sync.webhooks (name, webhook_id, endpoint, secret, previous_secret, health, checked_at) VALUES
             ('intake', 'w1', 'https://x', 'plain-one', 'plain-old', 'active', now()),
             ('other', 'w2', 'https://y', 'plain-two', NULL, 'active', now()),
             ('third', NULL, 'https://z', NULL, NULL, 'missing', now())",
    )
    .execute(pool)
    .await
    .unwrap();
    keylight_store::migrate(pool, &MIGRATIONS, SCHEMA)
        .await
        .unwrap();
    let seals = seals(pool, &keyring());

    // the start dies in the middle: nothing has happened yet
    sqlx::raw_sql(
        "CREATE FUNCTION sync.die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'killed'; END $$;
         CREATE TRIGGER die BEFORE UPDATE ON sync.webhooks FOR EACH ROW WHEN (OLD.name = 'other') EXECUTE FUNCTION sync.die()",
    )
    .execute(pool)
    .await
    .unwrap();
    assert!(seals.prepare().await.is_err());
    for plain in ["plain-one", "plain-old", "plain-two"] {
        assert!(everything(pool).await.contains(plain));
    }
    let rows: Vec<_> = seals
        .tally()
        .await
        .unwrap()
        .rows()
        .map(|(_, key, n)| (key.to_owned(), n))
        .collect();
    assert_eq!(
        rows,
        [(String::new(), 1), (String::new(), 2)],
        "not sealed, and told so"
    );

    sqlx::raw_sql("DROP TRIGGER die ON sync.webhooks")
        .execute(pool)
        .await
        .unwrap();
    for _ in 0..2 {
        // two processes that start at once, and again
        let (one, two) = tokio::join!(seals.prepare(), seals.prepare());
        one.unwrap();
        two.unwrap();
    }
    assert!(!everything(pool).await.contains("plain"));
    assert_eq!(
        secrets(pool, &keyring(), "intake").await,
        ["plain-one", "plain-old"]
    );
    assert_eq!(secrets(pool, &keyring(), "other").await, ["plain-two"]);
    assert!(
        row::secrets(pool, &keyring(), "third")
            .await
            .unwrap()
            .is_none()
    );

    // an earlier version that still runs cannot put one there again
    let refused =
        sqlx::query("UPDATE sync.webhooks SET secret = 'plain-again' WHERE name = 'intake'")
            .execute(pool)
            .await
            .unwrap_err();
    assert!(
        refused.to_string().contains("webhooks_sealed_or_plain"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_replaced_secret_becomes_the_previous_one() {
    let database = fresh().await;
    let (pool, keyring) = (&database.pool, keyring());
    store(pool, &keyring, "w1", Some("first")).await;
    assert_eq!(secrets(pool, &keyring, "intake").await, ["first"]);
    let before = everything(pool).await;
    store(pool, &keyring, "w1", Some("first")).await;
    assert_eq!(
        everything(pool).await,
        before,
        "the same secret is not sealed again"
    );
    store(pool, &keyring, "w2", Some("second")).await;
    store(pool, &keyring, "w2", None).await;
    assert_eq!(secrets(pool, &keyring, "intake").await, ["second", "first"]);
    // of the next one no secret is known
    store(pool, &keyring, "w3", None).await;
    assert!(
        row::secrets(pool, &keyring, "intake")
            .await
            .unwrap()
            .is_none()
    );
    assert!(!everything(pool).await.contains("first"));
}

#[tokio::test]
async fn a_value_from_another_place_does_not_open() {
    let database = fresh().await;
    let (pool, keyring) = (&database.pool, keyring());
    store(pool, &keyring, "w1", Some("first")).await;
    store(pool, &keyring, "w2", Some("second")).await;
    sqlx::raw_sql("UPDATE sync.webhooks SET sealed_secret = sealed_previous_secret")
        .execute(pool)
        .await
        .unwrap();
    let error = row::secrets(pool, &keyring, "intake")
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("sync.webhooks.secret:intake does not open"),
        "{error}"
    );
    assert!(matches!(
        seals(pool, &keyring).prepare().await,
        Err(SealError::Shut(_))
    ));
}

#[tokio::test]
async fn an_old_key_can_be_taken_away_after_the_rotation_and_not_before() {
    let database = fresh().await;
    let pool = &database.pool;
    let (old, new) = (new_key("old"), new_key("new"));
    store(pool, &join(&[&old]), "w1", Some("first")).await;
    store(pool, &join(&[&old]), "w2", Some("second")).await;

    let early = seals(pool, &join(&[&new]))
        .prepare()
        .await
        .unwrap_err()
        .to_string();
    assert!(
        early.contains("\"old\"") && early.contains("KEYLIGHT_SEAL_KEYS"),
        "{early}"
    );
    let early = seals(pool, &join(&[&new])).reseal().await.unwrap_err();
    assert!(matches!(early, SealError::Shut(_)), "{early}");

    let both = seals(pool, &join(&[&new, &old]));
    both.prepare().await.unwrap();
    assert_eq!(both.reseal().await.unwrap(), 2);
    assert_eq!(both.reseal().await.unwrap(), 0);
    let rows: Vec<_> = both
        .tally()
        .await
        .unwrap()
        .rows()
        .map(|(place, key, n)| (place, key.to_owned(), n))
        .collect();
    assert_eq!(
        rows,
        [
            ("sync.webhooks.previous_secret", "new".to_owned(), 1),
            ("sync.webhooks.secret", "new".to_owned(), 1)
        ]
    );
    let only = join(&[&new]);
    seals(pool, &only).prepare().await.unwrap();
    assert_eq!(secrets(pool, &only, "intake").await, ["second", "first"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_seals_tells_and_refuses_to_start_without_the_key() {
    let system = System::start(Setup::default()).await;
    let mut client = SealServiceClient::new(system.channel());
    let reply = client.reseal(ResealRequest {}).await.unwrap().into_inner();
    let status = client
        .get_seal_status(GetSealStatusRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!((reply.resealed, reply.status.as_ref()), (0, Some(&status)));
    assert_eq!((status.first_key.as_str(), status.keys.len()), ("test", 1));
    let values: Vec<_> = status
        .values
        .iter()
        .map(|values| (values.place.as_str(), values.key.as_str(), values.count))
        .collect();
    assert_eq!(values, [("sync.webhooks.secret", "test", 1)]);

    let config = clickup_sync::Config {
        keyring: join(&[&new_key("another")]),
        ..system.config()
    };
    let resources = clickup_sync::app::Resources {
        pool: system.pool.clone(),
        bus: system.bus.clone(),
        listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
        clock: std::sync::Arc::new(keylight_runtime::clock::SystemClock),
    };
    let refused = clickup_sync::app::run(config, resources, &Lifecycle::new())
        .await
        .unwrap_err();
    let text = format!("{refused:#}");
    assert!(
        text.contains("\"test\"") && text.contains("KEYLIGHT_SEAL_KEYS"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 1);
}

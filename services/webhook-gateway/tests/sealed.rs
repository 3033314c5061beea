//! Secrets in the table: sealed, moved to another key, and found as an earlier version left them.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use axum::http::StatusCode;
use keylight_contracts::v1::{
    GetSealStatusRequest, ResealRequest, seal_service_client::SealServiceClient,
};
use keylight_runtime::lifecycle::Lifecycle;
use keylight_store::sealed::{Keyring, SealError, new_key};
use keylight_testkit::{postgres::Database, wait::wait_until};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{PgPool, migrate::Migrator};
use std::{borrow::Cow, sync::Arc, time::Duration};
use support::{Gateway, LONG, SECRET, Told, fresh_database, keyring, nowhere, status_change};
use webhook_gateway::{
    app::{MIGRATIONS, SCHEMA},
    endpoints::{Endpoint, seals::Seals, table},
};

async fn of_the_first_version() -> Database {
    let database = fresh_database().await;
    let first = Migrator {
        migrations: Cow::Owned(MIGRATIONS.migrations[..1].to_vec()),
        ..Migrator::DEFAULT
    };
    keylight_store::migrate(&database.pool, &first, SCHEMA)
        .await
        .unwrap();
    database
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

async fn everything(pool: &PgPool) -> String {
    sqlx::query_scalar("SELECT COALESCE(string_agg(e::text, '|'), '') FROM webhook.endpoints e")
        .fetch_one(pool)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_version_left_is_sealed_and_counts_on() {
    let database = of_the_first_version().await;
    let pool = &database.pool;
    sqlx::query("INSERT INTO webhook.endpoints VALUES ('intake', 'w-1', $1, now())")
        .bind(vec![SECRET.to_owned(), "older-secret".to_owned()])
        .execute(pool)
        .await
        .unwrap();
    // nobody can be asked, so what stands there is all there is
    let told = Arc::new(Told::default());
    let gateway = Gateway::start_with(pool.clone(), &nowhere(), told, Lifecycle::new()).await;
    for (item, secret) in [("1", SECRET), ("2", "older-secret")] {
        let body = status_change("taskUpdated", "9", item);
        wait_until("the secret counts", LONG, || async {
            match gateway.signed("intake", &body, secret).await {
                StatusCode::OK => Ok(()),
                other => Err(other.to_string()),
            }
        })
        .await;
    }
    let stored = everything(pool).await;
    assert!(!stored.contains(SECRET) && !stored.contains("older-secret"));
    assert!(stored.contains("s1.test."), "{stored}");
    let refused = sqlx::query("UPDATE webhook.endpoints SET secrets = '{again}'")
        .execute(pool)
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("endpoints_sealed_or_plain"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_is_kept_sealed_and_can_be_moved_to_another_key() {
    let database = fresh_database().await;
    let gateway = Gateway::start(&database).await;
    let body = status_change("taskUpdated", "9", "1");
    assert_eq!(
        gateway.signed("intake", &body, SECRET).await,
        StatusCode::OK
    );
    assert!(!everything(&gateway.pool).await.contains(SECRET));

    let mut client = SealServiceClient::new(gateway.grpc());
    let status = client
        .get_seal_status(GetSealStatusRequest {})
        .await
        .unwrap()
        .into_inner();
    let values: Vec<_> = status
        .values
        .iter()
        .map(|values| (values.place.as_str(), values.key.as_str(), values.count))
        .collect();
    assert_eq!(values, [("webhook.endpoints.secrets", "test", 1)]);
    assert_eq!(
        client
            .reseal(ResealRequest {})
            .await
            .unwrap()
            .into_inner()
            .resealed,
        0
    );
}

#[tokio::test]
async fn an_old_key_can_be_taken_away_after_the_rotation_and_not_before() {
    let database = fresh_database().await;
    let pool = &database.pool;
    keylight_store::migrate(pool, &MIGRATIONS, SCHEMA)
        .await
        .unwrap();
    let (old, new) = (new_key("old"), new_key("new"));
    let endpoint = |secrets: &[&str]| Endpoint {
        webhook_id: "w".to_owned(),
        secrets: secrets.iter().map(|secret| (*secret).into()).collect(),
    };
    let now = chrono::DateTime::default();
    let of_two = endpoint(&["one", "two"]);
    table::keep(pool, &join(&[&old]), "a", &of_two, now)
        .await
        .unwrap();
    let of_one = endpoint(&["three"]);
    table::keep(pool, &join(&[&new]), "b", &of_one, now)
        .await
        .unwrap();

    let early = seals(pool, &join(&[&new])).prepare().await.unwrap_err();
    assert!(
        early.to_string().contains("\"old\"") && early.to_string().contains("KEYLIGHT_SEAL_KEYS"),
        "{early}"
    );
    let both = seals(pool, &join(&[&new, &old]));
    both.prepare().await.unwrap();
    assert_eq!(both.reseal().await.unwrap(), 2);
    assert_eq!(both.reseal().await.unwrap(), 0);
    let only = join(&[&new]);
    seals(pool, &only).prepare().await.unwrap();
    let all = table::all(pool, &only).await.unwrap();
    let secrets: Vec<_> = all
        .iter()
        .flat_map(|(_, endpoint)| &endpoint.secrets)
        .map(|secret| secret.expose_secret())
        .collect();
    assert_eq!(secrets, ["one", "two", "three"]);

    // a value of another row does not open here
    sqlx::raw_sql("UPDATE webhook.endpoints SET sealed_secrets = (SELECT sealed_secrets FROM webhook.endpoints WHERE name = 'b')")
        .execute(pool)
        .await
        .unwrap();
    assert!(table::all(pool, &only).await.is_err());
    assert!(matches!(
        seals(pool, &only).prepare().await,
        Err(SealError::Shut(_))
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_key_the_process_ends_with_one_sentence() {
    let database = fresh_database().await;
    keylight_store::migrate(&database.pool, &MIGRATIONS, SCHEMA)
        .await
        .unwrap();
    let endpoint = Endpoint {
        webhook_id: "w".to_owned(),
        secrets: vec!["hidden".into()],
    };
    let lost = join(&[&new_key("lost")]);
    table::keep(
        &database.pool,
        &lost,
        "intake",
        &endpoint,
        chrono::DateTime::default(),
    )
    .await
    .unwrap();
    let lifecycle = Lifecycle::new();
    let resources = support::resources(database.pool.clone()).await;
    let config = support::config(&nowhere());
    assert_eq!(config.keyring.first_id(), keyring().first_id());
    let _routes = webhook_gateway::app::build(&config, resources, &lifecycle).unwrap();
    let ended = lifecycle.finished(Duration::from_secs(20)).await;
    let text = format!("{:#}", ended.unwrap_err());
    assert!(
        text.contains("\"lost\"") && text.contains("KEYLIGHT_SEAL_KEYS"),
        "{text}"
    );
    assert!(!text.contains("hidden"), "{text}");
}

//! Erasing a person: no trace of their words anywhere, and a proof.

use crate::{
    people_system::{ask, caller, code, keyed, page},
    system::System,
};
use entity_service::people::erase::proof;
use keylight_contracts::{events, v1};
use keylight_domain::error::{DomainError, ErrorCode};

async fn erase(system: &System, id: i64, email: &str) -> Result<v1::Erasure, DomainError> {
    let caller = v1::Caller {
        reason: "Augusta Fieldstone asked for it".to_owned(),
        ..caller().unwrap()
    };
    let request = v1::ErasePersonRequest {
        id,
        confirm_email: email.to_owned(),
        caller: Some(caller),
    };
    ask!(*system, erase_person, request)
}

/// Every row of every table that belongs to us, as text; bytes as the text that they may hold.
async fn dump(system: &System) -> Vec<(String, String)> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
         WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    )
    .fetch_all(&system.pool)
    .await
    .unwrap();
    assert!(tables.len() > 10, "{tables:?}");
    let mut lines = Vec::new();
    for table in tables {
        let statement = format!("SELECT to_jsonb(t)::text FROM {table} t");
        let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
            .fetch_all(&system.pool)
            .await
            .unwrap();
        lines.extend(
            rows.into_iter()
                .map(|row| (table.clone(), row.to_lowercase())),
        );
    }
    lines
}

/// Rows in which one of the words stands, in plain or in the digits of bytes.
fn traces(dump: &[(String, String)], words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for word in words {
        let plain = word.to_lowercase();
        let bytes: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
        for (table, row) in dump {
            if row.contains(&plain) || row.contains(&bytes) {
                found.push(format!("{word} in {table}"));
            }
        }
    }
    found
}

/// The tables in which a word stands, once for each row.
fn tables_with(dump: &[(String, String)], word: &str) -> Vec<String> {
    let mut tables: Vec<String> = dump
        .iter()
        .filter(|(_, row)| row.contains(word))
        .map(|(table, _)| table.clone())
        .collect();
    tables.sort_unstable();
    tables
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_the_person_stays_but_the_proof() {
    let system = System::start_with(1, |_| {}).await;
    let words = [
        "Augusta Fieldstone",
        "Fieldstone",
        "augusta@fieldstone.example",
        "555-777-0199",
        "5557770199",
        "Fieldstone Estates",
        "17 Quarry Lane",
        "near the old quarry",
        "a house of field stones",
        "called her twice about quarry",
        "from a friend at the quarry",
        "gusta@fieldstone.example",
    ];
    let mut request = crate::system::application("Augusta@Fieldstone.example");
    request.full_name = "Augusta Fieldstone".to_owned();
    request.phone_number = "555-777-0199".to_owned();
    request.company_name = Some("Fieldstone Estates".to_owned());
    request.lot_address = Some("17 Quarry Lane".to_owned());
    request.preferred_area_description = Some("near the old quarry".to_owned());
    request.project_description = "a house of field stones".to_owned();
    request.referral_source = "from a friend at the quarry".to_owned();
    request.idempotency = keyed("application").unwrap().idempotency;
    let submission = system.create(request).await.unwrap();
    let id = submission.user_id.unwrap();
    system
        .update(
            submission.id,
            "reviewed",
            Some("called her twice about quarry"),
        )
        .await
        .unwrap();
    // every way in which words get about
    let update = |name: &str, key: &str| v1::UpdatePersonRequest {
        id,
        full_name: Some(name.to_owned()),
        caller: Some(v1::Caller {
            reason: "Augusta Fieldstone wrote".to_owned(),
            ..keyed(key).unwrap()
        }),
        ..Default::default()
    };
    ask!(system, update_person, update("Gusta Fieldstone", "u1")).unwrap();
    ask!(system, update_person, update("Augusta Fieldstone", "u2")).unwrap();
    let double = system
        .person("Augusta Fieldstone-King", "gusta@fieldstone.example")
        .await;
    let stranger = system.applicant("Bo Other", "bo@example.com").await;
    let bo = stranger.user_id.unwrap();
    sqlx::query(
        "UPDATE entity.projects SET name = 'Home for Augusta Fieldstone and Bo' WHERE id = $1",
    )
    .bind(stranger.project_id)
    .execute(&system.pool)
    .await
    .unwrap();
    sqlx::query("INSERT INTO entity.project_people (project_id, user_id, role, added_at) VALUES ($1, $2, 'contact', now())")
        .bind(stranger.project_id).bind(id).execute(&system.pool).await.unwrap();
    let request = v1::DismissDuplicateRequest {
        first_id: bo,
        second_id: id,
        caller: Some(v1::Caller {
            reason: "he is not augusta@fieldstone.example".to_owned(),
            ..caller().unwrap()
        }),
    };
    ask!(system, dismiss_duplicate, request).unwrap();
    system.merge(id, double.id).await.unwrap();
    // a shared project: Bo is her co-buyer
    sqlx::query("INSERT INTO entity.project_people (project_id, user_id, role, added_at) VALUES ($1, $2, 'co_buyer', now())")
        .bind(submission.project_id).bind(bo).execute(&system.pool).await.unwrap();
    let mut caught = crate::system::application("augusta@fieldstone.example");
    caught.full_name = "Augusta Fieldstone".to_owned();
    let caught = v1::QuarantineRequest {
        application: Some(caught),
        reason: "honeypot".to_owned(),
    };
    system.client.clone().quarantine(caught).await.unwrap();
    // what is on its way to the index or out of the house is neither before nor after
    system.indexed().await;
    system.published().await;
    let before = dump(&system).await;
    for word in words {
        assert_ne!(
            traces(&before, &[word]),
            Vec::<String>::new(),
            "{word} is nowhere"
        );
    }
    let others = tables_with(&before, "bo@example.com");
    assert!(others.len() >= 3, "{others:?}");

    // refusals change nothing
    assert_eq!(
        code(erase(&system, id, "bo@example.com").await),
        ErrorCode::InvalidInput
    );
    assert_eq!(code(erase(&system, id, "").await), ErrorCode::InvalidInput);
    assert_eq!(
        code(erase(&system, 999, "augusta@fieldstone.example").await),
        ErrorCode::NotFound
    );
    assert_eq!(
        code(erase(&system, double.id, "gusta@fieldstone.example").await),
        ErrorCode::Conflict
    );

    let erasure = erase(&system, id, " Augusta@fieldstone.EXAMPLE")
        .await
        .unwrap();
    system.published().await;
    system.indexed().await;
    let after = dump(&system).await;
    assert_eq!(traces(&after, &words), Vec::<String>::new());
    // Bo is still there
    assert_eq!(tables_with(&after, "bo@example.com"), others);
    assert_eq!(system.get(stranger.id).await.unwrap().full_name, "Bo Other");

    assert_eq!(
        (
            erasure.person_id,
            erasure.actor.as_str(),
            erasure.reason.as_str()
        ),
        (id, "staff:grace", "[erased]")
    );
    assert_eq!(
        erasure.proof,
        proof(&erasure.salt, "augusta@fieldstone.example")
    );
    let counts: serde_json::Value = serde_json::from_str(&erasure.counts).unwrap();
    assert_eq!(
        (&counts["users"], &counts["submissions"]),
        (&2.into(), &1.into())
    );
    assert!(
        counts["audit_log"].as_i64().unwrap() >= 5
            && counts["idempotency_keys"].as_i64().unwrap() >= 2,
        "{counts}"
    );
    let list = ask!(
        system,
        list_erasures,
        v1::ListErasuresRequest {
            page: Some(page(1, 10))
        }
    )
    .unwrap();
    assert_eq!(list.erasures, [erasure]);

    // gone for everybody, and for good
    assert_eq!(code(system.look(id).await), ErrorCode::NotFound);
    assert_eq!(code(system.get(submission.id).await), ErrorCode::NotFound);
    assert_eq!(
        code(erase(&system, id, "erased-1").await),
        ErrorCode::Conflict
    );
    assert_eq!(code(system.restore_person(id).await), ErrorCode::Conflict);
    let restored = sqlx::query("UPDATE entity.submissions SET deleted_at = NULL WHERE id = $1")
        .bind(submission.id)
        .execute(&system.pool)
        .await;
    assert!(restored.unwrap_err().to_string().contains("stays deleted"));
    // her co-buyer has the project now
    let owner: (i64, String, Option<String>) = sqlx::query_as("SELECT user_id, name, description FROM entity.projects WHERE id = $1 AND deleted_at IS NULL")
        .bind(submission.project_id).fetch_one(&system.pool).await.unwrap();
    assert_eq!(
        owner,
        (
            bo,
            format!("Project {}", submission.project_id.unwrap()),
            None
        )
    );
    let told = system.bus.events();
    assert!(
        told.iter()
            .any(|event| event.kind == events::SUBMISSION_DELETED
                && event.submission_id() == Some(submission.id))
    );
    // a repetition of her own requests does nothing again
    assert_eq!(
        code(ask!(
            system,
            update_person,
            update("Augusta Fieldstone", "u2")
        )),
        ErrorCode::Conflict
    );
    // the address may apply again, as somebody new
    let again = system
        .applicant("Augusta", "augusta@fieldstone.example")
        .await;
    assert_ne!(again.user_id, Some(id));
    system.assert_counts_are_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_address_is_erased_alone() {
    let system = System::start().await;
    system
        .run(
            "INSERT INTO entity.users (id, full_name, email_address, email_key, phone_number, holds_email, legacy)
              VALUES (5000, 'Nobody Known', '', '', 'unknown', false, true),
                     (5001, 'Somebody Else', '', '', 'unknown', false, true)",
        )
        .await;
    assert_eq!(
        code(erase(&system, 5000, "").await),
        ErrorCode::InvalidInput
    );
    erase(&system, 5000, "5000").await.unwrap();
    let names: Vec<String> = sqlx::query_scalar("SELECT full_name FROM entity.users ORDER BY id")
        .fetch_all(&system.pool)
        .await
        .unwrap();
    assert_eq!(names, ["Erased person", "Somebody Else"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_can_be_blanked_and_nothing_else() {
    let system = System::start().await;
    let ada = system
        .applicant("Ada Probe", "ada@example.com")
        .await
        .user_id
        .unwrap();
    let request = v1::UpdatePersonRequest {
        id: ada,
        full_name: Some("Ada King".to_owned()),
        caller: Some(v1::Caller {
            reason: "she wrote".to_owned(),
            ..caller().unwrap()
        }),
        ..Default::default()
    };
    ask!(system, update_person, request).unwrap();
    let refused = |erasing: bool, statement: &'static str| {
        let system = &system;
        async move {
            let mut transaction = system.pool.begin().await.unwrap();
            if erasing {
                sqlx::query("SELECT set_config('keylight.erasing', 'on', true)")
                    .execute(&mut *transaction)
                    .await
                    .unwrap();
            }
            sqlx::query(statement)
                .execute(&mut *transaction)
                .await
                .map(|_| ())
        }
    };
    let blank = "UPDATE entity.audit_log SET before = entity.redacted(before), after = entity.redacted(after), cause = '[erased]' WHERE cause IS NOT NULL";
    for statement in [
        "UPDATE entity.audit_log SET actor = 'nobody'",
        "UPDATE entity.audit_log SET at = now()",
        "UPDATE entity.audit_log SET record_id = 'x'",
        "UPDATE entity.audit_log SET before = '{\"full_name\": \"Somebody else\"}'",
        "UPDATE entity.audit_log SET after = NULL WHERE after IS NOT NULL",
        "UPDATE entity.audit_log SET cause = 'another reason'",
        "DELETE FROM entity.audit_log",
        "TRUNCATE entity.audit_log",
        "DELETE FROM entity.events",
    ] {
        for erasing in [false, true] {
            let error = refused(erasing, statement).await.unwrap_err();
            assert!(
                error.to_string().contains("append-only"),
                "{statement}: {error}"
            );
        }
    }
    assert!(refused(false, blank).await.is_err());
    assert!(refused(true, blank).await.is_ok());
    // the setting ends with its transaction
    assert!(refused(false, blank).await.is_err());
    erase(&system, ada, "ada@example.com").await.unwrap();
    for statement in [
        "UPDATE entity.erasures SET proof = ''",
        "DELETE FROM entity.erasures",
        "TRUNCATE entity.erasures",
    ] {
        let error = refused(true, statement).await.unwrap_err();
        assert!(
            error.to_string().contains("append-only"),
            "{statement}: {error}"
        );
    }
}

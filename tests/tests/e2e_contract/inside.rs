//! Defects that show only with rows of the predecessor, under load, with the database away, or in what is left behind.
//! Asked of the distributed set-up, whose database can be looked into.

use crate::{
    answers::same,
    api::{Api, SUBMISSIONS},
};
use anyhow::{Context as _, ensure};
use futures::future::{BoxFuture, join_all};
use keylight_e2e::{System, system::Part};
use keylight_testkit::wait::wait_until;
use serde_json::{Value, json};
use sqlx::PgPool;
use std::{collections::BTreeSet, time::Duration};

/// A running system with its insides open.
pub struct Site {
    pub system: System,
    pub api: Api,
}

/// Some behaviour, and how to ask for it.
pub struct Case {
    pub label: &'static str,
    pub ask: for<'a> fn(&'a mut Site) -> BoxFuture<'a, anyhow::Result<()>>,
}

macro_rules! cases {
    ($($label:literal => $function:path),* $(,)?) => {
        &[$(Case { label: $label, ask: |site| Box::pin($function(site)) }),*]
    };
}

/// In this order: the last one reads the logs of all that went before.
pub const CASES: &[Case] = cases! {
    "f26 recent is not starved" => f26,
    "f27 an old spelling of an address is taken" => f27,
    "f32 no table is scanned for an address" => f32,
    "f33 overload is told" => f33,
    "f34 pages of rows with one time" => f34,
    "f37 an audit trail" => f37,
    "f28 the database goes away and comes back" => f28,
    "f39 starting again adds nothing" => f39,
    "f36 no personal data in logs" => f36,
};

/// Somebody whose data are in no other test, and must be in no log.
const SECRET: [(&str, &str); 6] = [
    ("full_name", "Secretia Personova"),
    ("email_address", "Secretia.Personova@Hidden.example"),
    ("phone_number", "+49 (0) 7071 424242"),
    ("company_name", "Hiddenwerk Holding"),
    ("lot_address", "17 Nowhere Lane"),
    ("project_description", "A bunker nobody may hear of."),
];

/// Stores submissions as an import leaves them; `times` are SQL expressions, one row each. Their ids.
async fn imported(database: &PgPool, address: &str, times: &[&str]) -> anyhow::Result<Vec<i64>> {
    let mut ids = Vec::new();
    for time in times {
        let insert = format!(
            "WITH person AS (
                 INSERT INTO entity.users (full_name, email_address, email_key, open_submissions, legacy, created_at, updated_at)
                 VALUES ('Olga Older', $1, lower($1), 1, true, now(), now())
                 ON CONFLICT (email_key) WHERE holds_email DO UPDATE SET full_name = excluded.full_name RETURNING id
             )
             INSERT INTO entity.submissions
                 (full_name, email_address, email_key, phone_number, buyer_category, financing_plan, land_status,
                  build_budget, construction_timeline, status, user_id, created_at, updated_at, legacy, sync_state)
             SELECT 'Olga Older', $1, lower($1), '555-000-1111', 'homebuyer', 'self_funding', 'need_land',
                 '350k_400k', '6_to_12_months', 'new', person.id, {time}, {time}, true, 'off'
             FROM person RETURNING id"
        );
        let id: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(insert))
            .bind(address)
            .fetch_one(database)
            .await?;
        ids.push(id);
    }
    Ok(ids)
}

async fn f26(site: &mut Site) -> anyhow::Result<()> {
    let timeless = ["NULL"; 12];
    let old = imported(site.system.database(), "Timeless@Old.example", &timeless).await?;
    let mut new = Vec::new();
    for _ in 0..3 {
        let made = site.api.accepted(json!({})).await?;
        new.push(made["id"].as_i64().context("id")?);
    }
    new.reverse();
    let answer = site.api.get(&format!("{SUBMISSIONS}/recent")).await?;
    let found = answer.status(200)?.ids()?;
    same("newest first", &found[..3.min(found.len())], &new[..])?;
    let hidden = found.iter().any(|id| old.contains(id));
    ensure!(!hidden, "rows without a time are recent");
    // they are there, and can be looked at
    let one = site.api.submission(&json!(old[0])).await?;
    same("created_at", &one["created_at"], &Value::Null)
}

async fn f27(site: &mut Site) -> anyhow::Result<()> {
    imported(site.system.database(), "A.Twin@X-Old.Example", &["now()"]).await?;
    for spelling in [
        "a.twin@x-old.example",
        "A.Twin@X-Old.Example",
        "  A.TWIN@x-old.example ",
    ] {
        let application = site.api.application(json!({ "email_address": spelling }));
        site.api
            .post(&application)
            .await?
            .sentence("A submission with this email already exists")
            .with_context(|| spelling.to_owned())?;
    }
    Ok(())
}

/// Rows read from end to end so far, of both tables that know addresses; and rows inserted into submissions.
async fn scanned(database: &PgPool) -> Result<(i64, i64), sqlx::Error> {
    sqlx::query_as(
        "SELECT sum(seq_tup_read)::bigint, sum(n_tup_ins) FILTER (WHERE relname = 'submissions')::bigint
         FROM pg_stat_user_tables WHERE schemaname = 'entity' AND relname IN ('users', 'submissions')",
    )
    .fetch_one(database)
    .await
}

async fn f32(site: &mut Site) -> anyhow::Result<()> {
    const MANY: i64 = 3000;
    let database = site.system.database();
    sqlx::query(
        "INSERT INTO entity.users (full_name, email_address, email_key, legacy)
         SELECT 'Many ' || n, 'many' || n || '@old.example', 'many' || n || '@old.example', true
         FROM generate_series(1, $1) n",
    )
    .bind(MANY)
    .execute(database)
    .await?;
    sqlx::query("ANALYZE entity.users, entity.submissions")
        .execute(database)
        .await?;
    // what was done until now must be counted before
    let mut before = scanned(database).await?;
    loop {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let again = scanned(database).await?;
        if again == before {
            break;
        }
        before = again;
    }
    const POSTS: i64 = 20;
    for _ in 0..POSTS {
        site.api.accepted(json!({})).await?;
    }
    let read: i64 = wait_until("the inserts are counted", Duration::from_secs(30), || {
        let database = database.clone();
        async move {
            let now = scanned(&database)
                .await
                .map_err(|error| error.to_string())?;
            if now.1 - before.1 < POSTS {
                return Err(format!("{} of {POSTS}", now.1 - before.1));
            }
            Ok(now.0 - before.0)
        }
    })
    .await;
    // others may look at a table now and then; a scan for each application would be twenty times all rows
    ensure!(
        read < POSTS * MANY / 4,
        "{read} rows were read from end to end for {POSTS} applications"
    );
    Ok(())
}

async fn f33(site: &mut Site) -> anyhow::Result<()> {
    const CLIENTS: usize = 64;
    // a table that nobody can read is a database that is slow beyond measure
    let mut lock = site.system.database().begin().await?;
    sqlx::query("LOCK TABLE entity.submissions IN ACCESS EXCLUSIVE MODE")
        .execute(&mut *lock)
        .await?;
    let api = &site.api;
    let clients = join_all((0..CLIENTS).map(|n| {
        let path = format!("{SUBMISSIONS}/search?q=overload{n}");
        async move { api.get(&path).await }
    }));
    let release = async {
        // longer than anybody waits for a connection, shorter than a call may take
        tokio::time::sleep(Duration::from_secs(4)).await;
        lock.rollback().await
    };
    let (answers, released) = tokio::join!(clients, release);
    released?;
    let mut refused = 0;
    for answer in answers {
        let answer = answer?.status_in(&[200, 503])?;
        if answer.status == 503 {
            answer.framed()?;
            let seconds: u32 = answer
                .header("retry-after")
                .parse()
                .context("no Retry-After with a 503")?;
            ensure!((1..=60).contains(&seconds), "Retry-After: {seconds}");
            refused += 1;
        }
    }
    ensure!(
        refused >= CLIENTS / 2,
        "only {refused} of {CLIENTS} were refused: was anybody overloaded?"
    );
    api.get(SUBMISSIONS).await?.status(200)?;
    Ok(())
}

async fn f34(site: &mut Site) -> anyhow::Result<()> {
    let database = site.system.database();
    let mut times = vec!["'2021-03-04 05:06:07.891011Z'::timestamptz"; 15];
    times.extend(["NULL"; 9]);
    times.extend(["'infinity'::timestamptz"; 2]);
    let made = imported(database, "Tied@Old.example", &times).await?;
    let api = &site.api;
    let total = api.get(SUBMISSIONS).await?.json["pagination"]["totalCount"]
        .as_i64()
        .context("totalCount")?;
    let mut rows: Vec<(Option<String>, i64)> = Vec::new();
    for page in 1..=(total + 6) / 7 {
        let answer = api
            .get(&format!("{SUBMISSIONS}?pageSize=7&page={page}"))
            .await?
            .status(200)?;
        for row in answer.rows()? {
            let time = row["created_at"].as_str().map(str::to_owned);
            rows.push((time, row["id"].as_i64().context("id")?));
        }
    }
    let distinct: BTreeSet<i64> = rows.iter().map(|(_, id)| *id).collect();
    same("rows on all pages", rows.len(), usize::try_from(total)?)?;
    same("distinct rows on all pages", distinct.len(), rows.len())?;
    ensure!(
        made.iter().all(|id| distinct.contains(id)),
        "a row is on no page"
    );
    let finite = |id: &i64| !made[24..].contains(id);
    for pair in rows.windows(2) {
        let ((earlier, first), (later, second)) = (&pair[0], &pair[1]);
        let in_order = match (earlier, later) {
            (Some(earlier), Some(later)) => earlier > later || (earlier == later && first > second),
            (Some(_), None) => true,
            // how a time without end is shown is not asked here
            (None, Some(_)) => !finite(first),
            (None, None) => first > second || !finite(first) || !finite(second),
        };
        ensure!(in_order, "{pair:?} are not in order");
    }
    Ok(())
}

async fn f37(site: &mut Site) -> anyhow::Result<()> {
    let id = site.api.accepted(json!({})).await?["id"].clone();
    let path = format!("{SUBMISSIONS}/{id}");
    let wish = json!({ "status": "contacted", "admin_notes": "Called." });
    site.api
        .admin("PUT", &format!("{path}/status"), Some(wish))
        .await?
        .status(200)?;
    site.api.admin("DELETE", &path, None).await?.status(200)?;
    type Entry = (
        String,
        String,
        Option<Value>,
        Option<Value>,
        Option<uuid::Uuid>,
    );
    let entries: Vec<Entry> = sqlx::query_as(
        "SELECT actor, action, before, after, correlation_id FROM entity.audit_log
         WHERE entity = 'submission' AND entity_id = $1 ORDER BY id",
    )
    .bind(id.as_i64().context("id")?)
    .fetch_all(site.system.database())
    .await?;
    same("entries", entries.len(), 3)?;
    for (actor, action, _, _, correlation) in &entries {
        ensure!(!actor.is_empty(), "nobody did {action}");
        ensure!(correlation.is_some(), "{action} has no correlation id");
    }
    let (actor, _, before, after, _) = &entries[1];
    ensure!(
        actor != &entries[0].0,
        "staff and public are told apart: {actor}"
    );
    let status = |state: &Option<Value>| {
        let state = state.as_ref().context("a change without a state")?;
        anyhow::Ok(state["status"].clone())
    };
    same("before", status(before)?, json!("new"))?;
    same("after", status(after)?, json!("contacted"))?;
    ensure!(
        entries[2].1.contains("delete"),
        "the last action is {}",
        entries[2].1
    );
    // and the row itself is not gone for good
    let kept: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM entity.submissions WHERE id = $1 AND deleted_at IS NOT NULL",
    )
    .bind(id.as_i64().context("id")?)
    .fetch_one(site.system.database())
    .await?;
    same("rows kept", kept, 1)?;
    let refused = sqlx::query("DELETE FROM entity.audit_log")
        .execute(site.system.database())
        .await;
    ensure!(refused.is_err(), "the audit log can be emptied");
    Ok(())
}

async fn f28(site: &mut Site) -> anyhow::Result<()> {
    let id = site.api.accepted(json!({})).await?["id"].clone();
    let secret = secret(&site.api);
    site.system.database_proxy().refuse();
    let mut away = Vec::new();
    for path in ["", "/stats", "/search?q=ada", "/recent", "/status/new"] {
        away.push(site.api.get(&format!("{SUBMISSIONS}{path}")).await?);
    }
    away.push(site.api.get(&format!("{SUBMISSIONS}/{id}")).await?);
    away.push(site.api.post(&secret).await?);
    for (method, path, body) in [
        ("PUT", "/status", Some(json!({ "status": "reviewed" }))),
        ("DELETE", "", None),
    ] {
        let path = format!("{SUBMISSIONS}/{id}{path}");
        away.push(site.api.admin(method, &path, body).await?);
    }
    for answer in away {
        let answer = answer.status(503)?;
        answer.framed()?;
        ensure!(
            answer.header("retry-after").parse::<u32>().is_ok(),
            "{} {}: no Retry-After",
            answer.method,
            answer.path
        );
    }
    let check = site.api.get("/api/test-db").await?.status(503)?;
    same(
        "status",
        &check.json["status"],
        &json!("Database connection failed"),
    )?;
    ensure!(
        !check.text.contains("127.0.0.1"),
        "the address is told: {}",
        check.text
    );
    site.api.open("/health").await?.status(200)?;
    let began = std::time::Instant::now();
    while site.system.is_ready(Part::EntityService).await {
        ensure!(
            began.elapsed() < Duration::from_secs(120),
            "still ready without its database"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    site.system.database_proxy().pass();
    let api = &site.api;
    wait_until(
        "everything works again",
        Duration::from_secs(120),
        || async {
            let list = api
                .get(SUBMISSIONS)
                .await
                .map_err(|error| error.to_string())?;
            let post = api.post(&secret).await.map_err(|error| error.to_string())?;
            // its first try may have been stored when the connection was cut at the very end
            match (list.status, post.status) {
                (200, 201 | 400) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        },
    )
    .await;
    same(
        "untouched",
        &api.submission(&id).await?["status"],
        &json!("new"),
    )
}

async fn f39(site: &mut Site) -> anyhow::Result<()> {
    let counts = async |database: &PgPool| -> Result<Vec<i64>, sqlx::Error> {
        let mut counts = Vec::new();
        for table in ["users", "projects", "submissions", "audit_log"] {
            let count = format!("SELECT count(*) FROM entity.{table}");
            let count = sqlx::AssertSqlSafe(count);
            counts.push(sqlx::query_scalar(count).fetch_one(database).await?);
        }
        Ok(counts)
    };
    let before = counts(site.system.database()).await?;
    site.system.kill(Part::EntityService).await;
    site.system.revive(Part::EntityService).await;
    same("rows", counts(site.system.database()).await?, before)?;
    let api = &site.api;
    wait_until(
        "the door finds it again",
        Duration::from_secs(30),
        || async {
            match api.get(SUBMISSIONS).await {
                Ok(answer) if answer.status == 200 => Ok(()),
                other => Err(format!("{other:?}").chars().take(200).collect::<String>()),
            }
        },
    )
    .await;
    Ok(())
}

fn secret(api: &Api) -> Value {
    let fields = SECRET.map(|(field, value)| (field.to_owned(), json!(value)));
    api.application(Value::Object(fields.into_iter().collect()))
}

async fn f36(site: &mut Site) -> anyhow::Result<()> {
    let api = &site.api;
    // accepted, refused for the address, refused for fields, unreadable, looked for, changed, deleted
    let application = secret(api);
    api.post(&application).await?.status_in(&[201, 400])?;
    api.post(&application).await?.status(400)?;
    let mut wrong = application.clone();
    wrong["phone_number"] = json!("call Secretia Personova");
    wrong["build_budget"] = json!("Hiddenwerk Holding");
    api.post(&wrong).await?.status(400)?;
    api.post_as("application/json", format!("{application}}}"))
        .await?
        .status(400)?;
    let found = api
        .get(&format!("{SUBMISSIONS}/search?q=Secretia%20Personova"))
        .await?
        .status(200)?
        .ids()?;
    for id in &found {
        let wish = json!({ "status": "reviewed", "admin_notes": "Secretia Personova called" });
        api.admin("PUT", &format!("{SUBMISSIONS}/{id}/status"), Some(wish))
            .await?
            .status(200)?;
        api.admin("DELETE", &format!("{SUBMISSIONS}/{id}"), None)
            .await?
            .status(200)?;
    }
    ensure!(!found.is_empty(), "the application was not stored");
    let mut read = 0;
    for entry in std::fs::read_dir(site.system.folder())? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "log") {
            continue;
        }
        let log = String::from_utf8_lossy(&std::fs::read(&path)?).to_lowercase();
        for word in SECRET.iter().map(|(_, value)| value.to_lowercase()) {
            let told = log.lines().find(|line| line.contains(&word));
            ensure!(
                told.is_none(),
                "{} tells {word:?}: {}",
                path.display(),
                told.unwrap_or_default()
            );
        }
        for word in ["@example.com", "ada probe", "personova", "elm st"] {
            ensure!(!log.contains(word), "{} tells {word:?}", path.display());
        }
        read += usize::from(!log.is_empty());
    }
    ensure!(read >= 5, "only {read} programs have said anything");
    Ok(())
}

//! Whose tables are whose: a part touches only its own schema. Everything else goes through gRPC or events.

use crate::{repository_files, root};
use std::fs;

/// Which schema belongs to whom. `bus` is the message bus on PostgreSQL.
const SCHEMAS: &[(&str, &str)] = &[
    ("entity", "services/entity-service"),
    ("sync", "services/clickup-sync"),
    ("webhook", "services/webhook-gateway"),
    ("analytics", "services/analytics"),
    ("bus", "crates/messaging"),
];

/// Schemas other than `own` that SQL in `source` reads or writes.
fn foreign_schemas<'a>(source: &'a str, own: Option<&str>) -> Vec<&'a str> {
    let words: Vec<&str> = source
        .split(|c: char| c.is_whitespace() || "(\",".contains(c))
        .filter(|w| !w.is_empty())
        .collect();
    let named = words.windows(2).filter(|pair| {
        matches!(
            pair[0],
            "FROM" | "JOIN" | "INTO" | "UPDATE" | "TABLE" | "EXISTS"
        )
    });
    named
        .filter_map(|pair| pair[1].split_once('.').map(|(schema, _)| schema))
        .filter(|schema| SCHEMAS.iter().any(|(known, _)| known == schema) && Some(*schema) != own)
        .collect()
}

#[test]
fn a_part_touches_only_its_own_schema() {
    let (mut wrong, mut looked_at) = (Vec::new(), 0);
    for file in repository_files() {
        let path = file.to_string_lossy().into_owned();
        let shipped = path.contains("/src/") || path.contains("/migrations/");
        let of_a_part = path.starts_with("services/") || path.starts_with("crates/");
        if !shipped || !of_a_part || !(path.ends_with(".rs") || path.ends_with(".sql")) {
            continue;
        }
        let own = SCHEMAS
            .iter()
            .find(|(_, folder)| path.starts_with(&format!("{folder}/")))
            .map(|(schema, _)| *schema);
        let Ok(source) = fs::read_to_string(root().join(&file)) else {
            continue;
        };
        looked_at += 1;
        wrong.extend(
            foreign_schemas(&source, own)
                .iter()
                .map(|schema| format!("{path} touches the schema {schema}")),
        );
    }
    assert!(looked_at > 20, "only {looked_at} files were looked at");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_foreign_schema_would_be_seen() {
    let sql = "SELECT 1 FROM entity.users u\n JOIN sync.links ON true; INSERT INTO webhook.outbox (id) VALUES (1)";
    assert_eq!(foreign_schemas(sql, Some("entity")), ["sync", "webhook"]);
    assert_eq!(
        foreign_schemas("sqlx::query!(\"UPDATE sync.links SET a = 1\")", None),
        ["sync"]
    );
    assert_eq!(
        foreign_schemas("UPDATE sync.links SET a = 1", Some("sync")),
        Vec::<&str>::new()
    );
    assert_eq!(
        foreign_schemas("from entity.proto; DELETE FROM pg_catalog.x", None),
        Vec::<&str>::new()
    );
}

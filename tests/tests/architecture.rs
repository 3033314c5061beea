//! Holds the house to its plan: who may depend on whom, whose tables are whose, and that nothing of a developer's
//! machine is in the repository.
//!
//! To add a crate: give it a place in [`allowed_for`]. To add a schema: put it into [`SCHEMAS`].

#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const DOMAIN: &str = "keylight-domain";
const RUNTIME: &str = "keylight-runtime";
const CONTRACTS: &str = "keylight-contracts";
const STORE: &str = "keylight-store";
const MESSAGING: &str = "keylight-messaging";
const RPC: &str = "keylight-rpc";
const WEB: &str = "keylight-web";
const CLICKUP: &str = "keylight-clickup";
const SIM: &str = "keylight-clickup-sim";
const TESTKIT: &str = "keylight-testkit";
const E2E: &str = "keylight-e2e";
const ALL_IN_ONE: &str = "keylight";
const SERVICES: &[&str] = &["intake-api", "entity-service", "clickup-sync", "webhook-gateway", "analytics"];

/// Which schema belongs to whom. `bus` is the message bus on PostgreSQL.
const SCHEMAS: &[(&str, &str)] = &[
    ("entity", "services/entity-service"),
    ("sync", "services/clickup-sync"),
    ("webhook", "services/webhook-gateway"),
    ("analytics", "services/analytics"),
    ("bus", "crates/messaging"),
];

#[derive(Debug, Clone)]
struct Package {
    name: String,
    needs: Vec<Need>,
}

#[derive(Debug, Clone)]
struct Need {
    name: String,
    /// Only for the package's own tests.
    dev: bool,
}

/// Our crates that `package` may use in what it ships; `None` = a crate that the plan does not know.
fn allowed_for(package: &str) -> Option<Vec<&'static str>> {
    const BASE: [&str; 3] = [RUNTIME, CONTRACTS, DOMAIN];
    let libraries = [BASE.as_slice(), &[STORE, MESSAGING, RPC, WEB, CLICKUP]].concat();
    Some(match package {
        DOMAIN | SIM => vec![],
        RUNTIME | CONTRACTS => vec![DOMAIN],
        STORE | RPC | WEB | CLICKUP => BASE.to_vec(),
        MESSAGING => [BASE.as_slice(), &[STORE]].concat(),
        TESTKIT => [libraries.as_slice(), &[SIM]].concat(),
        ALL_IN_ONE => [libraries.as_slice(), SERVICES, &[SIM]].concat(),
        E2E => [libraries.as_slice(), SERVICES, &[SIM, TESTKIT, ALL_IN_ONE]].concat(),
        service if SERVICES.contains(&service) => libraries,
        _ => return None,
    })
}

/// What a crate's own tests may use: the test kit and the simulator on top, never a service of somebody else.
fn allowed_in_tests_of(package: &str) -> Vec<&'static str> {
    let mut allowed = allowed_for(package).unwrap_or_default();
    // the simulator and the rules stay free of us even in their tests
    if !matches!(package, SIM | DOMAIN) {
        allowed.extend([TESTKIT, SIM]);
    }
    allowed
}

/// Every arrow that points the wrong way, as a sentence.
fn wrong_arrows(packages: &[Package]) -> Vec<String> {
    let ours: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut wrong = Vec::new();
    for package in packages {
        let Some(shipped) = allowed_for(&package.name) else {
            wrong.push(format!("{} has no place in the plan: give it one in allowed_for", package.name));
            continue;
        };
        let tested = allowed_in_tests_of(&package.name);
        for need in package.needs.iter().filter(|need| ours.contains(need.name.as_str())) {
            let allowed = if need.dev { &tested } else { &shipped };
            if need.name != package.name && !allowed.contains(&need.name.as_str()) {
                let how = if need.dev { "may not use in its tests" } else { "may not depend on" };
                wrong.push(format!("{} {how} {}", package.name, need.name));
            }
        }
    }
    wrong
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The workspace as cargo sees it. Insists on what is known to be there, so that the check cannot pass on nothing.
fn workspace() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages: Vec<Package> = metadata["packages"].as_array().unwrap().iter().map(package).collect();
    for known in SERVICES.iter().chain(&[DOMAIN, SIM, ALL_IN_ONE, E2E]) {
        assert!(packages.iter().any(|package| package.name == *known), "cargo metadata does not show {known}");
    }
    packages
}

fn package(json: &Value) -> Package {
    let needs = json["dependencies"].as_array().unwrap().iter().map(|need| Need {
        name: need["name"].as_str().unwrap().to_owned(),
        // the others are null (normal) and "build", which ends up in what is shipped as well
        dev: need["kind"] == "dev",
    });
    Package { name: json["name"].as_str().unwrap().to_owned(), needs: needs.collect() }
}

#[test]
fn arrows_point_inwards() {
    let wrong = wrong_arrows(&workspace());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_wrong_arrow_would_be_seen() {
    let planted: &[(&str, &str, bool)] = &[
        ("analytics", "entity-service", false),
        ("clickup-sync", "entity-service", true),
        ("clickup-sync", SIM, false),
        ("intake-api", TESTKIT, false),
        ("entity-service", ALL_IN_ONE, false),
        (ALL_IN_ONE, TESTKIT, false),
        (SIM, CLICKUP, false),
        (SIM, RUNTIME, true),
        (DOMAIN, CONTRACTS, false),
        (RUNTIME, STORE, false),
        (STORE, MESSAGING, false),
        (WEB, RPC, false),
    ];
    let real = workspace();
    for (from, to, dev) in planted {
        let mut packages = real.clone();
        let package = packages.iter_mut().find(|package| package.name == *from).unwrap();
        package.needs.push(Need { name: (*to).to_owned(), dev: *dev });
        let seen = wrong_arrows(&packages).iter().any(|text| text.starts_with(from) && text.ends_with(to));
        assert!(seen, "{from} -> {to} went unseen");
    }
    let mut packages = real;
    packages.push(Package { name: "keylight-utils".to_owned(), needs: vec![] });
    assert!(wrong_arrows(&packages).iter().any(|text| text.starts_with("keylight-utils has no place")));
}

#[test]
fn test_tools_are_let_through_in_tests() {
    let needs = [SIM, TESTKIT].map(|name| Need { name: name.to_owned(), dev: true }).to_vec();
    let packages = [SIM, TESTKIT].map(|name| Package { name: name.to_owned(), needs: vec![] });
    let packages = [packages.as_slice(), &[Package { name: "clickup-sync".to_owned(), needs }]].concat();
    assert_eq!(wrong_arrows(&packages), Vec::<String>::new());
}

/// Schemas other than `own` that SQL in `source` reads or writes.
fn foreign_schemas<'a>(source: &'a str, own: Option<&str>) -> Vec<&'a str> {
    let words: Vec<&str> = source.split(|c: char| c.is_whitespace() || "(\",".contains(c)).filter(|w| !w.is_empty()).collect();
    let named = words.windows(2).filter(|pair| matches!(pair[0], "FROM" | "JOIN" | "INTO" | "UPDATE" | "TABLE" | "EXISTS"));
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
        let own = SCHEMAS.iter().find(|(_, folder)| path.starts_with(&format!("{folder}/"))).map(|(schema, _)| *schema);
        let Ok(source) = fs::read_to_string(root().join(&file)) else { continue };
        looked_at += 1;
        wrong.extend(foreign_schemas(&source, own).iter().map(|schema| format!("{path} touches the schema {schema}")));
    }
    assert!(looked_at > 20, "only {looked_at} files were looked at");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_foreign_schema_would_be_seen() {
    let sql = "SELECT 1 FROM entity.users u\n JOIN sync.links ON true; INSERT INTO webhook.outbox (id) VALUES (1)";
    assert_eq!(foreign_schemas(sql, Some("entity")), ["sync", "webhook"]);
    assert_eq!(foreign_schemas("sqlx::query!(\"UPDATE sync.links SET a = 1\")", None), ["sync"]);
    assert_eq!(foreign_schemas("UPDATE sync.links SET a = 1", Some("sync")), Vec::<&str>::new());
    assert_eq!(foreign_schemas("from entity.proto; DELETE FROM pg_catalog.x", None), Vec::<&str>::new());
}

/// Files that git knows or would take, relative to the root.
fn repository_files() -> Vec<PathBuf> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).unwrap();
    let files: Vec<PathBuf> = names.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).collect();
    assert!(files.len() > 50, "git shows only {} files", files.len());
    files
}

/// Beginnings of folders that exist on somebody's machine only, in two halves so that this file itself may pass.
const PRIVATE_FOLDERS: &[(&str, &str)] = &[("/wo", "rk/"), ("/tmp/br", "ief"), ("/ro", "ot/"), ("/ho", "me/"), ("/Us", "ers/")];

/// Places in `text` that name a private folder, as `line: folder`.
fn private_paths(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for (a, b) in PRIVATE_FOLDERS {
            let folder = format!("{a}{b}");
            // in the middle of a longer path, a URL or a template it is no folder of a machine
            let begins = |at: usize| line[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && !"/.}-_~".contains(c));
            if line.match_indices(&folder).any(|(at, _)| begins(at)) {
                found.push(format!("{}: {folder}", number + 1));
            }
        }
    }
    found
}

#[test]
fn no_file_names_a_folder_of_somebodys_machine() {
    let mut wrong = Vec::new();
    for file in repository_files() {
        // what is not text is not looked into
        let Ok(text) = fs::read_to_string(root().join(&file)) else { continue };
        wrong.extend(private_paths(&text).iter().map(|place| format!("{}:{place}", file.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_private_path_would_be_seen() {
    for (a, b) in PRIVATE_FOLDERS {
        assert_eq!(private_paths(&format!("fine\nread(\"{a}{b}x\")")).len(), 1, "{a}{b}");
    }
    assert_eq!(private_paths("https://example.com/home/page ../home/x {base}/work/1"), Vec::<String>::new());
}

//! What documents and deployment files name is there: files, settings, metrics.

use crate::{arrows::SERVICES, repository_files, root};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// Variables that are not settings of ours, though they look like one.
const FOREIGN: &[&str] = &[
    // which image docker compose runs
    "KEYLIGHT_TAG",
    // where tests and scripts find servers
    "KEYLIGHT_TEST_DATABASE_URL",
    "KEYLIGHT_TEST_AMQP_URL",
    // how large the trial of "exactly once" is, and which dice it takes
    "KEYLIGHT_TRIAL_APPLICATIONS",
    "KEYLIGHT_TRIAL_SEED",
    // how many worlds with faults are lived through, from which on, and how many records are changed to count calls
    "KEYLIGHT_WORLDS",
    "KEYLIGHT_WORLD_SEED",
    "KEYLIGHT_CHANGED_RECORDS",
    // how many hostile webhooks are sent
    "KEYLIGHT_TRIAL_BODIES",
    // read before the tables of settings are
    "KEYLIGHT_CONFIG",
];

/// Words of `text` that may be names: letters, digits and `_`.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
}

/// Names of settings in `text`. A trailing `_FILE` is the same setting.
fn settings(text: &str) -> BTreeSet<&str> {
    let ours = |word: &str| word.starts_with("KEYLIGHT_") || word.starts_with("CLICKUP_");
    words(text)
        .filter(|word| {
            ours(word)
                && word.len() > 9
                && !word.ends_with('_')
                && word.chars().all(|c| !c.is_ascii_lowercase())
        })
        .map(|word| word.strip_suffix("_FILE").unwrap_or(word))
        .filter(|word| !FOREIGN.contains(word))
        .collect()
}

/// Names of metrics in `text`, without what the exporter adds to a histogram's name.
fn metrics(text: &str) -> BTreeSet<&str> {
    words(text)
        .filter(|word| {
            word.starts_with("keylight_")
                && ["_total", "_seconds", "_info", "_bytes"]
                    .iter()
                    .any(|unit| told(word).ends_with(unit))
        })
        .map(told)
        .collect()
}

fn told(metric: &str) -> &str {
    ["_bucket", "_sum", "_count"]
        .iter()
        .find_map(|added| metric.strip_suffix(added))
        .unwrap_or(metric)
}

/// Files of ours that `text` names in backticks or as the target of a link, seen from `folder`.
fn files<'a>(text: &'a str, folder: &Path) -> Vec<(&'a str, bool)> {
    let places = [
        "README",
        "Cargo",
        "proto/",
        "crates/",
        "services/",
        "deploy/",
        "docs/",
        "scripts/",
        "tests/",
        "docker-compose",
    ];
    let mut named = Vec::new();
    for quoted in text.split('`').skip(1).step_by(2) {
        // `scripts/test NAME` names a file and its arguments
        let path = quoted.split([' ', ':']).next().unwrap_or_default();
        let pattern = path.contains(['*', '{', '<', '…']);
        if !pattern
            && path.contains(['/', '.'])
            && places.iter().any(|place| path.starts_with(place))
        {
            named.push((path, root().join(path).exists()));
        }
    }
    for link in text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
    {
        let path = link.split('#').next().unwrap_or_default();
        if !path.is_empty() && !path.contains("://") {
            named.push((path, folder.join(path).exists()));
        }
    }
    named
}

/// What is written for people and for other programs, with its text.
fn documents() -> BTreeMap<String, String> {
    let mut documents = BTreeMap::new();
    for file in repository_files() {
        let path = file.to_string_lossy().into_owned();
        let wanted =
            path.ends_with(".md") || path.starts_with("deploy/") || path == "docker-compose.yml";
        if let (true, Ok(text)) = (wanted, fs::read_to_string(root().join(&file))) {
            documents.insert(path, text);
        }
    }
    assert!(documents.len() > 15, "only {} documents", documents.len());
    documents
}

/// Every source file's text, in one.
fn sources() -> String {
    let mut text = String::new();
    for file in repository_files() {
        let path = file.to_string_lossy();
        let shipped = path.starts_with("crates/") || path.starts_with("services/");
        if shipped && path.ends_with(".rs") {
            text.push_str(&fs::read_to_string(root().join(&file)).unwrap_or_default());
        }
    }
    text
}

/// Settings that programs read: `env: "NAME"` in a table of keys, `env = "NAME"` in a command line.
fn declared_settings(source: &str) -> BTreeSet<&str> {
    let after = ["env: \"", "env = \""]
        .into_iter()
        .flat_map(|mark| source.split(mark).skip(1));
    after.filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn settings_that_documents_name_exist() {
    let sources = sources();
    let known = declared_settings(&sources);
    assert!(
        known.contains("KEYLIGHT_HTTP_ADDR") && known.contains("CLICKUP_TOKEN"),
        "{known:?}"
    );
    let mut wrong = Vec::new();
    for (path, text) in documents() {
        wrong.extend(
            settings(&text)
                .difference(&known)
                .map(|name| format!("{path}: no setting {name}")),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn metrics_that_documents_name_exist() {
    let sources = sources();
    let known: BTreeSet<&str> = words(&sources)
        .filter(|word| word.starts_with("keylight_"))
        .collect();
    let mut wrong = Vec::new();
    let mut named = 0;
    for (path, text) in documents() {
        named += metrics(&text).len();
        wrong.extend(
            metrics(&text)
                .difference(&known)
                .map(|name| format!("{path}: no metric {name}")),
        );
    }
    assert!(
        named > 10,
        "documents and dashboards name only {named} metrics"
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_that_documents_name_exist() {
    let mut wrong = Vec::new();
    for (path, text) in documents().iter().filter(|(path, _)| path.ends_with(".md")) {
        let folder = root().join(path).parent().unwrap().to_owned();
        let missing = files(text, &folder)
            .into_iter()
            .filter(|(_, exists)| !exists);
        wrong.extend(missing.map(|(name, _)| format!("{path}: no file {name}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Names of error codes: `ErrorCode::NotFound => "not_found",`.
fn error_codes(source: &str) -> BTreeSet<&str> {
    let arms = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix("ErrorCode::"));
    arms.filter_map(|arm| arm.split_once("=> \"")?.1.split('"').next())
        .collect()
}

#[test]
fn the_api_page_lists_every_error_code() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let (source, page) = (read("crates/domain/src/error.rs"), read("docs/api.md"));
    let codes = error_codes(&source);
    assert!(codes.contains("not_found") && codes.len() > 5, "{codes:?}");
    let missing: Vec<&str> = codes
        .into_iter()
        .filter(|code| !page.contains(&format!("`{code}`")))
        .collect();
    assert!(missing.is_empty(), "docs/api.md does not list {missing:?}");
}

/// Services of ours that a deployment file does not speak of.
fn left_out<'a>(services: &[&'a str], form: fn(&str) -> String, text: &str) -> Vec<&'a str> {
    services
        .iter()
        .copied()
        .filter(|service| !text.contains(&form(service)))
        .collect()
}

#[test]
fn every_service_is_deployed_and_watched() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let none: Vec<&str> = Vec::new();
    assert_eq!(
        left_out(
            SERVICES,
            |name| format!("command: [{name}]"),
            &read("docker-compose.yml")
        ),
        none
    );
    assert_eq!(
        left_out(
            SERVICES,
            |name| format!(" -p {name}"),
            &read("deploy/Dockerfile")
        ),
        none
    );
    assert_eq!(
        left_out(
            SERVICES,
            str::to_owned,
            &read("deploy/prometheus/prometheus.yml")
        ),
        none
    );
    assert_eq!(
        left_out(
            SERVICES,
            |name| format!("| `{name}` |"),
            &read("docs/operations.md")
        ),
        none
    );
    assert_eq!(
        left_out(&["a", "b"], |name| format!("[{name}]"), "[a] b"),
        ["b"]
    );
}

#[test]
fn a_wrong_name_would_be_seen() {
    let text = "set KEYLIGHT_HTTP_ADDR or `CLICKUP_TOKEN_FILE`, not KEYLIGHT_TEST_AMQP_URL; keylight_http_requests_total{a=\"b\"}, \
        keylight_rpc_seconds_bucket; see `docs/nothing.md`, `Cargo.toml`, `scripts/test NAME` and [this](nowhere.md#x), [that](https://example.com/x)";
    assert_eq!(
        settings(text),
        BTreeSet::from(["CLICKUP_TOKEN", "KEYLIGHT_HTTP_ADDR"])
    );
    assert_eq!(
        metrics(text),
        BTreeSet::from(["keylight_http_requests_total", "keylight_rpc_seconds"])
    );
    let named = files(text, &root());
    assert_eq!(
        named,
        [
            ("docs/nothing.md", false),
            ("Cargo.toml", true),
            ("scripts/test", true),
            ("nowhere.md", false)
        ]
    );
}

//! Who may depend on whom: arrows point inwards.
//!
//! To add a crate: give it a place in [`allowed_for`].

use crate::root;
use serde_json::Value;
use std::{collections::BTreeSet, process::Command};

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
pub const SERVICES: &[&str] = &[
    "intake-api",
    "entity-service",
    "clickup-sync",
    "webhook-gateway",
    "analytics",
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
    let ours: BTreeSet<&str> = packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    let mut wrong = Vec::new();
    for package in packages {
        let Some(shipped) = allowed_for(&package.name) else {
            wrong.push(format!(
                "{} has no place in the plan: give it one in allowed_for",
                package.name
            ));
            continue;
        };
        let tested = allowed_in_tests_of(&package.name);
        for need in package
            .needs
            .iter()
            .filter(|need| ours.contains(need.name.as_str()))
        {
            let allowed = if need.dev { &tested } else { &shipped };
            if need.name != package.name && !allowed.contains(&need.name.as_str()) {
                let how = if need.dev {
                    "may not use in its tests"
                } else {
                    "may not depend on"
                };
                wrong.push(format!("{} {how} {}", package.name, need.name));
            }
        }
    }
    wrong
}

/// The workspace as cargo sees it. Insists on what is known to be there, so that the check cannot pass on nothing.
fn workspace() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages: Vec<Package> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(package)
        .collect();
    for known in SERVICES.iter().chain(&[DOMAIN, SIM, ALL_IN_ONE, E2E]) {
        assert!(
            packages.iter().any(|package| package.name == *known),
            "cargo metadata does not show {known}"
        );
    }
    packages
}

fn package(json: &Value) -> Package {
    let needs = json["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|need| Need {
            name: need["name"].as_str().unwrap().to_owned(),
            // the others are null (normal) and "build", which ends up in what is shipped as well
            dev: need["kind"] == "dev",
        });
    Package {
        name: json["name"].as_str().unwrap().to_owned(),
        needs: needs.collect(),
    }
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
        let package = packages
            .iter_mut()
            .find(|package| package.name == *from)
            .unwrap();
        package.needs.push(Need {
            name: (*to).to_owned(),
            dev: *dev,
        });
        let seen = wrong_arrows(&packages)
            .iter()
            .any(|text| text.starts_with(from) && text.ends_with(to));
        assert!(seen, "{from} -> {to} went unseen");
    }
    let mut packages = real;
    packages.push(Package {
        name: "keylight-utils".to_owned(),
        needs: vec![],
    });
    assert!(
        wrong_arrows(&packages)
            .iter()
            .any(|text| text.starts_with("keylight-utils has no place"))
    );
}

#[test]
fn test_tools_are_let_through_in_tests() {
    let needs = [SIM, TESTKIT]
        .map(|name| Need {
            name: name.to_owned(),
            dev: true,
        })
        .to_vec();
    let packages = [SIM, TESTKIT].map(|name| Package {
        name: name.to_owned(),
        needs: vec![],
    });
    let packages = [
        packages.as_slice(),
        &[Package {
            name: "clickup-sync".to_owned(),
            needs,
        }],
    ]
    .concat();
    assert_eq!(wrong_arrows(&packages), Vec::<String>::new());
}

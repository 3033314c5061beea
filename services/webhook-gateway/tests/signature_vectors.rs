//! Signatures that others made. The collected ones lie beside the project, not in it: without them the test says so.
#![allow(missing_docs, clippy::unwrap_used)]

use serde_json::Value;
use std::path::Path;
use webhook_gateway::endpoints::Endpoint;

fn has_signed(secret: &str, body: &[u8], given: &str) -> bool {
    let endpoint = Endpoint {
        webhook_id: "w".to_owned(),
        secrets: vec!["another".into(), secret.into()],
    };
    endpoint.has_signed(body, given)
}

#[test]
fn our_own() {
    // computed with `printf %s BODY | openssl dgst -sha256 -hmac SECRET`
    let body = r#"{"event":"taskUpdated","task_id":"86abc","webhook_id":"w-1"}"#;
    let given = "1e42969b28fb9d3aa4846e70af8d095d7910ae6f40a79c81f4e9477675e0b835";
    assert!(has_signed("keylight-secret", body.as_bytes(), given));
    assert!(has_signed(
        "keylight-secret",
        body.as_bytes(),
        &given.to_uppercase()
    ));
    assert!(!has_signed("keylight-secret", &body.as_bytes()[1..], given));
    assert!(!has_signed("keylight-secreT", body.as_bytes(), given));
}

#[test]
fn the_collected_ones() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/clickup/examples");
    let Ok(vectors) = std::fs::read(folder.join("signature-vectors.json")) else {
        eprintln!("left out: no signature vectors beside the project");
        return;
    };
    let vectors: Value = serde_json::from_slice(&vectors).unwrap();
    for vector in vectors["vectors"].as_array().unwrap() {
        let body = match vector["body_file"].as_str() {
            Some(file) => std::fs::read(folder.join(file)).unwrap(),
            None => vector["body"].as_str().unwrap().as_bytes().to_vec(),
        };
        let (given, counts) = match vector["signature"].as_str() {
            Some(signature) => (signature, true),
            None => (vector["signature_that_must_fail"].as_str().unwrap(), false),
        };
        let secret = vector["secret"].as_str().unwrap();
        assert_eq!(
            has_signed(secret, &body, given),
            counts,
            "{}",
            vector["name"]
        );
    }
}

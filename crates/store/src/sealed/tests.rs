use super::*;
use proptest::prelude::*;
use std::collections::HashMap;

const COLUMN: &str = "sync.webhooks.secret";

fn keyring(ids: &[&str]) -> Keyring {
    // the same id is the same key in all tests
    let keys: Vec<String> = ids
        .iter()
        .map(|id| {
            let mut key = [0x5a; 32];
            key[..id.len()].copy_from_slice(id.as_bytes());
            let key = base64::engine::general_purpose::STANDARD.encode(key);
            format!("{id}:{key}")
        })
        .collect();
    Keyring::parse(&keys.join(",").into()).unwrap()
}

fn open(keyring: &Keyring, row: &str, sealed: &str) -> Result<String, OpenError> {
    keyring
        .open(Place::new(COLUMN, row), sealed)
        .map(|value| value.expose_secret().to_owned())
}

proptest! {
    #[test]
    fn what_was_sealed_opens_again(value in ".{0,200}", row in ".{0,40}") {
        let keyring = keyring(&["new", "old"]);
        let place = Place::new(COLUMN, &row);
        let sealed = keyring.seal(place, &value.clone().into());
        prop_assert_eq!(open(&keyring, &row, &sealed).unwrap(), value.clone());
        prop_assert!(value.len() < 8 || !sealed.contains(&value));
        prop_assert_eq!(key_id_of(&sealed), Some("new"));
        // sealing twice shows nothing in common
        prop_assert_ne!(sealed, keyring.seal(place, &value.into()));
    }

    #[test]
    fn no_other_byte_anywhere_opens(value in ".{0,60}", at in any::<prop::sample::Index>(), byte in 0_u8..128) {
        let keyring = keyring(&["new", "old", "neu"]);
        let sealed = keyring.seal(Place::new(COLUMN, "intake"), &value.into());
        let mut bytes = sealed.clone().into_bytes();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        let altered = String::from_utf8(bytes).unwrap();
        prop_assert!(open(&keyring, "intake", &altered).is_err(), "{} for {}", altered, sealed);
    }

    #[test]
    fn no_part_of_it_opens(value in ".{0,60}", cut in any::<prop::sample::Index>(), more in "[A-Za-z0-9._-]{1,8}") {
        let keyring = keyring(&["new"]);
        let sealed = keyring.seal(Place::new(COLUMN, "intake"), &value.into());
        prop_assert!(open(&keyring, "intake", &sealed[..cut.index(sealed.len())]).is_err());
        let longer = sealed + &more;
        prop_assert!(open(&keyring, "intake", &longer).is_err());
    }

    #[test]
    fn nothing_that_was_not_sealed_opens(text in ".{0,120}") {
        let keyring = keyring(&["new"]);
        prop_assert!(open(&keyring, "intake", &text).is_err());
        let framed = format!("s1.new.{text}");
        prop_assert!(open(&keyring, "intake", &framed).is_err());
    }

    #[test]
    fn a_value_opens_only_where_it_was_sealed(row in "[a-z\n:.]{0,12}", other in "[a-z\n:.]{0,12}") {
        prop_assume!(row != other);
        let keyring = keyring(&["new"]);
        let sealed = keyring.seal(Place::new(COLUMN, &row), &"value".into());
        let refused = matches!(open(&keyring, &other, &sealed), Err(OpenError::Refused { .. }));
        prop_assert!(refused);
        let elsewhere = Place::new("webhook.endpoints.secrets", &row);
        prop_assert!(keyring.open(elsewhere, &sealed).is_err());
    }
}

/// Written by an earlier version: it must open for ever.
#[test]
fn the_form_stays() {
    let sealed = "s1.old.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXdYOZaTuhYsyGfrr5YOCE1EZ-nNh7o1ZIE8gk";
    let made = {
        let keyring = keyring(&["old"]);
        let (key_id, key) = keyring.first();
        let nonce: [u8; NONCE] = std::array::from_fn(|n| u8::try_from(n).unwrap());
        let authenticated = Place::new(COLUMN, "intake").authenticated(key_id);
        let payload = Payload {
            msg: b"known value".as_slice(),
            aad: &authenticated,
        };
        let ciphertext = XChaCha20Poly1305::new(key.expose_secret().into())
            .encrypt(&XNonce::from(nonce), payload)
            .unwrap();
        format!(
            "s1.old.{}",
            URL_SAFE_NO_PAD.encode([nonce.as_slice(), &ciphertext].concat())
        )
    };
    assert_eq!(made, sealed);
    assert_eq!(
        open(&keyring(&["new", "old"]), "intake", sealed).unwrap(),
        "known value"
    );
}

#[test]
fn a_key_that_is_not_there_is_named() {
    let sealed = keyring(&["old"]).seal(Place::new(COLUMN, "intake"), &"hidden".into());
    let error = open(&keyring(&["new"]), "intake", &sealed).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("\"old\"")
            && text.contains("KEYLIGHT_SEAL_KEYS")
            && text.contains("sync.webhooks.secret:intake"),
        "{text}"
    );
    assert!(
        !keyring(&["new"]).knows_key_of(&sealed) && keyring(&["new", "old"]).knows_key_of(&sealed)
    );
}

#[test]
fn another_key_under_the_same_id_does_not_open() {
    let sealed = keyring(&["old"]).seal(Place::new(COLUMN, "intake"), &"hidden".into());
    let other = Keyring::parse(&new_key("old")).unwrap();
    let error = open(&other, "intake", &sealed).unwrap_err();
    assert!(matches!(error, OpenError::Refused { .. }), "{error}");
}

#[test]
fn resealing_moves_a_value_to_the_first_key_once() {
    let place = Place::new(COLUMN, "intake");
    let old = keyring(&["old"]).seal(place, &"hidden".into());
    let both = keyring(&["new", "old"]);
    let new = both.reseal(place, &old).unwrap().unwrap();
    assert_eq!(key_id_of(&new), Some("new"));
    assert_eq!(open(&keyring(&["new"]), "intake", &new).unwrap(), "hidden");
    assert_eq!(both.reseal(place, &new).unwrap(), None);
    assert!(keyring(&["new"]).reseal(place, &old).is_err());
}

#[test]
fn neither_keys_nor_values_are_shown() {
    let text = new_key("k1");
    let key = text.expose_secret().split_once(':').unwrap().1.to_owned();
    let keyring = Keyring::parse(&text).unwrap();
    let shown = format!("{keyring:?} {keyring:#?} {text:?}");
    assert!(!shown.contains(&key), "{shown}");
    assert!(!shown.contains(&key[..8]), "{shown}");
    for wrong in [
        format!("k1:{key}x"),
        format!("K1:{key}"),
        key.clone(),
        format!("k1:{key},k1:{key}"),
        format!("k1:{}", &key[..20]),
    ] {
        let error = Keyring::parse(&wrong.into()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(&key[..8]), "{error}");
    }
}

#[test]
fn lists_of_keys() {
    let parse = |text: &str| Keyring::parse(&text.into());
    let [a, b] = ["a", "b"].map(|id| new_key(id).expose_secret().to_owned());
    let both = parse(&format!(" {a} ,{b},")).unwrap();
    assert_eq!((both.first_id(), both.ids().count()), ("a", 2));
    // a file with a key a line, and a key without its padding
    let lines = parse(&format!("{b}\n{}\n", a.trim_end_matches('='))).unwrap();
    assert_eq!((lines.first_id(), lines.ids().count()), ("b", 2));
    assert_eq!(parse(" , ").unwrap_err(), KeyringError::Empty);
    assert_eq!(parse("nokey").unwrap_err(), KeyringError::NotAPair(1));
    assert_eq!(
        parse(&format!("{a},B:x")).unwrap_err(),
        KeyringError::BadId(2)
    );
    assert_eq!(parse("a:!").unwrap_err(), KeyringError::BadKey("a".into()));
    assert_eq!(
        parse(&format!("{a},{a}")).unwrap_err(),
        KeyringError::Twice("a".into())
    );
}

#[test]
fn the_setting_is_needed_and_never_shown() {
    use keylight_runtime::config::Reader;
    let problems = |value: Option<&str>| {
        let env: HashMap<String, String> = value
            .map(|value| ("KEYLIGHT_SEAL_KEYS".to_owned(), value.to_owned()))
            .into_iter()
            .collect();
        let mut reader = Reader::new(env);
        config::read(&mut reader);
        reader
            .problems(&[config::KEYS])
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    let missing = problems(None);
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert!(
        missing[0].starts_with("KEYLIGHT_SEAL_KEYS: is needed")
            && missing[0].contains("keylight seal new-key"),
        "{missing:?}"
    );
    let wrong = problems(Some("k1:hunter2"));
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert!(!wrong[0].contains("hunter2"), "{wrong:?}");
    assert!(problems(Some(new_key("k1").expose_secret())).is_empty());
}

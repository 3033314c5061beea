//! JSON bodies.

use super::raw_fields::{RawFields, RawValue};
use serde::de::DeserializeOwned;

/// A body that is not JSON, or a JSON scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("body is not a JSON object")]
pub struct InvalidJson;

impl RawFields {
    /// The fields of a JSON body. No body at all counts as an object without fields.
    ///
    /// Half a surrogate pair (a browser that cuts a text in the middle of an emoji sends one) is read as U+FFFD, so
    /// that nobody is turned away for it.
    ///
    /// # Errors
    /// [`InvalidJson`] when the body cannot be read or is neither an object nor an array.
    pub fn from_json(body: &[u8]) -> Result<Self, InvalidJson> {
        if body.is_empty() {
            return Ok(Self::new());
        }
        read_tolerantly(body)
    }
}

impl RawValue {
    /// The values of these keys of a JSON body, for requests with fields of their own. An array has none.
    ///
    /// # Errors
    /// As [`RawFields::from_json`].
    pub fn pick_from_json<const N: usize>(
        body: &[u8],
        keys: [&str; N],
    ) -> Result<[RawValue; N], InvalidJson> {
        match read_tolerantly(body)? {
            serde_json::Value::Object(mut map) => {
                Ok(keys.map(|key| map.remove(key).map_or(RawValue::Absent, Into::into)))
            }
            serde_json::Value::Array(_) => Ok(keys.map(|_| RawValue::Absent)),
            _ => Err(InvalidJson),
        }
    }
}

fn read_tolerantly<T: DeserializeOwned>(body: &[u8]) -> Result<T, InvalidJson> {
    serde_json::from_slice(body).or_else(|_| {
        mend_surrogates(body)
            .and_then(|mended| serde_json::from_slice(&mended).ok())
            .ok_or(InvalidJson)
    })
}

/// The body with every escaped half of a surrogate pair replaced; `None` when there is none.
fn mend_surrogates(body: &[u8]) -> Option<Vec<u8>> {
    let mut mended = Vec::with_capacity(body.len());
    let mut changed = false;
    let mut at = 0;
    while at < body.len() {
        if body[at] != b'\\' {
            mended.push(body[at]);
            at += 1;
            continue;
        }
        let length = match escaped_unit(body, at) {
            None => 2.min(body.len() - at),
            Some(0xd800..=0xdbff)
                if matches!(escaped_unit(body, at + 6), Some(0xdc00..=0xdfff)) =>
            {
                12
            }
            Some(0xd800..=0xdfff) => {
                mended.extend_from_slice(b"\\ufffd");
                changed = true;
                at += 6;
                continue;
            }
            Some(_) => 6,
        };
        mended.extend_from_slice(&body[at..at + length]);
        at += length;
    }
    changed.then_some(mended)
}

/// The UTF-16 unit of the `\uXXXX` that begins here, if one does.
fn escaped_unit(body: &[u8], at: usize) -> Option<u16> {
    let digits = body.get(at..at + 6)?.strip_prefix(b"\\u")?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::field::Field;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn scalars_and_broken_texts_are_refused() {
        for body in [
            "{bad",
            "{\"a\":",
            "{}{}",
            "null",
            "\"x\"",
            "1",
            "true",
            " ",
            "\u{feff}{",
        ] {
            assert_eq!(
                RawFields::from_json(body.as_bytes()),
                Err(InvalidJson),
                "{body}"
            );
        }
        assert_eq!(
            RawFields::from_json(b"{\"full_name\":\"\xff\"}"),
            Err(InvalidJson)
        );
    }

    #[test]
    fn nothing_and_arrays_have_no_fields() {
        for body in [
            "",
            "[]",
            "[{\"full_name\":\"x\"}]",
            "{}",
            "{\"full_name\":null}",
        ] {
            assert_eq!(
                RawFields::from_json(body.as_bytes()),
                Ok(RawFields::new()),
                "{body}"
            );
        }
    }

    #[test]
    fn nesting_without_end_is_refused() {
        let body = "[".repeat(200_000);
        assert_eq!(RawFields::from_json(body.as_bytes()), Err(InvalidJson));
        let body = format!("{{\"x\":{}", "[".repeat(200_000));
        assert_eq!(RawFields::from_json(body.as_bytes()), Err(InvalidJson));
    }

    #[test]
    fn half_an_emoji_becomes_a_replacement_character() {
        let fields = RawFields::from_json(
            br#"{"full_name":"a\ud83d","lot_address":"\\ud83d \ud83d\ude00"}"#,
        )
        .unwrap();
        assert_eq!(fields.text(Field::FullName), "a\u{fffd}");
        assert_eq!(fields.text(Field::LotAddress), "\\ud83d \u{1f600}");
    }

    #[test]
    fn keys_are_picked() {
        let picked =
            RawValue::pick_from_json(br#"{"a":"x","b":null,"c":[1]}"#, ["a", "b", "c", "d"]);
        assert_eq!(
            picked,
            Ok([
                "x".into(),
                RawValue::Absent,
                RawValue::Structured,
                RawValue::Absent
            ])
        );
        assert_eq!(
            RawValue::pick_from_json(b"[]", ["a"]),
            Ok([RawValue::Absent])
        );
        for scalar in ["1", "null", "{", ""] {
            assert_eq!(
                RawValue::pick_from_json(scalar.as_bytes(), ["a"]),
                Err(InvalidJson)
            );
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = RawFields::from_json(&body);
        }

        #[test]
        fn any_text_survives(text in any::<String>()) {
            let body = serde_json::json!({"project_description": &text}).to_string();
            let fields = RawFields::from_json(body.as_bytes()).unwrap();
            prop_assert_eq!(fields.text(Field::ProjectDescription), &text);
        }
    }
}

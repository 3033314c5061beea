//! Values whose JSON type differs between documents, examples and the live service.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text),
        // serde_json keeps integers exact, so a 19-digit id survives
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// An id as text, whether it came as text or as a number.
///
/// # Errors
/// When there is none: without its id an object is of no use.
pub fn id<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    text(Value::deserialize(input)?)
        .ok_or_else(|| D::Error::custom("id is neither text nor number"))
}

/// An id that may be missing; empty text and values of other types count as missing.
///
/// # Errors
/// Never for JSON.
pub fn opt_id<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    Ok(text(Value::deserialize(input)?))
}

/// A whole number given as number or text; anything else counts as missing.
///
/// # Errors
/// Never for JSON.
pub fn whole<'de, D: Deserializer<'de>>(input: D) -> Result<Option<i64>, D::Error> {
    Ok(whole_of(&Value::deserialize(input)?))
}

/// A time in epoch milliseconds, given as number, text or null.
///
/// # Errors
/// Never for JSON.
pub fn millis<'de, D: Deserializer<'de>>(input: D) -> Result<Option<i64>, D::Error> {
    whole(input)
}

pub(crate) fn whole_of(value: &Value) -> Option<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "as on a float saturates, and only whole floats get here"
    )]
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            number
                .as_f64()
                .filter(|float| float.fract() == 0.0)
                .map(|float| float as i64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A number with fraction given as number or text; anything else, and what is not finite, counts as missing.
pub(crate) fn number<'de, D: Deserializer<'de>>(input: D) -> Result<Option<f64>, D::Error> {
    Ok(number_of(&Value::deserialize(input)?))
}

pub(crate) fn number_of(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
    .filter(|number: &f64| number.is_finite())
}

/// A flag given as boolean, text or number; anything else is false.
///
/// # Errors
/// Never for JSON.
pub fn flag<'de, D: Deserializer<'de>>(input: D) -> Result<bool, D::Error> {
    Ok(match Value::deserialize(input)? {
        Value::Bool(flag) => flag,
        Value::String(text) => text.eq_ignore_ascii_case("true") || text == "1",
        Value::Number(number) => number.as_i64() == Some(1),
        _ => false,
    })
}

/// Text, or nothing when it is null or of another type.
pub(crate) fn opt_text<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(input)? {
        Value::String(text) => Some(text),
        _ => None,
    })
}

/// The id of an object that is only referred to.
pub(crate) fn ref_id<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    struct Ref {
        #[serde(deserialize_with = "id")]
        id: String,
    }
    Ok(or_none::<D, Ref>(input)?.map(|found| found.id))
}

/// A value that counts as missing when it does not have the expected shape.
pub(crate) fn or_none<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    input: D,
) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(input)?).ok())
}

/// All elements of an array, or nothing: when it is missing, null, not an array, or when one element does not have the
/// expected shape. For sets whose completeness matters: a member that could not be read must not look like a removed one.
///
/// # Errors
/// Never for JSON.
pub fn all<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    input: D,
) -> Result<Option<Vec<T>>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(input)?).ok())
}

/// The elements of an array that have the expected shape; null and other types count as an empty array. For lists
/// whose completeness does not matter.
///
/// # Errors
/// Never for JSON.
pub fn skipping<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    input: D,
) -> Result<Vec<T>, D::Error> {
    Ok(match Value::deserialize(input)? {
        Value::Array(values) => values
            .into_iter()
            .filter_map(|value| serde_json::from_value(value).ok())
            .collect(),
        _ => Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[derive(Deserialize)]
    struct Sample {
        #[serde(deserialize_with = "id")]
        id: String,
        #[serde(default, deserialize_with = "millis")]
        at: Option<i64>,
        #[serde(default, deserialize_with = "flag")]
        on: bool,
    }

    fn sample(json: &str) -> Result<Sample, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn ids_keep_all_their_digits() {
        assert_eq!(
            sample(r#"{"id":5130984089419902638}"#).unwrap().id,
            "5130984089419902638"
        );
        assert_eq!(
            sample(r#"{"id":"901615428490"}"#).unwrap().id,
            "901615428490"
        );
        for json in [r#"{"id":null}"#, r#"{"id":""}"#, r#"{"id":{}}"#, "{}"] {
            assert!(sample(json).is_err(), "{json}");
        }
    }

    #[test]
    fn times_of_any_type() {
        for (json, at) in [
            (r#"{"id":1,"at":"1782285193253"}"#, Some(1_782_285_193_253)),
            (r#"{"id":1,"at":1782285193253}"#, Some(1_782_285_193_253)),
            (r#"{"id":1,"at":1782285193253.0}"#, Some(1_782_285_193_253)),
            (r#"{"id":1,"at":null}"#, None),
            (r#"{"id":1,"at":"soon"}"#, None),
            (r#"{"id":1,"at":{"x":1}}"#, None),
            (r#"{"id":1}"#, None),
        ] {
            assert_eq!(sample(json).unwrap().at, at, "{json}");
        }
    }

    #[test]
    fn a_set_is_whole_or_unknown() {
        #[derive(Deserialize)]
        struct Set {
            #[serde(default, deserialize_with = "all")]
            members: Option<Vec<Sample>>,
        }
        let count = |json: &str| {
            serde_json::from_str::<Set>(json)
                .unwrap()
                .members
                .map(|members| members.len())
        };
        assert_eq!(count(r#"{"members":[{"id":1},{"id":2}]}"#), Some(2));
        assert_eq!(count(r#"{"members":[]}"#), Some(0));
        for json in [
            "{}",
            r#"{"members":null}"#,
            r#"{"members":"none"}"#,
            r#"{"members":[{"id":1},{"no":2}]}"#,
        ] {
            assert_eq!(count(json), None, "{json}");
        }
    }

    #[test]
    fn numbers_of_any_type() {
        for (json, number) in [
            ("8", Some(8.0)),
            (r#"" 8.50""#, Some(8.5)),
            (r#""inf""#, None),
            (r#""NaN""#, None),
            ("null", None),
        ] {
            let value = serde_json::from_str(json).unwrap();
            assert_eq!(number_of(&value), number, "{json}");
        }
    }

    #[test]
    fn flags_of_any_type() {
        for (json, on) in [
            ("true", true),
            ("\"true\"", true),
            ("1", true),
            ("null", false),
            ("\"false\"", false),
            ("[]", false),
        ] {
            assert_eq!(
                sample(&format!(r#"{{"id":1,"on":{json}}}"#)).unwrap().on,
                on,
                "{json}"
            );
        }
    }
}

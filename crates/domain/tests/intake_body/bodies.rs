//! Random bodies: complete applications, such with strange values, broken JSON, and bytes.

use keylight_domain::intake::Field;
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};
use serde_json::{Value, json};

/// Mostly near the edge between accepted and refused, where faults live.
pub fn any_body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => object().prop_map(|body| body.to_string().into_bytes()),
        3 => (object(), vec(damage(), 1..4)).prop_map(|(body, damages)| {
            damages.iter().fold(body.to_string().into_bytes(), |body, damage| damage.of(body))
        }),
        1 => vec(any::<u8>(), 0..300),
        1 => any_json(3).prop_map(|value| value.to_string().into_bytes()),
    ]
}

/// A complete application with some fields replaced, removed, or added.
fn object() -> impl Strategy<Value = Value> {
    (vec((name(), value()), 0..5), vec(name(), 0..2)).prop_map(|(changes, removed)| {
        let mut body = json!({
            "full_name": "Ada Probe", "email_address": "ada@example.com", "phone_number": "555-123-4567",
            "buyer_category": "homebuyer", "financing_plan": "self_funding", "land_status": "own_land",
            "lot_address": "1 Elm St", "build_budget": "350k_400k", "construction_timeline": "6_to_12_months",
            "project_description": "A small house.",
        });
        if let Some(fields) = body.as_object_mut() {
            fields.extend(changes);
            for name in removed {
                fields.remove(&name);
            }
        }
        body
    })
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => select(Field::ALL.map(|field| field.as_str().to_owned()).to_vec()),
        1 => select(vec!["status", "id", "user_id", "__proto__", "FULL_NAME", "", "full_name\u{0}"])
            .prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let choices = vec![
        "homebuyer",
        "developer",
        "finance_build",
        "need_land",
        "own_land",
        "500k_plus",
        "more_than_12_months",
        "homebuyer ",
    ];
    let spellings = vec![
        "on", "No", " TRUE ", "1", "0", "maybe", "", "  ", "\u{feff}", "\u{85}", "\u{180e}",
    ];
    let addresses = vec![
        ".a@b.c",
        "a@b",
        "a@b.c@d.e",
        "ÜNÏ@EXÄMPLE.DE",
        " A@B.C\t",
        "İ@b.ς",
        "a@b.Σ",
        "a b@c.d",
    ];
    let phones = vec![
        "----------",
        "555123456",
        "(555) 123 45 67",
        "５５５１２３４５６７",
        "555\n123\n4567",
    ];
    prop_oneof![
        4 => select([choices, spellings, addresses, phones].concat()).prop_map(|text| json!(text)),
        3 => any::<String>().prop_map(Value::from),
        2 => (any::<char>(), select(vec![19, 20, 21, 99, 100, 101, 254, 255, 256, 19_999, 20_000, 20_001]))
            .prop_map(|(c, length)| Value::from(c.to_string().repeat(length))),
        1 => (10_usize..22).prop_map(|length| Value::from("5".repeat(length))),
        1 => (240_usize..260).prop_map(|length| Value::from(format!("{}@b.c", "A".repeat(length)))),
        2 => any_json(2),
    ]
}

/// Any JSON value, nested at most `depth` deep.
fn any_json(depth: u32) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(depth, 8, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((name(), inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Something that happens to a body on its way.
#[derive(Debug, Clone)]
enum Damage {
    Cut(Index),
    Replace(Index, u8),
    Insert(Index, Vec<u8>),
    Repeat(Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let pieces = [
        r"\ud83d", r"\udc00", r"\u0000", "\\", "\"", "{", "[[[[", "1e999", "-0", "nul", "\u{feff}",
        ",", "\0",
    ];
    prop_oneof![
        any::<Index>().prop_map(Damage::Cut),
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Replace(at, byte)),
        (
            any::<Index>(),
            select(pieces.map(|piece| piece.as_bytes().to_vec()).to_vec())
        )
            .prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        any::<Index>().prop_map(Damage::Repeat),
    ]
}

impl Damage {
    fn of(&self, mut body: Vec<u8>) -> Vec<u8> {
        let length = body.len();
        if length == 0 {
            return body;
        }
        match self {
            Damage::Cut(at) => body.truncate(at.index(length)),
            Damage::Replace(at, byte) => body[at.index(length)] = *byte,
            Damage::Insert(at, bytes) => {
                let at = at.index(length);
                body.splice(at..at, bytes.iter().copied());
            }
            // a field that is there twice, with luck
            Damage::Repeat(at) => body.extend_from_within(at.index(length)..),
        }
        body
    }
}

//! Every value survives the way out and back, for every type of field and every dress in which ClickUp may answer.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::codec::{Datum, Reading, read};
use super::document::{FieldMap, Point};
use super::tests::field;
use super::{Document, FieldShape, Kind, ListShape, Mapping, OptionShape, moment_text};
use crate::sync::labels::labels;
use crate::sync::value::{Field, Holds, Value};

const LIST: &str = "901";

/// Options with shuffled places: a place is no index.
fn options() -> impl Strategy<Value = Vec<OptionShape>> {
    (1..8_usize, any::<u64>()).prop_map(|(count, seed)| {
        (0..count)
            .map(|at| OptionShape {
                id: format!(
                    "00000000-0000-4000-8000-{:012}",
                    (at as u64).wrapping_mul(seed | 1) % 1_000_000_000 * 10 + at as u64
                ),
                name: format!("Option {at}"),
                place: Some(i64::try_from(count - at).unwrap_or(0) * 3),
            })
            .collect()
    })
}

fn words() -> impl Strategy<Value = String> {
    "[\\PC\n]{0,40}"
        .prop_map(|text| text.trim().to_owned())
        .prop_filter("not blank", |text| !text.is_empty())
}

fn datum(kind: Kind, options: &[OptionShape]) -> BoxedStrategy<Datum> {
    let ids: Vec<String> = options.iter().map(|option| option.id.clone()).collect();
    let most = ids.len();
    match kind {
        Kind::DropDown => proptest::sample::select(ids)
            .prop_map(Datum::Choice)
            .boxed(),
        Kind::Labels => proptest::sample::subsequence(ids, 0..=most)
            .prop_map(|ids| Datum::Choices(ids.into_iter().collect()))
            .boxed(),
        Kind::ShortText | Kind::Text | Kind::Email => words().prop_map(Datum::Text).boxed(),
        Kind::Phone => "\\+[1-9][0-9 ]{6,12}[0-9]".prop_map(Datum::Text).boxed(),
        Kind::Number | Kind::Currency => prop_oneof![
            (-9_000_000_000_000_000_i64..9_000_000_000_000_000)
                .prop_map(|whole| Datum::Number(whole as f64)),
            proptest::num::f64::NORMAL.prop_map(Datum::Number),
        ]
        .boxed(),
        Kind::Date => any::<i64>().prop_map(Datum::Moment).boxed(),
        Kind::Checkbox => any::<bool>().prop_map(Datum::Flag).boxed(),
        Kind::Location => (-90.0..90.0_f64, -180.0..180.0_f64, words())
            .prop_map(|(lat, lng, address)| Datum::Place { lat, lng, address })
            .boxed(),
    }
}

/// What ClickUp may show after it was sent a value: all forms that the fact sheet and live answers have.
fn dresses(kind: Kind, options: &[OptionShape], written: &Json) -> Vec<Json> {
    let as_text = match written {
        Json::String(text) => json!(text),
        other => json!(other.to_string()),
    };
    match kind {
        Kind::DropDown => {
            let option = options.iter().find(|option| written == &json!(option.id));
            let place = option.and_then(|option| option.place).unwrap_or(-1);
            vec![
                json!(place),
                json!(place.to_string()),
                json!(place as f64),
                written.clone(),
                json!({"id": written, "name": "whatever"}),
            ]
        }
        Kind::Labels => {
            let mut reversed = written.as_array().cloned().unwrap_or_default();
            reversed.reverse();
            let objects: Vec<Json> = reversed
                .iter()
                .map(|id| json!({"id": id, "label": "x"}))
                .collect();
            vec![written.clone(), json!(reversed), json!(objects)]
        }
        Kind::ShortText | Kind::Text | Kind::Email | Kind::Phone => vec![written.clone()],
        Kind::Number | Kind::Currency | Kind::Date => vec![written.clone(), as_text],
        Kind::Checkbox => vec![
            written.clone(),
            as_text,
            json!(u8::from(written == &json!(true))),
        ],
        Kind::Location => {
            let mut live = written.clone();
            live["place_id"] = json!("ChIJ");
            vec![written.clone(), live]
        }
    }
}

fn any_datum() -> impl Strategy<Value = (Kind, Vec<OptionShape>, Datum)> {
    (proptest::sample::select(&Kind::ALL[..]), options()).prop_flat_map(|(kind, options)| {
        datum(kind, &options).prop_map(move |datum| (kind, options.clone(), datum))
    })
}

/// A custom field of each type, with enough options for any field of ours.
fn shape_of(kind: Kind, ours: Field) -> FieldShape {
    let names: Vec<String> = (0..8).map(|at| format!("Choice {at}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let options = if kind.has_options() { &names[..] } else { &[] };
    field(&format!("f-{}", ours.as_str()), "Target", kind, options)
}

/// A map of a field to a type that gives every code a value of its own.
fn map_of(kind: Kind, ours: Field) -> FieldMap {
    let codes = labels(ours);
    let values = |value: &dyn Fn(usize) -> Json| -> BTreeMap<String, Json> {
        codes
            .iter()
            .enumerate()
            .map(|(at, (code, _))| ((*code).to_owned(), value(at)))
            .collect()
    };
    let coded = matches!(ours.holds(), Holds::Code | Holds::YesNo);
    FieldMap {
        to: Some(super::document::Names(vec!["target".to_owned()])),
        kind: Some(kind),
        values: match kind {
            Kind::DropDown if coded => {
                values(&|at| json!([format!("choice {at}"), format!("Choice {}", 7 - at)]))
            }
            Kind::Labels if coded => values(&|at| {
                json!(if at == 0 {
                    vec![]
                } else {
                    vec![format!("Choice {at}"), "Choice 7".to_owned()]
                })
            }),
            Kind::Number | Kind::Currency if coded => values(&|at| json!(at as f64 * 1000.5 - 3.0)),
            Kind::Checkbox if coded => codes
                .iter()
                .map(|(code, _)| ((*code).to_owned(), json!(*code == "yes")))
                .collect(),
            _ => BTreeMap::new(),
        },
        point: Some(Point {
            lat: 40.27,
            lng: -76.88,
        }),
        ..FieldMap::default()
    }
}

/// Values of a field of ours that this type can hold.
fn value_for(kind: Kind, ours: Field, time: bool) -> BoxedStrategy<Value> {
    let moment = (0..4_102_444_800_000_i64)
        .prop_map(|millis| DateTime::from_timestamp_millis(millis).unwrap_or_default());
    match ours.holds() {
        Holds::Code | Holds::YesNo => {
            let codes: Vec<&str> = labels(ours).iter().map(|(code, _)| *code).collect();
            proptest::sample::select(codes)
                .prop_map(Value::code)
                .boxed()
        }
        Holds::Moment if kind == Kind::Date && !time => moment
            .prop_map(|moment: DateTime<Utc>| Value::code(&moment.date_naive().to_string()))
            .boxed(),
        Holds::Moment => moment
            .prop_map(|moment| Value::code(&moment_text(moment)))
            .boxed(),
        Holds::Words => match kind {
            Kind::DropDown | Kind::Labels => (0..8_u8)
                .prop_map(|at| Value::exact(&format!("Choice {at}")))
                .boxed(),
            Kind::Number | Kind::Currency => proptest::num::f64::NORMAL
                .prop_map(|number| Value::exact(&number.to_string()))
                .boxed(),
            Kind::Phone => (2_000_000_000_u64..10_000_000_000)
                .prop_map(|number| {
                    let digits = number.to_string();
                    Value::exact(&format!(
                        "+1 {} {} {}",
                        &digits[..3],
                        &digits[3..6],
                        &digits[6..]
                    ))
                })
                .boxed(),
            Kind::ShortText | Kind::Location => words()
                .prop_map(|text| {
                    Value::exact(&text.split_whitespace().collect::<Vec<_>>().join(" "))
                })
                .prop_filter("not blank", |value| *value != Value::Unset)
                .boxed(),
            _ => words().prop_map(|text| Value::exact(&text)).boxed(),
        },
    }
}

/// Every pair that a document may have.
fn pairs() -> Vec<(Kind, Field)> {
    let fits = |kind, ours| super::check::kind_remedy(ours, kind, &map_of(kind, ours)).is_none();
    Kind::ALL
        .into_iter()
        .flat_map(|kind| Field::CUSTOM.into_iter().map(move |ours| (kind, ours)))
        .filter(|(kind, ours)| fits(*kind, *ours))
        // a checkbox holds two values
        .filter(|(kind, ours)| *kind != Kind::Checkbox || ours.holds() == Holds::YesNo)
        // a point in time as an option: nobody's wish, and there are more of them than options
        .filter(|(kind, ours)| !(kind.has_options() && ours.holds() == Holds::Moment))
        .collect()
}

fn any_value() -> impl Strategy<Value = (Kind, Field, bool, Value)> {
    (proptest::sample::select(pairs()), any::<bool>()).prop_flat_map(|((kind, ours), time)| {
        value_for(kind, ours, time).prop_map(move |value| (kind, ours, time, value))
    })
}

fn mapping_of(kind: Kind, ours: Field, time: bool) -> (Mapping, FieldShape) {
    let shape = shape_of(kind, ours);
    let mut document = Document::default();
    let map = FieldMap {
        time,
        ..map_of(kind, ours)
    };
    document.fields.insert(ours, Some(map));
    let list = ListShape {
        fields: vec![shape.clone()],
        ..ListShape::default()
    };
    (Mapping::of(&document, LIST, &list), shape)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_datum_survives_in_every_dress((kind, options, datum) in any_datum()) {
        let written = datum.write();
        for dress in dresses(kind, &options, &written) {
            let read = read(kind, &options, Some(&dress));
            match (&read, &datum) {
                // no labels are shown as none
                (Reading::Nothing, Datum::Choices(ids)) => prop_assert!(ids.is_empty()),
                (Reading::Is(read), datum) => prop_assert!(read.means(datum), "{read:?} {datum:?} {dress}"),
                other => prop_assert!(false, "{other:?} {dress}"),
            }
        }
    }

    #[test]
    fn our_value_survives_the_way_out_and_back((kind, ours, time, value) in any_value()) {
        let (mapping, shape) = mapping_of(kind, ours, time);
        prop_assert!(mapping.can_push(ours, &value), "{kind:?} {ours:?}");
        let written = mapping.write(ours, &value).map(|written| written.value()).unwrap_or_default();
        for dress in dresses(kind, &shape.options, &written) {
            let back = mapping.read(ours, &shape.options, Some(&dress));
            prop_assert_eq!(&back, &value, "{:?} {:?} {}", kind, ours, dress);
        }
        // and so it needs no second look
        prop_assert_eq!(mapping.as_it_comes_back(ours, value.clone()), value);
    }

    #[test]
    fn what_both_sides_are_compared_by_stays_what_it_is(
        (kind, ours, time, _) in any_value(), text in words(), number in any::<i64>()
    ) {
        let (mapping, _) = mapping_of(kind, ours, time);
        for value in [Value::Unset, Value::exact(&text), Value::exact(&number.to_string()), Value::code(&text)] {
            let once = mapping.as_it_comes_back(ours, value);
            prop_assert_eq!(mapping.as_it_comes_back(ours, once.clone()), once);
        }
    }

    #[test]
    fn a_day_survives_being_moved_to_four_in_the_morning(
        days in 0..40_000_i64, ours in -720..=840_i32, apart in -720..660_i64
    ) {
        let day = NaiveDate::default() + TimeDelta::days(days);
        let mut document = Document::default();
        let map = FieldMap { utc_offset_minutes: ours, ..map_of(Kind::Date, Field::Submitted) };
        document.fields.insert(Field::Submitted, Some(map));
        let list = ListShape { fields: vec![shape_of(Kind::Date, Field::Submitted)], ..ListShape::default() };
        let mapping = Mapping::of(&document, LIST, &list);
        let value = Value::code(&day.to_string());
        let sent = mapping.write(Field::Submitted, &value).and_then(|written| written.value().as_i64()).unwrap_or(0);
        // the account's zone is up to half a day from ours
        let zone = TimeDelta::minutes(i64::from(ours) + apart);
        let local = DateTime::from_timestamp_millis(sent).unwrap_or_default() + zone;
        let four = local.date_naive().and_hms_opt(4, 0, 0).unwrap_or_default().and_utc() - zone;
        let back = mapping.read(Field::Submitted, &[], Some(&json!(four.timestamp_millis().to_string())));
        prop_assert_eq!(back, value);
    }

    #[test]
    fn no_answer_is_too_strange(kind in proptest::sample::select(&Kind::ALL[..]), text in "\\PC{0,20}", number in any::<f64>()) {
        let (mapping, _) = mapping_of(kind, Field::Referral, false);
        for strange in [json!(text), json!(number), json!(null), json!([text]), json!({"location": text}), json!([[]]), json!({})] {
            // a value or "unreadable", never a panic
            let _ = mapping.read(Field::Referral, &[], Some(&strange));
            let _ = read(kind, &[], Some(&strange));
        }
    }
}

#[test]
fn every_type_and_every_field_is_among_the_pairs() {
    let pairs = pairs();
    let kinds: BTreeSet<Kind> = pairs.iter().map(|(kind, _)| *kind).collect();
    let fields: BTreeSet<Field> = pairs.iter().map(|(_, field)| *field).collect();
    assert_eq!(kinds.len(), Kind::ALL.len());
    assert_eq!(fields.len(), Field::CUSTOM.len());
}

#[test]
fn an_unset_checkbox_is_a_no() {
    let (mapping, _) = mapping_of(Kind::Checkbox, Field::Lender, false);
    assert_eq!(mapping.read(Field::Lender, &[], None), Value::code("no"));
    assert_eq!(
        mapping.as_it_comes_back(Field::Lender, Value::Unset),
        Value::code("no")
    );
}

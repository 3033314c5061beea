//! Documents and lists to translations.
#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;
use crate::sync::labels::labels;
use crate::sync::template::{Record, our_view};
use crate::sync::value::{Field, Value};

const LIST: &str = "901";

pub(super) fn field(id: &str, name: &str, kind: Kind, options: &[&str]) -> FieldShape {
    let options = options.iter().zip(0..).map(|(name, place)| OptionShape {
        id: format!("{id}/{name}"),
        name: (*name).to_owned(),
        place: Some(place),
    });
    FieldShape {
        id: id.to_owned(),
        name: name.to_owned(),
        kind: Some(kind),
        options: options.collect(),
    }
}

fn drop_down(id: &str, name: &str, options: &[&str]) -> FieldShape {
    field(id, name, Kind::DropDown, options)
}

fn shape() -> ListShape {
    let statuses = [
        "new",
        "Reviewed",
        "qualified",
        "contacted",
        "disqualified",
        "closed",
    ];
    ListShape {
        name: "Applications".to_owned(),
        statuses: statuses.map(String::from).to_vec(),
        fields: vec![
            drop_down(
                "b",
                "Budget",
                &[
                    "$200k–250k",
                    "$250k–350k",
                    "$350k–400k",
                    "$400k–500k",
                    "$500k+",
                ],
            ),
            drop_down(
                "t",
                "Timeline",
                &[
                    "Less than 3 months",
                    "3–6 months",
                    "6–12 months",
                    "More than 12 months",
                ],
            ),
            drop_down("l", "LAND ", &["Owns land", "Needs land"]),
            drop_down("c", "Buyer category", &["Home buyer", "Developer"]),
            field("p", "Phone", Kind::Phone, &[]),
        ],
    }
}

fn by_names(shape: &ListShape) -> Mapping {
    Mapping::of(&Document::default(), LIST, shape)
}

#[test]
fn everything_of_ours_is_found_by_its_name() {
    let mapping = by_names(&shape());
    let missing: Vec<_> = mapping.missing().collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert_eq!(mapping.status_name("reviewed"), Some("Reviewed"));
    let written = |field, code| mapping.write(field, &Value::code(code)).unwrap().value();
    assert_eq!(written(Field::Budget, "500k_plus"), "b/$500k+");
    assert_eq!(written(Field::Timeline, "3_to_6_months"), "t/3–6 months");
    // only what always went by its name
    assert!(!mapping.offers(Field::Phone));
}

#[test]
fn there_and_back_is_the_same() {
    let mapping = by_names(&shape());
    for (code, _) in labels(Field::Status) {
        let name = mapping.status_name(code).unwrap();
        assert_eq!(mapping.status_value(name), Value::code(code));
    }
    for field in Field::BY_NAME {
        for (code, _) in labels(field) {
            let value = Value::code(code);
            let written = mapping.write(field, &value).unwrap().value();
            assert_eq!(mapping.read(field, &[], Some(&written)), value);
            assert!(mapping.can_push(field, &value));
        }
        let id = &mapping.target(field).unwrap().id;
        assert_eq!(mapping.field_with_id(id), Some(field));
    }
}

#[test]
fn what_only_the_list_knows_is_foreign() {
    let mapping = by_names(&shape());
    assert_eq!(mapping.status_value("Closed"), Value::foreign("closed"));
    let answer = [OptionShape {
        id: "x".into(),
        name: "A million".into(),
        place: Some(7),
    }];
    let read = mapping.read(Field::Budget, &answer, Some(&json!(7)));
    assert_eq!(read, Value::foreign("a million"));
    assert!(!mapping.can_push(Field::Status, &Value::foreign("closed")));
}

#[test]
fn a_place_is_read_by_the_options_of_its_answer() {
    let mapping = by_names(&shape());
    let moved = [OptionShape {
        id: "b/$500k+".into(),
        name: "$500k+".into(),
        place: Some(0),
    }];
    let read = mapping.read(Field::Budget, &moved, Some(&json!(0)));
    assert_eq!(read, Value::code("500k_plus"));
    // made anew under its old name
    let anew = [OptionShape {
        id: "other".into(),
        name: "$500K +".into(),
        place: Some(0),
    }];
    let read = mapping.read(Field::Budget, &anew, Some(&json!(0)));
    assert_eq!(read, Value::code("500k_plus"));
}

#[test]
fn what_the_list_lacks_is_named_and_left_out() {
    let mut shape = shape();
    shape.statuses.retain(|status| status != "contacted");
    shape.fields.remove(1);
    shape.fields[0].options.pop();
    let mapping = by_names(&shape);
    let missing: Vec<_> = mapping
        .missing()
        .map(|missing| (missing.field, missing.code.as_deref(), missing.said))
        .collect();
    assert_eq!(
        missing,
        [
            (Field::Status, Some("contacted"), false),
            (Field::Budget, Some("500k_plus"), false),
            (Field::Timeline, None, false)
        ]
    );
    assert!(!mapping.can_push(Field::Status, &Value::code("contacted")));
    assert!(!mapping.offers(Field::Timeline));
    let problem = mapping.missing().nth(1).unwrap().problem(LIST);
    assert_eq!(problem.path, "fields.budget.values.500k_plus");
    assert!(
        problem.problem.contains("$500k+") && problem.remedy.contains("$400k–500k"),
        "{problem:?}"
    );
}

#[test]
fn configured_pairs_come_first() {
    let shape = ListShape {
        statuses: vec!["To Do".into(), "done".into(), "new".into()],
        ..ListShape::default()
    };
    let pairs = [
        ("new", "to do"),
        ("reviewed", "Done"),
        ("qualified", "done"),
    ];
    let rules = MappingRules {
        statuses: pairs
            .map(|(code, name)| (code.into(), name.into()))
            .to_vec(),
    };
    let mapping = Mapping::of(&rules.document(), LIST, &shape);
    assert_eq!(mapping.status_name("new"), Some("To Do"));
    assert_eq!(
        mapping.status_value("new"),
        Value::code("new"),
        "all names are understood"
    );
    assert_eq!(mapping.status_value("TO DO"), Value::code("new"));
    assert_eq!(mapping.status_name("qualified"), Some("done"));
    assert_eq!(
        mapping.status_value("done"),
        Value::code("reviewed"),
        "the first claim stays"
    );
}

fn parsed(json: serde_json::Value) -> Document {
    Document::parse(&json).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

#[test]
fn a_list_may_differ() {
    let document = parsed(json!({
        "format": 1,
        "statuses": {"contacted": ["called", "written"]},
        "fields": {"phone": {"to": "Phone"}, "land": null},
        "lists": {"902": {"statuses": {"contacted": "contacted"}, "fields": {"phone": null}}},
    }));
    let mut shape = shape();
    shape.statuses.push("Written".into());
    let one = Mapping::of(&document, LIST, &shape);
    assert_eq!(one.status_name("contacted"), Some("Written"));
    assert_eq!(one.status_value("contacted"), Value::code("contacted"));
    assert!(one.offers(Field::Phone) && !one.offers(Field::Land));
    let lost = one.missing().next().unwrap();
    assert!(lost.said && lost.wanted.contains("called"), "{lost:?}");
    let other = Mapping::of(&document, "902", &shape);
    assert_eq!(other.status_name("contacted"), Some("contacted"));
    assert!(!other.offers(Field::Phone) && !other.offers(Field::Land));
    assert_eq!(other.missing().count(), 0);
}

#[test]
fn a_task_looks_as_the_templates_say() {
    let document = parsed(json!({
        "format": 1,
        "fields": {"phone": {"to": "Phone"}},
        "task": {
            "name": "{applicant} – {budget}",
            "description": "# {company}\n- {phone}\n- {lot_address}",
            "priority": [{"priority": "low"}],
        },
    }));
    let record = Record {
        full_name: "Ada Probe".into(),
        build_budget: "500k_plus".into(),
        phone_number: "555-123-4567 x 9".into(),
        ..Record::default()
    };
    let mapping = Mapping::of(&document, LIST, &shape());
    let view = our_view(&record, "KL-1-00c0ffee", &document, &mapping, |_| false);
    assert_eq!(
        view.get(Field::Name),
        Some(&Value::text("Ada Probe – $500k+"))
    );
    assert_eq!(view.get(Field::Priority), Some(&Value::code("low")));
    assert_eq!(
        view.get(Field::Phone),
        Some(&Value::exact("+1 555 123 4567"))
    );
    assert_eq!(view.get(Field::Company), None);
    let text = view
        .get(Field::Description)
        .and_then(Value::as_words)
        .unwrap();
    assert_eq!(
        text,
        "- 555-123-4567 x 9\n\nKeylight reference: KL-1-00c0ffee"
    );
}

#[test]
fn mistakes_are_named_with_their_place_and_remedy() {
    let problems = Document::parse(&json!({
        "format": 2,
        "lost": 1,
        "list": "intake",
        "rules": [{"when": {"category": "builder"}, "list": "5"}, {"when": {}, "list": "6"}, {"where": 1}],
        "statuses": {"open": "x", "new": "a", "reviewed": ["b", "A"]},
        "fields": {
            "colour": {},
            "lot_address": {"to": "Site", "type": "location"},
            "budget": {"to": "Sum", "type": "currency", "values": {"500k_plus": "much"}},
            "land": {"to": "sum"},
            "lender": {"type": "checkbox", "values": {"maybe": true}},
            "phone": {"type": "email", "country_code": "+1"},
            "submitted": {"type": "date", "utc_offset_minutes": 9000},
        },
        "task": {"name": "{nobody}", "priority": [{"priority": "soon"}]},
    }))
    .unwrap_err();
    let paths: Vec<_> = problems
        .iter()
        .map(|problem| problem.path.as_str())
        .collect();
    for path in [
        "format",
        "lost",
        "list",
        "rules[0].when.category",
        "rules[1].when",
        "rules[2]",
        "statuses.open",
        "statuses.reviewed",
        "fields.colour",
        "fields.lot_address.type",
        "fields.budget.values.500k_plus",
        "fields.land.to",
        "fields.lender.values.maybe",
        "fields.phone.type",
        "fields.phone.country_code",
        "fields.submitted.utc_offset_minutes",
        "task.name",
        "task.priority[0]",
    ] {
        assert!(paths.contains(&path), "{path} is not among {problems:#?}");
    }
    assert!(
        problems
            .iter()
            .all(|problem| !problem.problem.is_empty() && !problem.remedy.is_empty())
    );
    assert_eq!(paths.len(), 18, "{problems:#?}");
}

#[test]
fn a_document_survives_being_stored() {
    let document = parsed(json!({
        "format": 1,
        "list": "901",
        "rules": [{"when": {"category": "developer", "land": ["own_land"]}, "list": "902"}],
        "statuses": {"new": "to do", "reviewed": ["in review", "review"]},
        "fields": {
            "budget": {"to": ["Sum", "Budget"], "type": "currency", "values": {"500k_plus": 500_000}},
            "lot_address": {"to": "Site", "type": "location", "point": {"lat": 40.27, "lng": -76.88}},
            "land": null,
            "submitted": {"to": "Came in", "type": "date", "time": true},
            "referral": {"type": "drop_down", "otherwise": "Other"},
        },
        "lists": {"902": {"fields": {"phone": {"country_code": "44"}}}},
        "task": {"tags": [{"tag": "web"}], "priority": [{"priority": null}]},
    }));
    assert_eq!(parsed(document.to_json()), document);
    assert_eq!(parsed(Document::default().to_json()), Document::default());
}

#[test]
fn the_example_of_the_guide_is_a_mapping() {
    let guide = include_str!("../../../../../docs/clickup.md");
    let examples: Vec<&str> = guide
        .split("```json")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert!(!examples.is_empty());
    for example in examples {
        let document = parsed(serde_json::from_str(example).unwrap());
        assert_eq!(document.lists_used("0"), ["901001001", "901001002"]);
    }
    for field in Field::CUSTOM {
        assert!(guide.contains(field.as_str()), "{}", field.as_str());
    }
    for kind in Kind::ALL {
        assert!(guide.contains(&format!("`{}`", kind.as_str())));
    }
}

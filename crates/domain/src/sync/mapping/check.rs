//! What can be wrong with a document before ClickUp is asked.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::document::{Document, FORMAT, FieldMap, Fields, Names, Problem, Statuses, When};
use super::kind::Kind;
use super::shape::fold;
use super::text;
use crate::sync::labels::labels;
use crate::sync::value::{Field, Holds};

/// Lists that one mapping may use: each costs two calls whenever it is looked at.
const MAX_LISTS: usize = 20;
/// Rules of each sort.
const MAX_RULES: usize = 100;
/// Names or values in one place.
const MAX_NAMES: usize = 200;
/// Characters of a name, a tag, a value.
const MAX_TEXT: usize = 255;
/// Characters of the template of a description.
const MAX_TEMPLATE: usize = 20_000;

/// Every problem of a document.
pub(super) fn check(document: &Document) -> Vec<Problem> {
    let mut found = Vec::new();
    if document.format != FORMAT {
        found.push(Problem::new(
            "format",
            format!("format {} is not known", document.format),
            format!("use format {FORMAT}"),
        ));
    }
    check_lists(document, &mut found);
    check_statuses(&document.statuses, "statuses", &mut found);
    check_fields(&document.fields, "fields", &mut found);
    for (list, part) in &document.lists {
        check_statuses(
            &part.statuses,
            &format!("lists.{list}.statuses"),
            &mut found,
        );
        check_fields(&part.fields, &format!("lists.{list}.fields"), &mut found);
    }
    check_task(document, &mut found);
    found
}

fn check_lists(document: &Document, found: &mut Vec<Problem>) {
    let said = document.list.iter().map(|list| ("list".to_owned(), list));
    let ruled = document.rules.iter().enumerate();
    let ruled = ruled.map(|(at, rule)| (format!("rules[{at}].list"), &rule.list));
    for (path, list) in said.chain(ruled) {
        check_list_id(&path, list, found);
    }
    for list in document.lists.keys() {
        check_list_id(&format!("lists.{list}"), list, found);
    }
    if document.rules.len() > MAX_RULES || document.lists_used("").len() > MAX_LISTS {
        found.push(Problem::new(
            "rules",
            "there are too many rules or lists",
            format!("use at most {MAX_RULES} rules and {MAX_LISTS} lists"),
        ));
    }
    for (at, rule) in document.rules.iter().enumerate() {
        let path = format!("rules[{at}].when");
        if rule.when.is_empty() {
            found.push(Problem::new(
                &path,
                "the rule has no condition",
                "name a condition, or set \"list\" to send everything else there",
            ));
        }
        check_when(&rule.when, &path, found);
    }
}

fn check_list_id(path: &str, list: &str, found: &mut Vec<Problem>) {
    if list.is_empty() || list.len() > 20 || !list.bytes().all(|byte| byte.is_ascii_digit()) {
        found.push(Problem::new(
            path,
            format!("\"{}\" is no id of a list", cut(list)),
            "write the digits from the list's address, for example \"901001001\"",
        ));
    }
}

fn check_when(when: &When, path: &str, found: &mut Vec<Problem>) {
    for (field, accepted) in when {
        let path = format!("{path}.{}", field.as_str());
        if matches!(
            field,
            Field::Status | Field::Priority | Field::Name | Field::Description
        ) {
            found.push(Problem::new(
                path,
                "rules look at facts of the application only",
                "use a field such as category, land or budget",
            ));
            continue;
        }
        check_names(accepted, &path, found);
        for code in &accepted.0 {
            check_code(*field, code, &path, found);
        }
    }
}

fn check_code(field: Field, code: &str, path: &str, found: &mut Vec<Problem>) {
    let known = labels(field);
    if !known.is_empty() && !known.iter().any(|(known, _)| *known == code) {
        let codes: Vec<_> = known.iter().map(|(code, _)| *code).collect();
        found.push(Problem::new(
            path,
            format!("\"{}\" is no value of {}", cut(code), field.as_str()),
            format!("use one of: {}", codes.join(", ")),
        ));
    }
}

fn check_names(names: &Names, path: &str, found: &mut Vec<Problem>) {
    let usable = |name: &String| !name.trim().is_empty() && name.chars().count() <= MAX_TEXT;
    if names.0.is_empty() || names.0.len() > MAX_NAMES || !names.0.iter().all(usable) {
        found.push(Problem::new(
            path,
            "a name is missing, blank or too long",
            format!("write one name or an array of names, each of at most {MAX_TEXT} characters"),
        ));
    }
}

fn check_statuses(statuses: &Statuses, path: &str, found: &mut Vec<Problem>) {
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    for (code, names) in statuses {
        let here = format!("{path}.{code}");
        check_code(Field::Status, code, &here, found);
        check_names(names, &here, found);
        for name in &names.0 {
            match owners.get(&fold(name)) {
                Some(owner) if owner != code => found.push(Problem::new(
                    &here,
                    format!("\"{}\" already means {owner}", cut(name)),
                    "let each of ClickUp's statuses mean one of ours",
                )),
                _ => {
                    owners.insert(fold(name), code);
                }
            }
        }
    }
}

fn check_fields(fields: &Fields, path: &str, found: &mut Vec<Problem>) {
    let mut owners: BTreeMap<String, Field> = BTreeMap::new();
    for (field, map) in fields {
        let Some(map) = map else { continue };
        let here = format!("{path}.{}", field.as_str());
        if let Some(names) = &map.to {
            check_names(names, &format!("{here}.to"), found);
            for name in &names.0 {
                if let Some(owner) = owners.insert(fold(name), *field) {
                    found.push(Problem::new(
                        format!("{here}.to"),
                        format!("\"{}\" is taken by {}", cut(name), owner.as_str()),
                        "give each field a custom field of its own",
                    ));
                }
            }
        }
        check_map(*field, map, &here, found);
    }
}

fn check_map(field: Field, map: &FieldMap, path: &str, found: &mut Vec<Problem>) {
    if map.values.len() > MAX_NAMES {
        found.push(Problem::new(
            format!("{path}.values"),
            "there are too many values",
            format!("use at most {MAX_NAMES}"),
        ));
    }
    for (key, value) in &map.values {
        let path = format!("{path}.values.{key}");
        check_code(field, key, &path, found);
        if let Some(kind) = map.kind
            && let Some(remedy) = value_remedy(kind, value)
        {
            found.push(Problem::new(
                path,
                format!("this is no value of a {} field", kind.as_str()),
                remedy,
            ));
        }
    }
    if let Some(kind) = map.kind
        && let Some(remedy) = kind_remedy(field, kind, map)
    {
        found.push(Problem::new(
            format!("{path}.type"),
            format!(
                "{} does not fit a {} field so",
                field.as_str(),
                kind.as_str()
            ),
            remedy,
        ));
    }
    let on_earth = |point: super::document::Point| {
        (-90.0..=90.0).contains(&point.lat) && (-180.0..=180.0).contains(&point.lng)
    };
    if !map.point.is_none_or(on_earth) {
        found.push(Problem::new(
            format!("{path}.point"),
            "the point is not on earth",
            "write degrees, for example {\"lat\": 40.27, \"lng\": -76.88}",
        ));
    }
    let digits = |code: &String| {
        (1..=3).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !map.country_code.as_ref().is_none_or(digits) {
        found.push(Problem::new(
            format!("{path}.country_code"),
            "this is no country code",
            "write its digits, for example \"1\"",
        ));
    }
    if !(-12 * 60..=14 * 60).contains(&map.utc_offset_minutes) {
        found.push(Problem::new(
            format!("{path}.utc_offset_minutes"),
            "there is no such time zone",
            "write minutes east of UTC, for example -300",
        ));
    }
}

/// Why a field of ours cannot go into such a field, if it cannot.
pub(super) fn kind_remedy(field: Field, kind: Kind, map: &FieldMap) -> Option<&'static str> {
    match (kind, field.holds()) {
        (Kind::Date, Holds::Moment)
        | (Kind::Checkbox, Holds::YesNo)
        | (Kind::ShortText | Kind::Text | Kind::DropDown | Kind::Labels, _) => None,
        (Kind::Date, _) => Some("only submitted is a date; use a drop_down or text field"),
        (Kind::Checkbox, Holds::Code) if !map.values.is_empty() => None,
        (Kind::Checkbox, _) => Some("say in \"values\" which codes are true and which are false"),
        (Kind::Number | Kind::Currency, Holds::Words) => None,
        (Kind::Number | Kind::Currency, Holds::Code | Holds::YesNo) if !map.values.is_empty() => {
            None
        }
        (Kind::Number | Kind::Currency, _) => {
            Some("say in \"values\" which number stands for which code")
        }
        (Kind::Phone, _) if field == Field::Phone => None,
        (Kind::Email, _) if field == Field::Email => None,
        (Kind::Phone | Kind::Email, _) => Some("only phone and email fit there"),
        (Kind::Location, Holds::Words) if map.point.is_some() => None,
        (Kind::Location, Holds::Words) => Some(
            "add \"point\": {\"lat\": …, \"lng\": …}, the point that is sent with every address",
        ),
        (Kind::Location, _) => Some("only lot_address, preferred_area and other texts fit there"),
    }
}

/// How a value of this type is written, if this is none.
pub(super) fn value_remedy(kind: Kind, value: &Json) -> Option<&'static str> {
    let text = |value: &Json| value.as_str().is_some_and(|text| !text.trim().is_empty());
    let texts = |value: &Json| {
        value
            .as_array()
            .is_some_and(|values| values.iter().all(text))
    };
    let (fits, remedy) = match kind {
        Kind::DropDown => (
            text(value) || (texts(value) && value != &Json::Array(Vec::new())),
            "write the name or id of an option, or an array of them: the first is sent, all are understood",
        ),
        Kind::Labels => (
            text(value) || texts(value),
            "write an array of names or ids of labels; [] for none",
        ),
        Kind::Number | Kind::Currency => (value.is_number(), "write a number"),
        Kind::Checkbox => (value.is_boolean(), "write true or false"),
        Kind::ShortText | Kind::Text => (text(value), "write a text"),
        Kind::Date | Kind::Location | Kind::Phone | Kind::Email => {
            (false, "leave it out: these fields take the value as it is")
        }
    };
    (!fits).then_some(remedy)
}

fn check_task(document: &Document, found: &mut Vec<Problem>) {
    let task = &document.task;
    let templates = [
        ("task.name", &task.name, MAX_TEXT),
        ("task.description", &task.description, MAX_TEMPLATE),
    ];
    for (path, template, most) in templates {
        let Some(template) = template else { continue };
        if template.trim().is_empty() || template.chars().count() > most {
            found.push(Problem::new(
                path,
                "the template is blank or too long",
                format!("write at most {most} characters, or leave it out"),
            ));
        }
        for problem in text::unknown_fields(template) {
            found.push(Problem::new(
                path,
                problem,
                format!("use {}; write {{{{ for a brace", text::known_fields()),
            ));
        }
    }
    if task.tags.len() > MAX_RULES || task.priority.len() > MAX_RULES {
        found.push(Problem::new(
            "task",
            "there are too many rules",
            format!("use at most {MAX_RULES} of each sort"),
        ));
    }
    for (at, rule) in task.tags.iter().enumerate() {
        let path = format!("task.tags[{at}]");
        check_names(&Names(vec![rule.tag.clone()]), &path, found);
        check_when(&rule.when, &format!("{path}.when"), found);
    }
    for (at, rule) in task.priority.iter().enumerate() {
        let path = format!("task.priority[{at}]");
        if let Some(priority) = &rule.priority {
            check_code(Field::Priority, priority, &path, found);
        }
        check_when(&rule.when, &format!("{path}.when"), found);
    }
}

fn cut(text: &str) -> String {
    text.chars().take(60).collect()
}

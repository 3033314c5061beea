//! Reading a document, with every mistake named by its place.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::document::{Document, FORMAT, Fields, ListPart, Problem, Statuses, TaskTemplate};
use crate::sync::value::Field;

impl Document {
    /// Reads a document and checks everything that can be checked without ClickUp.
    ///
    /// # Errors
    /// Every problem, with the place and the remedy.
    pub fn parse(json: &Json) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let document = read(json, &mut problems);
        problems.extend(super::check::check(&document));
        if problems.is_empty() {
            Ok(document)
        } else {
            problems.sort();
            problems.dedup();
            Err(problems)
        }
    }
}

/// Reads piece by piece, so that a mistake in one does not hide those in others.
fn read(json: &Json, problems: &mut Vec<Problem>) -> Document {
    let mut document = Document::default();
    let Json::Object(object) = json else {
        problems.push(Problem::new(
            "",
            "the mapping is not a JSON object",
            "send an object such as {\"format\": 1}",
        ));
        return document;
    };
    for (key, value) in object {
        match key.as_str() {
            "format" => document.format = piece(value, "format", problems).unwrap_or(FORMAT),
            "list" => document.list = piece(value, "list", problems).flatten(),
            "rules" => document.rules = pieces(value, "rules", problems),
            "statuses" => document.statuses = statuses(value, "statuses", problems),
            "fields" => document.fields = fields(value, "fields", problems),
            "lists" => {
                for (list, part) in object_of(value, "lists", problems) {
                    let path = format!("lists.{list}");
                    let part = list_part(part, &path, problems);
                    document.lists.insert(list.clone(), part);
                }
            }
            "task" => document.task = task(value, problems),
            other => problems.push(unknown(
                "",
                other,
                "format, list, rules, statuses, fields, lists, task",
            )),
        }
    }
    if !object.contains_key("format") {
        problems.push(Problem::new(
            "format",
            "the format of the document is missing",
            format!("add \"format\": {FORMAT}"),
        ));
    }
    document
}

fn unknown(path: &str, key: &str, known: &str) -> Problem {
    let path = if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    };
    Problem::new(
        path,
        format!("\"{key}\" is not known here"),
        format!("use one of: {known}"),
    )
}

fn piece<T: DeserializeOwned>(value: &Json, path: &str, problems: &mut Vec<Problem>) -> Option<T> {
    match serde_json::from_value(value.clone()) {
        Ok(read) => Some(read),
        Err(error) => {
            problems.push(Problem::new(
                path,
                error.to_string(),
                "write it as docs/clickup.md shows",
            ));
            None
        }
    }
}

fn pieces<T: DeserializeOwned>(value: &Json, path: &str, problems: &mut Vec<Problem>) -> Vec<T> {
    let Json::Array(values) = value else {
        problems.push(Problem::new(path, "this is not an array", "write [ … ]"));
        return Vec::new();
    };
    let read = values.iter().enumerate();
    read.filter_map(|(at, value)| piece(value, &format!("{path}[{at}]"), problems))
        .collect()
}

fn object_of<'a>(
    value: &'a Json,
    path: &str,
    problems: &mut Vec<Problem>,
) -> impl Iterator<Item = (&'a String, &'a Json)> + use<'a> {
    static EMPTY: std::sync::LazyLock<Map<String, Json>> = std::sync::LazyLock::new(Map::new);
    let object = value.as_object().unwrap_or_else(|| {
        problems.push(Problem::new(path, "this is not an object", "write { … }"));
        &EMPTY
    });
    object.iter()
}

fn statuses(value: &Json, path: &str, problems: &mut Vec<Problem>) -> Statuses {
    let mut statuses = Statuses::new();
    for (code, names) in object_of(value, path, problems) {
        if let Some(names) = piece(names, &format!("{path}.{code}"), problems) {
            statuses.insert(code.clone(), names);
        }
    }
    statuses
}

fn fields(value: &Json, path: &str, problems: &mut Vec<Problem>) -> Fields {
    let mut fields = Fields::new();
    for (name, map) in object_of(value, path, problems) {
        let Some(field) = Field::named(name).filter(|field| field.is_custom()) else {
            let known: Vec<_> = Field::CUSTOM.iter().map(|field| field.as_str()).collect();
            problems.push(unknown(path, name, &known.join(", ")));
            continue;
        };
        if let Some(map) = piece(map, &format!("{path}.{name}"), problems) {
            fields.insert(field, map);
        }
    }
    fields
}

fn list_part(value: &Json, path: &str, problems: &mut Vec<Problem>) -> ListPart {
    let mut part = ListPart::default();
    for (key, value) in object_of(value, path, problems) {
        let path_of = format!("{path}.{key}");
        match key.as_str() {
            "statuses" => part.statuses = statuses(value, &path_of, problems),
            "fields" => part.fields = fields(value, &path_of, problems),
            other => problems.push(unknown(path, other, "statuses, fields")),
        }
    }
    part
}

fn task(value: &Json, problems: &mut Vec<Problem>) -> TaskTemplate {
    let mut task = TaskTemplate::default();
    for (key, value) in object_of(value, "task", problems) {
        match key.as_str() {
            "name" => task.name = piece(value, "task.name", problems).flatten(),
            "description" => {
                task.description = piece(value, "task.description", problems).flatten();
            }
            "tags" => task.tags = pieces(value, "task.tags", problems),
            "priority" => task.priority = pieces(value, "task.priority", problems),
            other => problems.push(unknown("task", other, "name, description, tags, priority")),
        }
    }
    task
}

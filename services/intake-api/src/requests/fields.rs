//! The fields of a body: taken one by one, problems collected, and what nobody took is named at the end.

use keylight_domain::intake::trim;
use keylight_web::error::ApiError;
use serde_json::{Map, Value};
use uuid::Uuid;

/// Most characters of a reason.
pub(crate) const MAX_REASON: usize = 500;
/// Most unknown names that are told.
const MAX_UNKNOWN: usize = 10;
/// Longest part of an unknown name that is told.
const MAX_NAME: usize = 50;

/// Fields that nobody has taken yet, and what was wrong with the others.
#[derive(Default)]
pub(crate) struct Fields {
    values: Map<String, Value>,
    /// Everything in a form is text.
    is_form: bool,
    problems: Vec<String>,
}

impl Fields {
    /// The fields of a JSON object; no body at all has none.
    pub(super) fn from_json(body: &[u8]) -> Result<Self, ApiError> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(values)) => Ok(Self {
                values,
                ..Self::default()
            }),
            _ => Err(ApiError::invalid_json()),
        }
    }

    /// The fields of a form; of two with one name the last counts.
    pub(super) fn from_form(body: &[u8]) -> Self {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(body).unwrap_or_default();
        Self {
            values: pairs
                .into_iter()
                // the guard's business
                .filter(|(name, _)| name != crate::access::forgery::FIELD)
                .map(|(name, value)| (name, Value::String(value)))
                .collect(),
            is_form: true,
            problems: Vec::new(),
        }
    }

    /// Whether a field of this name was sent and not taken yet.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Tells of a problem that the caller has found.
    pub(crate) fn problem(&mut self, name: &str, words: impl AsRef<str>) {
        self.problems.push(format!("{name} {}", words.as_ref()));
    }

    /// Whether something is wrong so far; unknown names are counted at the end only.
    pub(crate) fn has_problems(&self) -> bool {
        !self.problems.is_empty()
    }

    /// Whether a problem of this field was told already.
    pub(crate) fn blames(&self, name: &str) -> bool {
        self.problems.iter().any(|line| begins_with(line, name))
    }

    /// A text that must be there, trimmed.
    pub(crate) fn required(&mut self, name: &str, longest: usize) -> String {
        match self.text(name, longest) {
            Some(text) if !text.is_empty() => text,
            _ => {
                if !self.blames(name) {
                    self.problem(name, "is required");
                }
                String::new()
            }
        }
    }

    /// A text that may be left out, trimmed; `null` is empty text.
    pub(crate) fn text(&mut self, name: &str, longest: usize) -> Option<String> {
        let text = match self.values.remove(name)? {
            Value::Null => String::new(),
            Value::String(text) => trim(&text).to_owned(),
            _ => {
                self.problem(name, "must be a text");
                return None;
            }
        };
        if text.contains('\0') {
            self.problem(name, "must not contain the NUL character");
            return None;
        }
        if text.chars().count() > longest {
            self.problem(name, format!("must be at most {longest} characters"));
            return None;
        }
        Some(text)
    }

    /// [`Fields::text`] where empty counts as left out.
    pub(crate) fn filled(&mut self, name: &str, longest: usize) -> Option<String> {
        self.text(name, longest).filter(|text| !text.is_empty())
    }

    /// A text that may be left out, but not be emptied.
    pub(crate) fn kept(&mut self, name: &str, longest: usize) -> Option<String> {
        let text = self.text(name, longest)?;
        if text.is_empty() {
            self.problem(name, "cannot be empty");
            return None;
        }
        Some(text)
    }

    /// One of a few words, or left out; empty or `null` is empty text.
    pub(crate) fn choice(&mut self, name: &str, allowed: &[&str]) -> Option<String> {
        let text = match self.values.remove(name)? {
            Value::Null => String::new(),
            Value::String(text) => text,
            _ => {
                self.problem(name, "must be a text");
                return None;
            }
        };
        if !text.is_empty() && !allowed.contains(&text.as_str()) {
            self.problem(name, format!("must be one of: {}", allowed.join(", ")));
            return None;
        }
        Some(text)
    }

    /// One of a few words that must be there.
    pub(crate) fn required_choice(&mut self, name: &str, allowed: &[&str]) -> String {
        match self.choice(name, allowed) {
            Some(text) if !text.is_empty() => text,
            _ => {
                if !self.blames(name) {
                    self.problem(name, "is required");
                }
                String::new()
            }
        }
    }

    /// Some of a few words; in a form separated by commas. Left out is none.
    pub(crate) fn words(&mut self, name: &str, allowed: &[&str]) -> Vec<String> {
        let words: Option<Vec<String>> = match self.values.remove(name) {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Array(values)) => values
                .into_iter()
                .map(|value| value.as_str().map(str::to_owned))
                .collect(),
            Some(Value::String(text)) if self.is_form => Some(
                text.split(',')
                    .map(|word| word.trim().to_owned())
                    .filter(|word| !word.is_empty())
                    .collect(),
            ),
            Some(_) => None,
        };
        match words {
            Some(words) if words.iter().all(|word| allowed.contains(&word.as_str())) => words,
            _ => {
                self.problem(name, format!("must be some of: {}", allowed.join(", ")));
                Vec::new()
            }
        }
    }

    /// A password that must be there: taken as it is, blanks at its ends included.
    pub(crate) fn secret(&mut self, name: &str, most_bytes: usize) -> String {
        match self.values.remove(name) {
            Some(Value::String(text)) if !text.is_empty() && text.len() <= most_bytes => {
                return text;
            }
            Some(Value::String(text)) if !text.is_empty() => {
                self.problem(name, format!("must be at most {most_bytes} bytes"));
            }
            None | Some(Value::Null | Value::String(_)) => self.problem(name, "is required"),
            Some(_) => self.problem(name, "must be a text"),
        }
        String::new()
    }

    /// Yes or no, or left out.
    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.values.remove(name)? {
            Value::Bool(flag) => return Some(flag),
            Value::Null => return None,
            Value::String(text) if self.is_form => {
                match text.trim().to_ascii_lowercase().as_str() {
                    "" => return None,
                    "true" | "yes" | "on" | "1" => return Some(true),
                    "false" | "no" | "off" | "0" => return Some(false),
                    _ => {}
                }
            }
            _ => {}
        }
        self.problem(name, "must be true or false");
        None
    }

    /// A whole number from 0, or left out.
    pub(crate) fn number(&mut self, name: &str) -> Option<i64> {
        let number = match self.values.remove(name)? {
            Value::Null => return None,
            Value::Number(number) => number.as_i64(),
            Value::String(text) if self.is_form && text.is_empty() => return None,
            Value::String(text) if self.is_form => digits(&text),
            _ => None,
        };
        if number.is_none_or(|number| number < 0) {
            self.problem(name, "must be a whole number, at most 9223372036854775807");
            return None;
        }
        number
    }

    /// A whole number that must be there.
    pub(crate) fn required_number(&mut self, name: &str) -> i64 {
        if !self.has(name) || self.values.get(name) == Some(&Value::Null) {
            self.values.remove(name);
            self.problem(name, "is required");
            return 0;
        }
        self.number(name).unwrap_or_default()
    }

    /// Whole numbers; in a form separated by commas.
    pub(crate) fn numbers(&mut self, name: &str, most: usize) -> Option<Vec<i64>> {
        let numbers: Option<Vec<i64>> = match self.values.remove(name)? {
            Value::Null => return None,
            Value::Array(values) => values
                .iter()
                .map(|value| value.as_i64().filter(|number| *number >= 0))
                .collect(),
            Value::String(text) if self.is_form => {
                text.split(',').map(|piece| digits(piece.trim())).collect()
            }
            _ => None,
        };
        let Some(numbers) = numbers else {
            self.problem(name, "must be a list of whole numbers");
            return None;
        };
        if numbers.len() > most {
            self.problem(name, format!("must be at most {most}"));
            return None;
        }
        Some(numbers)
    }

    /// A UUID, or left out; empty or `null` is empty text.
    pub(crate) fn uuid(&mut self, name: &str) -> Option<String> {
        let text = self.text(name, 64)?;
        if text.is_empty() {
            return Some(text);
        }
        match Uuid::try_parse(&text) {
            Ok(id) => Some(id.to_string()),
            Err(_) => {
                self.problem(name, "must be a UUID");
                None
            }
        }
    }

    /// An object within the body, as it is.
    pub(crate) fn json_object(&mut self, name: &str) -> Option<Value> {
        match self.values.remove(name)? {
            Value::Null => None,
            object @ Value::Object(_) => Some(object),
            _ => {
                self.problem(name, "must be an object");
                None
            }
        }
    }

    /// The fields of an object within the body.
    pub(crate) fn object(&mut self, name: &str) -> Option<Fields> {
        match self.values.remove(name)? {
            Value::Null => None,
            Value::Object(values) => Some(Fields {
                values,
                ..Fields::default()
            }),
            _ => {
                self.problem(name, "must be an object");
                None
            }
        }
    }

    /// Takes over what was wrong in an object within the body.
    pub(crate) fn include(&mut self, name: &str, mut inner: Fields) {
        inner.name_unknown();
        self.problems.extend(
            inner
                .problems
                .into_iter()
                .map(|line| format!("{name}.{line}")),
        );
    }

    /// Why, in the caller's words, for the audit log.
    pub(crate) fn reason(&mut self) -> Option<String> {
        self.filled("reason", MAX_REASON)
    }

    /// That is all.
    ///
    /// # Errors
    /// 400 with a line for each problem, unknown names among them.
    pub(crate) fn finish(mut self) -> Result<(), ApiError> {
        self.name_unknown();
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(ApiError::fields(self.problems))
        }
    }

    fn name_unknown(&mut self) {
        for name in self.values.keys().take(MAX_UNKNOWN) {
            let shown: String = name.chars().take(MAX_NAME).collect();
            self.problems
                .push(format!("{shown} is not a field of this request"));
        }
        self.values.clear();
    }
}

fn begins_with(line: &str, name: &str) -> bool {
    line.strip_prefix(name)
        .is_some_and(|rest| rest.starts_with(' '))
}

fn digits(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use keylight_web::error::Details;
    use serde_json::json;

    fn lines(fields: Fields) -> Vec<String> {
        match fields.finish() {
            Ok(()) => Vec::new(),
            Err(error) => match error.details {
                Details::Lines(lines) => lines,
                other => panic!("{other:?}"),
            },
        }
    }

    fn json_fields(body: &Value) -> Fields {
        Fields::from_json(body.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn every_problem_has_a_line() {
        let mut fields = json_fields(&json!({
            "name": "  ", "long": "abcd", "typed": 1, "nul": "a\u{0}b", "kind": "c", "flag": "true", "number": "7",
            "list": [1, "2"], "id": "x", "colour": "red"
        }));
        assert_eq!(fields.required("name", 9), "");
        assert_eq!(fields.required("gone", 9), "");
        assert_eq!(fields.text("long", 3), None);
        assert_eq!(fields.text("typed", 3), None);
        assert_eq!(fields.text("nul", 3), None);
        assert_eq!(fields.choice("kind", &["a", "b"]), None);
        assert_eq!(fields.flag("flag"), None);
        assert_eq!(fields.number("number"), None);
        assert_eq!(fields.numbers("list", 3), None);
        assert_eq!(fields.uuid("id"), None);
        assert_eq!(
            lines(fields),
            [
                "name is required",
                "gone is required",
                "long must be at most 3 characters",
                "typed must be a text",
                "nul must not contain the NUL character",
                "kind must be one of: a, b",
                "flag must be true or false",
                "number must be a whole number, at most 9223372036854775807",
                "list must be a list of whole numbers",
                "id must be a UUID",
                "colour is not a field of this request",
            ]
        );
    }

    #[test]
    fn a_form_holds_the_same_as_texts() {
        let mut fields = Fields::from_form(b"name=+Ada+&flag=on&number=7&list=1,+2&kind=a");
        assert_eq!(fields.required("name", 9), "Ada");
        assert_eq!(fields.flag("flag"), Some(true));
        assert_eq!(fields.number("number"), Some(7));
        assert_eq!(fields.numbers("list", 2), Some(vec![1, 2]));
        assert_eq!(fields.choice("kind", &["a"]).as_deref(), Some("a"));
        assert_eq!(lines(fields), Vec::<String>::new());
    }

    #[test]
    fn null_empties_and_absence_leaves() {
        let mut fields = json_fields(&json!({"phone": null, "name": null, "flag": null}));
        assert_eq!(fields.text("phone", 20).as_deref(), Some(""));
        assert_eq!(fields.text("company", 20), None);
        assert_eq!(fields.kept("name", 20), None);
        assert_eq!(fields.flag("flag"), None);
        assert_eq!(lines(fields), ["name cannot be empty"]);
    }

    #[test]
    fn only_an_object_has_fields() {
        for body in ["[]", "1", "null", "{", "\"x\""] {
            assert!(Fields::from_json(body.as_bytes()).is_err(), "{body}");
        }
        let mut fields = json_fields(&json!({"filter": {"status": "new", "odd": 1}}));
        let mut inner = fields.object("filter").unwrap();
        assert_eq!(inner.filled("status", 9).as_deref(), Some("new"));
        fields.include("filter", inner);
        assert_eq!(lines(fields), ["filter.odd is not a field of this request"]);
    }
}

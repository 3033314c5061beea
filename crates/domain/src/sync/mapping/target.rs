//! One field of ours and the custom field that it goes to: our values to theirs and back.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use serde_json::Value as Json;

use super::codec::{Datum, Reading, read};
use super::document::{FieldMap, Names, Point};
use super::kind::Kind;
use super::shape::{FieldShape, OptionShape, fold};
use crate::sync::labels::labels;
use crate::sync::value::{Field, Holds, Value};

/// What is written into a custom field.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The value.
    pub datum: Datum,
    /// Whether the time of day of a date counts.
    pub time: bool,
}

impl Written {
    /// As ClickUp takes it.
    #[must_use]
    pub fn value(&self) -> Json {
        self.datum.write()
    }
}

/// A custom field that a field of ours goes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    field: Field,
    /// Id of the custom field.
    pub id: String,
    /// Its type.
    pub kind: Kind,
    options: Vec<OptionShape>,
    /// our code, or our text folded, to what is sent
    send: BTreeMap<String, Datum>,
    /// what is understood, and as which code; the first that fits counts
    understood: Vec<(Datum, String)>,
    otherwise: Option<Datum>,
    point: Option<Point>,
    country_code: String,
    time: bool,
    offset: TimeDelta,
}

impl Target {
    /// The target for a field of ours, and the names that the list lacks: our code and their name.
    pub(super) fn new(
        field: Field,
        map: &FieldMap,
        shape: &FieldShape,
        kind: Kind,
    ) -> (Self, Vec<(String, String)>) {
        let mut target = Self {
            field,
            id: shape.id.clone(),
            kind,
            options: shape.options.clone(),
            send: BTreeMap::new(),
            understood: Vec::new(),
            otherwise: None,
            point: map.point,
            country_code: map.country_code.clone().unwrap_or_else(|| "1".to_owned()),
            time: map.time,
            offset: TimeDelta::minutes(i64::from(map.utc_offset_minutes)),
        };
        let mut missing = Vec::new();
        for (key, value) in &map.values {
            target.map_value(key, value, &mut missing);
        }
        for (code, label) in labels(field) {
            if !map.values.contains_key(code) {
                target.map_by_name(code, label, map.otherwise.is_some(), &mut missing);
            }
        }
        target.settle_meanings();
        if let Some(name) = &map.otherwise {
            match target.option(name) {
                Some(id) => target.otherwise = Some(target.chosen(&[id])),
                None => missing.push(("otherwise".to_owned(), name.clone())),
            }
        }
        (target, missing)
    }

    fn map_value(&mut self, key: &str, value: &Json, missing: &mut Vec<(String, String)>) {
        let key = self.key(key);
        let names = || {
            serde_json::from_value::<Names>(value.clone())
                .map_or_else(|_| Vec::new(), |names| names.0)
        };
        match self.kind {
            Kind::DropDown => {
                for name in names() {
                    match self.option(&name) {
                        Some(id) => self.take(&key, Datum::Choice(id)),
                        None => missing.push((key.clone(), name)),
                    }
                }
            }
            Kind::Labels => {
                let (mut ids, mut whole) = (Vec::new(), true);
                for name in names() {
                    match self.option(&name) {
                        Some(id) => ids.push(id),
                        None => {
                            whole = false;
                            missing.push((key.clone(), name));
                        }
                    }
                }
                if whole {
                    let chosen = self.chosen(&ids);
                    self.take(&key, chosen);
                }
            }
            Kind::Checkbox => {
                if let Some(flag) = value.as_bool() {
                    self.take(&key, Datum::Flag(flag));
                }
            }
            Kind::Number | Kind::Currency => {
                if let Some(number) = value.as_f64() {
                    self.take(&key, Datum::Number(number));
                }
            }
            _ => {
                if let Some(text) = value.as_str() {
                    self.take(&key, Datum::Text(text.trim().to_owned()));
                }
            }
        }
    }

    /// What goes without saying: options by their names, yes and no for a checkbox, the words that people read as text.
    fn map_by_name(
        &mut self,
        code: &str,
        label: &str,
        otherwise: bool,
        missing: &mut Vec<(String, String)>,
    ) {
        match self.kind {
            Kind::DropDown | Kind::Labels => {
                match self.option(label).or_else(|| self.option(code)) {
                    Some(id) => {
                        let chosen = self.chosen(&[id]);
                        self.take(code, chosen);
                    }
                    None if otherwise => {}
                    None => missing.push((code.to_owned(), label.to_owned())),
                }
            }
            Kind::Checkbox if self.field.holds() == Holds::YesNo => {
                self.take(code, Datum::Flag(code == "yes"));
            }
            Kind::ShortText | Kind::Text => self.take(code, Datum::Text(label.to_owned())),
            _ => missing.push((code.to_owned(), label.to_owned())),
        }
    }

    /// The first value of a key is sent, all are understood.
    fn take(&mut self, key: &str, datum: Datum) {
        self.understood.push((datum.clone(), key.to_owned()));
        self.send.entry(key.to_owned()).or_insert(datum);
    }

    /// What is sent for one code means that code, also when another claims it as a second meaning. Of two claims that are
    /// alike the first stays.
    fn settle_meanings(&mut self) {
        let sent = self
            .send
            .iter()
            .map(|(key, datum)| (datum.clone(), key.clone()));
        let mut meanings: Vec<(Datum, String)> = Vec::new();
        for (datum, key) in sent.chain(std::mem::take(&mut self.understood)) {
            if !meanings.iter().any(|(known, _)| known.means(&datum)) {
                meanings.push((datum, key));
            }
        }
        self.understood = meanings;
    }

    fn chosen(&self, ids: &[String]) -> Datum {
        match (self.kind, ids) {
            (Kind::DropDown, [id, ..]) => Datum::Choice(id.clone()),
            _ => Datum::Choices(ids.iter().cloned().collect()),
        }
    }

    fn is_coded(&self) -> bool {
        matches!(self.field.holds(), Holds::Code | Holds::YesNo)
    }

    fn key(&self, written: &str) -> String {
        if self.is_coded() {
            written.to_owned()
        } else {
            fold(written)
        }
    }

    fn option(&self, name: &str) -> Option<String> {
        let by_id = self.options.iter().find(|option| option.id == name);
        let by_name = || {
            let wanted = fold(name);
            self.options
                .iter()
                .find(|option| fold(&option.name) == wanted)
        };
        Some(by_id.or_else(by_name)?.id.clone())
    }

    /// What is written for a value of ours; `None` when the field has no place for it. Nothing is written by clearing.
    #[must_use]
    pub fn write(&self, value: &Value) -> Option<Written> {
        Some(Written {
            datum: self.datum(value)?,
            time: self.time && self.kind == Kind::Date,
        })
    }

    fn datum(&self, value: &Value) -> Option<Datum> {
        let words = match value {
            Value::Code(code) => code.as_str(),
            other => other.as_words()?,
        };
        if let Some(datum) = self.send.get(&self.key(words)) {
            return Some(datum.clone());
        }
        if self.is_coded() {
            return self.otherwise.clone();
        }
        match self.kind {
            Kind::DropDown | Kind::Labels => match self.option(words) {
                Some(id) => Some(self.chosen(&[id])),
                None => self.otherwise.clone(),
            },
            Kind::ShortText => Some(Datum::Text(
                words.split_whitespace().collect::<Vec<_>>().join(" "),
            )),
            Kind::Text => Some(Datum::Text(words.trim().replace("\r\n", "\n"))),
            Kind::Email => Some(Datum::Text(words.trim().to_owned())),
            Kind::Phone => phone(words, &self.country_code).map(Datum::Text),
            Kind::Number | Kind::Currency => words
                .trim()
                .parse()
                .ok()
                .filter(|number: &f64| number.is_finite())
                .map(Datum::Number),
            Kind::Date => self.moment(words).map(Datum::Moment),
            Kind::Location => self.point.map(|point| Datum::Place {
                lat: point.lat,
                lng: point.lng,
                address: words.split_whitespace().collect::<Vec<_>>().join(" "),
            }),
            Kind::Checkbox => None,
        }
    }

    /// A day is sent as its noon: ClickUp moves dates without time to 04:00 of the day on which they fall in the zone of
    /// the token's user, and noon falls on the same day in every zone up to half a day away.
    fn moment(&self, words: &str) -> Option<i64> {
        if let Ok(moment) = DateTime::parse_from_rfc3339(words) {
            if self.time {
                return Some(moment.timestamp_millis());
            }
            let day = (moment.to_utc() + self.offset).date_naive();
            return self.noon(day);
        }
        self.noon(words.parse().ok()?)
    }

    fn noon(&self, day: NaiveDate) -> Option<i64> {
        Some((day.and_hms_opt(12, 0, 0)?.and_utc() - self.offset).timestamp_millis())
    }

    /// Our value for what a task or a webhook carries; `options` are those of the same answer.
    #[must_use]
    pub fn read(&self, options: &[OptionShape], value: Option<&Json>) -> Value {
        let options = if options.is_empty() {
            &self.options
        } else {
            options
        };
        match read(self.kind, options, value) {
            Reading::Strange => Value::foreign("unreadable"),
            // an empty field is what a "no" looks like
            Reading::Nothing => self
                .understood
                .iter()
                .find(|(datum, _)| datum.is_empty())
                .map_or(Value::Unset, |(_, key)| Value::code(key)),
            Reading::Is(datum) => self.meaning(&datum, options),
        }
    }

    fn meaning(&self, datum: &Datum, options: &[OptionShape]) -> Value {
        if self.is_coded() {
            let by_value = self.understood.iter().find(|(known, _)| known.means(datum));
            let by_text = || match datum {
                Datum::Text(text) => self.understood.iter().find(
                    |(known, _)| matches!(known, Datum::Text(known) if fold(known) == fold(text)),
                ),
                // an option that was made anew under its old name
                Datum::Choice(id) => {
                    let name = fold(name_of(options, id)?);
                    self.understood.iter().find(|(known, _)| {
                        matches!(known, Datum::Choice(known) if name_of(&self.options, known).map(fold).as_ref() == Some(&name))
                    })
                }
                _ => None,
            };
            if let Some((_, key)) = by_value.or_else(by_text) {
                return Value::code(key);
            }
        }
        let names = |ids: &mut dyn Iterator<Item = &String>| {
            let names: Vec<_> = ids.map(|id| name_of(options, id).unwrap_or(id)).collect();
            names.join(", ")
        };
        let words = match datum {
            Datum::Choice(id) => names(&mut std::iter::once(id)),
            Datum::Choices(ids) => names(&mut ids.iter()),
            Datum::Text(text) if self.kind == Kind::Phone => {
                phone(text, &self.country_code).unwrap_or_else(|| text.clone())
            }
            Datum::Text(text) => text.clone(),
            Datum::Number(number) => number.to_string(),
            Datum::Flag(flag) => flag.to_string(),
            Datum::Place { address, .. } => address.clone(),
            Datum::Moment(millis) => return self.day_or_time(*millis),
        };
        match self.field.holds() {
            Holds::Code | Holds::YesNo => Value::foreign(&words),
            Holds::Moment => Value::code(&words),
            Holds::Words => Value::exact(&words),
        }
    }

    fn day_or_time(&self, millis: i64) -> Value {
        let Some(moment) = DateTime::from_timestamp_millis(millis) else {
            return Value::foreign("unreadable");
        };
        if self.time {
            return Value::code(&moment_text(moment));
        }
        // between 04:00 in the easternmost zone and noon here, all of the same day: see `moment`
        let day = (moment + self.offset + TimeDelta::hours(7)).date_naive();
        Value::code(&day.to_string())
    }

    /// Our value as it comes back from ClickUp, which may keep less of it than we do: what both sides are compared by. A
    /// value without a place stays as it is.
    #[must_use]
    pub fn as_it_comes_back(&self, value: &Value) -> Value {
        if *value == Value::Unset {
            return self.read(&[], None);
        }
        match self.datum(value) {
            Some(datum) if datum.is_empty() => self.read(&[], None),
            Some(datum) => self.meaning(&datum, &self.options),
            None => value.clone(),
        }
    }

    /// Everything that decides how values are written, as text: two targets with the same text write the same.
    pub(super) fn fingerprint(&self) -> String {
        format!(
            "{} {} {:?} {:?} {:?} {:?} {} {}",
            self.id,
            self.kind.as_str(),
            self.send,
            self.otherwise,
            self.point.map(|point| (point.lat, point.lng)),
            self.country_code,
            self.time,
            self.offset
        )
    }
}

fn name_of<'a>(options: &'a [OptionShape], id: &str) -> Option<&'a str> {
    let found = options.iter().find(|option| option.id == id)?;
    Some(&found.name)
}

/// A point in time as our views hold it.
#[must_use]
pub fn moment_text(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A number as ClickUp takes it: `+1 201 555 0123`. What follows the number ("ext. 5") is left out. `None` when it cannot
/// be one.
fn phone(words: &str, country_code: &str) -> Option<String> {
    let words = words.trim();
    let number = words
        .split(|character: char| character.is_alphabetic() || character == '#')
        .next()?;
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let national = digits.len() == 10 && country_code.len() + 10 <= 15;
    let digits = if words.starts_with('+') || (!national && digits.starts_with(country_code)) {
        digits
    } else {
        format!("{country_code}{digits}")
    };
    let plausible = (7..=15).contains(&digits.len());
    plausible.then(|| match digits.strip_prefix('1') {
        Some(rest) if rest.len() == 10 => {
            format!("+1 {} {} {}", &rest[..3], &rest[3..6], &rest[6..])
        }
        _ => format!("+{digits}"),
    })
}

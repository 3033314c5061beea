//! A document and a list to the translation for that list.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::check::{kind_remedy, value_remedy};
use super::document::{Document, FieldMap, Problem};
use super::kind::Kind;
use super::shape::{FieldShape, ListShape, OptionShape, fold};
use super::target::{Target, Written};
use crate::sync::labels::labels;
use crate::sync::value::{Field, Value};

/// Something of ours that a list does not offer. It is left out; everything else works.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// The field.
    pub field: Field,
    /// The code without status or option; `None` when the whole field is missing.
    pub code: Option<String>,
    /// The name that was looked for.
    pub wanted: String,
    /// Whether the document asks for it; else it would only have been taken if it were there.
    pub said: bool,
    /// What to do about it.
    pub remedy: String,
}

impl Missing {
    /// Where in a document, and in which list.
    #[must_use]
    pub fn problem(&self, list: &str) -> Problem {
        let path = match (self.field, &self.code) {
            (Field::Status, Some(code)) => format!("statuses.{code}"),
            (field, Some(code)) => format!("fields.{}.values.{code}", field.as_str()),
            (field, None) => format!("fields.{}", field.as_str()),
        };
        let problem = format!(
            "list {list} has no place for it: {} is missing",
            self.wanted
        );
        Problem::new(path, problem, self.remedy.clone())
    }
}

/// The translation for one list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mapping {
    /// our code to the exact name
    status_names: BTreeMap<String, String>,
    /// folded name to our code
    status_codes: BTreeMap<String, String>,
    fields: BTreeMap<Field, Target>,
    missing: BTreeSet<Missing>,
}

/// The names under which a list may offer a field, folded.
const fn field_names(field: Field) -> &'static [&'static str] {
    match field {
        Field::Budget => &["budget", "buildbudget"],
        Field::Timeline => &["timeline", "constructiontimeline"],
        Field::Land => &["land", "landstatus"],
        Field::Category => &["category", "buyercategory"],
        Field::Financing => &["financing", "financingplan"],
        Field::Lender => &["lender", "preferredlender", "interestedinpreferredlender"],
        Field::HelpWithLand => &["helpwithland", "needshelpfindingland"],
        Field::LotAddress => &["lotaddress", "address"],
        Field::PreferredArea => &["preferredarea", "area"],
        Field::Referral => &["referral", "referralsource"],
        Field::Email => &["email", "emailaddress"],
        Field::Phone => &["phone", "phonenumber"],
        Field::Company => &["company", "companyname"],
        Field::Applicant => &["applicant", "fullname"],
        Field::Project => &["project", "projectdescription"],
        Field::Submitted => &["submitted", "submittedat"],
        Field::Status | Field::Name | Field::Description | Field::Priority => &[],
    }
}

impl Mapping {
    /// Finds the counterparts of everything of ours in a list.
    #[must_use]
    pub fn of(document: &Document, list: &str, shape: &ListShape) -> Self {
        let mut mapping = Mapping::default();
        mapping.find_statuses(document, list, shape);
        for field in Field::CUSTOM {
            if let Some(map) = document.field(list, field) {
                let said = document.names_field(list, field);
                mapping.find_field(field, &map, said, shape);
            }
        }
        mapping
    }

    fn find_statuses(&mut self, document: &Document, list: &str, shape: &ListShape) {
        for (code, _) in labels(Field::Status) {
            let said = document
                .status(list, code)
                .map_or(&[][..], |names| &names.0);
            let wanted = said.iter().map(|name| fold(name)).chain([fold(code)]);
            for wanted in wanted {
                if let Some(name) = shape.statuses.iter().find(|name| fold(name) == wanted) {
                    self.status_names
                        .entry(code.to_owned())
                        .or_insert_with(|| name.clone());
                    // a name that two codes claim stays with the first
                    self.status_codes
                        .entry(wanted)
                        .or_insert_with(|| code.to_owned());
                }
            }
            let lost = said
                .iter()
                .find(|name| !shape.statuses.iter().any(|known| fold(known) == fold(name)));
            let unplaced = (!self.status_names.contains_key(code)).then(|| code.to_owned());
            if let Some(wanted) = lost.cloned().or(unplaced) {
                self.missing.insert(Missing {
                    field: Field::Status,
                    code: Some(code.to_owned()),
                    wanted: format!("the status \"{wanted}\""),
                    said: !said.is_empty(),
                    remedy: format!(
                        "add it to the list in ClickUp, or map {code} to one of: {}",
                        some_of(&shape.statuses)
                    ),
                });
            }
        }
    }

    fn find_field(&mut self, field: Field, map: &FieldMap, said: bool, shape: &ListShape) {
        let wanted: Vec<String> = match &map.to {
            Some(names) => names.0.clone(),
            None => field_names(field)
                .iter()
                .map(|name| (*name).to_owned())
                .collect(),
        };
        let is = |offered: &FieldShape, name: &String| {
            offered.id == *name || fold(&offered.name) == fold(name)
        };
        let fits = |offered: &&FieldShape| {
            offered.kind.is_some_and(|kind| {
                map.kind.is_none_or(|wanted| wanted == kind)
                    && kind_remedy(field, kind, map).is_none()
                    && map
                        .values
                        .values()
                        .all(|value| value_remedy(kind, value).is_none())
            })
        };
        let named = || {
            wanted
                .iter()
                .flat_map(|name| shape.fields.iter().filter(move |offered| is(offered, name)))
        };
        let Some(offered) = named().find(fits) else {
            let remedy = match named().next() {
                Some(unfit) => unfit
                    .kind
                    .and_then(|kind| kind_remedy(field, kind, map))
                    .map_or_else(
                        || "the field is there, but of another type than the mapping needs: change \"type\" or \"values\"".to_owned(),
                        ToOwned::to_owned,
                    ),
                None => {
                    let names: Vec<String> = shape.fields.iter().map(|field| field.name.clone()).collect();
                    format!("add it to the list in ClickUp, or name another in \"to\"; the list has: {}", some_of(&names))
                }
            };
            let wanted = wanted.first().cloned().unwrap_or_default();
            self.missing.insert(Missing {
                field,
                code: None,
                wanted: format!("the custom field \"{wanted}\""),
                said,
                remedy,
            });
            return;
        };
        let Some(kind) = offered.kind else { return };
        let (target, lacking) = Target::new(field, map, offered, kind);
        for (code, name) in lacking {
            let options: Vec<String> = offered
                .options
                .iter()
                .map(|option| option.name.clone())
                .collect();
            self.missing.insert(Missing {
                field,
                code: Some(code),
                wanted: format!("the value \"{name}\" of {}", offered.name),
                said,
                remedy: if kind.has_options() {
                    format!(
                        "add the option in ClickUp, or map to one of: {}",
                        some_of(&options)
                    )
                } else {
                    "add it to \"values\"".to_owned()
                },
            });
        }
        self.fields.insert(field, target);
    }

    /// What of ours the list does not offer.
    pub fn missing(&self) -> impl Iterator<Item = &Missing> {
        self.missing.iter()
    }

    /// Whether the list offers this custom field.
    #[must_use]
    pub fn offers(&self, field: Field) -> bool {
        self.fields.contains_key(&field)
    }

    /// The exact name of the status for one of our codes.
    #[must_use]
    pub fn status_name(&self, code: &str) -> Option<&str> {
        self.status_names.get(code).map(String::as_str)
    }

    /// Our value for a status of the list.
    #[must_use]
    pub fn status_value(&self, name: &str) -> Value {
        self.status_codes
            .get(&fold(name))
            .map_or_else(|| Value::foreign(name), |code| Value::code(code))
    }

    /// The custom fields that our fields go to.
    pub fn targets(&self) -> impl Iterator<Item = (Field, &Target)> {
        self.fields.iter().map(|(field, target)| (*field, target))
    }

    /// The custom field that a field of ours goes to.
    #[must_use]
    pub fn target(&self, field: Field) -> Option<&Target> {
        self.fields.get(&field)
    }

    /// What is written for one of our values.
    #[must_use]
    pub fn write(&self, field: Field, value: &Value) -> Option<Written> {
        self.fields.get(&field)?.write(value)
    }

    /// The field with this id, if it is synchronised.
    #[must_use]
    pub fn field_with_id(&self, id: &str) -> Option<Field> {
        self.targets()
            .find(|(_, target)| target.id == id)
            .map(|(field, _)| field)
    }

    /// Our value for what a webhook or a task carries.
    #[must_use]
    pub fn read(&self, field: Field, options: &[OptionShape], value: Option<&Json>) -> Value {
        self.fields
            .get(&field)
            .map_or(Value::Unset, |target| target.read(options, value))
    }

    /// Our value of a custom field as it comes back from this list.
    #[must_use]
    pub fn as_it_comes_back(&self, field: Field, value: Value) -> Value {
        match self.fields.get(&field) {
            Some(target) => target.as_it_comes_back(&value),
            None => value,
        }
    }

    /// Whether a value can be written into the list.
    #[must_use]
    pub fn can_push(&self, field: Field, value: &Value) -> bool {
        match (field, value) {
            (Field::Status, Value::Code(code)) => self.status_names.contains_key(code),
            (Field::Priority, Value::Unset | Value::Code(_)) => true,
            (Field::Name, Value::Text(_)) | (Field::Description, Value::Text(_) | Value::Unset) => {
                true
            }
            (Field::Status | Field::Priority | Field::Name | Field::Description, _) => false,
            (_, Value::Unset) => self.offers(field),
            _ => self.write(field, value).is_some(),
        }
    }

    /// For every field a text that changes when it is written differently.
    pub(super) fn fingerprints(&self) -> impl Iterator<Item = (Field, String)> {
        let statuses = format!("{:?} {:?}", self.status_names, self.status_codes);
        self.targets()
            .map(|(field, target)| (field, target.fingerprint()))
            .chain([(Field::Status, statuses)])
    }

    /// The type that a field is written as.
    #[must_use]
    pub fn kind(&self, field: Field) -> Option<Kind> {
        self.fields.get(&field).map(|target| target.kind)
    }
}

fn some_of(names: &[String]) -> String {
    const MOST: usize = 20;
    let mut listed = names
        .iter()
        .take(MOST)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > MOST {
        listed.push_str(", …");
    }
    if listed.is_empty() {
        "nothing".to_owned()
    } else {
        listed
    }
}

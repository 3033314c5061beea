//! The task that stands for a submission: its name, text, priority and marker.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::labels::label;
use super::mapping::{Document, Mapping, moment_text, text};
use super::value::{Field, Value, View};

/// Longest name of a task, in characters.
const MAX_NAME: usize = 255;

/// What a task is made from. Stored rows may hold codes and gaps that today's rules do not know.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// Who applied.
    pub full_name: String,
    /// How to write to them.
    pub email_address: String,
    /// How to call them.
    pub phone_number: String,
    /// For whom they build.
    pub company_name: Option<String>,
    /// Code of the category.
    pub buyer_category: String,
    /// Code of the financing plan.
    pub financing_plan: String,
    /// Whether our lender may call.
    pub interested_in_preferred_lender: Option<bool>,
    /// Code of the land status.
    pub land_status: String,
    /// Where the land is.
    pub lot_address: Option<String>,
    /// Whether land has to be found.
    pub needs_help_finding_land: Option<bool>,
    /// Where it may be.
    pub preferred_area_description: Option<String>,
    /// Code of the budget.
    pub build_budget: String,
    /// Code of the timeline.
    pub construction_timeline: String,
    /// What they want to build.
    pub project_description: Option<String>,
    /// Code of the status.
    pub status: Option<String>,
    /// Where they heard of us.
    pub referral_source: Option<String>,
    /// When the application came in; old ones may not know.
    pub submitted_at: Option<DateTime<Utc>>,
}

impl Record {
    /// Our value of a field that is a fact of the application; its priority by the rule that applies when there is no
    /// other, and nothing for name and description.
    #[must_use]
    pub fn value(&self, field: Field) -> Value {
        let code = |code: &str| {
            if code.is_empty() {
                Value::Unset
            } else {
                Value::code(code)
            }
        };
        let words = |words: &Option<String>| Value::exact(words.as_deref().unwrap_or(""));
        match field {
            Field::Status => code(self.status.as_deref().unwrap_or("")),
            Field::Budget => code(&self.build_budget),
            Field::Timeline => code(&self.construction_timeline),
            Field::Land => code(&self.land_status),
            Field::Category => code(&self.buyer_category),
            Field::Financing => code(&self.financing_plan),
            Field::Priority => code(self.priority()),
            Field::Lender => {
                yes_no(self.interested_in_preferred_lender).map_or(Value::Unset, Value::code)
            }
            Field::HelpWithLand => {
                yes_no(self.needs_help_finding_land).map_or(Value::Unset, Value::code)
            }
            Field::LotAddress => words(&self.lot_address),
            Field::PreferredArea => words(&self.preferred_area_description),
            Field::Referral => words(&self.referral_source),
            Field::Email => Value::exact(&self.email_address),
            Field::Phone => Value::exact(&self.phone_number),
            Field::Company => words(&self.company_name),
            Field::Applicant => Value::exact(&self.full_name),
            Field::Project => words(&self.project_description),
            Field::Submitted => self
                .submitted_at
                .map_or(Value::Unset, |moment| Value::code(&moment_text(moment))),
            Field::Name | Field::Description => Value::Unset,
        }
    }

    fn code(&self, field: Field) -> Option<String> {
        self.value(field).as_code().map(ToOwned::to_owned)
    }

    /// Who wants to build soon is called first.
    fn priority(&self) -> &'static str {
        if self.construction_timeline == "less_than_3_months" {
            "high"
        } else {
            "normal"
        }
    }
}

/// The marker that finds the task of a submission again: its last eight characters come from a random id, so nobody can
/// write it by chance or on purpose.
#[must_use]
pub fn marker(submission_id: i64, random: Uuid) -> String {
    // the low half of a version 7 id is random, the high half is the time
    let random = (random.as_u128() & 0xffff_ffff) as u32;
    format!("KL-{submission_id}-{random:08x}")
}

/// Whether a text carries a marker, and not only one that begins like it.
#[must_use]
pub fn carries(text: &str, marker: &str) -> bool {
    !marker.is_empty()
        && text.match_indices(marker).any(|(start, _)| {
            let after = text[start + marker.len()..].chars().next();
            let before = text[..start].chars().next_back();
            [before, after]
                .into_iter()
                .flatten()
                .all(|character| !character.is_alphanumeric())
        })
}

/// Every marker of ours in a text, in their order.
pub fn markers(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("KL-").filter_map(|(start, _)| {
        let rest = &text[start + 3..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let tail = rest[digits..].strip_prefix('-')?.get(..8)?;
        let whole = digits > 0
            && tail
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase());
        whole.then(|| &text[start..start + 3 + digits + 1 + 8])
    })
}

/// Our side of all fields, as it would come back from the list of `mapping`. `in_fields` tells which facts the task shows
/// as custom fields: those are left out of its text, so that a change of one does not touch a text that staff may have
/// edited. (A text by a template of the document says what the template says.)
#[must_use]
pub fn our_view(
    record: &Record,
    marker: &str,
    document: &Document,
    mapping: &Mapping,
    in_fields: impl Fn(Field) -> bool,
) -> View {
    let mut view = View::default();
    view.set(Field::Status, record.value(Field::Status));
    view.set(Field::Priority, document.priority_for(record));
    for field in Field::CUSTOM {
        if document.goes_somewhere(field) {
            let value = mapping.as_it_comes_back(field, record.value(field));
            view.set(field, value);
        }
    }
    let name = match &document.task.name {
        Some(template) => shortened(&text::line(template, record), MAX_NAME),
        None => name(record),
    };
    view.set(Field::Name, Value::text(&name));
    let description = match &document.task.description {
        Some(template) => with_reference(text::markdown(template, record), marker),
        None => description(record, marker, in_fields),
    };
    view.set(Field::Description, Value::text(&description));
    view
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars()
        .take(most.saturating_sub(1))
        .chain(['…'])
        .collect()
}

/// The marker comes last, on a line of its own: by it the task is found again.
fn with_reference(mut text: String, marker: &str) -> String {
    // writing to a String cannot fail
    let _ = write!(text, "\nKeylight reference: {marker}");
    text
}

/// Name of the task, on one line.
#[must_use]
pub fn name(record: &Record) -> String {
    let mut name = record
        .full_name
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let category = label(Field::Category, &record.buyer_category);
    if !category.is_empty() {
        let room = MAX_NAME.saturating_sub(category.chars().count() + 3);
        name = shortened(&name, room);
        if !name.is_empty() {
            name.push_str(" · ");
        }
        name.push_str(category);
    }
    name
}

/// Text of the task, in markdown, the marker last.
#[must_use]
pub fn description(record: &Record, marker: &str, in_fields: impl Fn(Field) -> bool) -> String {
    let mut text = String::with_capacity(512);
    heading(&mut text, "Contact");
    line(&mut text, "Name", Some(&record.full_name));
    line(&mut text, "E-mail", Some(&record.email_address));
    line(&mut text, "Phone", Some(&record.phone_number));
    line(&mut text, "Company", record.company_name.as_deref());

    heading(&mut text, "Application");
    for (field, title) in [
        (Field::Category, "Category"),
        (Field::Budget, "Budget"),
        (Field::Timeline, "Timeline"),
        (Field::Land, "Land"),
    ] {
        if !in_fields(field) {
            line(
                &mut text,
                title,
                record.code(field).as_deref().map(|code| label(field, code)),
            );
        }
    }
    let financing = label(Field::Financing, &record.financing_plan);
    line(&mut text, "Financing", Some(financing));
    line(
        &mut text,
        "Interested in our lender",
        yes_no(record.interested_in_preferred_lender),
    );
    line(&mut text, "Lot address", record.lot_address.as_deref());
    line(
        &mut text,
        "Needs help finding land",
        yes_no(record.needs_help_finding_land),
    );
    line(
        &mut text,
        "Preferred area",
        record.preferred_area_description.as_deref(),
    );
    line(
        &mut text,
        "Heard of us through",
        record.referral_source.as_deref(),
    );

    if let Some(project) = record
        .project_description
        .as_deref()
        .filter(|project| !project.trim().is_empty())
    {
        heading(&mut text, "Project");
        escape_into(&mut text, project.trim());
        text.push('\n');
    }
    with_reference(text, marker)
}

fn yes_no(answer: Option<bool>) -> Option<&'static str> {
    answer.map(|yes| if yes { "yes" } else { "no" })
}

fn heading(text: &mut String, title: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    let _ = writeln!(text, "**{title}**\n");
}

fn line(text: &mut String, title: &str, value: Option<&str>) {
    let value = value.unwrap_or("").trim();
    if value.is_empty() {
        return;
    }
    text.push_str("- ");
    text.push_str(title);
    text.push_str(": ");
    escape_into(
        text,
        &value.split_whitespace().collect::<Vec<_>>().join(" "),
    );
    text.push('\n');
}

/// What people wrote is text, not markup.
pub(super) fn escape_into(text: &mut String, written: &str) {
    let mut line_start = true;
    for character in written.chars() {
        let special = match character {
            '\\' | '*' | '_' | '`' | '[' | ']' | '<' | '|' | '~' => true,
            '#' | '>' | '-' | '+' | '=' => line_start,
            _ => false,
        };
        if special {
            text.push('\\');
        }
        text.push(character);
        line_start = character == '\n' || (line_start && character.is_whitespace());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn record() -> Record {
        Record {
            full_name: "Ada\n Probe".into(),
            email_address: "ada_p@example.com".into(),
            phone_number: "555-123-4567".into(),
            buyer_category: "homebuyer".into(),
            financing_plan: "self_funding".into(),
            interested_in_preferred_lender: Some(false),
            land_status: "own_land".into(),
            lot_address: Some("1 Elm St".into()),
            build_budget: "350k_400k".into(),
            construction_timeline: "less_than_3_months".into(),
            project_description: Some("# not a title\n*small* house".into()),
            status: Some("new".into()),
            referral_source: Some("Ritz-Craft".into()),
            ..Record::default()
        }
    }

    #[test]
    fn the_whole_text() {
        let expected = "**Contact**\n\n- Name: Ada Probe\n- E-mail: ada\\_p@example.com\n- Phone: 555-123-4567\n\n\
            **Application**\n\n- Category: Home buyer\n- Budget: $350k–400k\n- Timeline: Less than 3 months\n- Land: Owns land\n\
            - Financing: Self-funded\n- Interested in our lender: no\n- Lot address: 1 Elm St\n\
            - Heard of us through: Ritz-Craft\n\n**Project**\n\n\\# not a title\n\\*small\\* house\n\n\
            Keylight reference: KL-42-00c0ffee";
        assert_eq!(
            description(&record(), "KL-42-00c0ffee", |_| false),
            expected
        );
    }

    #[test]
    fn facts_with_a_field_of_their_own_are_not_repeated() {
        let text = description(&record(), "KL-42-00c0ffee", Field::is_custom);
        assert!(
            !text.contains("Budget") && !text.contains("Land:"),
            "{text}"
        );
        assert!(text.ends_with("KL-42-00c0ffee"));
    }

    #[test]
    fn the_name_is_one_line_of_bounded_length() {
        assert_eq!(name(&record()), "Ada Probe · Home buyer");
        let long = Record {
            full_name: "é".repeat(255),
            ..record()
        };
        assert_eq!(name(&long).chars().count(), MAX_NAME);
        assert!(name(&long).ends_with("… · Home buyer"));
        assert_eq!(
            name(&Record {
                buyer_category: "bogus".into(),
                ..record()
            }),
            "Ada Probe · bogus"
        );
        assert_eq!(
            name(&Record {
                buyer_category: String::new(),
                ..record()
            }),
            "Ada Probe"
        );
    }

    #[test]
    fn who_builds_soon_comes_first() {
        assert_eq!(record().value(Field::Priority), Value::code("high"));
        let later = Record {
            construction_timeline: "3_to_6_months".into(),
            ..record()
        };
        assert_eq!(later.value(Field::Priority), Value::code("normal"));
    }

    #[test]
    fn a_marker_is_found_whole_or_not_at_all() {
        let marker = marker(
            42,
            Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_00c0_ffee),
        );
        assert_eq!(marker, "KL-42-00c0ffee");
        assert!(carries("text\nKeylight reference: KL-42-00c0ffee", &marker));
        assert!(carries("(KL-42-00c0ffee)", &marker));
        assert!(!carries("KL-42-00c0ffee1", &marker));
        assert!(!carries("XKL-42-00c0ffee", &marker));
        assert!(!carries("KL-4-00c0ffee", &marker));
        assert!(!carries("anything", ""));
        assert!(carries("KL-42-00c0ffeeX KL-42-00c0ffee.", &marker));
    }

    #[test]
    fn markers_of_a_text() {
        let text = "KL-1-00c0ffee, KL-x KL-12-ABCDEF00 KL--00c0ffee KL-77-12345678é KL-9-1234";
        assert_eq!(
            markers(text).collect::<Vec<_>>(),
            ["KL-1-00c0ffee", "KL-77-12345678"]
        );
        assert_eq!(markers("KL-5-é").count(), 0);
    }

    #[test]
    fn unknown_and_missing_codes_do_not_stop_anything() {
        let odd = Record {
            status: None,
            build_budget: "a lot".into(),
            land_status: String::new(),
            ..record()
        };
        let (document, mapping) = (Document::default(), Mapping::default());
        let view = our_view(&odd, "KL-1-00000000", &document, &mapping, |_| true);
        assert_eq!(view.get(Field::Status), Some(&Value::Unset));
        assert_eq!(view.get(Field::Budget), Some(&Value::code("a lot")));
        assert_eq!(view.get(Field::Land), Some(&Value::Unset));
    }
}

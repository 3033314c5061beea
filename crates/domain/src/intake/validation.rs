//! The rules that make a complete application, and their messages in the order that clients know: required fields,
//! e-mail, phone, the five choices, lot address, preferred area; then what the predecessor answered with a failure
//! (lengths, wrong types, NUL), in the order of the fields.

use super::application::{Application, DEFAULT_REFERRAL_SOURCE};
use super::choices::{BuildBudget, BuyerCategory, ConstructionTimeline, FinancingPlan, LandStatus};
use super::contact::{is_email, is_phone};
use super::field::Field;
use super::raw_fields::{RawFields, RawValue};
use super::whitespace::{is_blank, trimmed};
use super::yes_no;

/// Most characters (code points) of a description, a lot address or a preferred area. The predecessor had no bound,
/// and three long descriptions made every list heavy.
pub const MAX_TEXT: usize = 20_000;
/// Most characters of a name, an e-mail address or a company.
pub(crate) const MAX_NAME: usize = 255;
/// Most characters of a phone number.
pub(crate) const MAX_PHONE: usize = 20;
const MAX_REFERRAL: usize = 100;

/// The fields without which there is no application, in the order of their messages.
const REQUIRED: [Field; 9] = [
    Field::FullName,
    Field::EmailAddress,
    Field::PhoneNumber,
    Field::BuyerCategory,
    Field::FinancingPlan,
    Field::LandStatus,
    Field::BuildBudget,
    Field::ConstructionTimeline,
    Field::ProjectDescription,
];

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// Where.
    pub field: Field,
    /// The whole sentence; begins with the field's name and never repeats what was sent.
    pub message: String,
}

/// Makes an application of what was sent.
///
/// # Errors
/// Every problem of every field, in the order of the messages.
pub fn parse(raw: &RawFields) -> Result<Application, Vec<FieldProblem>> {
    parse_owned(raw.clone())
}

/// [`parse`] for a caller that does not need the fields any more: the texts are moved, not copied.
///
/// # Errors
/// As [`parse`].
pub fn parse_owned(mut raw: RawFields) -> Result<Application, Vec<FieldProblem>> {
    let mut problems = Problems::default();

    for field in REQUIRED {
        if is_missing(raw.get(field)) {
            problems.add(field, "is required");
        }
    }

    let mut late = Problems::default();
    let full_name = text(&mut raw, Field::FullName, MAX_NAME, &mut late);
    let email_address = email(&mut raw, &mut problems, &mut late);
    let phone_number = phone(&mut raw, &mut problems, &mut late);
    let company_name = text(&mut raw, Field::CompanyName, MAX_NAME, &mut late);
    let buyer_category = choice(
        &mut raw,
        Field::BuyerCategory,
        BuyerCategory::parse,
        BuyerCategory::listed,
        &mut problems,
    );
    let financing_plan = choice(
        &mut raw,
        Field::FinancingPlan,
        FinancingPlan::parse,
        FinancingPlan::listed,
        &mut problems,
    );
    let land_status = choice(
        &mut raw,
        Field::LandStatus,
        LandStatus::parse,
        LandStatus::listed,
        &mut problems,
    );
    let build_budget = choice(
        &mut raw,
        Field::BuildBudget,
        BuildBudget::parse,
        BuildBudget::listed,
        &mut problems,
    );
    let construction_timeline = choice(
        &mut raw,
        Field::ConstructionTimeline,
        ConstructionTimeline::parse,
        ConstructionTimeline::listed,
        &mut problems,
    );
    let interested_in_preferred_lender =
        yes_or_no(&mut raw, Field::InterestedInPreferredLender, &mut late);

    if land_status == Some(LandStatus::OwnLand) && is_missing(raw.get(Field::LotAddress)) {
        problems.add(
            Field::LotAddress,
            "is required when land_status is own_land",
        );
    }
    let lot_address = text(&mut raw, Field::LotAddress, MAX_TEXT, &mut late);
    let needs_help_finding_land = yes_or_no(&mut raw, Field::NeedsHelpFindingLand, &mut late);
    if land_status == Some(LandStatus::NeedLand)
        && needs_help_finding_land == Some(true)
        && is_missing(raw.get(Field::PreferredAreaDescription))
    {
        problems.add(
            Field::PreferredAreaDescription,
            "is required when needs_help_finding_land is true",
        );
    }
    let preferred_area_description = text(
        &mut raw,
        Field::PreferredAreaDescription,
        MAX_TEXT,
        &mut late,
    );
    let project_description = text(&mut raw, Field::ProjectDescription, MAX_TEXT, &mut late);
    let referral_source = text(&mut raw, Field::ReferralSource, MAX_REFERRAL, &mut late);

    problems.list.append(&mut late.list);
    if !problems.list.is_empty() {
        return Err(problems.list);
    }
    // every `None` below has left a problem, so this never turns a complete application away
    let complete = || {
        Some(Application {
            full_name: full_name?,
            email_address: email_address?,
            phone_number: phone_number?,
            company_name,
            buyer_category: buyer_category?,
            financing_plan: financing_plan?,
            interested_in_preferred_lender: interested_in_preferred_lender?,
            land_status: land_status?,
            lot_address,
            needs_help_finding_land: needs_help_finding_land?,
            preferred_area_description,
            build_budget: build_budget?,
            construction_timeline: construction_timeline?,
            project_description: project_description?,
            referral_source: referral_source.unwrap_or_else(|| DEFAULT_REFERRAL_SOURCE.to_owned()),
        })
    };
    complete().ok_or_else(Vec::new)
}

#[derive(Default)]
struct Problems {
    list: Vec<FieldProblem>,
}

impl Problems {
    fn add(&mut self, field: Field, rule: &str) {
        self.list.push(FieldProblem {
            field,
            message: format!("{field} {rule}"),
        });
    }

    fn has(&self, field: Field) -> bool {
        self.list.iter().any(|problem| problem.field == field)
    }
}

fn is_missing(value: &RawValue) -> bool {
    match value {
        RawValue::Absent => true,
        RawValue::Text(text) => is_blank(text),
        RawValue::Number(_) | RawValue::Flag(_) | RawValue::Structured => false,
    }
}

/// A trimmed text of at most `longest` code points; `None` when there is none or it is refused.
fn text(
    raw: &mut RawFields,
    field: Field,
    longest: usize,
    problems: &mut Problems,
) -> Option<String> {
    let text = match raw.take(field) {
        RawValue::Absent => return None,
        RawValue::Text(text) => trimmed(text),
        RawValue::Number(digits) => digits,
        RawValue::Flag(_) | RawValue::Structured => {
            problems.add(field, "must be text");
            return None;
        }
    };
    bounded(text, field, longest, problems)
}

fn bounded(text: String, field: Field, longest: usize, problems: &mut Problems) -> Option<String> {
    // a text has at most as many characters as bytes, so most need no counting
    if text.len() > longest && text.chars().count() > longest {
        problems.add(field, &format!("must be at most {longest} characters"));
        return None;
    }
    if text.contains('\0') {
        problems.add(field, "must not contain NUL characters");
        return None;
    }
    (!text.is_empty()).then_some(text)
}

fn email(raw: &mut RawFields, problems: &mut Problems, late: &mut Problems) -> Option<String> {
    let field = Field::EmailAddress;
    if problems.has(field) {
        return None;
    }
    if let RawValue::Text(text) = raw.take(field) {
        let address = trimmed(text).to_lowercase();
        if is_email(&address) {
            return bounded(address, field, MAX_NAME, late);
        }
    }
    problems.add(field, "must be a valid email");
    None
}

fn phone(raw: &mut RawFields, problems: &mut Problems, late: &mut Problems) -> Option<String> {
    let field = Field::PhoneNumber;
    if problems.has(field) {
        return None;
    }
    if let RawValue::Text(text) | RawValue::Number(text) = raw.take(field) {
        let number = trimmed(text);
        if is_phone(&number) {
            return bounded(number, field, MAX_PHONE, late);
        }
    }
    problems.add(field, "must be a valid phone number");
    None
}

fn choice<T>(
    raw: &mut RawFields,
    field: Field,
    parse: impl Fn(&str) -> Option<T>,
    listed: impl Fn() -> String,
    problems: &mut Problems,
) -> Option<T> {
    match raw.take(field) {
        RawValue::Absent => return None,
        // only the line "is required"; blanks get both lines, as in the predecessor
        RawValue::Text(text) if text.is_empty() => return None,
        RawValue::Text(text) => {
            if let Some(value) = parse(&text) {
                return Some(value);
            }
        }
        RawValue::Number(_) | RawValue::Flag(_) | RawValue::Structured => {}
    }
    problems.add(field, &format!("must be one of: {}", listed()));
    None
}

fn yes_or_no(raw: &mut RawFields, field: Field, problems: &mut Problems) -> Option<bool> {
    let answer = yes_no::read(&raw.take(field));
    if answer.is_none() {
        problems.add(field, "must be true or false");
    }
    answer
}

#[cfg(test)]
mod tests;

//! The words of the form: labels, and a sentence for a person where the API has a rule for a program.

use keylight_domain::intake::{
    BuildBudget, BuyerCategory, ConstructionTimeline, Field, FieldProblem, FinancingPlan,
    LandStatus,
};

/// What stands above a field.
pub(super) const fn label(field: Field) -> &'static str {
    match field {
        Field::FullName => "Full name",
        Field::EmailAddress => "E-mail address",
        Field::PhoneNumber => "Phone number",
        Field::CompanyName => "Company",
        Field::BuyerCategory => "I am a",
        Field::FinancingPlan => "How will you pay for the build?",
        Field::InterestedInPreferredLender => "I would like to hear from your preferred lender",
        Field::LandStatus => "Do you have land to build on?",
        Field::LotAddress => "Address of your lot",
        Field::NeedsHelpFindingLand => "I would like help finding land",
        Field::PreferredAreaDescription => "Where would you like to build?",
        Field::BuildBudget => "Budget for the build, without land",
        Field::ConstructionTimeline => "When would you like to start?",
        Field::ProjectDescription => "Tell us about your project",
        Field::ReferralSource => "How did you hear about us?",
    }
}

pub(super) const fn buyer(value: BuyerCategory) -> &'static str {
    match value {
        BuyerCategory::Homebuyer => "Home buyer",
        BuyerCategory::Developer => "Developer",
    }
}

pub(super) const fn financing(value: FinancingPlan) -> &'static str {
    match value {
        FinancingPlan::SelfFunding => "I will fund it myself",
        FinancingPlan::FinanceBuild => "I will finance the build",
    }
}

pub(super) const fn land(value: LandStatus) -> &'static str {
    match value {
        LandStatus::OwnLand => "Yes, I own land",
        LandStatus::NeedLand => "No, I need land",
    }
}

pub(super) const fn budget(value: BuildBudget) -> &'static str {
    match value {
        BuildBudget::From200To250 => "$200,000 to $250,000",
        BuildBudget::From250To350 => "$250,000 to $350,000",
        BuildBudget::From350To400 => "$350,000 to $400,000",
        BuildBudget::From400To500 => "$400,000 to $500,000",
        BuildBudget::Above500 => "More than $500,000",
    }
}

pub(super) const fn timeline(value: ConstructionTimeline) -> &'static str {
    match value {
        ConstructionTimeline::LessThan3Months => "Within 3 months",
        ConstructionTimeline::From3To6Months => "In 3 to 6 months",
        ConstructionTimeline::From6To12Months => "In 6 to 12 months",
        ConstructionTimeline::MoreThan12Months => "In more than 12 months",
    }
}

/// A problem as a person reads it beside the field.
pub(super) fn sentence(problem: &FieldProblem) -> String {
    let rule = problem
        .message
        .strip_prefix(problem.field.as_str())
        .unwrap_or(&problem.message)
        .trim_start();
    match (problem.field, rule) {
        (Field::EmailAddress, "must be a valid email") => {
            "Please check the address, it should look like name@example.com.".to_owned()
        }
        (Field::PhoneNumber, "must be a valid phone number") => {
            "Please give at least 10 digits, for example 555-123-4567.".to_owned()
        }
        (Field::LotAddress, "is required when land_status is own_land") => {
            "Please give the address of the land that you own.".to_owned()
        }
        (Field::PreferredAreaDescription, "is required when needs_help_finding_land is true") => {
            "Please tell us where you would like to build, so that we can help you find land."
                .to_owned()
        }
        (
            Field::BuyerCategory
            | Field::FinancingPlan
            | Field::LandStatus
            | Field::BuildBudget
            | Field::ConstructionTimeline,
            _,
        ) => "Please choose one.".to_owned(),
        (_, "is required") => "Please fill this in.".to_owned(),
        (_, rule) => format!("This {rule}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keylight_domain::intake::{RawFields, parse};

    #[test]
    fn people_read_no_field_names() {
        let long = "x".repeat(300);
        let bodies = [
            RawFields::new(),
            Field::ALL
                .into_iter()
                .fold(RawFields::new(), |raw, field| raw.with(field, "bogus\0")),
            Field::ALL.into_iter().fold(RawFields::new(), |raw, field| {
                raw.with(field, long.as_str())
            }),
            RawFields::new().with(Field::LandStatus, "own_land"),
            RawFields::new()
                .with(Field::LandStatus, "need_land")
                .with(Field::NeedsHelpFindingLand, "on"),
        ];
        for problem in bodies.iter().filter_map(|raw| parse(raw).err()).flatten() {
            let sentence = sentence(&problem);
            assert!(
                !sentence.contains('_') && sentence.ends_with('.'),
                "{sentence}"
            );
        }
    }
}

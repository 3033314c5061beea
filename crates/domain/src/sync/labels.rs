//! The codes of a field, and what people read for them.

use super::value::Field;
use super::value::Holds;
use crate::intake::{BuildBudget, BuyerCategory, ConstructionTimeline, FinancingPlan, LandStatus};
use crate::submissions::SubmissionStatus;

/// The codes of a field, each with the name that people read.
#[must_use]
pub fn labels(field: Field) -> Vec<(&'static str, &'static str)> {
    match field {
        Field::Budget => BuildBudget::ALL
            .iter()
            .map(|budget| {
                let label = match budget {
                    BuildBudget::From200To250 => "$200k–250k",
                    BuildBudget::From250To350 => "$250k–350k",
                    BuildBudget::From350To400 => "$350k–400k",
                    BuildBudget::From400To500 => "$400k–500k",
                    BuildBudget::Above500 => "$500k+",
                };
                (budget.as_str(), label)
            })
            .collect(),
        Field::Timeline => ConstructionTimeline::ALL
            .iter()
            .map(|timeline| {
                let label = match timeline {
                    ConstructionTimeline::LessThan3Months => "Less than 3 months",
                    ConstructionTimeline::From3To6Months => "3–6 months",
                    ConstructionTimeline::From6To12Months => "6–12 months",
                    ConstructionTimeline::MoreThan12Months => "More than 12 months",
                };
                (timeline.as_str(), label)
            })
            .collect(),
        Field::Land => LandStatus::ALL
            .iter()
            .map(|land| {
                let label = match land {
                    LandStatus::OwnLand => "Owns land",
                    LandStatus::NeedLand => "Needs land",
                };
                (land.as_str(), label)
            })
            .collect(),
        Field::Category => BuyerCategory::ALL
            .iter()
            .map(|category| {
                let label = match category {
                    BuyerCategory::Homebuyer => "Home buyer",
                    BuyerCategory::Developer => "Developer",
                };
                (category.as_str(), label)
            })
            .collect(),
        Field::Status => SubmissionStatus::ALL
            .iter()
            .map(|status| (status.as_str(), status.as_str()))
            .collect(),
        Field::Priority => vec![
            ("urgent", "Urgent"),
            ("high", "High"),
            ("normal", "Normal"),
            ("low", "Low"),
        ],
        Field::Financing => FinancingPlan::ALL
            .iter()
            .map(|plan| {
                let label = match plan {
                    FinancingPlan::SelfFunding => "Self-funded",
                    FinancingPlan::FinanceBuild => "Finances the build",
                };
                (plan.as_str(), label)
            })
            .collect(),
        other if other.holds() == Holds::YesNo => vec![("yes", "Yes"), ("no", "No")],
        _ => Vec::new(),
    }
}

/// What people read for a code; the code itself if it is none of today's.
#[must_use]
pub fn label(field: Field, code: &str) -> &str {
    labels(field)
        .into_iter()
        .find(|(known, _)| *known == code)
        .map_or(code, |(_, label)| label)
}

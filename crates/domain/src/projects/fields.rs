//! The fields of a project that people may set, and their rules: those of the application that it began with.

use crate::intake::{
    BuildBudget, BuyerCategory, ConstructionTimeline, FinancingPlan, LandStatus, MAX_TEXT, trim,
};

/// Most characters (code points) of a project's name.
pub const MAX_NAME: usize = 255;

/// What somebody wants to set. Absent leaves a field as it is, an empty text empties it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectFields {
    /// What it is called; never empty.
    pub name: Option<String>,
    /// What is to be built.
    pub description: Option<String>,
    /// The owner.
    pub user_id: Option<i64>,
    /// See [`BuyerCategory`].
    pub buyer_category: Option<String>,
    /// See [`FinancingPlan`].
    pub financing_plan: Option<String>,
    /// Whether they want to hear from the preferred lender.
    pub interested_in_preferred_lender: Option<bool>,
    /// See [`LandStatus`].
    pub land_status: Option<String>,
    /// Address of the lot.
    pub lot_address: Option<String>,
    /// Whether land should be found.
    pub needs_help_finding_land: Option<bool>,
    /// Where the land should be.
    pub preferred_area_description: Option<String>,
    /// See [`BuildBudget`].
    pub build_budget: Option<String>,
    /// See [`ConstructionTimeline`].
    pub construction_timeline: Option<String>,
}

impl ProjectFields {
    /// The fields of a new project: it needs a name and an owner.
    ///
    /// # Errors
    /// One sentence per field that is wrong, in the order of the fields.
    pub fn for_new(self) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        if self.name.is_none() {
            problems.push("name is required".to_owned());
        }
        if self.user_id.is_none() {
            problems.push(
                "user_id is required: a project belongs to a person, create the person first"
                    .to_owned(),
            );
        }
        self.checked(problems)
    }

    /// The fields of a change.
    ///
    /// # Errors
    /// One sentence per field that is wrong, in the order of the fields.
    pub fn for_change(self) -> Result<Self, Vec<String>> {
        self.checked(Vec::new())
    }

    /// Texts trimmed, or what is wrong.
    fn checked(mut self, mut problems: Vec<String>) -> Result<Self, Vec<String>> {
        text("name", &mut self.name, MAX_NAME, &mut problems);
        if self.name.as_deref() == Some("") {
            problems.push("name must not be empty".to_owned());
        }
        text(
            "description",
            &mut self.description,
            MAX_TEXT,
            &mut problems,
        );
        if self.user_id.is_some_and(|id| id <= 0) {
            problems.push(
                "user_id must be the id of a person: an owner can be replaced, not removed"
                    .to_owned(),
            );
        }
        choice(
            "buyer_category",
            self.buyer_category.as_deref(),
            |text| BuyerCategory::parse(text).is_some(),
            BuyerCategory::listed,
            &mut problems,
        );
        choice(
            "financing_plan",
            self.financing_plan.as_deref(),
            |text| FinancingPlan::parse(text).is_some(),
            FinancingPlan::listed,
            &mut problems,
        );
        choice(
            "land_status",
            self.land_status.as_deref(),
            |text| LandStatus::parse(text).is_some(),
            LandStatus::listed,
            &mut problems,
        );
        text(
            "lot_address",
            &mut self.lot_address,
            MAX_TEXT,
            &mut problems,
        );
        text(
            "preferred_area_description",
            &mut self.preferred_area_description,
            MAX_TEXT,
            &mut problems,
        );
        choice(
            "build_budget",
            self.build_budget.as_deref(),
            |text| BuildBudget::parse(text).is_some(),
            BuildBudget::listed,
            &mut problems,
        );
        choice(
            "construction_timeline",
            self.construction_timeline.as_deref(),
            |text| ConstructionTimeline::parse(text).is_some(),
            ConstructionTimeline::listed,
            &mut problems,
        );
        if problems.is_empty() {
            Ok(self)
        } else {
            Err(problems)
        }
    }
}

fn text(field: &str, value: &mut Option<String>, longest: usize, problems: &mut Vec<String>) {
    let Some(value) = value else {
        return;
    };
    *value = trim(value).to_owned();
    // a text has at most as many characters as bytes, so most need no counting
    if value.len() > longest && value.chars().count() > longest {
        problems.push(format!("{field} must be at most {longest} characters"));
    } else if value.contains('\0') {
        problems.push(format!("{field} must not contain NUL characters"));
    }
}

fn choice(
    field: &str,
    value: Option<&str>,
    known: impl Fn(&str) -> bool,
    listed: impl Fn() -> String,
    problems: &mut Vec<String>,
) {
    if value.is_some_and(|value| !value.is_empty() && !known(value)) {
        problems.push(format!("{field} must be one of: {}", listed()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn a_new_project_needs_name_and_owner() {
        let problems = ProjectFields::default()
            .for_new()
            .expect_err("nothing given");
        assert_eq!(problems.len(), 2);
        let fields = ProjectFields {
            name: some("  Lake house "),
            user_id: Some(7),
            ..ProjectFields::default()
        };
        let fields = fields.for_new().expect("complete");
        assert_eq!(fields.name.as_deref(), Some("Lake house"));
    }

    #[test]
    fn limits() {
        let name = |text: String| {
            ProjectFields {
                name: Some(text),
                ..ProjectFields::default()
            }
            .for_change()
        };
        assert!(name("😀".repeat(MAX_NAME)).is_ok());
        for refused in ["x".repeat(MAX_NAME + 1), "  ".to_owned(), "a\0b".to_owned()] {
            assert!(name(refused.clone()).is_err(), "{refused:?}");
        }
        let long = ProjectFields {
            description: Some("x".repeat(MAX_TEXT + 1)),
            lot_address: Some("x".repeat(MAX_TEXT)),
            preferred_area_description: some("\0"),
            ..ProjectFields::default()
        };
        assert_eq!(
            long.for_change(),
            Err(vec![
                "description must be at most 20000 characters".to_owned(),
                "preferred_area_description must not contain NUL characters".to_owned(),
            ])
        );
    }

    #[test]
    fn every_choice_is_checked_and_may_be_emptied() {
        let all = |text: &str| ProjectFields {
            buyer_category: some(text),
            financing_plan: some(text),
            land_status: some(text),
            build_budget: some(text),
            construction_timeline: some(text),
            ..ProjectFields::default()
        };
        assert!(all("").for_change().is_ok());
        let problems = all("bogus").for_change().expect_err("no such values");
        assert_eq!(problems.len(), 5);
        assert_eq!(
            problems[0],
            "buyer_category must be one of: homebuyer, developer"
        );
    }

    #[test]
    fn an_owner_is_not_removed() {
        let none = ProjectFields {
            user_id: Some(0),
            ..ProjectFields::default()
        };
        assert!(none.for_change().is_err());
    }
}

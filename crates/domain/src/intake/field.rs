//! The fields of an application form.

/// One field that an applicant may fill in. Everything else in a body is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Field {
    /// Name of the person, as they write it.
    FullName,
    /// Where to write to; one application per address.
    EmailAddress,
    /// Where to call.
    PhoneNumber,
    /// Company, for developers mostly.
    CompanyName,
    /// See [`super::BuyerCategory`].
    BuyerCategory,
    /// See [`super::FinancingPlan`].
    FinancingPlan,
    /// Whether they want to hear from the preferred lender.
    InterestedInPreferredLender,
    /// See [`super::LandStatus`].
    LandStatus,
    /// Address of the lot that they own.
    LotAddress,
    /// Whether land should be found for them.
    NeedsHelpFindingLand,
    /// Where they would like the land to be.
    PreferredAreaDescription,
    /// See [`super::BuildBudget`].
    BuildBudget,
    /// See [`super::ConstructionTimeline`].
    ConstructionTimeline,
    /// What they want to build, in their words.
    ProjectDescription,
    /// How they came to us.
    ReferralSource,
}

impl Field {
    /// Every field, in the order of the form.
    pub const ALL: [Field; 15] = [
        Field::FullName,
        Field::EmailAddress,
        Field::PhoneNumber,
        Field::CompanyName,
        Field::BuyerCategory,
        Field::FinancingPlan,
        Field::InterestedInPreferredLender,
        Field::LandStatus,
        Field::LotAddress,
        Field::NeedsHelpFindingLand,
        Field::PreferredAreaDescription,
        Field::BuildBudget,
        Field::ConstructionTimeline,
        Field::ProjectDescription,
        Field::ReferralSource,
    ];

    /// Name in JSON, in forms and in messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Field::FullName => "full_name",
            Field::EmailAddress => "email_address",
            Field::PhoneNumber => "phone_number",
            Field::CompanyName => "company_name",
            Field::BuyerCategory => "buyer_category",
            Field::FinancingPlan => "financing_plan",
            Field::InterestedInPreferredLender => "interested_in_preferred_lender",
            Field::LandStatus => "land_status",
            Field::LotAddress => "lot_address",
            Field::NeedsHelpFindingLand => "needs_help_finding_land",
            Field::PreferredAreaDescription => "preferred_area_description",
            Field::BuildBudget => "build_budget",
            Field::ConstructionTimeline => "construction_timeline",
            Field::ProjectDescription => "project_description",
            Field::ReferralSource => "referral_source",
        }
    }

    /// The field of this name; case matters.
    #[must_use]
    pub fn parse(name: &str) -> Option<Field> {
        Field::ALL.into_iter().find(|field| field.as_str() == name)
    }

    /// Place in [`Field::ALL`].
    pub(super) const fn index(self) -> usize {
        self as usize
    }
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_is_the_place_in_the_list() {
        for (place, field) in Field::ALL.into_iter().enumerate() {
            assert_eq!(field.index(), place);
            assert_eq!(Field::parse(field.as_str()), Some(field));
        }
    }
}

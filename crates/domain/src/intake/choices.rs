//! The answers that an applicant picks from a list. Their names are stored and travel in JSON, so they never change.

/// An enum of fixed names, with the list of them.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant),+
        }

        impl $name {
            /// Every value, in the order in which messages and forms list them.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The name that is stored and sent.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }

            /// The value with exactly this name; case and blanks matter.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some($name::$variant),)+ _ => None }
            }

            /// The names, separated by a comma and a blank, as messages show them.
            #[must_use]
            pub fn listed() -> String {
                [$($text),+].join(", ")
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use choice;

choice! {
    /// Who applies.
    BuyerCategory {
        /// Somebody who wants a house to live in.
        Homebuyer = "homebuyer",
        /// Somebody who builds houses for others.
        Developer = "developer",
    }
}

choice! {
    /// Where the money comes from.
    FinancingPlan {
        /// The applicant pays.
        SelfFunding = "self_funding",
        /// A lender finances the build.
        FinanceBuild = "finance_build",
    }
}

choice! {
    /// Whether there is land to build on.
    LandStatus {
        /// There is; then its address must be given.
        OwnLand = "own_land",
        /// It has to be found.
        NeedLand = "need_land",
    }
}

choice! {
    /// What the build may cost, in US dollars without the land.
    BuildBudget {
        /// 200,000 to 250,000.
        From200To250 = "200k_250k",
        /// 250,000 to 350,000.
        From250To350 = "250k_350k",
        /// 350,000 to 400,000.
        From350To400 = "350k_400k",
        /// 400,000 to 500,000.
        From400To500 = "400k_500k",
        /// More than 500,000.
        Above500 = "500k_plus",
    }
}

choice! {
    /// When building should begin, in months from the application.
    ConstructionTimeline {
        /// Within three months.
        LessThan3Months = "less_than_3_months",
        /// In three to six months.
        From3To6Months = "3_to_6_months",
        /// In six to twelve months.
        From6To12Months = "6_to_12_months",
        /// Later than in twelve months.
        MoreThan12Months = "more_than_12_months",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_nothing_else_parses() {
        for value in BuildBudget::ALL {
            assert_eq!(BuildBudget::parse(value.as_str()), Some(*value));
        }
        for refused in ["", "homebuyer ", "Homebuyer", "bogus"] {
            assert_eq!(BuyerCategory::parse(refused), None, "{refused:?}");
        }
        assert_eq!(BuyerCategory::listed(), "homebuyer, developer");
    }

    #[test]
    fn the_json_name_is_the_stored_name() {
        for value in ConstructionTimeline::ALL {
            assert_eq!(serde_json::json!(value), value.as_str());
        }
    }
}

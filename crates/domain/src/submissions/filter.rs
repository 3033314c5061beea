//! Filters of a list: exact, combined by AND. A value that does not exist is not an error, it matches nothing.

/// What a list can be filtered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterField {
    /// Where the application stands.
    Status,
    /// Who applies.
    BuyerCategory,
    /// What the build may cost.
    BuildBudget,
    /// When building should begin.
    ConstructionTimeline,
}

impl FilterField {
    /// Every filter, in the order of the predecessor.
    pub const ALL: [FilterField; 4] = [
        FilterField::Status,
        FilterField::BuyerCategory,
        FilterField::BuildBudget,
        FilterField::ConstructionTimeline,
    ];

    /// Name of the query parameter and of the column.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            FilterField::Status => "status",
            FilterField::BuyerCategory => "buyer_category",
            FilterField::BuildBudget => "build_budget",
            FilterField::ConstructionTimeline => "construction_timeline",
        }
    }
}

/// The filters of one list. Values stay text, because stored rows of the predecessor may hold values that today's
/// rules do not know.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Filter {
    /// Where the application stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Who applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buyer_category: Option<String>,
    /// What the build may cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build_budget: Option<String>,
    /// When building should begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub construction_timeline: Option<String>,
}

impl Filter {
    /// Reads the query; an empty value is no filter, other parameters are ignored, of two values the last counts.
    pub fn from_query<K: AsRef<str>, V: AsRef<str>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let mut filter = Self::default();
        for (name, value) in pairs {
            if let Some(field) = FilterField::ALL
                .into_iter()
                .find(|field| field.as_str() == name.as_ref())
            {
                let value = value.as_ref();
                *filter.slot(field) = (!value.is_empty()).then(|| value.to_owned());
            }
        }
        filter
    }

    /// Whether no stored row can match: no text of the database holds a NUL character, and it does not take one in a
    /// question either.
    #[must_use]
    pub fn matches_nothing(&self) -> bool {
        [
            &self.status,
            &self.buyer_category,
            &self.build_budget,
            &self.construction_timeline,
        ]
        .into_iter()
        .flatten()
        .any(|value| value.contains('\0'))
    }

    fn slot(&mut self, field: FilterField) -> &mut Option<String> {
        match field {
            FilterField::Status => &mut self.status,
            FilterField::BuyerCategory => &mut self.buyer_category,
            FilterField::BuildBudget => &mut self.build_budget,
            FilterField::ConstructionTimeline => &mut self.construction_timeline,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_given_filters_are_told() {
        let filter = Filter::from_query([
            ("status", "new"),
            ("build_budget", ""),
            ("page", "2"),
            ("status[a]", "b"),
        ]);
        assert_eq!(json!(filter), json!({"status": "new"}));
        assert_eq!(json!(Filter::default()), json!({}));
    }

    #[test]
    fn of_two_values_the_last_counts() {
        let filter = Filter::from_query([("status", "new"), ("status", "qualified")]);
        assert_eq!(filter.status.as_deref(), Some("qualified"));
        assert_eq!(
            Filter::from_query([("status", "new"), ("status", "")]).status,
            None
        );
    }

    #[test]
    fn nul_matches_nothing() {
        assert!(Filter::from_query([("construction_timeline", "a\0")]).matches_nothing());
        assert!(!Filter::from_query([("construction_timeline", "bogus")]).matches_nothing());
    }
}

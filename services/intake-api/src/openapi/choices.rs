//! Fields with a few allowed words, described from the rules themselves.

use keylight_domain::{access, intake, submissions};
use std::borrow::Cow;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

/// A schema that lists words.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident: $words:expr, $description:literal;)+) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl $name {
            /// The words, in their order.
            pub(crate) fn words() -> Vec<&'static str> {
                $words
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some($description))
                    .enum_values(Some(Self::words()))
                    .into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    )+};
}

/// The names of a choice of the domain.
macro_rules! of {
    ($choice:path) => {
        <$choice>::ALL.iter().map(|value| value.as_str()).collect()
    };
}

words! {
    /// See the domain.
    BuyerCategory: of!(intake::BuyerCategory), "Who applies";
    /// See the domain.
    FinancingPlan: of!(intake::FinancingPlan), "Where the money comes from";
    /// See the domain.
    LandStatus: of!(intake::LandStatus), "Whether there is land to build on";
    /// See the domain.
    BuildBudget: of!(intake::BuildBudget), "What the build may cost";
    /// See the domain.
    ConstructionTimeline: of!(intake::ConstructionTimeline), "When building should begin";
    /// See the domain.
    SubmissionStatus: of!(submissions::SubmissionStatus), "Where an application stands";
    /// Where a submission stands in ClickUp.
    SyncState: vec!["pending", "synced", "failed", "off"], "Where it stands in ClickUp: waiting, there, given up for now, or not wanted there";
    /// What can be done to a project.
    ProjectOperation: vec!["activate", "hold", "resume", "complete", "cancel", "reopen", "archive", "unarchive"], "A step in the life of a project";
    /// See the domain.
    StaffRole: of!(access::Role), "How much somebody may do; each role may all that the ones before it may";
    /// See the domain.
    TokenScope: of!(access::Scope), "What a token may be used for; writing includes reading";
    /// How a person belongs to a project.
    ProjectRole: vec!["owner", "co_buyer", "contact"], "How a person belongs to a project";
}

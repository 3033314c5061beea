//! What an import can come across in a row. Each has a name that never changes, because reports are compared.

use super::tables::Table;
use std::fmt;

macro_rules! rules {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $meaning:literal, $remedy:literal;)*) => {
        /// The kinds of decisions.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $(#[doc = $meaning] $variant,)*
        }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Rule] = &[$(Rule::$variant),*];

            /// Its name in reports.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Rule::$variant => $name,)* }
            }

            /// What was found, and what the import does about it.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Rule::$variant => $meaning,)* }
            }

            /// What people can do about it afterwards.
            #[must_use]
            pub const fn remedy(self) -> &'static str {
                match self { $(Rule::$variant => $remedy,)* }
            }
        }
    };
}

rules! {
    AddressFolded = "address_folded",
        "the address has capitals or blanks around it; it stays so, and is compared trimmed and in small letters",
        "none needed";
    AddressShared = "address_shared",
        "several applications have this address; all stay, and a new one with it is refused while one of them is open",
        "look at them side by side, delete what is superfluous";
    AddressTwin = "address_twin",
        "several users have this address; all stay, one of them answers for it from now on",
        "merge the people";
    RowDoubled = "row_doubled",
        "another row says the same apart from id and times; both stay",
        "delete one of them";
    PersonMissing = "person_missing",
        "no user is linked and none has this address; the link stays empty",
        "keylight records repair";
    PersonUnlinked = "person_unlinked",
        "no user is linked although one has this address; the link stays empty",
        "keylight records repair";
    ProjectMissing = "project_missing",
        "no project is linked; the link stays empty",
        "keylight records repair";
    PersonOther = "person_other",
        "the linked user has another address; the link stays",
        "keylight records check";
    OwnerMissing = "owner_missing",
        "the project has no owner; it stays so",
        "keylight records repair";
    OwnerOther = "owner_other",
        "the linked project belongs to another user than the application; both links stay",
        "keylight records check";
    ProjectShared = "project_shared",
        "several applications share the project; it is not divided",
        "keylight records check";
    Unused = "unused",
        "no application refers to the row; it stays",
        "none needed";
    LinkDangling = "link_dangling",
        "the row that the link names does not exist; the link is empty here, its value is kept beside",
        "link the right row";
    ValueUnknown = "value_unknown",
        "the value is none of those that are allowed today; it stays",
        "choose a known value";
    ValueMissing = "value_missing",
        "the value is missing or empty; it stays so",
        "ask the client, or choose a value";
    NullAsEmpty = "null_as_empty",
        "the column holds nothing where ours needs text; ours is empty, the null is kept beside",
        "fill it in";
    TextLong = "text_long",
        "the text is longer than an application may be today; it stays whole",
        "none needed";
    TextUnusual = "text_unusual",
        "the text holds control, invisible or replacement characters; it stays byte for byte",
        "none needed";
    TextSerialised = "text_serialised",
        "the text looks like a list or an object that a program wrote; it stays",
        "write down what was meant";
    PhoneWithoutDigits = "phone_without_digits",
        "the phone number holds too few digits to be called; it stays",
        "ask the client";
    TimeMissing = "time_missing",
        "the time is not known; it stays so, and the row stands last in lists",
        "none needed";
    TimeInfinite = "time_infinite",
        "the time is infinity; it stays, and is shown as unknown",
        "none needed";
    TimeFar = "time_far",
        "the time is long before the predecessor existed, or in the future; it stays",
        "none needed";
    TimeReversed = "time_reversed",
        "the row was changed before it was made; both times stay",
        "none needed";
    TimeWithoutZone = "time_without_zone",
        "the column knows no time zone; its times are taken for UTC",
        "check one of them";
    IdUnusual = "id_unusual",
        "the id is not positive or at the limit of 32 bits; it stays",
        "none needed";
    ColumnMissing = "column_missing",
        "the predecessor's table has no such column; ours is empty",
        "none needed";
    ColumnUnknown = "column_unknown",
        "the column has no place here; its values are kept beside, in entity.legacy_rows",
        "decide whether anybody needs them";
    Conflict = "conflict",
        "the row changed in the predecessor and here since it was taken over; ours stays as it is",
        "compare both and change ours by hand";
    Gone = "gone",
        "the row was taken over earlier and has gone from the predecessor since; ours stays",
        "delete it here as well, if that was meant";
    Removed = "removed",
        "the row was taken over earlier and has been removed for good here since; it does not come back",
        "none needed";
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What was found in one row. Holds ids, lengths and codes; texts only where the finding is the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The table.
    pub table: Table,
    /// The row; `None` when it concerns a column as a whole.
    pub id: Option<i64>,
    /// What was found.
    pub rule: Rule,
    /// Where in the row, if in one place.
    pub column: Option<String>,
    /// What was kept, in words.
    pub kept: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_said_in_one_word() {
        let names: BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.name()).collect();
        assert_eq!(names.len(), Rule::ALL.len());
        assert!(
            names
                .iter()
                .all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        );
    }
}

//! The kinds of custom fields.

/// The kinds of custom fields that are told apart here. ClickUp's names for them are those of its table of custom fields
/// (reference of "Set Custom Field Value"); `tasks` is called `list_relationship` in newer workspaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldKind {
    /// One line of text.
    ShortText,
    /// Text of many lines.
    Text,
    /// A number, read as text.
    Number,
    /// An amount of money; which money is said by the definition and cannot be written.
    Currency,
    /// One of several options.
    DropDown,
    /// Any of several options.
    Labels,
    /// An e-mail address.
    Email,
    /// A phone number with country code.
    Phone,
    /// An address on the web.
    Url,
    /// A date in epoch milliseconds.
    Date,
    /// Yes or no.
    Checkbox,
    /// Members of the workspace.
    Users,
    /// Other tasks.
    Tasks,
    /// So many of so many stars.
    Rating,
    /// Progress that people set.
    ManualProgress,
    /// Progress that ClickUp counts: read only.
    AutomaticProgress,
    /// A place with its coordinates.
    Location,
    /// Files that were uploaded to the field.
    Files,
    /// A button that runs an automation; it holds no value.
    Button,
    /// What ClickUp works out from other fields: read only.
    Formula,
    /// Anything else (votes, roll-ups, what is newer than this client): read only.
    Other,
}

const NAMES: [(&str, FieldKind); 21] = [
    ("short_text", FieldKind::ShortText),
    ("text", FieldKind::Text),
    ("number", FieldKind::Number),
    ("currency", FieldKind::Currency),
    ("drop_down", FieldKind::DropDown),
    ("labels", FieldKind::Labels),
    ("email", FieldKind::Email),
    ("phone", FieldKind::Phone),
    ("url", FieldKind::Url),
    ("date", FieldKind::Date),
    ("checkbox", FieldKind::Checkbox),
    ("users", FieldKind::Users),
    ("tasks", FieldKind::Tasks),
    ("list_relationship", FieldKind::Tasks),
    ("emoji", FieldKind::Rating),
    ("manual_progress", FieldKind::ManualProgress),
    ("automatic_progress", FieldKind::AutomaticProgress),
    ("location", FieldKind::Location),
    ("attachment", FieldKind::Files),
    ("button", FieldKind::Button),
    ("formula", FieldKind::Formula),
];

impl FieldKind {
    pub(crate) fn parse(name: &str) -> Self {
        NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map_or(FieldKind::Other, |(_, kind)| *kind)
    }

    /// ClickUp's name for it; `other` for kinds that are not told apart.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        NAMES
            .iter()
            .find(|(_, kind)| *kind == self)
            .map_or("other", |(name, _)| name)
    }

    /// Whether the API takes values for it.
    #[must_use]
    pub const fn is_writable(self) -> bool {
        !matches!(
            self,
            FieldKind::AutomaticProgress | FieldKind::Formula | FieldKind::Other
        )
    }

    /// Whether a new task can be given a value for it; files need the task first, and a button nothing to press on yet.
    #[must_use]
    pub const fn is_settable_at_creation(self) -> bool {
        self.is_writable() && !matches!(self, FieldKind::Files | FieldKind::Button)
    }
}

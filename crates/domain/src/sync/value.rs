//! The synchronised fields and their values.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A field of a submission that its task has too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Where the application stands.
    Status,
    /// Title of the task.
    Name,
    /// Text of the task.
    Description,
    /// Priority of the task.
    Priority,
    /// What the build may cost.
    Budget,
    /// When building should begin.
    Timeline,
    /// Whether there is land.
    Land,
    /// Home buyer or developer.
    Category,
    /// How the build is paid for.
    Financing,
    /// Whether our lender may call; yes or no.
    Lender,
    /// Whether land has to be found; yes or no.
    HelpWithLand,
    /// Where the land is.
    LotAddress,
    /// Where land may be.
    PreferredArea,
    /// Where they heard of us.
    Referral,
    /// How to write to them.
    Email,
    /// How to call them.
    Phone,
    /// For whom they build.
    Company,
    /// Who applied.
    Applicant,
    /// What they want to build.
    Project,
    /// When the application came in.
    Submitted,
}

/// What a field of ours holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// One of our codes.
    Code,
    /// `yes` or `no`.
    YesNo,
    /// What somebody wrote.
    Words,
    /// A point in time.
    Moment,
}

impl Field {
    /// Every field.
    pub const ALL: [Field; 20] = [
        Field::Status,
        Field::Name,
        Field::Description,
        Field::Priority,
        Field::Budget,
        Field::Timeline,
        Field::Land,
        Field::Category,
        Field::Financing,
        Field::Lender,
        Field::HelpWithLand,
        Field::LotAddress,
        Field::PreferredArea,
        Field::Referral,
        Field::Email,
        Field::Phone,
        Field::Company,
        Field::Applicant,
        Field::Project,
        Field::Submitted,
    ];

    /// The facts of an application: custom fields in ClickUp where the mapping says so, set by one call each.
    pub const CUSTOM: [Field; 16] = [
        Field::Budget,
        Field::Timeline,
        Field::Land,
        Field::Category,
        Field::Financing,
        Field::Lender,
        Field::HelpWithLand,
        Field::LotAddress,
        Field::PreferredArea,
        Field::Referral,
        Field::Email,
        Field::Phone,
        Field::Company,
        Field::Applicant,
        Field::Project,
        Field::Submitted,
    ];

    /// Those that are looked for in a list by their names when the mapping says nothing about them.
    pub const BY_NAME: [Field; 4] = [Field::Budget, Field::Timeline, Field::Land, Field::Category];

    /// Stable name for rows, logs and mapping documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Field::Status => "status",
            Field::Name => "name",
            Field::Description => "description",
            Field::Priority => "priority",
            Field::Budget => "budget",
            Field::Timeline => "timeline",
            Field::Land => "land",
            Field::Category => "category",
            Field::Financing => "financing",
            Field::Lender => "lender",
            Field::HelpWithLand => "help_with_land",
            Field::LotAddress => "lot_address",
            Field::PreferredArea => "preferred_area",
            Field::Referral => "referral",
            Field::Email => "email",
            Field::Phone => "phone",
            Field::Company => "company",
            Field::Applicant => "applicant",
            Field::Project => "project",
            Field::Submitted => "submitted",
        }
    }

    /// The field with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == name)
    }

    /// What it holds with us.
    #[must_use]
    pub const fn holds(self) -> Holds {
        match self {
            Field::Status
            | Field::Priority
            | Field::Budget
            | Field::Timeline
            | Field::Land
            | Field::Category
            | Field::Financing => Holds::Code,
            Field::Lender | Field::HelpWithLand => Holds::YesNo,
            Field::Submitted => Holds::Moment,
            _ => Holds::Words,
        }
    }

    /// Whether it is a custom field in ClickUp.
    #[must_use]
    pub const fn is_custom(self) -> bool {
        !matches!(
            self,
            Field::Status | Field::Name | Field::Description | Field::Priority
        )
    }

    /// Whether a change made in ClickUp is taken over by us, if the value has a counterpart.
    #[must_use]
    pub const fn comes_back(self) -> bool {
        matches!(
            self,
            Field::Status | Field::Budget | Field::Timeline | Field::Land | Field::Category
        )
    }
}

/// The value of a field. Equal when it means the same, however it is written.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Option<String>", into = "Option<String>")]
pub enum Value {
    /// Nothing is set.
    Unset,
    /// One of our codes: `new`, `high`, `350k_400k`.
    Code(String),
    /// Free text, in whatever dress.
    Text(Text),
    /// A fact that counts to the letter: an address, a number.
    Exact(Exact),
    /// A value of ClickUp's side that has no counterpart with us, folded.
    Foreign(String),
}

impl Value {
    /// A code.
    #[must_use]
    pub fn code(code: &str) -> Self {
        Value::Code(code.to_owned())
    }

    /// Free text; blank text is nothing.
    #[must_use]
    pub fn text(text: &str) -> Self {
        if text.trim().is_empty() {
            Value::Unset
        } else {
            Value::Text(Text::new(text))
        }
    }

    /// A fact that counts to the letter, blanks around it aside; blank is nothing.
    #[must_use]
    pub fn exact(words: &str) -> Self {
        let words = words.trim();
        if words.is_empty() {
            Value::Unset
        } else {
            Value::Exact(Exact::new(words))
        }
    }

    /// A value without counterpart.
    #[must_use]
    pub fn foreign(name: &str) -> Self {
        Value::Foreign(super::mapping::fold(name))
    }

    /// The code, if it is one.
    #[must_use]
    pub fn as_code(&self) -> Option<&str> {
        match self {
            Value::Code(code) => Some(code),
            _ => None,
        }
    }

    /// The words of a text that did not come from a row.
    #[must_use]
    pub fn as_words(&self) -> Option<&str> {
        match self {
            Value::Text(text) => text.words.as_deref(),
            Value::Exact(exact) => exact.words.as_deref(),
            _ => None,
        }
    }
}

/// Codes are shown, what people wrote is not.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Unset => f.write_str("unset"),
            Value::Code(code) => f.write_str(code),
            Value::Text(text) => write!(f, "text#{:08x}", text.digest & 0xffff_ffff),
            Value::Exact(exact) => write!(f, "fact#{:08x}", exact.digest & 0xffff_ffff),
            Value::Foreign(_) => f.write_str("foreign"),
        }
    }
}

/// Free text, compared by its words: blanks, line ends and the signs of markdown do not count, because ClickUp gives
/// text back in another dress than it was sent in. Rows keep a digest instead of the words: enough to see a change, and
/// personal data stays in one place.
#[derive(Clone)]
pub struct Text {
    words: Option<String>,
    digest: u128,
}

impl Text {
    fn new(text: &str) -> Self {
        Self {
            digest: digest_of(text),
            words: Some(text.to_owned()),
        }
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for Text {}

/// Words that count to the letter. Rows keep a digest of them, as of texts.
#[derive(Clone)]
pub struct Exact {
    words: Option<String>,
    digest: u128,
}

impl Exact {
    fn new(words: &str) -> Self {
        Self {
            digest: words.bytes().fold(OFFSET, eaten),
            words: Some(words.to_owned()),
        }
    }
}

impl PartialEq for Exact {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for Exact {}

const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;

/// One step of FNV-1a with 128 bits.
const fn eaten(hash: u128, byte: u8) -> u128 {
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    (hash ^ byte as u128).wrapping_mul(PRIME)
}

/// FNV-1a over the meaningful characters, runs of blanks counting as one.
fn digest_of(text: &str) -> u128 {
    let mut hash = OFFSET;
    let mut eat = |byte: u8| hash = eaten(hash, byte);
    let (mut blank, mut begun) = (false, false);
    let mut buffer = [0; 4];
    for character in text.chars().filter(|character| !is_markup(*character)) {
        if character.is_whitespace() || character == '\u{feff}' {
            blank = true;
            continue;
        }
        if blank && begun {
            eat(b' ');
        }
        (blank, begun) = (false, true);
        character
            .encode_utf8(&mut buffer)
            .bytes()
            .for_each(&mut eat);
    }
    hash
}

fn is_markup(character: char) -> bool {
    matches!(
        character,
        '\\' | '*' | '_' | '`' | '~' | '#' | '>' | '|' | '[' | ']' | '\u{200b}'
    )
}

impl From<Value> for Option<String> {
    fn from(value: Value) -> Self {
        match value {
            Value::Unset => None,
            Value::Code(code) => Some(format!("={code}")),
            Value::Text(text) => Some(format!("#{:032x}", text.digest)),
            Value::Exact(exact) => Some(format!("!{:032x}", exact.digest)),
            Value::Foreign(name) => Some(format!("?{name}")),
        }
    }
}

/// A stored value that no version of ours wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stored field value has no known form")]
pub struct UnknownForm;

impl TryFrom<Option<String>> for Value {
    type Error = UnknownForm;

    fn try_from(stored: Option<String>) -> Result<Self, UnknownForm> {
        let Some(stored) = stored else {
            return Ok(Value::Unset);
        };
        if let Some(code) = stored.strip_prefix('=') {
            return Ok(Value::code(code));
        }
        if let Some(name) = stored.strip_prefix('?') {
            return Ok(Value::Foreign(name.to_owned()));
        }
        let digest_in = |digest| u128::from_str_radix(digest, 16).map_err(|_| UnknownForm);
        if let Some(digest) = stored.strip_prefix('!') {
            let digest = digest_in(digest)?;
            return Ok(Value::Exact(Exact {
                words: None,
                digest,
            }));
        }
        let digest = digest_in(stored.strip_prefix('#').ok_or(UnknownForm)?)?;
        Ok(Value::Text(Text {
            words: None,
            digest,
        }))
    }
}

/// The values of one side. A field that is missing does not exist there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View(BTreeMap<Field, Value>);

impl View {
    /// The value of a field, if the side has the field.
    #[must_use]
    pub fn get(&self, field: Field) -> Option<&Value> {
        self.0.get(&field)
    }

    /// Sets a field.
    pub fn set(&mut self, field: Field, value: Value) {
        self.0.insert(field, value);
    }

    /// Sets a field.
    #[must_use]
    pub fn with(mut self, field: Field, value: Value) -> Self {
        self.set(field, value);
        self
    }

    /// All fields that the side has.
    pub fn iter(&self) -> impl Iterator<Item = (Field, &Value)> {
        self.0.iter().map(|(field, value)| (*field, value))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn text_is_compared_by_its_words() {
        let sent = Value::text("**Contact**\n\nMail: a\\_b@example.com\n");
        assert_eq!(sent, Value::text(" Contact Mail: a_b@example.com"));
        assert_eq!(Value::text(" \n\t"), Value::Unset);
        assert_ne!(sent, Value::text("Contact Mail: ab@example.com!"));
        assert_ne!(Value::text("a b"), Value::text("ab"));
    }

    #[test]
    fn stored_values_compare_like_fresh_ones() {
        for value in [
            Value::Unset,
            Value::code("new"),
            Value::text("Zoë's house"),
            Value::exact("zoë_1@example.com"),
            Value::foreign("In Review"),
        ] {
            let json = serde_json::to_string(&value).unwrap();
            assert_eq!(
                serde_json::from_str::<Value>(&json).unwrap(),
                value,
                "{json}"
            );
            assert!(!json.contains("Zoë"));
        }
        assert!(serde_json::from_str::<Value>("\"new\"").is_err());
        assert!(serde_json::from_str::<Value>("\"#xyz\"").is_err());
    }

    #[test]
    fn facts_count_to_the_letter() {
        assert_ne!(
            Value::exact("a_b@example.com"),
            Value::exact("ab@example.com")
        );
        assert_eq!(Value::exact(" 5 Elm St\n"), Value::exact("5 Elm St"));
        assert_eq!(Value::exact(" "), Value::Unset);
    }

    #[test]
    fn debug_shows_no_text() {
        assert!(!format!("{:?}", Value::exact("Ann Lee")).contains("Ann"));
        assert!(!format!("{:?}", Value::text("Ann Lee")).contains("Ann"));
    }

    #[test]
    fn names_are_distinct() {
        let names: std::collections::BTreeSet<_> =
            Field::ALL.iter().map(|field| field.as_str()).collect();
        assert_eq!(names.len(), Field::ALL.len());
        for field in Field::ALL {
            assert_eq!(Field::named(field.as_str()), Some(field));
            assert_eq!(
                serde_json::to_string(&field).unwrap(),
                format!("\"{}\"", field.as_str())
            );
            assert_eq!(field.is_custom(), Field::CUSTOM.contains(&field));
        }
    }
}

//! The keys of a process.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use rand::RngExt as _;
use secrecy::{ExposeSecret as _, SecretBox, SecretString, zeroize::Zeroizing};
use std::{collections::BTreeMap, fmt, sync::Arc};

/// Bytes of a key.
const KEY: usize = 32;
/// Longest id.
const ID: usize = 32;

/// A key; wiped from memory when it goes.
pub(super) type Key = SecretBox<[u8; KEY]>;

/// With or without `=` at the end: both are around.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The keys of a process by id. Clones share them.
#[derive(Clone)]
pub struct Keyring {
    first: Arc<str>,
    keys: Arc<BTreeMap<String, Key>>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring")
            .field("first", &self.first)
            .field("ids", &self.keys.keys().collect::<Vec<_>>())
            .finish()
    }
}

/// What is wrong with a list of keys. Never holds a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// There is none.
    #[error("the value has no key; `keylight seal new-key` makes one")]
    Empty,
    /// One is not `id:key`.
    #[error("entry {0} is not id:key; `keylight seal new-key` makes one")]
    NotAPair(usize),
    /// An id that cannot be one.
    #[error("the id of entry {0} is not 1 to 32 of a-z, 0-9 and -")]
    BadId(usize),
    /// A key that cannot be one.
    #[error("key \"{0}\" is not 32 bytes in base64; `keylight seal new-key` makes one")]
    BadKey(String),
    /// One id stands for two keys.
    #[error("key \"{0}\" stands there twice")]
    Twice(String),
}

/// Whether a key can have this id: 1 to 32 of `a-z`, `0-9` and `-`.
#[must_use]
pub fn is_id(text: &str) -> bool {
    (1..=ID).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

impl Keyring {
    /// Reads `id:key[,id:key…]`; a file may have a key a line instead. The first one seals.
    ///
    /// # Errors
    /// When there is no key, or one cannot be read.
    pub fn parse(text: &SecretString) -> Result<Self, KeyringError> {
        let mut first = None;
        let mut keys = BTreeMap::new();
        let entries = text
            .expose_secret()
            .split([',', '\n'])
            .map(str::trim)
            .filter(|entry| !entry.is_empty());
        for (number, entry) in entries.enumerate() {
            let (id, key) = entry
                .split_once(':')
                .ok_or(KeyringError::NotAPair(number + 1))?;
            if !is_id(id) {
                return Err(KeyringError::BadId(number + 1));
            }
            let bytes = Zeroizing::new(
                BASE64
                    .decode(key.trim())
                    .map_err(|_| KeyringError::BadKey(id.to_owned()))?,
            );
            let mut key = Key::new(Box::new([0; KEY]));
            if bytes.len() != KEY {
                return Err(KeyringError::BadKey(id.to_owned()));
            }
            use secrecy::ExposeSecretMut as _;
            key.expose_secret_mut().copy_from_slice(&bytes);
            if keys.insert(id.to_owned(), key).is_some() {
                return Err(KeyringError::Twice(id.to_owned()));
            }
            first.get_or_insert_with(|| Arc::from(id));
        }
        Ok(Self {
            first: first.ok_or(KeyringError::Empty)?,
            keys: Arc::new(keys),
        })
    }

    /// The id of the key that seals.
    #[must_use]
    pub fn first_id(&self) -> &str {
        &self.first
    }

    /// The ids of all keys.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str)
    }

    pub(super) fn first(&self) -> (&str, &Key) {
        let key = self.keys.get(&*self.first);
        (&self.first, key.expect("the first key is among the keys"))
    }

    pub(super) fn key(&self, id: &str) -> Option<&Key> {
        self.keys.get(id)
    }
}

/// A fresh key with this id, as [`Keyring::parse`] reads it.
///
/// # Panics
/// When the id is not 1 to 32 of `a-z`, `0-9` and `-`.
#[must_use]
pub fn new_key(id: &str) -> SecretString {
    assert!(is_id(id), "the id is made by the program itself");
    let mut bytes = Zeroizing::new([0_u8; KEY]);
    rand::rng().fill(&mut *bytes);
    let key = Zeroizing::new(STANDARD.encode(bytes.as_slice()));
    SecretString::from(format!("{id}:{}", &*key))
}

//! Reads settings and gathers every mistake.

use super::{FILE_VARIABLE, Key, duration};
use config::{File, FileFormat, Value, ValueKind};
use secrecy::SecretString;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};
use url::Url;

/// One mistake in the settings: where it is and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The variable, or the file and the place in it.
    pub place: String,
    /// What is wrong and how to mend it. Never holds the value of a secret.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)
    }
}

/// Gives typed access to settings; mistakes are gathered, and each mistaken setting takes its default meanwhile.
pub struct Reader {
    env: HashMap<String, String>,
    file: BTreeMap<String, String>,
    file_name: String,
    known: BTreeSet<&'static str>,
    problems: Vec<Problem>,
}

impl Reader {
    /// Settings from the process's environment and the file that `KEYLIGHT_CONFIG` names.
    #[must_use]
    pub fn from_process() -> Self {
        // variables that are not Unicode cannot be ours
        let env = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self::new(env)
    }

    /// Settings from given variables; the file is read if one of them names it.
    #[must_use]
    pub fn new(env: HashMap<String, String>) -> Self {
        let mut reader = Self {
            env,
            file: BTreeMap::new(),
            file_name: String::new(),
            known: BTreeSet::new(),
            problems: Vec::new(),
        };
        if let Some(path) = reader
            .env
            .get(FILE_VARIABLE)
            .filter(|path| !path.is_empty())
            .cloned()
        {
            reader.read_file(Path::new(&path));
        }
        reader
    }

    fn read_file(&mut self, path: &Path) {
        self.file_name = path.display().to_string();
        let source = File::from(path).format(FileFormat::Toml).required(true);
        match config::Config::builder().add_source(source).build() {
            Ok(tree) => flatten("", &tree.cache, &mut self.file),
            Err(error) => self.problems.push(Problem {
                place: FILE_VARIABLE.to_owned(),
                text: format!("the file {} cannot be read: {error}", path.display()),
            }),
        }
    }

    /// Sets a value as if the environment said so, unless it does say something. For the process that holds all
    /// services and knows better defaults.
    pub fn suggest(&mut self, key: &Key, value: impl Into<String>) {
        if self
            .raw(key)
            .is_none_or(|(_, place)| place == Place::Default)
        {
            self.env.insert(key.env.to_owned(), value.into());
        }
    }

    /// Sets a value whatever was said before. For what cannot be set: nobody knows it before the process runs.
    pub fn force(&mut self, key: &Key, value: impl Into<String>) {
        self.env.remove(&format!("{}_FILE", key.env));
        self.env.insert(key.env.to_owned(), value.into());
    }

    /// Whether somebody has set the value (so it is not the default).
    #[must_use]
    pub fn is_set(&self, key: &Key) -> bool {
        self.raw(key)
            .is_some_and(|(_, place)| place != Place::Default)
    }

    /// The value's text and where it came from. An empty variable counts as unset.
    pub(super) fn raw(&self, key: &Key) -> Option<(String, Place)> {
        let non_empty = |name: &str| self.env.get(name).filter(|value| !value.is_empty());
        if let Some(value) = non_empty(key.env) {
            return Some((value.clone(), Place::Variable));
        }
        if let Some(path) = non_empty(&format!("{}_FILE", key.env)) {
            return Some((path.clone(), Place::VariableFile));
        }
        if let Some(value) = self.file.get(key.path) {
            return Some((value.clone(), Place::File));
        }
        key.default.map(|value| (value.to_owned(), Place::Default))
    }

    fn place_text(&self, key: &Key, place: Place) -> String {
        match place {
            Place::Variable | Place::Default => key.env.to_owned(),
            Place::VariableFile => format!("{}_FILE", key.env),
            Place::File => format!("{} in {}", key.path, self.file_name),
        }
    }

    fn problem(&mut self, key: &Key, place: Place, text: String) {
        let place = self.place_text(key, place);
        self.problems.push(Problem { place, text });
    }

    fn value(&mut self, key: &Key) -> Option<(String, Place)> {
        self.known.insert(key.path);
        let (value, place) = self.raw(key)?;
        if place != Place::VariableFile {
            return Some((value, place));
        }
        match fs::read_to_string(&value) {
            Ok(text) => Some((text.trim_end_matches(['\r', '\n']).to_owned(), place)),
            Err(error) => {
                self.problem(
                    key,
                    place,
                    format!(
                        "the file {value} cannot be read ({error}); give a readable file or set {}",
                        key.env
                    ),
                );
                key.default.map(|value| (value.to_owned(), Place::Default))
            }
        }
    }

    fn parsed<T>(
        &mut self,
        key: &Key,
        wanted: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let (value, place) = self.value(key)?;
        if let Some(parsed) = parse(&value) {
            return Some(parsed);
        }
        let shown = if key.secret {
            "the value".to_owned()
        } else {
            format!("\"{value}\"")
        };
        let example = key
            .default
            .map(|value| format!(", for example {value}"))
            .unwrap_or_default();
        self.problem(key, place, format!("{shown} is not {wanted}{example}"));
        key.default.and_then(parse)
    }

    /// Takes a parsed value, or records that a required one is missing.
    fn required<T>(&mut self, key: &Key, value: Option<T>, fallback: impl FnOnce() -> T) -> T {
        value.unwrap_or_else(|| {
            if self.raw(key).is_none() {
                self.problem(key, Place::Variable, format!("is needed: {}", key.doc));
            }
            fallback()
        })
    }

    /// A text.
    pub fn string(&mut self, key: &Key) -> String {
        let value = self.opt_string(key);
        self.required(key, value, String::new)
    }

    /// A text that may be unset.
    pub fn opt_string(&mut self, key: &Key) -> Option<String> {
        self.value(key).map(|(value, _)| value)
    }

    /// A secret that may be unset.
    pub fn opt_secret(&mut self, key: &Key) -> Option<SecretString> {
        self.value(key).map(|(value, _)| SecretString::from(value))
    }

    /// A secret.
    pub fn secret(&mut self, key: &Key) -> SecretString {
        let value = self.opt_secret(key);
        self.required(key, value, SecretString::default)
    }

    /// An address and port to listen on.
    pub fn addr(&mut self, key: &Key) -> SocketAddr {
        let value = self.parsed(key, "an address with a port", parse_addr);
        self.required(key, value, || SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// An address and port that may be unset.
    pub fn opt_addr(&mut self, key: &Key) -> Option<SocketAddr> {
        self.parsed(key, "an address with a port", parse_addr)
    }

    /// A URL.
    pub fn url(&mut self, key: &Key) -> Url {
        let value = self.opt_url(key);
        // a literal that always parses
        self.required(key, value, || {
            Url::parse("http://localhost").expect("a constant URL")
        })
    }

    /// A URL that may be unset.
    pub fn opt_url(&mut self, key: &Key) -> Option<Url> {
        self.parsed(key, "a URL", |text| {
            Url::parse(text)
                .ok()
                .filter(|url| url.has_host() || url.scheme() == "postgres")
        })
    }

    /// A duration with its unit.
    pub fn duration(&mut self, key: &Key) -> Duration {
        let value = self.parsed(key, "a duration with a unit (ms, s, m, h)", duration::parse);
        self.required(key, value, Duration::default)
    }

    /// A number within bounds, both included.
    pub fn number<T>(&mut self, key: &Key, low: T, high: T) -> T
    where
        T: FromStr + PartialOrd + Copy + fmt::Display,
    {
        let wanted = format!("a number from {low} to {high}");
        let value = self.parsed(key, &wanted, |text| {
            text.trim()
                .parse::<T>()
                .ok()
                .filter(|number| *number >= low && *number <= high)
        });
        self.required(key, value, || low)
    }

    /// Yes or no.
    pub fn flag(&mut self, key: &Key) -> bool {
        let value = self.parsed(key, "true or false", |text| match text.trim() {
            "true" | "1" | "yes" | "on" => Some(true),
            "false" | "0" | "no" | "off" => Some(false),
            _ => None,
        });
        self.required(key, value, || false)
    }

    /// A list, separated by commas, trimmed, without empty parts.
    pub fn list(&mut self, key: &Key) -> Vec<String> {
        self.opt_string(key)
            .map(|text| {
                text.split(',')
                    .map(str::trim)
                    .filter(|part| !part.is_empty())
                    .map(str::to_owned)
                    .collect()
            })
            .unwrap_or_default()
    }

    /// A folder or file.
    pub fn path(&mut self, key: &Key) -> PathBuf {
        PathBuf::from(self.string(key))
    }

    /// Adds a mistake that only several settings together make.
    pub fn refuse(&mut self, key: &Key, text: impl Into<String>) {
        let place = self.raw(key).map_or(Place::Variable, |(_, place)| place);
        self.problem(key, place, text.into());
    }

    /// Every mistake, and every entry of the file that is in none of the `tables` (the file is shared by all services).
    #[must_use]
    pub fn problems(&self, tables: &[&[Key]]) -> Vec<Problem> {
        let mut problems = self.problems.clone();
        let known: BTreeSet<_> = tables
            .iter()
            .flat_map(|table| table.iter())
            .map(|key| key.path)
            .collect();
        for path in self.file.keys() {
            if !known.contains(path.as_str()) && !self.known.contains(path.as_str()) {
                problems.push(Problem {
                    place: format!("{path} in {}", self.file_name),
                    text: "there is no such setting; correct its name or remove it".to_owned(),
                });
            }
        }
        problems
    }
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Variable,
    VariableFile,
    File,
    Default,
}

impl Place {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Place::Variable => "variable",
            Place::VariableFile => "variable's file",
            Place::File => "file",
            Place::Default => "default",
        }
    }
}

fn parse_addr(text: &str) -> Option<SocketAddr> {
    let text = text.trim();
    text.parse().ok().or_else(|| {
        // names are resolved here, so that `localhost:8080` and `0.0.0.0:8080` both work
        use std::net::ToSocketAddrs as _;
        text.to_socket_addrs().ok()?.next()
    })
}

fn flatten(prefix: &str, value: &Value, into: &mut BTreeMap<String, String>) {
    match &value.kind {
        ValueKind::Table(table) => {
            for (name, value) in table {
                let path = if prefix.is_empty() {
                    name.clone()
                } else {
                    format!("{prefix}.{name}")
                };
                flatten(&path, value, into);
            }
        }
        ValueKind::Array(items) => {
            let parts: Vec<String> = items.iter().map(ToString::to_string).collect();
            into.insert(prefix.to_owned(), parts.join(","));
        }
        _ => {
            into.insert(prefix.to_owned(), value.to_string());
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    const PORT: Key = Key {
        path: "http.addr",
        env: "T_ADDR",
        default: Some("127.0.0.1:8080"),
        secret: false,
        doc: "where",
    };
    const WAIT: Key = Key {
        path: "http.wait",
        env: "T_WAIT",
        default: Some("10s"),
        secret: false,
        doc: "how long",
    };
    const TOKEN: Key = Key {
        path: "http.token",
        env: "T_TOKEN",
        default: None,
        secret: true,
        doc: "the token",
    };
    const SIZE: Key = Key {
        path: "http.size",
        env: "T_SIZE",
        default: Some("5"),
        secret: true,
        doc: "size",
    };

    fn env(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect()
    }

    #[test]
    fn all_mistakes_are_reported_at_once_and_secrets_are_not_shown() {
        let mut reader = Reader::new(env(&[
            ("T_ADDR", "nowhere"),
            ("T_WAIT", "10"),
            ("T_SIZE", "hunter2"),
        ]));
        reader.addr(&PORT);
        assert_eq!(reader.duration(&WAIT), Duration::from_secs(10));
        reader.secret(&TOKEN);
        reader.number(&SIZE, 1, 9);
        let problems: Vec<String> = reader
            .problems(&[])
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(problems.len(), 4, "{problems:?}");
        assert!(
            problems[0].starts_with("T_ADDR: \"nowhere\" is not an address"),
            "{problems:?}"
        );
        assert!(problems.iter().all(|text| !text.contains("hunter2")));
    }

    #[test]
    fn digits_of_a_secret_stay_as_they_are() {
        let mut reader = Reader::new(env(&[("T_TOKEN", "007")]));
        assert_eq!(reader.secret(&TOKEN).expose_secret(), "007");
    }

    #[test]
    fn variable_beats_file_beats_default_and_unknown_entries_are_named() {
        let dir = std::env::temp_dir().join(format!("keylight-config-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let path = dir.join("keylight.toml");
        fs::write(
            &path,
            "[http]\nwait = \"2s\"\naddr = \"127.0.0.1:1\"\ntypo = 1\n",
        )
        .unwrap();
        let secret = dir.join("token");
        fs::write(&secret, "s3cret\n").unwrap();
        let mut reader = Reader::new(env(&[
            (FILE_VARIABLE, path.to_str().unwrap()),
            ("T_ADDR", "127.0.0.1:2"),
            ("T_TOKEN_FILE", secret.to_str().unwrap()),
        ]));
        assert_eq!(reader.addr(&PORT).port(), 2);
        assert_eq!(reader.duration(&WAIT), Duration::from_secs(2));
        assert_eq!(reader.secret(&TOKEN).expose_secret(), "s3cret");
        let problems = reader.problems(&[&[PORT, WAIT, TOKEN]]);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].place.starts_with("http.typo in"));
        fs::remove_dir_all(dir).unwrap();
    }
}

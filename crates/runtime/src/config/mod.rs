//! Settings: one documented TOML file and the environment, everything with a default for local use, and all mistakes
//! reported at once.
//!
//! A service lists its settings as [`Key`]s and reads them through a [`Reader`]. The order of precedence is: variable,
//! `VARIABLE_FILE` (a file that holds the value, for secrets), the file named by `KEYLIGHT_CONFIG`, default.
//!
//! To add a setting: add a [`Key`] to the service's table and one line to its `Config::read`. `config check`,
//! `config print` and the reference page follow from the table.

mod duration;
mod reader;
mod reference;

pub use duration::parse as parse_duration;
pub use reader::{Problem, Reader};
pub use reference::{print_effective, reference_toml};

/// Name of the variable that points to the configuration file.
pub const FILE_VARIABLE: &str = "KEYLIGHT_CONFIG";

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Place in the file: `section.name`.
    pub path: &'static str,
    /// Environment variable. `{env}_FILE` names a file that holds the value.
    pub env: &'static str,
    /// Value when nothing is said; `None` = unset.
    pub default: Option<&'static str>,
    /// Whether the value must never be shown.
    pub secret: bool,
    /// What it means, with its unit.
    pub doc: &'static str,
}

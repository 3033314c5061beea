//! What follows from the tables of settings: the reference file and the printed settings.

use super::{Key, Reader, reader::Place};
use std::fmt::Write as _;

/// A commented configuration file with every setting at its default.
#[must_use]
pub fn reference_toml(tables: &[&[Key]]) -> String {
    let mut text = String::from(
        "# Every setting of Keylight, with its default. Point KEYLIGHT_CONFIG at a copy of this file, or set the variable\n\
         # that stands beside each. A secret may also come from a file: set VARIABLE_FILE to its path.\n",
    );
    let mut section = "";
    for key in tables.iter().flat_map(|table| table.iter()) {
        let (of, name) = key.path.split_once('.').unwrap_or(("", key.path));
        if of != section {
            let _ = write!(text, "\n[{of}]\n");
            section = of;
        }
        let _ = writeln!(text, "# {} ({})", key.doc, key.env);
        let _ = match key.default {
            Some(value) => writeln!(text, "#{name} = \"{value}\""),
            None => writeln!(text, "#{name} = \"\""),
        };
    }
    text
}

/// The settings in force, with secrets hidden and the origin of each.
#[must_use]
pub fn print_effective(reader: &Reader, tables: &[&[Key]]) -> String {
    let mut text = String::new();
    for key in tables.iter().flat_map(|table| table.iter()) {
        let (value, place) = match reader.raw(key) {
            None => ("(unset)".to_owned(), ""),
            Some((_, place)) if key.secret => ("[hidden]".to_owned(), place.as_str()),
            Some((value, place @ Place::VariableFile)) => {
                (format!("(from {value})"), place.as_str())
            }
            Some((value, place)) => (value, place.as_str()),
        };
        let _ = writeln!(text, "{:<34} {value:<40} {place}", key.path);
    }
    text
}

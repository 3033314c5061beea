//! Answers to yes-or-no questions, as forms, scripts and JSON spell them.

use super::raw_fields::RawValue;
use super::whitespace::trim;

/// The answer; nothing sent means no. `None` when it is neither yes nor no.
///
/// The spellings are those that PostgreSQL takes for a boolean: any case, blanks around, and any beginning of a word
/// that tells it from the others.
pub(super) fn read(value: &RawValue) -> Option<bool> {
    match value {
        RawValue::Absent => Some(false),
        RawValue::Flag(flag) => Some(*flag),
        RawValue::Text(text) | RawValue::Number(text) => read_text(trim(text)),
        RawValue::Structured => None,
    }
}

fn read_text(text: &str) -> Option<bool> {
    let begins = |word: &str, at_least: usize| {
        text.len() >= at_least
            && word
                .get(..text.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(text))
    };
    if text.is_empty() || text == "0" || begins("false", 1) || begins("no", 1) || begins("off", 2) {
        return Some(false);
    }
    if text == "1" || begins("true", 1) || begins("yes", 1) || begins("on", 2) {
        return Some(true);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        for yes in ["true", "TRUE", " yes ", "on", "On", "1", "t", "y", "ye"] {
            assert_eq!(read(&yes.into()), Some(true), "{yes}");
        }
        for no in ["false", "no", "off", "0", "", "  ", "f", "N", "of"] {
            assert_eq!(read(&no.into()), Some(false), "{no}");
        }
        for neither in ["maybe", "2", "o", "truely", "ja", "nö", "tr ue", "00"] {
            assert_eq!(read(&neither.into()), None, "{neither}");
        }
        assert_eq!(read(&RawValue::Number("1".to_owned())), Some(true));
        assert_eq!(read(&RawValue::Number("0".to_owned())), Some(false));
        assert_eq!(read(&RawValue::Number("2".to_owned())), None);
        assert_eq!(read(&RawValue::Structured), None);
        assert_eq!(read(&RawValue::Flag(true)), Some(true));
        assert_eq!(read(&RawValue::Absent), Some(false));
    }
}

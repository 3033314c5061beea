//! Whole numbers as the predecessor read them from a query: what stands at the beginning counts.

use crate::intake::is_js_space;

/// The whole number at the beginning of a text (`2abc` is 2, `1.9` is 1), kept inside `i64`; `None` without one.
pub(super) fn leading_integer(text: &str) -> Option<i64> {
    let text = text.trim_start_matches(is_js_space);
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let end = digits
        .bytes()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(digits.len());
    if end == 0 {
        return None;
    }
    let value = digits[..end].parse::<i64>().unwrap_or(i64::MAX);
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn beginnings_count() {
        for (text, value) in [
            ("7", 7),
            ("2abc", 2),
            ("1e3", 1),
            ("1.9", 1),
            (" \u{a0}+5", 5),
            ("-3x", -3),
            ("007", 7),
        ] {
            assert_eq!(leading_integer(text), Some(value), "{text}");
        }
        assert_eq!(leading_integer("99999999999999999999"), Some(i64::MAX));
        for none in ["", "abc", "-", "+", " ", "--1", "١"] {
            assert_eq!(leading_integer(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn every_number_reads_itself(number in -i64::MAX..=i64::MAX, rest in "[a-z. ]{0,5}") {
            prop_assert_eq!(leading_integer(&format!("{number}{rest}")), Some(number));
        }
    }
}

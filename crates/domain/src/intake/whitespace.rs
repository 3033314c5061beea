//! White space as the intake website's language understands it, which differs from Rust's in both directions.

/// Whether JavaScript's `trim` and `\s` take this for white space: Unicode space separators, tab, VT, FF, line ends
/// and the byte order mark. U+0085 is not among them, though Rust counts it.
#[must_use]
pub const fn is_js_space(c: char) -> bool {
    matches!(
        c,
        '\u{9}'..='\u{d}'
            | ' '
            | '\u{a0}'
            | '\u{1680}'
            | '\u{2000}'..='\u{200a}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{202f}'
            | '\u{205f}'
            | '\u{3000}'
            | '\u{feff}'
    )
}

/// The text without white space at its ends.
#[must_use]
pub fn trim(text: &str) -> &str {
    text.trim_matches(is_js_space)
}

/// Whether nothing is left after [`trim`].
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_js_space)
}

/// [`trim`] that keeps the allocation when there is nothing to cut.
pub(super) fn trimmed(text: String) -> String {
    let kept = trim(&text);
    if kept.len() == text.len() {
        return text;
    }
    kept.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_what_javascript_cuts_and_nothing_else() {
        for c in [
            '\t', '\u{b}', '\u{c}', '\r', '\n', ' ', '\u{a0}', '\u{2003}', '\u{2028}', '\u{2029}',
            '\u{feff}',
        ] {
            assert_eq!(trim(&format!("{c}x{c}")), "x", "U+{:04X}", u32::from(c));
        }
        for c in ['\u{85}', '\u{200b}', '\u{180e}', '\u{0}'] {
            let text = format!("{c}x{c}");
            assert_eq!(trim(&text), text, "U+{:04X}", u32::from(c));
        }
    }
}

//! Names of accounts and tokens.

use crate::error::DomainError;

/// Longest shown name, in characters.
const MAX_SHOWN: usize = 200;

/// A name to sign in with, or the name of a token: trimmed, in lower case.
///
/// # Errors
/// When it has other characters or another length than allowed; `field` is what the text names.
pub fn login_name(field: &str, text: &str) -> Result<String, DomainError> {
    let name = text.trim().to_ascii_lowercase();
    let allowed = |byte: u8| {
        byte.is_ascii_lowercase()
            || byte.is_ascii_digit()
            || matches!(byte, b'.' | b'_' | b'-' | b'@')
    };
    if (3..=64).contains(&name.len()) && name.bytes().all(allowed) {
        Ok(name)
    } else {
        Err(DomainError::invalid(format!(
            "{field} must be 3 to 64 letters a to z, digits and . _ - @"
        )))
    }
}

/// A name as people read it, trimmed; may be empty.
///
/// # Errors
/// When it is too long or holds control characters.
pub fn shown_name(text: &str) -> Result<String, DomainError> {
    let name = text.trim();
    if name.chars().count() > MAX_SHOWN || name.chars().any(char::is_control) {
        return Err(DomainError::invalid(format!(
            "full_name must be at most {MAX_SHOWN} characters in one line"
        )));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normal_or_refused() {
        assert_eq!(
            login_name("username", " Ada.L@Example.com "),
            Ok("ada.l@example.com".to_owned())
        );
        for bad in ["", "ab", "a b c", "é-é-é", &"x".repeat(65), "a\u{0}bc"] {
            assert!(login_name("username", bad).is_err(), "{bad}");
        }
        assert_eq!(shown_name("  Ada  "), Ok("Ada".to_owned()));
        assert!(shown_name("a\nb").is_err() && shown_name(&"x".repeat(201)).is_err());
    }
}

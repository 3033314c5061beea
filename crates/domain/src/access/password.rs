//! What a password must be. Length is what counts; rules about kinds of characters only make people write them down.

use crate::error::DomainError;

/// Fewest characters.
pub const MIN_PASSWORD: usize = 12;
/// Most bytes: hashing more would only cost.
pub const MAX_PASSWORD: usize = 256;

/// Whether `password` may be the password of `username`.
///
/// # Errors
/// Which rule it breaks; the text holds nothing of the password.
pub fn check_password(username: &str, password: &str) -> Result<(), DomainError> {
    if password.chars().count() < MIN_PASSWORD {
        return Err(DomainError::invalid(format!(
            "password must have at least {MIN_PASSWORD} characters"
        )));
    }
    if password.len() > MAX_PASSWORD {
        return Err(DomainError::invalid(format!(
            "password must have at most {MAX_PASSWORD} bytes"
        )));
    }
    let mut characters = password.chars();
    let first = characters.next();
    if characters.all(|character| Some(character) == first) {
        return Err(DomainError::invalid(
            "password must not repeat one character",
        ));
    }
    if password.trim().eq_ignore_ascii_case(username) {
        return Err(DomainError::invalid("password must not be the username"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_counts_in_characters_and_obvious_ones_are_refused() {
        assert!(check_password("ada", "twelve chars").is_ok());
        assert!(check_password("ada", "zwölf öäüßéè").is_ok());
        assert!(check_password("ada", &"ab".repeat(128)).is_ok());
        for bad in [
            "",
            "eleven char",
            "aaaaaaaaaaaaaa",
            &"ab".repeat(129),
            "Ada.Lovelace.1",
        ] {
            let error = check_password("ada.lovelace.1", bad).err();
            assert!(
                error.is_some_and(|error| bad.is_empty() || !error.message.contains(bad)),
                "{bad}"
            );
        }
    }
}

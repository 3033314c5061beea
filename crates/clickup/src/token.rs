//! The credential, as the header wants it.

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::error::SetupError;

/// The `Authorization` header: personal tokens (`pk_…`) go as they are, everything else is an OAuth token.
pub(crate) fn authorization(token: &SecretString) -> Result<HeaderValue, SetupError> {
    let token = token.expose_secret().trim();
    if token.is_empty() {
        return Err(SetupError::TokenEmpty);
    }
    let text = if token.starts_with("pk_") {
        token.to_owned()
    } else {
        format!("Bearer {token}")
    };
    let mut value = HeaderValue::from_str(&text).map_err(|_| SetupError::TokenNotText)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn personal_tokens_have_no_scheme() {
        let header = authorization(&SecretString::from(" pk_1_SECRET\n")).unwrap();
        assert_eq!(header.to_str().unwrap(), "pk_1_SECRET");
        assert!(!format!("{header:?}").contains("SECRET"));
    }

    #[test]
    fn other_tokens_are_bearers() {
        let header = authorization(&SecretString::from("abc")).unwrap();
        assert_eq!(header.to_str().unwrap(), "Bearer abc");
    }

    #[test]
    fn broken_tokens_are_refused() {
        assert!(matches!(
            authorization(&SecretString::from("  ")),
            Err(SetupError::TokenEmpty)
        ));
        assert!(matches!(
            authorization(&SecretString::from("a\nb")),
            Err(SetupError::TokenNotText)
        ));
    }
}

//! Who is logged in to the console: a cookie with the time until which it counts, signed with a key made of the admin
//! token. Nothing is stored; a new token ends every session.

use crate::{app::App, pages::see_other};
use axum::{extract::FromRequestParts, response::Response};
use axum_extra::extract::CookieJar;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::request::Parts;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;
use std::fmt::Write as _;

/// Name of the cookie.
pub(super) const COOKIE: &str = "keylight_console";
/// How long a login counts, in seconds: a working day.
pub(super) const LIFETIME_SECONDS: i64 = 12 * 60 * 60;

/// Signs and checks cookies.
pub(crate) struct SessionKey {
    mac: Hmac<Sha256>,
}

impl SessionKey {
    /// The key for an admin token.
    pub(crate) fn derived_from(token: &SecretString) -> Self {
        let mac = |key: &[u8]| {
            Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length")
        };
        let mut derive = mac(token.expose_secret().as_bytes());
        derive.update(b"keylight console session v1");
        Self {
            mac: mac(&derive.finalize().into_bytes()),
        }
    }

    /// The cookie's value for a login at `now`.
    pub(super) fn issue(&self, now: DateTime<Utc>) -> String {
        let until = now.timestamp() + LIFETIME_SECONDS;
        let mut value = format!("{until}.");
        for byte in self.signature(until) {
            // writing to a text cannot fail
            let _ = write!(value, "{byte:02x}");
        }
        value
    }

    /// Whether a cookie's value is ours and still counts.
    pub(super) fn accepts(&self, value: &str, now: DateTime<Utc>) -> bool {
        let Some((until, signature)) = value.split_once('.') else {
            return false;
        };
        let (Ok(until), Some(signature)) = (until.parse::<i64>(), from_hex(signature)) else {
            return false;
        };
        let mut mac = self.mac.clone();
        mac.update(&until.to_be_bytes());
        // compares in constant time
        mac.verify_slice(&signature).is_ok() && now.timestamp() < until
    }

    fn signature(&self, until: i64) -> [u8; 32] {
        let mut mac = self.mac.clone();
        mac.update(&until.to_be_bytes());
        mac.finalize().into_bytes().into()
    }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; 32];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(bytes)
}

/// Proof that the caller is logged in. Everybody else is led to the login.
pub(super) struct LoggedIn;

impl FromRequestParts<App> for LoggedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let jar = CookieJar::from_headers(&parts.headers);
        match jar.get(COOKIE) {
            Some(cookie)
                if app
                    .session_key
                    .accepts(cookie.value(), app.deps.clock.now()) =>
            {
                Ok(Self)
            }
            _ => Err(see_other("/console/login")),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn a_cookie_counts_until_its_time_and_cannot_be_altered() {
        let key = SessionKey::derived_from(&SecretString::from("a-token-for-tests"));
        let now = DateTime::from_timestamp(1_795_328_935, 0).unwrap();
        let cookie = key.issue(now);
        assert!(key.accepts(&cookie, now));
        assert!(key.accepts(&cookie, now + TimeDelta::seconds(LIFETIME_SECONDS - 1)));
        assert!(!key.accepts(&cookie, now + TimeDelta::seconds(LIFETIME_SECONDS)));
        let (until, signature) = cookie.split_once('.').unwrap();
        let later = until.parse::<i64>().unwrap() + 1;
        for forged in [
            format!("{later}.{signature}"),
            format!("{until}."),
            until.to_owned(),
            format!("{until}.{}", "0".repeat(64)),
        ] {
            assert!(!key.accepts(&forged, now), "{forged}");
        }
        assert!(!key.accepts(&format!("{until}.{}", "é".repeat(32)), now));
        let other = SessionKey::derived_from(&SecretString::from("another-token"));
        assert!(!other.accepts(&cookie, now));
    }
}

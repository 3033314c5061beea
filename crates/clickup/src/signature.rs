//! The signature of webhook bodies: lower-case hex HMAC-SHA256 of the raw body, keyed with the webhook's secret.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// The header that carries the signature.
pub const HEADER: &str = "x-signature";

/// The signature of `body`, as ClickUp sends it.
#[must_use]
pub fn sign(secret: &[u8], body: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(64);
    for byte in mac(secret, body) {
        // writing to a String cannot fail
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Whether `signature` is that of `body` under `secret`. `body` must be the bytes as received, never re-serialised.
/// Takes the same time for every wrong signature; hex in upper case counts as well. An empty secret verifies nothing.
#[must_use]
pub fn verify(secret: &[u8], body: &[u8], signature: &str) -> bool {
    if secret.is_empty() {
        return false;
    }
    let expected = mac(secret, body);
    match from_hex(signature.trim()) {
        Some(given) => bool::from(expected.ct_eq(&given)),
        None => false,
    }
}

fn mac(secret: &[u8], body: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("hmac takes keys of any length");
    mac.update(body);
    mac.finalize().into_bytes().into()
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let text = text.as_bytes();
    if text.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test cases 1, 2 and 6 (a key longer than one block).
    #[test]
    fn published_vectors() {
        let long_key = [0xaa; 131];
        let cases: [(&[u8], &[u8], &str); 3] = [
            (
                &[0x0b; 20],
                b"Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &long_key,
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ];
        for (key, body, signature) in cases {
            assert_eq!(sign(key, body), signature);
            assert!(verify(key, body, signature));
            assert!(verify(key, body, &signature.to_uppercase()));
        }
    }

    #[test]
    fn anything_else_fails() {
        let signature = sign(b"secret", "{\"after\":\"Zoë\"}".as_bytes());
        assert!(verify(
            b"secret",
            "{\"after\":\"Zoë\"}".as_bytes(),
            &signature
        ));
        assert!(
            !verify(b"secret", b"{\"after\":\"Zo\\u00eb\"}", &signature),
            "re-serialised body"
        );
        assert!(!verify(
            b"other",
            "{\"after\":\"Zoë\"}".as_bytes(),
            &signature
        ));
        assert!(!verify(b"secret", b"x", ""));
        assert!(!verify(b"secret", b"x", "zz"));
        assert!(!verify(b"secret", b"x", &"é".repeat(32)));
        assert!(!verify(b"", b"x", &sign(b"", b"x")));
        for position in 0..64 {
            let mut wrong = signature.clone().into_bytes();
            wrong[position] = if wrong[position] == b'0' { b'1' } else { b'0' };
            let wrong = String::from_utf8_lossy(&wrong).into_owned();
            assert!(!verify(b"secret", "{\"after\":\"Zoë\"}".as_bytes(), &wrong));
        }
    }
}

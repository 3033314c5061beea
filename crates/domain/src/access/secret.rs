//! Random bytes as text that people can copy: 32 letters and digits, five bits each, none that look alike.

/// What an API token begins with, so that leaked ones are recognised.
pub const TOKEN_PREFIX: &str = "kl_";
/// Characters of 256 random bits.
pub const SECRET_LENGTH: usize = 52;
/// Characters of a token that are kept to tell tokens apart, its prefix included. The rest is still far too much to guess.
pub const HINT_LENGTH: usize = 9;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The bytes as text, the last character padded with zero bits.
#[must_use]
pub fn spell(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut held, mut bits) = (0_u32, 0_u32);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(letter(held >> bits));
        }
    }
    if bits > 0 {
        text.push(letter(held << (5 - bits)));
    }
    text
}

fn letter(bits: u32) -> char {
    char::from(ALPHABET[(bits & 31) as usize])
}

/// A password for one use, in groups that can be read out: 80 random bits.
#[must_use]
pub fn one_time_password(random: [u8; 10]) -> String {
    let text = spell(&random);
    let groups: Vec<_> = (0..4)
        .map(|group| &text[group * 4..group * 4 + 4])
        .collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_bits_are_a_character() {
        assert_eq!(spell(&[]), "");
        assert_eq!(spell(&[0; 32]).len(), SECRET_LENGTH);
        assert_eq!(spell(&[0xff]), "zw");
        assert_eq!(spell(&[0x00, 0x44, 0x32, 0x14, 0xc7]), "01234567");
        let password = one_time_password([0xff; 10]);
        assert_eq!(password, "zzzz-zzzz-zzzz-zzzz");
        assert!(
            super::super::check_password(
                "admin",
                &one_time_password([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
            )
            .is_ok()
        );
    }

    #[test]
    fn different_bytes_have_different_texts() {
        let mut seen = std::collections::BTreeSet::new();
        for first in 0..=255_u8 {
            for second in 0..=255_u8 {
                assert!(seen.insert(spell(&[first, second])));
            }
        }
    }
}

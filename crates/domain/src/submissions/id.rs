//! Ids as people write them into addresses.

/// The text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Invalid submission ID")]
pub struct InvalidId;

/// The id that this text is; `None` when it is beyond every id that can exist.
///
/// Only decimal digits are an id. The predecessor read up to the first other character, and so `DELETE /1.5x` deleted
/// submission 1.
///
/// # Errors
/// [`InvalidId`] when anything else is in it, a sign included, or nothing at all.
pub fn parse_id(text: &str) -> Result<Option<i64>, InvalidId> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidId);
    }
    // only digits, so the one thing that can go wrong is overflow
    Ok(text.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digits_are_an_id() {
        assert_eq!(parse_id("1"), Ok(Some(1)));
        assert_eq!(parse_id("0"), Ok(Some(0)));
        assert_eq!(parse_id("2147483648"), Ok(Some(2_147_483_648)));
        assert_eq!(parse_id("99999999999999999999"), Ok(None));
        for bad in [
            "", "abc", "1abc", "1.9", "1e3", "1'", "1,2", "1/2", "154;drop", "0x1", "-1", "+1",
            " 1", "１",
        ] {
            assert_eq!(parse_id(bad), Err(InvalidId), "{bad}");
        }
    }
}

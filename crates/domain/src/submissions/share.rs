//! Shares of a whole.

/// `part` of `total` in percent, a whole number rounded half up; `None` when there is no whole.
#[must_use]
pub fn percentage(part: i64, total: i64) -> Option<i64> {
    if total <= 0 {
        return None;
    }
    // in 128 bits nothing overflows, and a share of non-negative counts is small
    let rounded = (200 * i128::from(part) + i128::from(total)).div_euclid(2 * i128::from(total));
    i64::try_from(rounded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_goes_up() {
        assert_eq!(percentage(1, 4), Some(25));
        assert_eq!(percentage(1, 3), Some(33));
        assert_eq!(percentage(2, 3), Some(67));
        assert_eq!(percentage(1, 8), Some(13));
        assert_eq!(percentage(0, 5), Some(0));
        assert_eq!(percentage(5, 5), Some(100));
        assert_eq!(percentage(0, 0), None);
        assert_eq!(percentage(i64::MAX, i64::MAX), Some(100));
    }
}

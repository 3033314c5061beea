//! Date-only values: the real service moves them to 04:00 of the calendar day in the user's zone.

const DAY_MS: i64 = 86_400_000;
const FOUR_HOURS_MS: i64 = 14_400_000;

/// 04:00 local time of the day on which the instant falls in a zone with a fixed offset.
pub(crate) fn snap_to_local_morning(millis: i64, zone_offset_minutes: i64) -> i64 {
    // Callers send any number as a date; the edges of the range need no right answer, but one.
    let offset = zone_offset_minutes.saturating_mul(60_000);
    let day = millis.saturating_add(offset).div_euclid(DAY_MS);
    day.saturating_mul(DAY_MS)
        .saturating_add(FOUR_HOURS_MS)
        .saturating_sub(offset)
}

#[cfg(test)]
mod tests {
    use super::snap_to_local_morning;

    #[test]
    fn utc_midnight_lands_on_the_day_before_in_the_west() {
        assert_eq!(
            snap_to_local_morning(1_798_675_200_000, -300),
            1_798_621_200_000
        );
        assert_eq!(snap_to_local_morning(0, 0), 14_400_000);
        for edge in [i64::MIN, i64::MAX] {
            for zone in [-300, 300, i64::MIN, i64::MAX] {
                let _ = snap_to_local_morning(edge, zone);
            }
        }
    }
}

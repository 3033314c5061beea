//! How many values stand under which key.

use super::{Keyring, key_id_of};
use std::collections::BTreeMap;

/// Counts values by place and key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    counts: BTreeMap<(&'static str, String), u64>,
}

impl Tally {
    /// Counts one value of a column. What is not sealed is counted under an empty key.
    pub fn count(&mut self, column: &'static str, value: &str) {
        let key_id = key_id_of(value).unwrap_or_default().to_owned();
        *self.counts.entry((column, key_id)).or_default() += 1;
    }

    /// Place, key and number, in order.
    pub fn rows(&self) -> impl Iterator<Item = (&'static str, &str, u64)> {
        self.counts
            .iter()
            .map(|((column, key_id), count)| (*column, key_id.as_str(), *count))
    }

    /// Tells the metrics, also which keys nothing stands under any more.
    pub fn tell(&self, schema: &'static str, keyring: &Keyring) {
        let mut by_key: BTreeMap<&str, u64> = keyring.ids().map(|id| (id, 0)).collect();
        for (_, key_id, count) in self.rows() {
            *by_key.entry(key_id).or_default() += count;
        }
        for (key_id, count) in by_key {
            let key_id = key_id.to_owned();
            metrics::gauge!("keylight_sealed_values", "schema" => schema, "key" => key_id)
                .set(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
        }
    }
}

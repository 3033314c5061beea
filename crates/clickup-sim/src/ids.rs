//! Identifiers of the forms that ClickUp uses, deterministic from a seed and a counter.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// 36^6: how many task ids the six changing characters can hold.
const TASK_SPACE: u64 = 2_176_782_336;
/// Shares no factor with 36, so multiplying walks through the whole space without repeating.
const TASK_STRIDE: u64 = 1_000_003;
const BASE36: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const SECRET_LETTERS: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// The source of every identifier; saved with the state so that no id is given twice.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Ids {
    seed: u64,
    counter: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, counter: 0 }
    }

    /// The next number; also the internal key of a task.
    pub(crate) fn number(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    pub(crate) fn counter(&self) -> u64 {
        self.counter
    }

    /// Used when a journal is read: numbers already given must not come again.
    pub(crate) fn at_least(&mut self, counter: u64) {
        self.counter = self.counter.max(counter);
    }

    /// Short base-36 text such as `86dk3f01q` for task number `n`.
    pub(crate) fn task_id(&self, n: u64) -> String {
        let start = u64::from_be_bytes(first_eight(&self.digest("task", 0)));
        let mut rest = (n % TASK_SPACE * TASK_STRIDE + start % TASK_SPACE) % TASK_SPACE;
        let mut text = [b'0'; 6];
        for place in text.iter_mut().rev() {
            *place = base36(rest);
            rest /= 36;
        }
        format!("86d{}", String::from_utf8_lossy(&text))
    }

    /// A version 4 UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let n = self.number();
        let digest = self.digest("uuid", n);
        let mut bytes = [0_u8; 16];
        bytes.copy_from_slice(&digest[..16]);
        uuid::Builder::from_random_bytes(bytes)
            .into_uuid()
            .to_string()
    }

    /// A 19-digit number as text, beyond what a JSON float can hold.
    pub(crate) fn snowflake(&mut self, now_ms: i64) -> String {
        let n = self.number();
        let millis = u64::try_from(now_ms).unwrap_or(0) % 4_000_000_000_000;
        (5_000_000_000_000_000_000 + millis * 1_000_000 + n % 1_000_000).to_string()
    }

    /// A large integer for comments and for digits-only ids.
    pub(crate) fn digits(&mut self, base: u64) -> u64 {
        base + self.number()
    }

    /// A webhook secret: 64 upper-case letters and digits.
    pub(crate) fn secret(&mut self) -> String {
        let n = self.number();
        let a = self.digest("secret-a", n);
        let b = self.digest("secret-b", n);
        a.iter()
            .chain(b.iter())
            .map(|byte| char::from(SECRET_LETTERS[usize::from(*byte) % 36]))
            .collect()
    }

    fn digest(&self, what: &str, n: u64) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        hash.update(what.as_bytes());
        hash.update(n.to_be_bytes());
        hash.finalize().into()
    }
}

/// A UUID that depends on a name only: custom fields and options of the default workspace.
pub(crate) fn fixed_uuid(name: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(name.as_bytes()).into();
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string()
}

fn base36(rest: u64) -> u8 {
    BASE36[usize::try_from(rest % 36).unwrap_or(0)]
}

fn first_eight(digest: &[u8; 32]) -> [u8; 8] {
    let mut out = [0_u8; 8];
    out.copy_from_slice(&digest[..8]);
    out
}

/// Small generator for probabilities and jitter (SplitMix64): repeatable runs need no more.
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number in `[0, 1)`.
    pub(crate) fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn task_ids_do_not_repeat_and_follow_the_seed() {
        let ids = Ids::new(1);
        let all: HashSet<_> = (0..20_000).map(|n| ids.task_id(n)).collect();
        assert_eq!(all.len(), 20_000);
        assert_eq!(Ids::new(1).task_id(7), ids.task_id(7));
        assert_ne!(Ids::new(2).task_id(7), ids.task_id(7));
        assert_eq!(ids.task_id(7).len(), 9);
    }

    #[test]
    fn snowflakes_have_nineteen_digits_and_secrets_sixty_four() {
        let mut ids = Ids::new(1);
        assert_eq!(ids.snowflake(1_795_000_000_000).len(), 19);
        let secret = ids.secret();
        assert_eq!(secret.len(), 64);
        assert!(
            secret
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
        );
    }
}

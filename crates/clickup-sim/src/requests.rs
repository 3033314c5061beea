//! The request log: what clients asked, in the order in which it was answered.

use std::collections::VecDeque;
use std::sync::Mutex;

use serde::Serialize;

use crate::sim::{Sim, lock};

/// Entries kept.
const KEPT: usize = 100_000;

/// One request to the API.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// Grows by one per entry.
    pub seq: u64,
    /// Epoch milliseconds at which the request came in.
    pub at: i64,
    /// HTTP method.
    pub method: String,
    /// Path with query.
    pub path: String,
    /// User of the token, when it is known.
    pub user: Option<u64>,
    /// Status as sent; `None` when the caller got no answer.
    pub status: Option<u16>,
    /// Milliseconds until the answer.
    pub ms: u64,
    /// What was left of the rate window.
    pub rate_remaining: Option<u32>,
    /// Bytes of the request body.
    pub body_bytes: u64,
    /// Fault that was applied.
    pub fault: Option<String>,
}

#[derive(Debug, Default)]
struct Ring {
    entries: VecDeque<Entry>,
    last_seq: u64,
    dropped: u64,
}

/// The ring of entries.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    ring: Mutex<Ring>,
}

/// Part of the log, as the control interface shows it.
#[derive(Debug, Serialize)]
pub(crate) struct Excerpt {
    pub(crate) entries: Vec<Entry>,
    pub(crate) last_seq: u64,
    pub(crate) dropped: u64,
}

impl RequestLog {
    fn push(&self, mut entry: Entry) {
        let mut ring = lock(&self.ring);
        ring.last_seq += 1;
        entry.seq = ring.last_seq;
        if ring.entries.len() == KEPT {
            ring.entries.pop_front();
            ring.dropped += 1;
        }
        ring.entries.push_back(entry);
    }

    pub(crate) fn after(&self, seq: u64, limit: usize) -> Excerpt {
        let ring = lock(&self.ring);
        let skip = ring.entries.partition_point(|entry| entry.seq <= seq);
        Excerpt {
            entries: ring
                .entries
                .iter()
                .skip(skip)
                .take(limit)
                .cloned()
                .collect(),
            last_seq: ring.last_seq,
            dropped: ring.dropped,
        }
    }

    /// The newest entries, newest first.
    pub(crate) fn newest(&self, limit: usize) -> Vec<Entry> {
        let ring = lock(&self.ring);
        ring.entries.iter().rev().take(limit).cloned().collect()
    }

    /// How many requests came in each second of the last minute, oldest second first.
    pub(crate) fn last_minute(&self, now_ms: i64) -> [u32; 60] {
        let mut seconds = [0; 60];
        let ring = lock(&self.ring);
        // Entries stand in the order of their answers, so a slow one hides few others.
        for entry in ring.entries.iter().rev().take(20_000) {
            let ago = usize::try_from((now_ms - entry.at).max(0) / 1_000).unwrap_or(60);
            if let Some(second) = 59_usize.checked_sub(ago) {
                seconds[second] += 1;
            }
        }
        seconds
    }

    /// Forgets the entries; numbering goes on.
    pub(crate) fn clear(&self) {
        let mut ring = lock(&self.ring);
        ring.entries.clear();
        ring.dropped = 0;
    }
}

/// A request under way. Its entry is written when it goes out of scope, so that a caller who hung
/// up is logged too.
pub(crate) struct Running {
    sim: Sim,
    /// On the simulator's clock, in milliseconds.
    started: i64,
    entry: Option<Entry>,
}

impl Running {
    pub(crate) fn begin(sim: &Sim, method: &str, path: &str, body_bytes: u64) -> Self {
        Self {
            sim: sim.clone(),
            started: sim.clock().passed_ms(),
            entry: Some(Entry {
                seq: 0,
                at: sim.now_ms(),
                method: method.to_owned(),
                path: path.to_owned(),
                user: None,
                status: None,
                ms: 0,
                rate_remaining: None,
                body_bytes,
                fault: None,
            }),
        }
    }

    pub(crate) fn user(&mut self, user: u64) {
        self.with(|entry| entry.user = Some(user));
    }

    pub(crate) fn rate_remaining(&mut self, remaining: u32) {
        self.with(|entry| entry.rate_remaining = Some(remaining));
    }

    pub(crate) fn fault(&mut self, name: &str) {
        self.with(|entry| entry.fault = Some(name.to_owned()));
    }

    pub(crate) fn answered(&mut self, status: u16) {
        self.with(|entry| entry.status = Some(status));
    }

    fn with(&mut self, set: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.entry.as_mut() {
            set(entry);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut entry) = self.entry.take() {
            entry.ms = (self.sim.clock().passed_ms() - self.started).unsigned_abs();
            self.sim.log().push(entry);
        }
    }
}

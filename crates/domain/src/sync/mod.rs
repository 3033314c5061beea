//! Rules of sync.

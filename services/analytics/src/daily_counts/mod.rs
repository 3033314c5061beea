//! Submissions by the day on which they came in and the status that they have now.
//!
//! [`fold`] turns events into changes of counts (pure), [`table`] stores counts and position, [`projector`] reads the
//! event log and puts the two together, [`range`] is the rule about which days are answered.

pub mod fold;
pub mod projector;
pub mod range;
pub mod table;

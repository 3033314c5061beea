//! Read models, rebuildable from the event log

//! The system of record: users, submissions, projects, audit log, outbox

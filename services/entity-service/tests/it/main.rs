//! The entity service on a real PostgreSQL, called over real gRPC.

#![allow(clippy::unwrap_used)]

mod access_accounts;
mod access_door;
mod access_first_start;
mod access_throttle;
mod access_tokens;
mod applications;
mod away;
mod bulk;
mod changes;
mod clickup;
mod cost;
mod counted;
mod journal;
mod legacy_import;
mod legacy_import_setting;
mod lists;
mod people_basics;
mod people_deletion;
mod people_duplicates;
mod people_erasure;
mod people_merges;
mod people_speed;
mod people_system;
mod places;
mod plans;
mod projects_changes;
mod projects_deletion;
mod projects_desk;
mod projects_lists;
mod projects_people;
mod projects_plans;
mod quarantine;
mod records_audit;
mod records_breakers;
mod records_repair;
mod records_rules;
mod repeats;
mod restored;
mod returning;
mod several;
mod system;

//! The only door for people: public intake, admin REST, staff console. It owns no data: everything is asked of the
//! entity service and of analytics over gRPC, every call with a deadline.
//!
//! # Routes
//! Every path but `/` and the assets also answers with a slash at its end; `HEAD` works wherever `GET` does; `OPTIONS`
//! on anything is a preflight. *viewer*, *manager* and *admin* are roles: shown by an API token or the admin
//! token (`Authorization: Bearer`), or by the cookie of a session.
//!
//! | method | path | who | does |
//! |---|---|---|---|
//! | GET | `/` | public | the intake form for browsers, information about the API for everybody else |
//! | POST | `/apply` | public | takes the form without JavaScript: thank-you page, or the form with messages |
//! | GET | `/apply` | public | leads to the form |
//! | GET | `/assets/{name}` | public | style sheet and script of the pages |
//! | GET | `/health` | public | liveness; looks at nothing else |
//! | GET | `/api/test-db` | admin | whether the database answers |
//! | POST | `/api/submissions` | public | stores an application |
//! | GET | `/api/submissions` | admin | list, newest first, with filters |
//! | GET | `/api/submissions/stats` | admin | exact counts |
//! | GET | `/api/submissions/search?q=` | admin | substring of name, e-mail, company, description |
//! | GET | `/api/submissions/recent` | admin | the newest of the last days |
//! | GET | `/api/submissions/status/{status}` | admin | list by status |
//! | GET | `/api/submissions/{id}` | admin | one |
//! | DELETE | `/api/submissions/{id}` | admin | removes one |
//! | PUT | `/api/submissions/{id}/status` | admin | moves one to another status |
//! | GET | `/console` | viewer | first page: counts, chart, newest applications |
//! | GET, POST | `/console/login` | public | name and password for a session |
//! | GET, POST | `/console/password` | signed in | a new password |
//! | POST | `/console/logout` | signed in | ends the session |
//!
//! To add a route: a file with its handler, a line in the folder's `routes()`, a line here, and one in
//! `tests/door/who_may_call.rs`, which checks who may call it.

pub mod app;
pub mod config;

mod access;
mod assets;
mod console;
mod entity;
mod envelope;
mod form;
mod health;
mod info;
mod openapi;
mod pace;
mod pages;
mod people;
mod projects;
mod quarantine;
mod query;
mod records;
mod requests;
mod staff;
mod submissions;
mod test_db;
mod tokens;

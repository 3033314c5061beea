//! The door with everything that belongs to it, in front of a double of the entity service and of analytics, over real
//! gRPC.
#![allow(clippy::unwrap_used)]

mod admin_rest;
mod bodies;
mod console;
mod doubles;
mod form_pages;
mod frames;
mod intake;
mod listener;
mod openapi;
mod support;
mod who_may_call;

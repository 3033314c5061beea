//! The door with everything that belongs to it, in front of a double of the entity service and of analytics, over real
//! gRPC.
#![allow(clippy::unwrap_used)]

mod access_rest;
mod accounts;
mod admin_rest;
mod bodies;
mod console;
mod doubles;
mod forgery;
mod form_pages;
mod frames;
mod intake;
mod listener;
mod openapi;
mod shared_reads;
mod support;
mod who_may_call;

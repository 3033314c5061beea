//! Deliveries: as they came ([`delivery`]), read ([`body`]), told apart ([`sameness`]), reduced to what others may know
//! ([`hint`]), and stored in the [`ledger`] ([`writer`]) many at once ([`gatherer`]), for a limited time ([`pruning`]).

pub mod body;
pub mod delivery;
pub mod gatherer;
pub mod hint;
pub mod ledger;
pub mod pruning;
pub mod sameness;
pub mod writer;

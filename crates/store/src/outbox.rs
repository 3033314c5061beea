//! Events that leave in the same transaction as the state they tell of.

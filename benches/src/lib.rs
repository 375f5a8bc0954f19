//! Benches: the price of a lease beside its yardsticks.

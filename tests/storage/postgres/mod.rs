//! Tests of the index over PostgreSQL alone.

mod clock;
mod damage;
pub mod database;
mod listing_rates;
mod outages;
mod plans;
mod proxy;
mod races;
mod rates;
mod schema;
mod tables;
mod waits;
mod wiretap;

//! Whole-gateway benches: the real binary, loopback, server CPU seconds and ratios.
//!
//! `cargo bench --bench gateway [-- SCENARIO…]` runs `large`, `small` and `memory`; `CARDEA_BIN` names the
//! binary to measure (the release build by default) and `CARDEA_UNSEALED_BIN` one that was built with
//! `--features unsealed-benches`, to weigh the cipher. `benches/below` runs them over other indexes and
//! stores, which it starts, and there `replicas` too. Machines are noisy: read the ratios.

#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench reports to its terminal"
)]
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "figures for people, and small ones"
)]

mod client;
mod scenario;
mod server;

#[tokio::main]
async fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let run = |name: &str| wanted.is_empty() || wanted.iter().any(|w| w == name);
    if run("large") {
        scenario::large().await;
    }
    if run("small") {
        scenario::small().await;
    }
    if wanted.iter().any(|w| w == "replicas") {
        scenario::replicas().await;
    }
    if run("memory") {
        scenario::memory().await;
    }
}

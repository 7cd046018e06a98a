//! May they? Pure functions over values: no I/O, no clock.
//!
//! Every operation of either face names the S3 actions it is; [`decide`] answers for all of them. Today an account's
//! owners may do everything in it and nobody else anything; policies and ACLs compile into the same question.

mod action;
mod decide;

pub use action::Action;
pub use decide::{Decision, Question, Role, decide};

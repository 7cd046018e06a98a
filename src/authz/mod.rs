//! Authorisation: pure functions over values, without I/O and without a clock.
//!
//! Every operation of either face names its S3 actions, and [`decide`] answers for all of them. Today the
//! owners of an account may do everything in it, and others nothing. Policies and ACLs compile into the
//! same question.

mod action;
mod decide;

pub use action::Action;
pub use decide::{Decision, Question, Role, decide};

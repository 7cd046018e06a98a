//! The audit log: every refusal, and every operation that is not a plain read.

use crate::authz::Action;
use crate::ops::engine::caller::Caller;
use crate::ops::engine::error::Error;
use crate::ops::engine::metrics::Metrics;
use crate::ops::engine::target::Target;

/// The outcome of an operation, to be counted and written to the audit log. It is also written if the caller
/// disconnects while the operation runs: the index still completes the commands it has begun.
pub(crate) struct Event<'a> {
    metrics: &'a Metrics,
    caller: &'a Caller,
    operation: &'static str,
    actions: &'a [Action],
    target: &'a Target,
    is_running: bool,
}

impl<'a> Event<'a> {
    pub(crate) fn new(
        metrics: &'a Metrics,
        caller: &'a Caller,
        operation: &'static str,
        actions: &'a [Action],
        target: &'a Target,
    ) -> Self {
        Self { metrics, caller, operation, actions, target, is_running: false }
    }

    /// Records that the operation is allowed and begins.
    pub(crate) fn begin(&mut self) {
        self.is_running = true;
    }

    /// Records that the operation has ended or was refused.
    pub(crate) fn end(mut self, error: Option<&Error>) {
        self.is_running = false;
        let refused = matches!(error, Some(Error::AccessDenied | Error::WrongKey | Error::PartKeyDiffers));
        self.write(error.map_or("done", Error::kind), refused);
    }

    fn write(&self, outcome: &'static str, refused: bool) {
        self.metrics.operation(self.operation, outcome);
        if !refused && self.actions.iter().all(|action| action.is_read()) {
            return;
        }
        let (user, account) = match &self.caller.identity {
            Some(identity) => (identity.user.as_str(), identity.account.as_str()),
            None => ("-", "-"),
        };
        tracing::info!(
            target: "cardea::audit",
            operation = self.operation,
            request_id = %self.caller.request_id,
            user,
            account,
            target = ?self.target,
            outcome,
        );
    }
}

impl Drop for Event<'_> {
    fn drop(&mut self) {
        if self.is_running {
            self.write("abandoned", false);
        }
    }
}

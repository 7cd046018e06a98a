//! The audit log: every refusal, and every operation that is not a plain read.

use crate::authz::Action;
use crate::ops::engine::caller::Caller;
use crate::ops::engine::error::Error;
use crate::ops::engine::metrics::Metrics;
use crate::ops::engine::target::Target;

/// What became of an operation, to be counted and written down when it has ended, or when its caller goes away while it runs: the
/// index carries out what it was asked for then too.
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

    /// The operation is allowed, and begins.
    pub(crate) fn begin(&mut self) {
        self.is_running = true;
    }

    /// The operation has ended, or was refused.
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
